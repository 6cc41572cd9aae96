/**
 * What a transaction has written and not committed: the newest operation per key, ordered, with marks for savepoints.
 * Bounded by `limits.transactionBytes`.
 */

import { compareBytes, EMPTY_BYTES, equalBytes, type KeyRange, keyAfter, LimitError } from '../base/index.js';
import {
  type BatchVisitor,
  type EntryCursor,
  EntryKind,
  MAX_TIMESTAMP,
  type Memtable,
  type MemtableMark,
  type WriteBatch,
} from '../storage/index.js';
import type { MemtablePool } from './memtable-pool.js';

/** All entries carry the same timestamp, so that a later operation replaces an earlier one in lookups and cursors. */
const PENDING = 1;
/** What an entry costs at most beyond key and value. */
const ENTRY_OVERHEAD_BYTES = 24;

export class WriteBuffer {
  readonly #memtable: Memtable;
  readonly #pool: MemtablePool;
  readonly #bytesMax: number;

  constructor(pool: MemtablePool, bytesMax: number) {
    this.#pool = pool;
    this.#memtable = pool.take();
    this.#bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.#memtable.count === 0;
  }

  /** Throws `LimitError`, and leaves the buffer as it was, where the operation does not fit. */
  put(key: Uint8Array, value: Uint8Array): void {
    this.#reserve(key.length + value.length);
    this.#memtable.add(key, PENDING, EntryKind.Put, value);
  }

  /** Throws as `put` does. */
  delete(key: Uint8Array): void {
    this.#reserve(key.length);
    this.#memtable.add(key, PENDING, EntryKind.Delete, EMPTY_BYTES);
  }

  /** True when `key` was written; `value()` then tells what. */
  find(key: Uint8Array): boolean {
    return this.#memtable.find(key, MAX_TIMESTAMP);
  }

  /** True when the key last found was put, not deleted. */
  get foundIsPut(): boolean {
    return this.#memtable.foundKind === EntryKind.Put;
  }

  /** A copy of the value last found. */
  foundValue(): Uint8Array {
    return this.#memtable.foundValueBytes.slice(this.#memtable.foundValueStart, this.#memtable.foundValueEnd);
  }

  /** One entry per key, as of now. */
  cursor(reverse: boolean): EntryCursor {
    return this.#memtable.cursor(reverse);
  }

  /** A key of `range` that was written; undefined when there is none. */
  firstIn(range: KeyRange): Uint8Array | undefined {
    const { lower = EMPTY_BYTES, upper } = range;
    if (upper !== undefined && equalBytes(upper, keyAfter(lower))) return this.find(lower) ? lower : undefined;
    const cursor = this.cursor(false);
    try {
      cursor.seek(lower, MAX_TIMESTAMP);
      if (!cursor.valid) return undefined;
      const key = cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd);
      return upper === undefined || compareBytes(key, upper) < 0 ? key : undefined;
    } finally {
      cursor.close();
    }
  }

  mark(): MemtableMark {
    return this.#memtable.mark();
  }

  truncate(mark: MemtableMark): void {
    this.#memtable.truncate(mark);
  }

  /** Visits the operations that count, one per key. */
  forEach(visit: BatchVisitor): void {
    this.#memtable.forEachNewest(visit);
  }

  /** The operations that count, in a batch of the pool's. */
  toBatch(): WriteBatch {
    const batch = this.#pool.takeBatch();
    this.#memtable.forEachNewest((kind, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
      batch.appendRanges(kind, bytes, keyStart, keyEnd, valueStart, valueEnd);
    });
    return batch;
  }

  /** Gives the memory back; the buffer must not be used again. */
  release(): void {
    this.#pool.give(this.#memtable);
  }

  #reserve(bytes: number): void {
    const found = this.#memtable.byteSize + bytes + ENTRY_OVERHEAD_BYTES;
    if (found > this.#bytesMax) throw LimitError.exceeded('limits.transactionBytes', found, this.#bytesMax, 'bytes');
  }
}
