/** Files on their way out: unlinked in the background, where that may take milliseconds each. */

import type { JobExecutor } from '../compaction/job.js';
import type { RemoveFiles } from '../version/version-set.js';

export class FileRemovals {
  readonly #executor: JobExecutor;
  readonly #failed: (cause: unknown) => void;
  readonly #left: () => void;
  #underWay: Promise<unknown> = Promise.resolve();

  readonly remove: RemoveFiles = (paths, gone) => {
    const removed = this.#executor.remove(paths);
    this.#underWay = Promise.all([this.#underWay, removed]);
    this.#underWay.catch(this.#failed);
    const left = (): void => {
      gone();
      this.#left();
    };
    removed.then(left, left);
  };

  /** @param failed told what stopped a removal. @param left told when files have gone. */
  constructor(executor: JobExecutor, failed: (cause: unknown) => void, left: () => void) {
    this.#executor = executor;
    this.#failed = failed;
    this.#left = left;
  }

  /** Settles when every file that was given up is unlinked. Rejects with what stopped that. */
  get settled(): Promise<unknown> {
    return this.#underWay;
  }
}
