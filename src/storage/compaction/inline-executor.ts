/**
 * Runs jobs on the thread it was made on, one step per turn of the scheduler, so that others come in between: commits and
 * reads where it runs on the engine's own thread, messages where it runs in the worker.
 *
 * A flush goes before other jobs, which take turns. `bytesPerSecond` holds those back; what flushes write counts, but they do not
 * wait, as commits may be waiting for them.
 */

import type { Environment } from '../../vfs/index.js';
import { AsideSyncs } from './aside-syncs.js';
import { discardJob, drainJob, type EntrySource, executeJob, type JobSteps, unlinkAfter } from './job-execution.js';
import type { Job, JobExecutor, JobResult } from './job.js';
import { WritePace } from './write-pace.js';

export interface ExecutorOptions {
  /** What flushes and compactions together may write; undefined for no limit. */
  readonly bytesPerSecond?: number | undefined;
  /** Syncs do not hold up the thread, see `AsideSyncs`. Not for an executor whose jobs anybody runs with `runNow`. */
  readonly syncsAside?: boolean;
}

/** What an executor needs of the environment. */
export type ExecutorEnvironment = Pick<Environment, 'fileSystem' | 'scheduler' | 'clock'>;

interface RunningJob {
  readonly job: Job<EntrySource>;
  readonly steps: JobSteps;
  readonly syncs: AsideSyncs | undefined;
  readonly resolve: (result: JobResult | undefined) => void;
  readonly reject: (cause: unknown) => void;
  hurried: boolean;
}

export class InlineExecutor implements JobExecutor {
  readonly #environment: ExecutorEnvironment;
  readonly #pace: WritePace | undefined;
  readonly #syncsAside: boolean;
  /** Flushes in the order of their arrival, the others in the order of their turns. */
  readonly #running: RunningJob[] = [];
  /** Of jobs that have come to their end: `runNow` may be asked for one before the promise of `run` is heard. */
  readonly #results = new WeakMap<Job<EntrySource>, JobResult>();
  #turnPlanned = false;
  /** Set while the next turn waits for the pace. */
  #cutDelay: (() => void) | undefined;

  constructor(environment: ExecutorEnvironment, options: ExecutorOptions = {}) {
    this.#environment = environment;
    const { bytesPerSecond, syncsAside = false } = options;
    this.#syncsAside = syncsAside;
    this.#pace = bytesPerSecond === undefined ? undefined : new WritePace(bytesPerSecond, environment.clock);
  }

  run(job: Job<EntrySource>): Promise<JobResult | undefined> {
    return new Promise((resolve, reject) => {
      const { fileSystem } = this.#environment;
      const syncs = this.#syncsAside ? new AsideSyncs(fileSystem) : undefined;
      const steps = executeJob(job, syncs ?? fileSystem);
      this.#running.push({ job, steps, syncs, resolve, reject, hurried: false });
      this.#planTurn();
    });
  }

  runNow(job: Job<EntrySource>): JobResult {
    const ended = this.#results.get(job);
    if (ended !== undefined) return ended;
    const running = this.#take(job);
    try {
      const result = drainJob(running?.steps ?? executeJob(job, this.#environment.fileSystem));
      this.#results.set(job, result);
      running?.resolve(result);
      return result;
    } catch (cause) {
      running?.reject(cause);
      throw cause;
    }
  }

  /** From now on `job` does not wait for the pace. */
  hurry(job: Job<EntrySource>): void {
    const running = this.#running.find((one) => one.job === job);
    if (running === undefined) return;
    running.hurried = true;
    this.#planTurn();
  }

  cancel(job: Job<EntrySource>): void {
    const running = this.#take(job);
    if (running === undefined) return;
    try {
      discardJob(running.steps, job, this.#environment.fileSystem);
      running.resolve(undefined);
    } catch (cause) {
      running.reject(cause);
    }
  }

  async remove(paths: readonly string[]): Promise<void> {
    await Promise.all(paths.map((path) => this.#environment.fileSystem.unlinkAside(path)));
  }

  async close(): Promise<void> {
    for (let first = this.#running[0]; first !== undefined; first = this.#running[0]) this.cancel(first.job);
    this.#stopWaiting();
  }

  #take(job: Job<EntrySource>): RunningJob | undefined {
    const at = this.#running.findIndex((one) => one.job === job);
    return at < 0 ? undefined : this.#running.splice(at, 1)[0];
  }

  #next(): RunningJob | undefined {
    return this.#running.find((one) => one.job.kind === 'flush') ?? this.#running[0];
  }

  /** Plans the next turn; one that waits for the pace is planned anew. */
  #planTurn(): void {
    this.#stopWaiting();
    const next = this.#next();
    if (this.#turnPlanned || next === undefined) return;
    this.#turnPlanned = true;
    const delayMs = next.job.kind === 'flush' || next.hurried ? 0 : (this.#pace?.delayMs ?? 0);
    const { scheduler } = this.#environment;
    // Shorter delays than a timer can keep are left to add up.
    if (delayMs < 1) scheduler.nextTurn(() => this.#turn());
    else this.#cutDelay = scheduler.after(delayMs, () => this.#turn(), { keepAlive: true });
  }

  #stopWaiting(): void {
    if (this.#cutDelay === undefined) return;
    this.#cutDelay();
    this.#cutDelay = undefined;
    this.#turnPlanned = false;
  }

  #turn(): void {
    this.#turnPlanned = false;
    this.#cutDelay = undefined;
    const running = this.#next();
    if (running === undefined) return;
    try {
      const step = running.steps.next();
      if (step.done === true) {
        this.#take(running.job);
        this.#end(running, step.value);
      } else {
        this.#pace?.wrote(step.value);
        if (running.job.kind !== 'flush' && this.#take(running.job) !== undefined) this.#running.push(running);
      }
    } catch (cause) {
      this.#take(running.job);
      running.reject(cause);
    }
    this.#planTurn();
  }

  #end({ job, syncs, resolve, reject }: RunningJob, result: JobResult): void {
    if (syncs === undefined) {
      this.#results.set(job, result);
      resolve(result);
      return;
    }
    syncs.settled().then(
      () => resolve(result),
      (cause: unknown) => {
        unlinkAfter(cause, job, this.#environment.fileSystem);
        reject(cause);
      },
    );
  }
}

export function inlineExecutor(environment: ExecutorEnvironment, options?: ExecutorOptions): JobExecutor {
  return new InlineExecutor(environment, options);
}
