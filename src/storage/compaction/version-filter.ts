/**
 * Which versions flush and compaction may drop; one rule for both. A version v with a newer one v' of its key may go when
 * v' is not above the horizon, no pinned snapshot p has v ≤ p < v', and v is not among the newest `versions` of its key. A
 * deletion may go when it is not above the horizon, no pinned snapshot is below it, nothing older can hold its key, and of
 * the newest `versions` it is the last.
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
  /** How many versions of each key are kept whatever their age, deletions counted. Default 1. */
  readonly versions?: number | undefined;
}

/** Implemented by whoever hands out snapshots. */
export interface RetentionPolicy {
  view(): RetentionView;
  /**
   * Asked before versions that were dropped according to `given`, an earlier answer of `view`, are given up for good: false
   * when somebody has come to need a state below `prunedThrough` since. What was written is thrown away then, and done again. Without
   * this method it is always true.
   */
  stillAllows?(given: RetentionView, prunedThrough: Timestamp): boolean;
}

/** Decides over a stream of entries in ascending order. */
export class VersionFilter {
  readonly #horizon: Timestamp;
  /** Ascending. */
  readonly #pinned: Float64Array;
  readonly #older: OlderRuns;
  readonly #versions: number;
  #key = new Uint8Array(64);
  #keyLength = -1;
  /** Of the version before the next one, when that is of the same key. */
  #newerTimestamp: Timestamp = 0;
  /** Versions of the same key before it. */
  #rank = 0;
  #dropped = 0;
  #prunedThrough: Timestamp = 0;

  /** Of the entry last kept: it has been superseded, and is there for somebody who still needs it. */
  superseded = false;
  /** The first and the last pinned snapshot for which it is kept; 0 when it is kept for the horizon. */
  heldFrom: Timestamp = 0;
  heldTo: Timestamp = 0;

  /** @param olderRuns the tables of all runs older than the entries of the stream. */
  constructor(view: RetentionView, olderRuns: readonly (readonly KeySpan[])[]) {
    this.#horizon = view.horizon;
    this.#pinned = Float64Array.from(view.pinned).sort();
    this.#older = new OlderRuns(olderRuns);
    this.#versions = view.versions ?? 1;
  }

  /** Versions dropped so far, deletions included. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Reads as of this timestamp or a later one, and the list of changes since, are not touched by what was dropped. */
  get prunedThrough(): Timestamp {
    return this.#prunedThrough;
  }

  /** True when the next entry of the stream must be kept. */
  keeps(key: Uint8Array, start: number, end: number, timestamp: Timestamp, kind: EntryKind): boolean {
    const newer = this.#newerTimestamp;
    this.#newerTimestamp = timestamp;
    this.superseded = false;
    if (this.#isSameKey(key, start, end)) {
      this.superseded = ++this.#rank >= this.#versions;
      if (this.superseded && !this.#isHeld(timestamp, newer)) return this.#drop(newer);
    } else {
      this.#remember(key, start, end);
      this.#rank = 0;
    }
    if (kind !== EntryKind.Delete || timestamp > this.#horizon || this.#rank < this.#versions - 1) return true;
    if (this.#isPinnedBetween(0, timestamp) || this.#older.mayHold(key, start, end)) return true;
    return this.#drop(timestamp);
  }

  /** Compared from the end: neighbours in order begin alike. */
  #isSameKey(key: Uint8Array, start: number, end: number): boolean {
    if (end - start !== this.#keyLength) return false;
    let i = this.#keyLength - 1;
    while (i >= 0 && this.#key[i] === key[start + i]) i--;
    return i < 0;
  }

  #drop(prunedThrough: Timestamp): false {
    this.#dropped++;
    if (prunedThrough > this.#prunedThrough) this.#prunedThrough = prunedThrough;
    return false;
  }

  /** Says whether a version must stay although there is a newer one, and for whom. */
  #isHeld(timestamp: Timestamp, newer: Timestamp): boolean {
    this.heldFrom = this.heldTo = 0;
    if (newer > this.#horizon) return true;
    const first = this.#firstPinnedFrom(timestamp);
    const behind = this.#firstPinnedFrom(newer);
    if (first === behind) return false;
    this.heldFrom = this.#pinned[first]!;
    this.heldTo = this.#pinned[behind - 1]!;
    return true;
  }

  #isPinnedBetween(from: Timestamp, before: Timestamp): boolean {
    return this.#firstPinnedFrom(from) < this.#firstPinnedFrom(before);
  }

  /** Index of the first pinned snapshot that is not below `from`. */
  #firstPinnedFrom(from: Timestamp): number {
    const pinned = this.#pinned;
    let low = 0;
    let high = pinned.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (pinned[middle]! < from) low = middle + 1;
      else high = middle;
    }
    return low;
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
