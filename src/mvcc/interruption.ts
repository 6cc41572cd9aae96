/** What ends a transaction from outside: its time is up, or its `AbortSignal` fires. */

import { type Clock, type Scheduler, TimeoutError } from '../base/index.js';

export interface InterruptionSources {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls `interrupt` with a `TimeoutError` or the signal's reason, at most once, and never before returning. The returned
 * function stops watching. `keepAlive`: the timer keeps the process running, for callers who wait for the outcome.
 */
export function watchInterruptions(
  sources: InterruptionSources,
  scheduler: Scheduler,
  keepAlive: boolean,
  interrupt: (reason: unknown) => void,
): () => void {
  const { timeoutMs, signal } = sources;
  let cancelTimer: (() => void) | undefined;
  const stop = () => {
    cancelTimer?.();
    signal?.removeEventListener('abort', aborted);
  };
  const aborted = () => {
    stop();
    interrupt(signal?.reason);
  };
  signal?.addEventListener('abort', aborted);
  if (timeoutMs !== undefined) {
    const expired = () => {
      stop();
      interrupt(timeoutError(timeoutMs));
    };
    cancelTimer = scheduler.after(timeoutMs, expired, { keepAlive });
  }
  return stop;
}

/**
 * What to call before a commit: throws the `TimeoutError` or the signal's reason that `watchInterruptions` would have
 * delivered if the work had let the event loop have a turn. Counts from now; undefined when nothing can interrupt.
 */
export function interruptionCheck(sources: InterruptionSources, clock: Clock): (() => void) | undefined {
  const { timeoutMs, signal } = sources;
  if (timeoutMs === undefined && signal === undefined) return undefined;
  const deadlineMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : clock.monotonicMs() + timeoutMs;
  return () => {
    signal?.throwIfAborted();
    if (timeoutMs !== undefined && clock.monotonicMs() >= deadlineMs) throw timeoutError(timeoutMs);
  };
}

function timeoutError(timeoutMs: number): TimeoutError {
  return new TimeoutError(`the transaction was not done after ${timeoutMs} ms`, { facts: { timeoutMs } });
}
