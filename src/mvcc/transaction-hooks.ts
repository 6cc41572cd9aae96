/** What runs when a transaction commits, and once it has ended. Only transactions that somebody hooks into have one. */

import { rejectPromise } from './transaction-options.js';

export type TransactionState = 'open' | 'committing' | 'committed' | 'rolled-back';
export type TransactionOutcome = 'committed' | 'rolled-back';

export class TransactionHooks {
  readonly #beforeCommit: (() => void | Promise<void>)[] = [];
  readonly #afterEnd: ((outcome: TransactionOutcome) => void)[] = [];

  beforeCommit(hook: () => void | Promise<void>): void {
    this.#beforeCommit.push(hook);
  }

  afterEnd(hook: (outcome: TransactionOutcome) => void): void {
    this.#afterEnd.push(hook);
  }

  /** Runs those of `beforeCommit` in their order, those included that they add; `goOn` is called after each and may throw. */
  async runBeforeCommit(goOn: () => void): Promise<void> {
    for (let next = 0; next < this.#beforeCommit.length; next++) {
      await this.#beforeCommit[next]!();
      goOn();
    }
  }

  runBeforeCommitSync(goOn: () => void): void {
    for (let next = 0; next < this.#beforeCommit.length; next++) {
      rejectPromise(this.#beforeCommit[next]!(), 'a hook of a synchronous commit');
      goOn();
    }
  }

  /** It is too late to change anything: an error of a hook goes to `reportBug`, and the others run all the same. */
  runAfterEnd(outcome: TransactionOutcome, reportBug: (error: unknown) => void): void {
    for (const hook of this.#afterEnd) {
      try {
        hook(outcome);
      } catch (error) {
        reportBug(error);
      }
    }
  }
}
