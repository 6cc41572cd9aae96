/**
 * Recycles the small private memtables of transactions (write buffer, keys read) and the batches they commit, so that a
 * transaction of a few operations allocates no arena. Measured with one addition each: 1.2 µs for a new memtable, 70 ns for
 * a used one. Of 64 clients that read, change and write back a key, each transaction took 12 µs of processor time, with a
 * pool too small for them and a new batch each 20 µs (2 shared cores, Node 20.20).
 */

import { Memtable, type MemtableMark, WriteBatch } from '../storage/index.js';
import { FewKeys } from './few-keys.js';

const INITIAL_BYTES = 1024;
/** As many transactions may well be in flight at a time; they take two memtables each. */
const KEPT_BATCHES_MAX = 128;
const KEPT_MAX = 2 * KEPT_BATCHES_MAX;
/** Larger arenas are left to the garbage collector: clearing them would cost more than it saves. */
const KEPT_BYTES_MAX = 16 * 1024;
const KEPT_KEYS_MAX = 256;

export class MemtablePool {
  readonly #free: Memtable[] = [];
  readonly #freeKeys: FewKeys[] = [];
  readonly #freeBatches: WriteBatch[] = [];
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

  takeKeys(): FewKeys {
    return this.#freeKeys.pop() ?? new FewKeys();
  }

  /** The same as `give`. */
  giveKeys(keys: FewKeys): void {
    if (this.#freeKeys.length >= KEPT_BATCHES_MAX) return;
    keys.clear();
    this.#freeKeys.push(keys);
  }

  takeBatch(): WriteBatch {
    return this.#freeBatches.pop() ?? new WriteBatch();
  }

  /** Takes a batch back once it is committed; of one that was refused the engine may still hold something. */
  giveBatch(batch: WriteBatch): void {
    if (this.#freeBatches.length >= KEPT_BATCHES_MAX || batch.byteSize > KEPT_BYTES_MAX) return;
    batch.reset();
    this.#freeBatches.push(batch);
  }
}
