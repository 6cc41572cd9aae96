/**
 * Recycles the small private memtables of transactions (write buffer, keys read), so that a transaction of a few
 * operations allocates no arena. Measured with one addition each: 1.2 µs for a new one, 70 ns for a used one.
 */

import { Memtable, type MemtableMark } from '../storage/index.js';

const INITIAL_BYTES = 1024;
const KEPT_MAX = 16;
/** Larger arenas are left to the garbage collector: clearing them would cost more than it saves. */
const KEPT_BYTES_MAX = 16 * 1024;
const KEPT_KEYS_MAX = 256;

export class MemtablePool {
  readonly #free: Memtable[] = [];
  readonly #empty: MemtableMark = new Memtable({ initialBytes: INITIAL_BYTES, shared: false }).mark();

  /** An empty memtable. */
  take(): Memtable {
    return this.#free.pop() ?? new Memtable({ initialBytes: INITIAL_BYTES, shared: false });
  }

  /** Takes a memtable back; its owner must not touch it again. Cursors over it stay what they are. */
  give(memtable: Memtable): void {
    if (this.#free.length >= KEPT_MAX) return;
    if (memtable.byteSize > KEPT_BYTES_MAX || memtable.keyCount > KEPT_KEYS_MAX) return;
    memtable.truncate(this.#empty);
    this.#free.push(memtable);
  }
}
