/** Keeps background writes to a rate: what was written has to be waited off before more of it may come. */

import type { Clock } from '../../base/index.js';

/** Idle time up to this much is credited, so that late timers do not lower the rate. */
const CREDIT_MS = 50;

export class WritePace {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  /** When everything written so far is waited off. */
  #evenAtMs = 0;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
  }

  wrote(bytes: number): void {
    const earliest = this.#clock.monotonicMs() - CREDIT_MS;
    this.#evenAtMs = Math.max(this.#evenAtMs, earliest) + bytes / this.#bytesPerMs;
  }

  /** How long to wait before writing more. */
  get delayMs(): number {
    return Math.max(0, this.#evenAtMs - this.#clock.monotonicMs());
  }
}
