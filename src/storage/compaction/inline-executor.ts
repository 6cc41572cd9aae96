/** Runs jobs on the thread that asks, one step per turn of the scheduler, so that commits and reads come in between. */

import type { Scheduler } from '../../base/index.js';
import type { FileSystem } from '../../vfs/index.js';
import { executeJob, type JobSteps } from './job-execution.js';
import type { Job, JobExecutor, JobResult } from './job.js';

interface RunningJob {
  readonly steps: JobSteps;
  readonly resolve: (result: JobResult) => void;
  readonly reject: (cause: unknown) => void;
}

class InlineExecutor implements JobExecutor {
  readonly #fileSystem: FileSystem;
  readonly #scheduler: Scheduler;
  readonly #running = new Map<Job, RunningJob>();

  constructor(environment: { fileSystem: FileSystem; scheduler: Scheduler }) {
    this.#fileSystem = environment.fileSystem;
    this.#scheduler = environment.scheduler;
  }

  run(job: Job): Promise<JobResult> {
    return new Promise((resolve, reject) => {
      this.#running.set(job, { steps: executeJob(job, this.#fileSystem), resolve, reject });
      this.#scheduler.nextTurn(() => this.#step(job));
    });
  }

  runNow(job: Job): JobResult {
    const running = this.#running.get(job);
    this.#running.delete(job);
    try {
      const result = drain(running?.steps ?? executeJob(job, this.#fileSystem));
      running?.resolve(result);
      return result;
    } catch (cause) {
      running?.reject(cause);
      throw cause;
    }
  }

  #step(job: Job): void {
    const running = this.#running.get(job);
    if (running === undefined) return;
    try {
      const step = running.steps.next();
      if (step.done !== true) {
        this.#scheduler.nextTurn(() => this.#step(job));
        return;
      }
      this.#running.delete(job);
      running.resolve(step.value);
    } catch (cause) {
      this.#running.delete(job);
      running.reject(cause);
    }
  }
}

function drain(steps: JobSteps): JobResult {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

export function inlineExecutor(environment: { fileSystem: FileSystem; scheduler: Scheduler }): JobExecutor {
  return new InlineExecutor(environment);
}
