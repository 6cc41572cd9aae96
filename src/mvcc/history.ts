/** How much of the past stays readable beyond what open snapshots see. */

import { type Clock, InvalidArgumentError, kindOf, type Scheduler } from '../base/index.js';
import type { Timestamp } from '../storage/index.js';

/** `ms`: every state of so many milliseconds. `versions`: so many of the newest versions of each key, deletions counted. */
export type History = { readonly ms: number } | { readonly versions: number };

/** What states are asked for by: a commit timestamp, or a moment. */
export type PointInTime = Timestamp | Date;

const CHECKS_PER_WINDOW = 16;
const CHECK_MS_MIN = 1000;

/** The moment before which no state must stay readable; undefined when history does not go by time. */
export function historyBeginsMs(history: History | undefined, clock: Clock): number | undefined {
  return history !== undefined && 'ms' in history ? clock.nowMs() - history.ms : undefined;
}

/**
 * Calls `passed` now and then as history passes by: what it held becomes free although nobody does anything. Returns what
 * ends that.
 */
export function watchHistory(history: History | undefined, scheduler: Scheduler, passed: () => void): () => void {
  if (history === undefined || !('ms' in history)) return () => undefined;
  const everyMs = Math.min(2 ** 31 - 1, Math.max(CHECK_MS_MIN, history.ms / CHECKS_PER_WINDOW));
  let cancel: () => void;
  const wait = (): void => {
    cancel = scheduler.after(everyMs, () => {
      passed();
      wait();
    });
  };
  wait();
  return () => cancel();
}

/** The commit that `point` means. Throws `InvalidArgumentError` for what is neither a number nor a valid date. */
export function timestampOf(point: PointInTime, engine: { timestampAt(atMs: number): Timestamp }): Timestamp {
  if (typeof point === 'number') return point;
  const atMs = isDate(point) ? point.getTime() : Number.NaN;
  if (!Number.isNaN(atMs)) return engine.timestampAt(atMs);
  const found = isDate(point) ? 'an invalid date' : kindOf(point);
  throw new InvalidArgumentError(`a point in time is a commit timestamp or a Date, found ${found}`, {
    facts: { expected: 'a timestamp or a Date', found },
  });
}

/** Dates of other realms too. */
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]';
}
