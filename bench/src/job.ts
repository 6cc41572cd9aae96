/** A child process: runs one round of one suite on one engine, so that no engine inherits another's heap or threads. */

import { ENGINES } from './engine.js';
import type { Measurement } from './measurement.js';
import { SUITES, type SuiteSettings } from './suite.js';

export interface Job {
  readonly suite: string;
  readonly engine: string;
  readonly directory: string;
  readonly settings: SuiteSettings;
}

export type JobAnswer = { readonly measurements: Measurement[] } | { readonly failure: string };

async function runJob({ suite, engine, directory, settings }: Job): Promise<JobAnswer> {
  try {
    const adapter = await ENGINES[engine]!();
    return { measurements: await SUITES[suite]!(adapter.openEngine, directory, settings) };
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.once('message', (job: Job) => {
  void runJob(job).then((answer) => process.send?.(answer, () => process.disconnect()));
});
