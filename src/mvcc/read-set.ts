/**
 * What must not have changed when a transaction commits, which is all that it read if it is serializable: keys, present
 * or not, and intervals of keys, empty or not. Bounded: when the details outgrow their limit they are widened to the one
 * interval that covers them all, which can only cause a conflict too many, never one too few.
 */

import { compareBytes, EMPTY_BYTES, type KeyRange, keyAfter } from '../base/index.js';
import { type BatchVisitor, EntryKind, MAX_TIMESTAMP, type Memtable } from '../storage/index.js';
import type { FewKeys } from './few-keys.js';
import type { MemtablePool } from './memtable-pool.js';

const RANGE_OVERHEAD_BYTES = 128;

export class ReadSet {
  readonly #pool: MemtablePool;
  readonly #bytesMax: number;
  /** The keys while they are few; then all of them are in `#keys`. */
  #few: FewKeys | undefined;
  #keys: Memtable | undefined;
  #ranges: KeyRange[] = [];
  #rangeBytes = 0;
  /** Covers everything read, once the details have been given up. */
  #hull: KeyRange | undefined;

  constructor(pool: MemtablePool, bytesMax: number) {
    this.#pool = pool;
    this.#bytesMax = bytesMax;
  }

  /** Copies the key. */
  addKey(key: Uint8Array): void {
    if (this.#hull !== undefined) {
      this.#widen({ lower: key.slice(), upper: keyAfter(key) });
      return;
    }
    if (this.#keys !== undefined) this.#addToMany(this.#keys, key);
    else if (!(this.#few ??= this.#pool.takeKeys()).add(key)) this.#addToMany(this.#becomeMany(this.#few), key);
    if (this.#keyBytes + this.#rangeBytes > this.#bytesMax) this.#giveUpDetails();
  }

  /** Keeps `range`; the caller leaves its bounds alone. */
  addRange(range: KeyRange): void {
    if (this.#hull !== undefined) {
      this.#widen(range);
      return;
    }
    this.#ranges.push(range);
    this.#rangeBytes += (range.lower?.length ?? 0) + (range.upper?.length ?? 0) + RANGE_OVERHEAD_BYTES;
    if (this.#keyBytes + this.#rangeBytes > this.#bytesMax) this.#giveUpDetails();
  }

  /** Visits every key, as a put without a value. */
  forEachKey(visit: BatchVisitor): void {
    if (this.#keys === undefined) this.#few?.forEach(visit);
    else this.#keys.forEachNewest(visit);
  }

  /** The intervals read, in no particular order. */
  get ranges(): readonly KeyRange[] {
    return this.#hull === undefined ? this.#ranges : [this.#hull];
  }

  /** Gives the memory back; the set must not be used again. */
  release(): void {
    if (this.#few !== undefined) this.#pool.giveKeys(this.#few);
    if (this.#keys !== undefined) this.#pool.give(this.#keys);
    this.#few = this.#keys = undefined;
  }

  get #keyBytes(): number {
    return this.#keys?.byteSize ?? this.#few?.byteSize ?? 0;
  }

  #addToMany(keys: Memtable, key: Uint8Array): void {
    if (!keys.find(key, MAX_TIMESTAMP)) keys.add(key, 1, EntryKind.Put, EMPTY_BYTES);
  }

  #becomeMany(few: FewKeys): Memtable {
    const keys = this.#pool.take();
    few.forEach((kind, bytes, start, end) => keys.addRanges(1, kind, bytes, start, end, end, end));
    return (this.#keys = keys);
  }

  #giveUpDetails(): void {
    const [first, ...others] = this.#ranges;
    if (first !== undefined) this.#hull = first;
    for (const range of others) this.#widen(range);
    this.forEachKey((_kind, bytes, start, end) => {
      const key = bytes.slice(start, end);
      this.#widen({ lower: key, upper: keyAfter(key) });
    });
    this.#ranges = [];
    this.#rangeBytes = 0;
    this.release();
  }

  #widen(range: KeyRange): void {
    const hull = this.#hull;
    if (hull === undefined) {
      this.#hull = { lower: range.lower?.slice(), upper: range.upper?.slice() };
      return;
    }
    const { lower, upper } = hull;
    const lowest = lower === undefined || range.lower === undefined ? undefined : minimum(lower, range.lower);
    const highest = upper === undefined || range.upper === undefined ? undefined : minimum(range.upper, upper, -1);
    if (lowest !== lower || highest !== upper) this.#hull = { lower: lowest?.slice(), upper: highest?.slice() };
  }
}

/** The lower of two keys, the higher one for sign −1. */
function minimum(a: Uint8Array, b: Uint8Array, sign: 1 | -1 = 1): Uint8Array {
  return compareBytes(a, b) * sign <= 0 ? a : b;
}
