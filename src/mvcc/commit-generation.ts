/**
 * What some consecutive commits wrote: keys, and intervals of keys that were written as a whole. Part of the index of
 * recent commits, filled in the order of the commits' timestamps.
 */

import { compareByteRanges, EMPTY_BYTES, type KeyRange, intersectRanges, rangeIsEmpty } from '../base/index.js';
import { EntryKind, MAX_TIMESTAMP, Memtable, type MemtableMark, type Timestamp } from '../storage/index.js';

const INITIAL_BYTES = 16 * 1024;
const RANGE_OVERHEAD_BYTES = 128;

interface WrittenRange {
  readonly timestamp: Timestamp;
  readonly range: KeyRange;
}

export class CommitGeneration {
  readonly #keys = new Memtable({ initialBytes: INITIAL_BYTES, shared: false });
  readonly #empty: MemtableMark = this.#keys.mark();
  /** Timestamps ascend. */
  #ranges: WrittenRange[] = [];
  #rangeBytes = 0;
  #lastRangeTimestamp: Timestamp = 0;

  get isEmpty(): boolean {
    return this.#keys.count === 0 && this.#ranges.length === 0;
  }

  get keyCount(): number {
    return this.#keys.keyCount;
  }

  get rangeCount(): number {
    return this.#ranges.length;
  }

  get byteSize(): number {
    return this.#keys.byteSize + this.#rangeBytes;
  }

  /** The newest commit in here; 0 when there is none. */
  get lastTimestamp(): Timestamp {
    return Math.max(this.#keys.lastTimestamp, this.#lastRangeTimestamp);
  }

  addKey(timestamp: Timestamp, bytes: Uint8Array, keyStart: number, keyEnd: number): void {
    this.#keys.addRanges(timestamp, EntryKind.Put, bytes, keyStart, keyEnd, 0, 0);
  }

  /** Copies the bounds. */
  addRange(timestamp: Timestamp, range: KeyRange): void {
    this.#ranges.push({ timestamp, range: { lower: range.lower?.slice(), upper: range.upper?.slice() } });
    this.#rangeBytes += (range.lower?.length ?? 0) + (range.upper?.length ?? 0) + RANGE_OVERHEAD_BYTES;
    this.#lastRangeTimestamp = timestamp;
  }

  /** True when `key` was written after `since`, by itself or in a range. */
  keyChanged(bytes: Uint8Array, keyStart: number, keyEnd: number, since: Timestamp): boolean {
    const keys = this.#keys;
    if (keys.findRange(bytes, keyStart, keyEnd, MAX_TIMESTAMP) && keys.foundTimestamp > since) return true;
    if (this.#lastRangeTimestamp <= since) return false;
    for (let i = this.#ranges.length - 1; i >= 0; i--) {
      const { timestamp, range } = this.#ranges[i]!;
      if (timestamp <= since) return false;
      if (isInside(range, bytes, keyStart, keyEnd)) return true;
    }
    return false;
  }

  /** A key of `range` that was written after `since`, present or not; undefined when there is none. */
  changeInRange(range: KeyRange, since: Timestamp): Uint8Array | undefined {
    return this.#keyWrittenIn(range, since) ?? this.#rangeWrittenIn(range, since);
  }

  clear(): void {
    this.#keys.truncate(this.#empty);
    this.#ranges = [];
    this.#rangeBytes = this.#lastRangeTimestamp = 0;
  }

  #keyWrittenIn(range: KeyRange, since: Timestamp): Uint8Array | undefined {
    const { upper } = range;
    const cursor = this.#keys.cursor();
    for (cursor.seek(range.lower ?? EMPTY_BYTES, MAX_TIMESTAMP); cursor.valid; cursor.next()) {
      const { keyBytes, keyStart, keyEnd } = cursor;
      if (upper !== undefined && compareByteRanges(keyBytes, keyStart, keyEnd, upper, 0, upper.length) >= 0) break;
      if (cursor.timestamp > since) return keyBytes.slice(keyStart, keyEnd);
    }
    return undefined;
  }

  #rangeWrittenIn(range: KeyRange, since: Timestamp): Uint8Array | undefined {
    if (this.#lastRangeTimestamp <= since) return undefined;
    for (let i = this.#ranges.length - 1; i >= 0; i--) {
      const written = this.#ranges[i]!;
      if (written.timestamp <= since) return undefined;
      const common = intersectRanges(range, written.range);
      if (!rangeIsEmpty(common)) return common.lower ?? EMPTY_BYTES;
    }
    return undefined;
  }
}

function isInside({ lower, upper }: KeyRange, bytes: Uint8Array, start: number, end: number): boolean {
  return (
    (lower === undefined || compareByteRanges(bytes, start, end, lower, 0, lower.length) >= 0) &&
    (upper === undefined || compareByteRanges(bytes, start, end, upper, 0, upper.length) < 0)
  );
}
