/** Who waits until what is sealed by now is in tables. */

import type { SealedMemtable } from './memtable-stack.js';

interface FlushWaiter {
  /** The newest when the waiting began: all that are older go before it, or with it. */
  readonly newest: SealedMemtable;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

export class FlushWaiters {
  #waiters: FlushWaiter[] = [];

  get isEmpty(): boolean {
    return this.#waiters.length === 0;
  }

  /** Resolves when `newest` is in a table. */
  wait(newest: SealedMemtable): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ newest, resolve, reject });
    });
  }

  /** @param sealed those that are not in tables yet. */
  resolve(sealed: readonly SealedMemtable[]): void {
    const done = this.#waiters.filter(({ newest }) => !sealed.includes(newest));
    this.#waiters = this.#waiters.filter(({ newest }) => sealed.includes(newest));
    for (const waiter of done) waiter.resolve();
  }

  reject(refusal: () => unknown): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(refusal());
  }
}
