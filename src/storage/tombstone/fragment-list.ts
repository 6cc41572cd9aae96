/** Lists of tombstone fragments, ascending and without overlap: put together, cut, and added up. */

import { compareBytes } from '../../base/index.js';
import type { Timestamp } from '../entry.js';
import type { TombstoneFragment } from './range-tombstones.js';

/** Appends to `list`, which ends at or before `fragment.start`. What only continues the last fragment lengthens it. */
export function appendFragment(list: TombstoneFragment[], fragment: TombstoneFragment): void {
  const last = list.at(-1);
  if (
    last !== undefined &&
    compareBytes(last.end, fragment.start) === 0 &&
    isSame(last.timestamps, fragment.timestamps)
  ) {
    list[list.length - 1] = { ...last, end: fragment.end };
  } else {
    list.push(fragment);
  }
}

/** What is in either list, cut at the ends of both. Linear. */
export function mergeFragments(
  a: readonly TombstoneFragment[],
  b: readonly TombstoneFragment[],
): readonly TombstoneFragment[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const merged: TombstoneFragment[] = [];
  let i = 0;
  let j = 0;
  /** Everything before it has been dealt with. */
  let at: Uint8Array | undefined;
  while (i < a.length || j < b.length) {
    const left = restOf(a[i], at);
    const right = restOf(b[j], at);
    const order = left === undefined ? 1 : right === undefined ? -1 : compareBytes(left.start, right.start);
    const first = order <= 0 ? left! : right!;
    const other = order <= 0 ? right : left;
    const timestamps = order === 0 ? union(left!.timestamps, right!.timestamps) : first.timestamps;
    // It ends where it ends, where the other one begins, or, when they begin together, where that ends.
    const limit = order === 0 ? other!.end : other?.start;
    const end = limit !== undefined && compareBytes(limit, first.end) < 0 ? limit : first.end;
    appendFragment(merged, { start: first.start, end, timestamps });
    at = end;
    if (left !== undefined && compareBytes(left.end, end) <= 0) i++;
    if (right !== undefined && compareBytes(right.end, end) <= 0) j++;
  }
  return merged;
}

/** The part of `list` in `[from, to)`; an absent bound is infinite. */
export function clipFragments(
  list: readonly TombstoneFragment[],
  from: Uint8Array | undefined,
  to: Uint8Array | undefined,
): TombstoneFragment[] {
  const clipped: TombstoneFragment[] = [];
  for (const fragment of list) {
    const start = from !== undefined && compareBytes(fragment.start, from) < 0 ? from : fragment.start;
    const end = to !== undefined && compareBytes(to, fragment.end) < 0 ? to : fragment.end;
    if (compareBytes(start, end) < 0) clipped.push({ ...fragment, start, end });
  }
  return clipped;
}

function restOf(fragment: TombstoneFragment | undefined, from: Uint8Array | undefined): TombstoneFragment | undefined {
  if (fragment === undefined || from === undefined || compareBytes(fragment.start, from) >= 0) return fragment;
  return { ...fragment, start: from };
}

function isSame(a: readonly Timestamp[], b: readonly Timestamp[]): boolean {
  return a.length === b.length && a.every((timestamp, i) => timestamp === b[i]);
}

function union(a: readonly Timestamp[], b: readonly Timestamp[]): Timestamp[] {
  const all: Timestamp[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const next = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY);
    all.push(next);
    if (a[i] === next) i++;
    if (b[j] === next) j++;
  }
  return all;
}
