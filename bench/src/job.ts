/** A child process: runs one round of one suite on one engine, so that no engine inherits another's heap or threads. */

import { ENGINES, type KeyValueEngine, type OpenOptions } from './engine.js';
import type { Measurement } from './measurement/measurement.js';
import { Meter } from './measurement/meter.js';
import { SUITES, type SuiteSettings } from './suite.js';

export interface Job {
  readonly suite: string;
  readonly engine: string;
  readonly directory: string;
  readonly settings: SuiteSettings;
  /** The workloads that are wanted; all when undefined. */
  readonly workloads: readonly string[] | undefined;
  readonly profile: boolean;
}

export type JobAnswer = { readonly measurements: Measurement[] } | { readonly failure: string };

async function runJob({ suite, engine, directory, settings, workloads, profile }: Job): Promise<JobAnswer> {
  try {
    const meter = new Meter({ only: workloads, profile });
    const open = await ENGINES[engine]!();
    const cacheBytes = settings.cacheBytes === 0 ? undefined : settings.cacheBytes;
    const openEngine = (options: OpenOptions): Promise<KeyValueEngine> => open({ ...options, cacheBytes });
    await SUITES[suite]!.run({ directory, engine, openEngine, settings, meter });
    return { measurements: meter.measurements };
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

// Whoever started the round has gone: so does the round.
process.once('disconnect', () => process.exit());
process.once('message', (job: Job) => {
  void runJob(job).then((answer) => process.send?.(answer, () => process.disconnect()));
});
