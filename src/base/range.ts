/** Key intervals. One shape for scans, conflict tracking, compaction and backup. */

import { compareBytes, prefixEnd } from './bytes.js';

/** Half-open interval of keys: `lower` is included, `upper` is not; an absent bound is infinite. */
export interface KeyRange {
  readonly lower?: Uint8Array | undefined;
  readonly upper?: Uint8Array | undefined;
}

/** One with both bounds given. */
export interface BoundedRange extends KeyRange {
  readonly lower: Uint8Array;
  readonly upper: Uint8Array;
}

export function prefixRange(prefix: Uint8Array): KeyRange {
  return { lower: prefix, upper: prefixEnd(prefix) };
}

export function rangeContains(range: KeyRange, key: Uint8Array): boolean {
  return (
    (range.lower === undefined || compareBytes(key, range.lower) >= 0) &&
    (range.upper === undefined || compareBytes(key, range.upper) < 0)
  );
}

/** True when no key can lie in the range. */
export function rangeIsEmpty(range: KeyRange): boolean {
  return range.lower !== undefined && range.upper !== undefined && compareBytes(range.lower, range.upper) >= 0;
}

/** The keys that lie in both ranges. */
export function intersectRanges(a: KeyRange, b: KeyRange): KeyRange {
  return { lower: higherLower(a.lower, b.lower), upper: lowerUpper(a.upper, b.upper) };
}

/** The lower bound of what lies in two ranges, by theirs. */
export function higherLower(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  return a === undefined || (b !== undefined && compareBytes(b, a) > 0) ? b : a;
}

/** The upper bound of what lies in two ranges, by theirs. */
export function lowerUpper(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  return a === undefined || (b !== undefined && compareBytes(b, a) < 0) ? b : a;
}
