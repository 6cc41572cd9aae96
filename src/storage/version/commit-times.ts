/**
 * When commits were made by the wall clock: what a date is translated by. Entries in commit order, each for the commits from
 * its timestamp to the next entry's; the log brings them with their commits, the manifest keeps them.
 *
 * The clock may jump. A date means the newest commit made when the clock showed that or less, so that a later date never
 * gives an earlier state, and an hour lived through twice, or a clock that was wrong for a while, spoils only its own time.
 */

import type { Timestamp } from '../entry.js';

/** Commits from `timestamp` on were made while the clock showed `fromMs` … `untilMs`, the latter excluded. */
export interface CommitTime {
  readonly timestamp: Timestamp;
  /** Milliseconds since the epoch. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Beyond so many entries neighbours are joined. */
const ENTRIES_MAX = 4096;
/** Joined where the result spans less than this part of its age. */
const PRECISION = 1 / 100;

export class CommitTimes {
  #entries: CommitTime[];

  /** @param entries in commit order. */
  constructor(entries: readonly CommitTime[]) {
    this.#entries = [...entries];
  }

  /**
   * Tells of the commit made now, whose `timestamp` is above all there are. Returns the clock as it is to be stored with it;
   * undefined when that shows nothing new.
   */
  record(timestamp: Timestamp, nowMs: number): number | undefined {
    const last = this.#entries.at(-1);
    const storedMs = Math.max(0, Math.floor(nowMs));
    if (last !== undefined && storedMs < last.untilMs && storedMs >= last.fromMs) return undefined;
    this.#entries.push(commitTime(timestamp, storedMs));
    if (this.#entries.length > ENTRIES_MAX) this.#entries = joined(this.#entries);
    return storedMs;
  }

  /** The entries of commits up to and including `through` that are worth keeping, see `retainedTimes`. */
  upTo(through: Timestamp, prunedThrough: Timestamp): readonly CommitTime[] {
    const entries = this.#entries.filter(({ timestamp }) => timestamp <= through);
    return retainedTimes(entries, prunedThrough);
  }

  /** What the clock showed when `timestamp` was committed, or less where entries are coarse; 0 when that is not known. */
  timeOf(timestamp: Timestamp): number {
    let at = this.#entries.length - 1;
    while (at >= 0 && this.#entries[at]!.timestamp > timestamp) at--;
    return this.#entries[at]?.fromMs ?? 0;
  }

  /**
   * The newest commit made when the clock showed `atMs` or less: never a later one; an earlier one by as much as entries are
   * coarse, a millisecond or a hundredth of their age. 0 when there was none.
   *
   * @param newest the newest commit of all.
   */
  timestampAt(atMs: number, newest: Timestamp): Timestamp {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const { timestamp, fromMs, untilMs } = this.#entries[i]!;
      if (fromMs > atMs) continue;
      if (atMs < untilMs - 1) return Math.min(timestamp, newest);
      const next = this.#entries[i + 1];
      return next === undefined ? newest : Math.min(next.timestamp - 1, newest);
    }
    return 0;
  }
}

/** The entry of a commit made at `nowMs`. */
export function commitTime(timestamp: Timestamp, nowMs: number): CommitTime {
  return { timestamp, fromMs: nowMs, untilMs: nowMs + 1 };
}

/**
 * What is kept of `entries`: none that only concern states below `prunedThrough`, which nobody can read any more, and not
 * more than a bounded number.
 */
export function retainedTimes(entries: readonly CommitTime[], prunedThrough: Timestamp): readonly CommitTime[] {
  let first = 0;
  while (first + 1 < entries.length && entries[first + 1]!.timestamp <= prunedThrough) first++;
  const rest = first === 0 ? entries : entries.slice(first);
  return rest.length > ENTRIES_MAX ? joined(rest) : rest;
}

/** Joins neighbours where that costs little precision for their age; where that does not do, the older half by pairs. */
function joined(entries: readonly CommitTime[]): CommitTime[] {
  const nowMs = entries.at(-1)!.untilMs;
  const fine = joinWhere(entries, (both) => both.untilMs - both.fromMs <= (nowMs - both.untilMs) * PRECISION);
  if (fine.length <= (ENTRIES_MAX * 3) / 4) return fine;
  const half = fine.length >> 1;
  let pairs = 0;
  return joinWhere(fine, (_both, at) => at < half && pairs++ % 2 === 0);
}

/** Joins each entry to the one before where `mayJoin` says so; `at` is the index of the later one. */
function joinWhere(entries: readonly CommitTime[], mayJoin: (both: CommitTime, at: number) => boolean): CommitTime[] {
  const result: CommitTime[] = [entries[0]!];
  for (let at = 1; at < entries.length; at++) {
    const next = entries[at]!;
    const last = result.at(-1)!;
    const both = {
      timestamp: last.timestamp,
      fromMs: Math.min(last.fromMs, next.fromMs),
      untilMs: Math.max(last.untilMs, next.untilMs),
    };
    if (mayJoin(both, at)) result[result.length - 1] = both;
    else result.push(next);
  }
  return result;
}
