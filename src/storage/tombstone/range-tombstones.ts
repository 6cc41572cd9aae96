/**
 * Which keys were deleted as ranges, and when: fragments, ascending and without overlap, each with the timestamps of the
 * deletions that cover it. A tombstone deletes what is older than itself, so a put of the same commit survives it.
 *
 * Only a memtable adds to its own. What an addition says is newer than any timestamp that anybody reads as of at that
 * moment, so it may be made under open cursors: their answers stay the same.
 */

import { assert, compareByteRanges, compareBytes } from '../../base/index.js';
import { MAX_TIMESTAMP, type Timestamp } from '../entry.js';

export interface TombstoneFragment {
  readonly start: Uint8Array;
  /** Excluded. */
  readonly end: Uint8Array;
  /** Ascending and distinct; at least one. */
  readonly timestamps: readonly Timestamp[];
}

interface OwnFragment extends TombstoneFragment {
  readonly timestamps: Timestamp[];
}

/** What a fragment takes in memory besides its keys, about. */
const FRAGMENT_BYTES = 96;
const TIMESTAMP_BYTES = 8;
/** Arguments of a call lie on the stack. */
const SPLICED_MAX = 1024;

export class RangeTombstones {
  #fragments: OwnFragment[] = [];
  #minTimestamp: Timestamp = MAX_TIMESTAMP;
  #maxTimestamp: Timestamp = 0;
  #count = 0;
  #byteSize = 0;

  /** @param fragments ascending, without overlap. */
  constructor(fragments: readonly TombstoneFragment[] = []) {
    for (const fragment of fragments) this.#append(fragment);
  }

  /** Must not be changed, and not be kept beyond the next addition. */
  get fragments(): readonly TombstoneFragment[] {
    return this.#fragments;
  }

  /** Tombstones, each counted once per fragment that it covers. */
  get count(): number {
    return this.#count;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Memory in use, about. */
  get byteSize(): number {
    return this.#byteSize;
  }

  /** Lowest timestamp; `MAX_TIMESTAMP` when empty. */
  get minTimestamp(): Timestamp {
    return this.#minTimestamp;
  }

  /** Highest timestamp; 0 when empty. */
  get maxTimestamp(): Timestamp {
    return this.#maxTimestamp;
  }

  /** The first key deleted; undefined when empty. */
  get smallest(): Uint8Array | undefined {
    return this.#fragments[0]?.start;
  }

  /**
   * The last key deleted, where the end directly follows one (is longer than it by a 0), and otherwise the end; undefined
   * when empty.
   */
  get largest(): Uint8Array | undefined {
    const end = this.#fragments.at(-1)?.end;
    return end?.at(-1) === 0 ? end.slice(0, -1) : end;
  }

  /**
   * Deletes `[start, end)`, which must not be empty, at a timestamp that is not below any added before. Keeps the keys,
   * which must be the caller's to give, each in an `ArrayBuffer` of its own.
   */
  add(start: Uint8Array, end: Uint8Array, timestamp: Timestamp): void {
    assert(compareBytes(start, end) < 0, 'a range deletion covers something');
    assert(timestamp >= this.#maxTimestamp, 'range deletions are added in the order of their timestamps');
    const from = this.#firstEndingAfter(start);
    const pieces: OwnFragment[] = [];
    let at = start;
    let next = from;
    for (; next < this.#fragments.length; next++) {
      const fragment = this.#fragments[next]!;
      if (compareBytes(fragment.start, end) >= 0) break;
      this.#account(fragment, -1);
      const before = compareBytes(fragment.start, at);
      if (before < 0) pieces.push(part(fragment, fragment.start, at));
      else if (before > 0) pieces.push({ start: at, end: fragment.start, timestamps: [timestamp] });
      const isInside = compareBytes(fragment.end, end) <= 0;
      if (!isInside) pieces.push(part(fragment, end, fragment.end));
      const covered = part(fragment, before < 0 ? at : fragment.start, isInside ? fragment.end : end);
      if (covered.timestamps.at(-1) !== timestamp) covered.timestamps.push(timestamp);
      pieces.splice(isInside ? pieces.length : -1, 0, covered);
      at = covered.end;
    }
    if (compareBytes(at, end) < 0) pieces.push({ start: at, end, timestamps: [timestamp] });
    for (const piece of pieces) this.#account(piece, 1);
    this.#replace(from, next, pieces);
    this.#minTimestamp = Math.min(this.#minTimestamp, timestamp);
    this.#maxTimestamp = timestamp;
  }

  /** The newest tombstone over `bytes[start, end)` that is not above `asOf`; 0 when there is none. */
  covering(bytes: Uint8Array, start: number, end: number, asOf: Timestamp): Timestamp {
    if (this.#minTimestamp > asOf) return 0;
    const number = this.lastStartingUpTo(bytes, start, end);
    return number >= 0 && this.reaches(number, bytes, start, end) ? this.newestAt(number, asOf) : 0;
  }

  /** Index of the last fragment that starts at or before `bytes[start, end)`; −1 when there is none. */
  lastStartingUpTo(bytes: Uint8Array, start: number, end: number): number {
    const fragments = this.#fragments;
    let low = 0;
    let high = fragments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const key = fragments[middle]!.start;
      if (compareByteRanges(key, 0, key.length, bytes, start, end) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** True when fragment `number` ends behind `bytes[start, end)`. */
  reaches(number: number, bytes: Uint8Array, start: number, end: number): boolean {
    const key = this.#fragments[number]!.end;
    return compareByteRanges(bytes, start, end, key, 0, key.length) < 0;
  }

  /** The newest timestamp of fragment `number` that is not above `asOf`; 0 when there is none. */
  newestAt(number: number, asOf: Timestamp): Timestamp {
    const { timestamps } = this.#fragments[number]!;
    let at = timestamps.length - 1;
    if (timestamps[at]! <= asOf) return timestamps[at]!;
    let low = 0;
    while (low < at) {
      const middle = (low + at) >>> 1;
      if (timestamps[middle]! <= asOf) low = middle + 1;
      else at = middle;
    }
    return low === 0 ? 0 : timestamps[low - 1]!;
  }

  /**
   * Where the stretch ends that has fragment `number` in it and is covered as of `asOf` without a gap: the key before which
   * it ends, or descending the key with which it begins.
   */
  stretchEnd(number: number, asOf: Timestamp, reverse: boolean): Uint8Array {
    const fragments = this.#fragments;
    let at = number;
    if (reverse) {
      while (at > 0 && meet(fragments[at - 1]!, fragments[at]!) && this.newestAt(at - 1, asOf) > 0) at--;
      return fragments[at]!.start;
    }
    while (at + 1 < fragments.length && meet(fragments[at]!, fragments[at + 1]!) && this.newestAt(at + 1, asOf) > 0)
      at++;
    return fragments[at]!.end;
  }

  #append(fragment: TombstoneFragment): void {
    const { start, end, timestamps } = fragment;
    const last = this.#fragments.at(-1);
    assert(last === undefined || compareBytes(last.end, start) <= 0, 'fragments of tombstones ascend');
    assert(compareBytes(start, end) < 0 && timestamps.length > 0, 'a fragment of tombstones covers something');
    this.#fragments.push({ start, end, timestamps: [...timestamps] });
    this.#count += timestamps.length;
    this.#byteSize += bytesOf(fragment);
    this.#minTimestamp = Math.min(this.#minTimestamp, timestamps[0]!);
    this.#maxTimestamp = Math.max(this.#maxTimestamp, timestamps.at(-1)!);
  }

  #replace(from: number, to: number, pieces: OwnFragment[]): void {
    const fragments = this.#fragments;
    if (pieces.length <= SPLICED_MAX) fragments.splice(from, to - from, ...pieces);
    else this.#fragments = fragments.slice(0, from).concat(pieces, fragments.slice(to));
  }

  #account(fragment: TombstoneFragment, sign: 1 | -1): void {
    this.#count += sign * fragment.timestamps.length;
    this.#byteSize += sign * bytesOf(fragment);
  }

  #firstEndingAfter(key: Uint8Array): number {
    let low = 0;
    let high = this.#fragments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(this.#fragments[middle]!.end, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function bytesOf({ start, end, timestamps }: TombstoneFragment): number {
  return start.length + end.length + FRAGMENT_BYTES + timestamps.length * TIMESTAMP_BYTES;
}

function meet(before: TombstoneFragment, after: TombstoneFragment): boolean {
  return compareBytes(before.end, after.start) === 0;
}

/** A piece of a fragment; one that is the whole fragment keeps its list of timestamps. */
function part(fragment: OwnFragment, start: Uint8Array, end: Uint8Array): OwnFragment {
  if (start === fragment.start && end === fragment.end) return fragment;
  return { start, end, timestamps: [...fragment.timestamps] };
}
