/** Runs the rounds: A B A B …, so that a slow minute of the machine hits every engine alike. */

import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OWN_ENGINE } from './engine.js';
import type { Job, JobAnswer } from './job.js';
import type { Measurement, ProfileLine } from './measurement/measurement.js';
import type { SuiteSettings } from './suite.js';

export interface RoundsPlan {
  readonly suite: string;
  readonly engines: readonly string[];
  /** All when undefined. */
  readonly workloads: readonly string[] | undefined;
  readonly rounds: number;
  /** Takes another round of Varve afterwards, under the profiler, whose figures are not used. */
  readonly profile: boolean;
  readonly settings: SuiteSettings;
}

export interface RoundsResult {
  /** By engine; every round appends its measurements. */
  readonly measurements: Readonly<Record<string, readonly Measurement[]>>;
  /** By workload: where Varve spends its time. Empty without a profile. */
  readonly profiles: Readonly<Record<string, readonly ProfileLine[]>>;
  /** Engines that could not run, with the reason. They are left out of all further rounds and of the measurements. */
  readonly failures: Readonly<Record<string, string>>;
}

export async function runRounds(plan: RoundsPlan, progress: (text: string) => void): Promise<RoundsResult> {
  const measurements = new Map<string, Measurement[]>();
  const failures = new Map<string, string>();
  for (let round = 1; round <= plan.rounds; round++) {
    for (const engine of plan.engines) {
      if (failures.has(engine)) continue;
      progress(`round ${round} of ${plan.rounds}: ${engine}`);
      const answer = await runInChild(plan, engine, false);
      if ('failure' in answer) failures.set(engine, answer.failure);
      else measurements.set(engine, [...(measurements.get(engine) ?? []), ...answer.measurements]);
    }
  }
  const profiles = plan.profile ? await profileOwn(plan, failures, progress) : {};
  for (const engine of failures.keys()) measurements.delete(engine);
  return { measurements: Object.fromEntries(measurements), profiles, failures: Object.fromEntries(failures) };
}

async function profileOwn(
  plan: RoundsPlan,
  failures: Map<string, string>,
  progress: (text: string) => void,
): Promise<Record<string, readonly ProfileLine[]>> {
  progress(`profile: ${OWN_ENGINE}`);
  const answer = await runInChild(plan, OWN_ENGINE, true);
  if ('failure' in answer) {
    failures.set(OWN_ENGINE, answer.failure);
    return {};
  }
  return Object.fromEntries(answer.measurements.map(({ workload, profile }) => [workload, profile ?? []]));
}

async function runInChild(
  { suite, settings, workloads }: RoundsPlan,
  engine: string,
  profile: boolean,
): Promise<JobAnswer> {
  const directory = mkdtempSync(join(tmpdir(), `varve-bench-${engine}-`));
  const clear = (): void => rmSync(directory, { recursive: true, force: true });
  // Somebody who stops a run wants the gigabytes back, too.
  process.once('exit', clear);
  try {
    return await new Promise<JobAnswer>((resolve) => {
      const child = fork(fileURLToPath(new URL('job.js', import.meta.url)));
      child.once('message', (answer: JobAnswer) => resolve(answer));
      child.once('exit', (code, signal) => resolve({ failure: `the process ended early (${signal ?? code})` }));
      child.send({ suite, engine, directory, settings, workloads, profile } satisfies Job);
    });
  } finally {
    process.off('exit', clear);
    clear();
  }
}
