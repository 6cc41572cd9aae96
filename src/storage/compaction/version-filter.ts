/**
 * Which versions flush and compaction may drop; one rule for both. A version v with a newer one v' of its key may go when
 * v' is not above the horizon, no pinned snapshot p has v ≤ p < v', and v is not among the newest `versions` of its key. A
 * deletion may go when it is not above the horizon, no pinned snapshot is below it, nothing older can hold its key, and of
 * the newest `versions` it is the last. The deletion of a range is a version of every key in it.
 */

import { compareByteRanges } from '../../base/index.js';
import { copyBytes } from '../byte-copy.js';
import { type EntryKind, isDeletion, MAX_TIMESTAMP, type Timestamp } from '../entry.js';
import type { TombstoneFragment } from '../tombstone/range-tombstones.js';
import type { KeySpan } from '../version/version.js';
import { OlderRuns } from './older-runs.js';
import { Retention, type RetentionView } from './retention.js';

const NO_TIMESTAMPS: readonly Timestamp[] = [];

/** Decides over a stream of entries in ascending order. */
export class VersionFilter {
  readonly #retention: Retention;
  readonly #older: OlderRuns;
  readonly #tombstones: readonly TombstoneFragment[];
  /** The first fragment that does not end at or before the key. */
  #fragment = 0;
  #key = new Uint8Array(64);
  #keyLength = -1;
  /** When the key was deleted as part of a range, ascending. */
  #cleared = NO_TIMESTAMPS;
  /** Of the version before the next one, when that is of the same key. */
  #newerTimestamp: Timestamp = 0;
  /** Versions of the same key before it, deletions of ranges not counted. */
  #rank = 0;
  #dropped = 0;
  #prunedThrough: Timestamp = 0;

  /** Of the entry last kept: it has been superseded, and is there for somebody who still needs it. */
  superseded = false;
  /** The first and the last pinned snapshot for which it is kept; 0 when it is kept for the horizon. */
  heldFrom: Timestamp = 0;
  heldTo: Timestamp = 0;

  /**
   * @param olderRuns the tables of all runs older than the entries of the stream.
   * @param tombstones the range deletions that come with the entries.
   */
  constructor(
    view: RetentionView,
    olderRuns: readonly (readonly KeySpan[])[],
    tombstones: readonly TombstoneFragment[] = [],
  ) {
    this.#retention = new Retention(view);
    this.#older = new OlderRuns(olderRuns);
    this.#tombstones = tombstones;
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
    const { versions } = this.#retention;
    let newer = MAX_TIMESTAMP;
    if (this.#isSameKey(key, start, end)) {
      newer = this.#newerTimestamp;
      this.#rank++;
    } else {
      this.#remember(key, start, end);
      this.#rank = 0;
    }
    this.#newerTimestamp = timestamp;
    let rank = this.#rank;
    const cleared = this.#cleared;
    for (let i = cleared.length - 1; i >= 0 && cleared[i]! > timestamp; i--) {
      rank++;
      if (cleared[i]! < newer) newer = cleared[i]!;
    }
    this.superseded = rank >= versions;
    if (this.superseded && !this.#isHeld(timestamp, newer)) return this.#drop(newer);
    if (!isDeletion(kind) || rank < versions - 1) return true;
    if (this.#retention.mayReadBetween(0, timestamp) || this.#older.mayHold(key, start, end)) return true;
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
    const retention = this.#retention;
    if (newer > retention.horizon) return true;
    const first = retention.firstPinnedFrom(timestamp);
    const behind = retention.firstPinnedFrom(newer);
    if (first === behind) return false;
    this.heldFrom = retention.pinned[first]!;
    this.heldTo = retention.pinned[behind - 1]!;
    return true;
  }

  #remember(key: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > this.#key.length) this.#key = new Uint8Array(length * 2);
    copyBytes(this.#key, 0, key, start, end);
    this.#keyLength = length;
    if (this.#tombstones.length > 0) this.#cleared = this.#clearedAt(key, start, end);
  }

  #clearedAt(key: Uint8Array, start: number, end: number): readonly Timestamp[] {
    const fragments = this.#tombstones;
    for (; this.#fragment < fragments.length; this.#fragment++) {
      const fragment = fragments[this.#fragment]!;
      if (compareByteRanges(key, start, end, fragment.end, 0, fragment.end.length) >= 0) continue;
      const isInside = compareByteRanges(fragment.start, 0, fragment.start.length, key, start, end) <= 0;
      return isInside ? fragment.timestamps : NO_TIMESTAMPS;
    }
    return NO_TIMESTAMPS;
  }
}
