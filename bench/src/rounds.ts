/** Runs the rounds: A B A B …, so that a slow minute of the machine hits every engine alike. */

import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Job, JobAnswer } from './job.js';
import type { Measurement } from './measurement.js';
import type { SuiteSettings } from './suite.js';

export interface RoundsPlan {
  readonly suite: string;
  readonly engines: readonly string[];
  readonly rounds: number;
  readonly settings: SuiteSettings;
}

export interface RoundsResult {
  /** By engine; every round appends its measurements. */
  readonly measurements: ReadonlyMap<string, readonly Measurement[]>;
  /** Engines that could not run, with the reason. They are left out of all further rounds. */
  readonly failures: ReadonlyMap<string, string>;
}

export async function runRounds(plan: RoundsPlan, progress: (text: string) => void): Promise<RoundsResult> {
  const measurements = new Map<string, Measurement[]>();
  const failures = new Map<string, string>();
  for (let round = 1; round <= plan.rounds; round++) {
    for (const engine of plan.engines) {
      if (failures.has(engine)) continue;
      progress(`round ${round} of ${plan.rounds}: ${engine}`);
      const answer = await runInChild(plan.suite, engine, plan.settings);
      if ('failure' in answer) failures.set(engine, answer.failure);
      else measurements.set(engine, [...(measurements.get(engine) ?? []), ...answer.measurements]);
    }
  }
  for (const engine of failures.keys()) measurements.delete(engine);
  return { measurements, failures };
}

async function runInChild(suite: string, engine: string, settings: SuiteSettings): Promise<JobAnswer> {
  const directory = mkdtempSync(join(tmpdir(), `varve-bench-${engine}-`));
  try {
    return await new Promise<JobAnswer>((resolve) => {
      const child = fork(fileURLToPath(new URL('job.js', import.meta.url)));
      child.once('message', (answer: JobAnswer) => resolve(answer));
      child.once('exit', (code, signal) => resolve({ failure: `the process ended early (${signal ?? code})` }));
      child.send({ suite, engine, directory, settings } satisfies Job);
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
