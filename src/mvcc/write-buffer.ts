/**
 * What a transaction has written and not committed: the newest operation per key, ordered, and the ranges that it cleared,
 * with marks for savepoints. A key that was put before its range was cleared has a deletion on top, so what is said of a key
 * itself always counts for more than what is said of ranges. Bounded by `limits.transactionBytes`.
 */

import {
  type BoundedRange,
  compareByteRanges,
  compareBytes,
  EMPTY_BYTES,
  equalBytes,
  intersectRanges,
  type KeyRange,
  keyAfter,
  LimitError,
  rangeIsEmpty,
} from '../base/index.js';
import {
  type BatchVisitor,
  type EntryCursor,
  EntryKind,
  encodeExpiring,
  expiryAt,
  expiryBytesOf,
  isDeletion,
  MAX_TIMESTAMP,
  type Memtable,
  type MemtableMark,
  RangeTombstones,
  type TombstoneView,
  type WriteBatch,
} from '../storage/index.js';
import type { MemtablePool } from './memtable-pool.js';

/** All entries carry the same timestamp, so that a later operation replaces an earlier one in lookups and cursors. */
const PENDING = 1;
/** What an entry costs at most beyond key and value. */
const ENTRY_OVERHEAD_BYTES = 24;
/** And the clearing of a range, which may cut another one in two. */
const CLEAR_OVERHEAD_BYTES = 256;

/** A state of a buffer to which `truncate` can go back. */
export interface WriteMark {
  readonly entries: MemtableMark;
  readonly clears: number;
}

export class WriteBuffer {
  readonly #memtable: Memtable;
  /** In the order they were made. */
  readonly #clears: BoundedRange[] = [];
  /** The same to look keys up in; the number of a clear, from 1 on, is its timestamp. */
  #cleared: RangeTombstones | undefined;
  #foundEntry = false;
  readonly #pool: MemtablePool;
  readonly #bytesMax: number;

  constructor(pool: MemtablePool, bytesMax: number) {
    this.#pool = pool;
    this.#memtable = pool.take();
    this.#bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.#memtable.count === 0 && this.#clears.length === 0;
  }

  /** Throws `LimitError`, and leaves the buffer as it was, where the operation does not fit. */
  put(key: Uint8Array, value: Uint8Array, expiresAtMs?: number): void {
    const kind = expiresAtMs === undefined ? EntryKind.Put : EntryKind.ExpiringPut;
    const stored = expiresAtMs === undefined ? value : encodeExpiring(expiresAtMs, value);
    this.#reserve(key.length + stored.length);
    this.#memtable.add(key, PENDING, kind, stored);
  }

  /** Throws as `put` does. @param expired because its value has. */
  delete(key: Uint8Array, expired = false): void {
    this.#reserve(key.length);
    this.#memtable.add(key, PENDING, expired ? EntryKind.Expiry : EntryKind.Delete, EMPTY_BYTES);
  }

  /** Deletes every key of `range`. Nothing happens when that is empty. Throws as `put` does. */
  clear({ lower, upper }: BoundedRange): void {
    if (compareBytes(lower, upper) >= 0) return;
    const shadowed = this.#putsIn({ lower, upper });
    const bytes = shadowed.reduce((sum, key) => sum + key.length + ENTRY_OVERHEAD_BYTES, 0);
    this.#reserve(bytes + lower.length + upper.length + CLEAR_OVERHEAD_BYTES);
    for (const key of shadowed) this.#memtable.add(key, PENDING, EntryKind.Delete, EMPTY_BYTES);
    const range = { lower: lower.slice(), upper: upper.slice() };
    this.#clears.push(range);
    (this.#cleared ??= new RangeTombstones()).add(range.lower, range.upper, this.#clears.length);
  }

  /** True when `key` was written, or lies in a range that was cleared; `foundIsPut` then tells what it is. */
  find(key: Uint8Array): boolean {
    this.#foundEntry = this.#memtable.find(key, MAX_TIMESTAMP);
    return this.#foundEntry || (this.#cleared?.covering(key, 0, key.length, MAX_TIMESTAMP) ?? 0) > 0;
  }

  /** True when the key last found was put, not deleted. */
  get foundIsPut(): boolean {
    return this.#foundEntry && !isDeletion(this.#memtable.foundKind);
  }

  /** When the value of the key last found ends; undefined when it does not, or there is none. */
  foundExpiry(): number | undefined {
    if (!this.#foundEntry || this.#memtable.foundKind !== EntryKind.ExpiringPut) return undefined;
    return expiryAt(this.#memtable.foundValueBytes, this.#memtable.foundValueStart);
  }

  /** The ranges cleared so far, for reading what is committed; undefined when there is none. */
  cleared(): TombstoneView | undefined {
    return this.#cleared === undefined ? undefined : { tombstones: this.#cleared, asOf: this.#clears.length };
  }

  /** The ranges cleared, as few as say it all, ascending. */
  clearedRanges(): BoundedRange[] {
    const ranges: BoundedRange[] = [];
    for (const { start, end } of this.#cleared?.fragments ?? []) {
      const last = ranges.at(-1);
      if (last === undefined || compareBytes(last.upper, start) < 0) ranges.push({ lower: start, upper: end });
      else ranges[ranges.length - 1] = { lower: last.lower, upper: end };
    }
    return ranges;
  }

  /** A copy of the value last found. */
  foundValue(): Uint8Array {
    const { foundKind, foundValueBytes, foundValueStart, foundValueEnd } = this.#memtable;
    return foundValueBytes.slice(foundValueStart + expiryBytesOf(foundKind), foundValueEnd);
  }

  /** One entry per key, as of now. */
  cursor(reverse: boolean): EntryCursor {
    return this.#memtable.cursor(reverse);
  }

  /** A key of `range` that was written, or cleared; undefined when there is none. */
  firstIn(range: KeyRange): Uint8Array | undefined {
    const { lower = EMPTY_BYTES, upper } = range;
    if (upper !== undefined && equalBytes(upper, keyAfter(lower))) return this.find(lower) ? lower : undefined;
    const common = this.clearedRanges().find((cleared) => !rangeIsEmpty(intersectRanges(cleared, range)));
    if (common !== undefined) return intersectRanges(common, range).lower;
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

  mark(): WriteMark {
    return { entries: this.#memtable.mark(), clears: this.#clears.length };
  }

  truncate(mark: WriteMark): void {
    this.#memtable.truncate(mark.entries);
    if (mark.clears === this.#clears.length) return;
    this.#clears.length = mark.clears;
    // A new one: cursors go on with what they saw.
    this.#cleared = mark.clears === 0 ? undefined : new RangeTombstones();
    for (const [i, { lower, upper }] of this.#clears.entries()) this.#cleared?.add(lower, upper, i + 1);
  }

  /** Visits the operations on single keys that count, one per key. */
  forEach(visit: BatchVisitor): void {
    this.#memtable.forEachNewest(visit);
  }

  /** The operations that count, in a batch of the pool's. */
  toBatch(): WriteBatch {
    const batch = this.#pool.takeBatch();
    for (const range of this.clearedRanges()) batch.clear(range);
    const cleared = this.#cleared;
    if (cleared === undefined) {
      this.#memtable.forEachNewest(batch.adding);
      return batch;
    }
    this.#memtable.forEachNewest((kind, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
      const isCleared = cleared.covering(bytes, keyStart, keyEnd, MAX_TIMESTAMP) > 0;
      if (kind === EntryKind.Delete && isCleared) return;
      batch.appendRanges(kind, bytes, keyStart, keyEnd, valueStart, valueEnd);
    });
    return batch;
  }

  /** Gives the memory back; the buffer must not be used again. */
  release(): void {
    this.#pool.give(this.#memtable);
  }

  /** The keys of a range that stand as put. */
  #putsIn({ lower, upper }: BoundedRange): Uint8Array[] {
    const keys: Uint8Array[] = [];
    if (this.#memtable.count === 0) return keys;
    const cursor = this.#memtable.cursor();
    for (cursor.seek(lower, MAX_TIMESTAMP); cursor.valid; cursor.next()) {
      const { keyBytes, keyStart, keyEnd } = cursor;
      if (compareByteRanges(keyBytes, keyStart, keyEnd, upper, 0, upper.length) >= 0) break;
      if (!isDeletion(cursor.kind)) keys.push(keyBytes.slice(keyStart, keyEnd));
    }
    cursor.close();
    return keys;
  }

  #reserve(bytes: number): void {
    const found = this.#memtable.byteSize + (this.#cleared?.byteSize ?? 0) + bytes + ENTRY_OVERHEAD_BYTES;
    if (found > this.#bytesMax) throw LimitError.exceeded('limits.transactionBytes', found, this.#bytesMax, 'bytes');
  }
}
