/**
 * One source of entries without those that range deletions hide, as of a timestamp. What tombstones of newer sources cover
 * is passed over by seeking, as everything in this source is older than they are; what the source's own tombstones cover
 * is told by its timestamp. Between two bounds of tombstones an entry costs one comparison of keys.
 */

import { compareByteRanges, EMPTY_BYTES } from '../../base/index.js';
import { type EntryCursor, EntryKind, MAX_TIMESTAMP, type Timestamp } from '../entry.js';
import type { RangeTombstones } from '../tombstone/range-tombstones.js';

/** Tombstones, those above `asOf` not counted. */
export interface TombstoneView {
  readonly tombstones: RangeTombstones;
  readonly asOf: Timestamp;
}

export class UncoveredCursor implements EntryCursor {
  valid = false;
  keyBytes: Uint8Array = EMPTY_BYTES;
  keyStart = 0;
  keyEnd = 0;
  timestamp: Timestamp = 0;
  kind: EntryKind = EntryKind.Put;
  repeats = false;
  valueBytes: Uint8Array = EMPTY_BYTES;
  valueStart = 0;
  valueEnd = 0;

  readonly #source: EntryCursor;
  readonly #newer: readonly TombstoneView[];
  readonly #own: TombstoneView | undefined;
  readonly #reverse: boolean;
  /**
   * Where what is known of tombstones ends, in the direction of the cursor: ascending it holds for keys below, descending
   * for this key and those above. Undefined: to the end, if `#known`.
   */
  #bound: Uint8Array | undefined;
  #known = false;
  /** Up to there, own entries below this timestamp are hidden. */
  #ownTimestamp: Timestamp = 0;

  /** @param newer tombstones of newer sources. @param own those of the source itself. */
  constructor(
    source: EntryCursor,
    newer: readonly TombstoneView[],
    own: TombstoneView | undefined,
    options: { readonly reverse: boolean },
  ) {
    this.#source = source;
    this.#newer = newer;
    this.#own = own;
    this.#reverse = options.reverse;
  }

  seekToStart(): void {
    this.#source.seekToStart();
    this.#known = false;
    this.#settle();
  }

  seek(key: Uint8Array, timestamp: Timestamp): void {
    this.#source.seek(key, timestamp);
    this.#known = false;
    this.#settle();
  }

  next(): void {
    this.#source.next();
    this.#settle();
  }

  close(): void {
    this.valid = false;
    this.keyBytes = this.valueBytes = EMPTY_BYTES;
    this.#source.close();
  }

  /** Goes on to the first entry that nothing covers, and shows it. */
  #settle(): void {
    const source = this.#source;
    let skipped = false;
    while (source.valid) {
      if (!this.#isKnown()) {
        const behind = this.#coveredUntil();
        if (behind !== undefined) {
          skipped = true;
          source.seek(behind, MAX_TIMESTAMP);
          continue;
        }
        this.#learn();
      }
      if (source.timestamp >= this.#ownTimestamp) break;
      skipped = true;
      source.next();
    }
    this.valid = source.valid;
    if (!source.valid) return;
    this.keyBytes = source.keyBytes;
    this.keyStart = source.keyStart;
    this.keyEnd = source.keyEnd;
    this.timestamp = source.timestamp;
    this.kind = source.kind;
    // Of one key the older versions are hidden: descending, a version that follows hidden ones is the first to be seen.
    this.repeats = source.repeats && !skipped;
    this.valueBytes = source.valueBytes;
    this.valueStart = source.valueStart;
    this.valueEnd = source.valueEnd;
  }

  #isKnown(): boolean {
    const bound = this.#bound;
    if (!this.#known || bound === undefined) return this.#known;
    const { keyBytes, keyStart, keyEnd } = this.#source;
    const order = compareByteRanges(keyBytes, keyStart, keyEnd, bound, 0, bound.length);
    return this.#reverse ? order >= 0 : order < 0;
  }

  /** Where the stretch ends that newer tombstones cover from the source's key on; undefined when they do not cover it. */
  #coveredUntil(): Uint8Array | undefined {
    const { keyBytes, keyStart, keyEnd } = this.#source;
    for (const { tombstones, asOf } of this.#newer) {
      const at = tombstones.lastStartingUpTo(keyBytes, keyStart, keyEnd);
      if (at < 0 || !tombstones.reaches(at, keyBytes, keyStart, keyEnd)) continue;
      if (tombstones.newestAt(at, asOf) > 0) return tombstones.stretchEnd(at, asOf, this.#reverse);
    }
    return undefined;
  }

  /** Notes what holds for the source's key, which no newer tombstone covers, and how far. */
  #learn(): void {
    this.#known = true;
    this.#bound = undefined;
    this.#ownTimestamp = 0;
    for (const { tombstones } of this.#newer) this.#boundBy(tombstones);
    const own = this.#own;
    if (own === undefined) return;
    this.#boundBy(own.tombstones);
    const { keyBytes, keyStart, keyEnd } = this.#source;
    this.#ownTimestamp = own.tombstones.covering(keyBytes, keyStart, keyEnd, own.asOf);
  }

  /** Draws the bound in to where the next fragment begins or the present one ends. */
  #boundBy(tombstones: RangeTombstones): void {
    const { keyBytes, keyStart, keyEnd } = this.#source;
    const { fragments } = tombstones;
    const at = tombstones.lastStartingUpTo(keyBytes, keyStart, keyEnd);
    const isInside = at >= 0 && tombstones.reaches(at, keyBytes, keyStart, keyEnd);
    const candidate = this.#reverse
      ? isInside
        ? fragments[at]!.start
        : fragments[at]?.end
      : isInside
        ? fragments[at]!.end
        : fragments[at + 1]?.start;
    if (candidate === undefined) return;
    const bound = this.#bound;
    if (bound === undefined) {
      this.#bound = candidate;
      return;
    }
    const order = compareByteRanges(candidate, 0, candidate.length, bound, 0, bound.length);
    if (this.#reverse ? order > 0 : order < 0) this.#bound = candidate;
  }
}
