/** Who waits until what is sealed by now is in tables. */

import type { SealedMemtable } from './memtable-stack.js';

interface FlushWaiter {
  /** The newest when the waiting began: all that are older go before it, or with it. */
  readonly newest: SealedMemtable;
  /** One for all who wait for the same: a load at the head of the queue asks with every commit that comes behind it. */
  readonly flushed: Promise<void>;
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
    const last = this.#waiters.at(-1);
    if (last?.newest === newest) return last.flushed;
    let resolve!: () => void;
    let reject!: (cause: unknown) => void;
    const flushed = new Promise<void>((resolved, rejected) => {
      resolve = resolved;
      reject = rejected;
    });
    this.#waiters.push({ newest, flushed, resolve, reject });
    return flushed;
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
