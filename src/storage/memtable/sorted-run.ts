/**
 * Immutable sorted runs over an arena: lists of entry positions in entry order, made from the entries added since the
 * last one, and merged log-structured (each run at least `RUN_RATIO` times as long as its successor).
 *
 * Merging gallops: the shorter run is cut into the longer one by exponential search and block copies (Bentley and Yao,
 * "An almost optimal algorithm for unbounded searching", 1976), so a long run costs a memory copy, not comparisons. That
 * allows a ratio far above the usual 2…10: few runs to merge per cursor, and cheap to keep.
 */

import { compareEntries, compareEntryKeys, entryAfter, entryTimestamp } from './entry-layout.js';
import { sortEntries } from './rank-sort.js';

export interface SortedRun {
  /** Entry positions in order: key ascending, later addition first. Never changed. */
  readonly entries: Uint32Array;
  /** The run covers the entries in arena words `[start, end)`. */
  readonly start: number;
  readonly end: number;
}

const RUN_RATIO = 16;

/** Adds a run to `runs` (oldest first) and restores the ratio between neighbours. Returns a new list. */
export function withRun(
  runs: readonly SortedRun[],
  added: SortedRun,
  words: Uint32Array,
  bytes: Uint8Array,
  shadowing: boolean,
): readonly SortedRun[] {
  const next = runs.slice();
  let last = added;
  for (;;) {
    const previous = next.at(-1);
    if (previous === undefined || previous.entries.length >= RUN_RATIO * last.entries.length) break;
    next.pop();
    const merged = merge(previous.entries, last.entries, words, bytes);
    last = {
      entries: shadowing ? withoutShadowed(merged, words, bytes) : merged,
      start: previous.start,
      end: last.end,
    };
  }
  next.push(last);
  return next;
}

/**
 * Sorts the `count` entries in arena words `[start, end)`. With `shadowing`, entries that a later one of equal key and
 * timestamp replaces are left out.
 */
export function sortTail(
  words: Uint32Array,
  bytes: Uint8Array,
  tail: { start: number; end: number; count: number; shadowing: boolean },
): SortedRun {
  const entries = new Uint32Array(tail.count);
  let ascending = true;
  let at = tail.start;
  for (let i = 0; i < tail.count; i++) {
    entries[i] = at;
    if (ascending && i > 0) ascending = compareEntries(words, bytes, entries[i - 1]!, at) < 0;
    at = entryAfter(words, at);
  }
  if (!ascending) sortEntries(entries, words, bytes);
  // Of one key the later addition comes first: ascending entries have different keys.
  const distinct = tail.shadowing && !ascending ? withoutShadowed(entries, words, bytes) : entries;
  return { entries: distinct, start: tail.start, end: tail.end };
}

function merge(
  older: Uint32Array,
  newer: Uint32Array,
  words: Uint32Array,
  bytes: Uint8Array,
): Uint32Array<ArrayBuffer> {
  const long = older.length >= newer.length ? older : newer;
  const short = long === older ? newer : older;
  const out = new Uint32Array(long.length + short.length);
  let at = 0;
  let filled = 0;
  for (let i = 0; i < short.length; i++) {
    const entry = short[i]!;
    const until = gallop(long, at, entry, words, bytes);
    if (until - at > 16) out.set(long.subarray(at, until), filled);
    else for (let j = at; j < until; j++) out[filled + j - at] = long[j]!;
    filled += until - at;
    at = until;
    out[filled++] = entry;
  }
  out.set(long.subarray(at), filled);
  return out;
}

/** Index of the first of `entries`, from `from` on, that comes after `entry`. */
function gallop(entries: Uint32Array, from: number, entry: number, words: Uint32Array, bytes: Uint8Array): number {
  let low = from;
  let step = 1;
  while (low + step <= entries.length && compareEntries(words, bytes, entries[low + step - 1]!, entry) < 0) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step - 1, entries.length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareEntries(words, bytes, entries[middle]!, entry) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function withoutShadowed(
  entries: Uint32Array<ArrayBuffer>,
  words: Uint32Array,
  bytes: Uint8Array,
): Uint32Array<ArrayBuffer> {
  let kept = 0;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    if (kept > 0 && shadows(words, bytes, entries[kept - 1]!, entry)) continue;
    entries[kept++] = entry;
  }
  return kept === entries.length ? entries : entries.slice(0, kept);
}

/** True when two different entries are the same version of the same key. */
function shadows(words: Uint32Array, bytes: Uint8Array, a: number, b: number): boolean {
  return entryTimestamp(words, a) === entryTimestamp(words, b) && compareEntryKeys(words, bytes, a, b) === 0;
}
