/**
 * Which versions flush and compaction may drop; one rule for both. A version v with a newer one v' of its key may go when
 * v' is not above the horizon and no pinned snapshot p has v ≤ p < v'. A deletion may go when it is not above the horizon,
 * no pinned snapshot is below it, and nothing older can hold its key.
 */

import { compareByteRanges } from '../../base/index.js';
import { copyBytes } from '../byte-copy.js';
import { EntryKind, type Timestamp } from '../entry.js';
import type { KeySpan } from '../version/version.js';

/** What must stay readable: everything from `horizon` on, and the state as of each pinned timestamp. */
export interface RetentionView {
  /** Snapshots taken from now on are not below it. */
  readonly horizon: Timestamp;
  readonly pinned: readonly Timestamp[];
}

/** Implemented by whoever hands out snapshots. */
export interface RetentionPolicy {
  view(): RetentionView;
}

/** Decides over a stream of entries in ascending order. */
export class VersionFilter {
  readonly #horizon: Timestamp;
  /** Ascending. */
  readonly #pinned: Float64Array;
  readonly #older: OlderRuns;
  #key = new Uint8Array(64);
  #keyLength = -1;
  /** Of the version before the next one, when that is of the same key. */
  #newerTimestamp: Timestamp = 0;
  #dropped = 0;
  #prunedThrough: Timestamp = 0;

  /** @param olderRuns the tables of all runs older than the entries of the stream. */
  constructor(view: RetentionView, olderRuns: readonly (readonly KeySpan[])[]) {
    this.#horizon = view.horizon;
    this.#pinned = Float64Array.from(view.pinned).sort();
    this.#older = new OlderRuns(olderRuns);
  }

  /** Versions dropped so far, deletions included. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Reads as of this timestamp or a later one are not touched by what was dropped. */
  get prunedThrough(): Timestamp {
    return this.#prunedThrough;
  }

  /** True when the next entry of the stream must be kept. */
  keeps(key: Uint8Array, start: number, end: number, timestamp: Timestamp, kind: EntryKind): boolean {
    const newer = this.#newerTimestamp;
    this.#newerTimestamp = timestamp;
    if (this.#keyLength >= 0 && compareByteRanges(this.#key, 0, this.#keyLength, key, start, end) === 0) {
      if (newer <= this.#horizon && !this.#isPinnedBetween(timestamp, newer)) {
        this.#dropped++;
        if (newer > this.#prunedThrough) this.#prunedThrough = newer;
        return false;
      }
    } else {
      this.#remember(key, start, end);
    }
    if (kind !== EntryKind.Delete || timestamp > this.#horizon) return true;
    if (this.#isPinnedBetween(0, timestamp) || this.#older.mayHold(key, start, end)) return true;
    this.#dropped++;
    return false;
  }

  #isPinnedBetween(from: Timestamp, before: Timestamp): boolean {
    const pinned = this.#pinned;
    let low = 0;
    let high = pinned.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (pinned[middle]! < from) low = middle + 1;
      else high = middle;
    }
    return low < pinned.length && pinned[low]! < before;
  }

  #remember(key: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > this.#key.length) this.#key = new Uint8Array(length * 2);
    copyBytes(this.#key, 0, key, start, end);
    this.#keyLength = length;
  }
}

/** Answers, for ascending keys, whether any table of any run may hold the key. */
class OlderRuns {
  readonly #runs: readonly (readonly KeySpan[])[];
  readonly #positions: number[];

  constructor(runs: readonly (readonly KeySpan[])[]) {
    this.#runs = runs;
    this.#positions = runs.map(() => 0);
  }

  mayHold(key: Uint8Array, start: number, end: number): boolean {
    for (let i = 0; i < this.#runs.length; i++) {
      const run = this.#runs[i]!;
      let at = this.#positions[i]!;
      while (at < run.length && compareByteRanges(run[at]!.largest, 0, run[at]!.largest.length, key, start, end) < 0)
        at++;
      this.#positions[i] = at;
      const span = run[at];
      if (span !== undefined && compareByteRanges(span.smallest, 0, span.smallest.length, key, start, end) <= 0) {
        return true;
      }
    }
    return false;
  }
}
