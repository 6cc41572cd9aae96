/**
 * Pauses of the event loop. A timer of 1 ms that fires late tells how long everything else of the program would have
 * waited. Workloads that are watched give the loop a turn after every call, which costs about a microsecond: an engine that
 * never left its call would otherwise be one pause from start to end.
 */

import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { NO_PAUSES, type PauseFigures } from './measurement.js';

const INTERVAL_MS = 1;

export class PauseMonitor {
  readonly #histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: INTERVAL_MS });

  start(): void {
    this.#histogram.enable();
  }

  stop(): PauseFigures {
    this.#histogram.disable();
    if (this.#histogram.count === 0) return NO_PAUSES;
    return {
      pauseP50us: lateness(this.#histogram.percentile(50)),
      pauseP99us: lateness(this.#histogram.percentile(99)),
      pauseP999us: lateness(this.#histogram.percentile(99.9)),
      pauseMaxUs: lateness(this.#histogram.max),
    };
  }
}

/** @param intervalNs from one firing to the next. */
function lateness(intervalNs: number): number {
  return Math.max(0, intervalNs / 1000 - INTERVAL_MS * 1000);
}

/** A turn of the event loop. */
export function loopTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
