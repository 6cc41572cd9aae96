/**
 * Slows commits while flush and compaction fall behind, so that they hardly ever have to be stopped. Each byte that goes
 * to the log costs a delay that grows with the square of the pressure: nothing at 0, a crawl just before the stop. Commits
 * thus settle at the rate the background can bear (the idea of LevelDB's and RocksDB's write controllers, without steps).
 * Synchronous commits do not wait; they do the work themselves when there is no room.
 */

import type { Clock } from '../../base/index.js';
import type { EventListener, StallReason } from './engine-options.js';

/** How near to a stop the engine is: from 0, not at all, to 1, and why. */
export interface Pressure {
  readonly value: number;
  readonly reason: StallReason;
}

export interface StallStats {
  /** Groups of commits that were delayed. */
  readonly slowed: number;
  /** Times that commits had to wait until there was room. */
  readonly stopped: number;
  readonly slowedMs: number;
  readonly stoppedMs: number;
}

/** At full pressure: 1 MB/s. */
const NS_PER_BYTE_MAX = 1000;
/** Timers are no finer; less than this is added up. */
const DELAY_MS_MIN = 1;
/** No group waits longer than this before it has a stop to wait for. */
const DELAY_MS_MAX = 250;

export class CommitPace {
  readonly #clock: Clock;
  readonly #listener: EventListener;
  readonly #pressure: () => Pressure;
  #owedMs = 0;
  /** When `#owedMs` was right. */
  #owedAtMs = 0;
  #slowing = false;
  #delayedAtMs = 0;
  #stoppedAtMs: number | undefined;
  #slowed = 0;
  #stopped = 0;
  #slowedMs = 0;
  #stoppedMs = 0;

  constructor(clock: Clock, listener: EventListener, pressure: () => Pressure) {
    this.#clock = clock;
    this.#listener = listener;
    this.#pressure = pressure;
  }

  stats(): StallStats {
    return {
      slowed: this.#slowed,
      stopped: this.#stopped,
      slowedMs: this.#slowedMs,
      stoppedMs: this.#stoppedMs,
    };
  }

  /** Takes note of a group that was written. */
  charge(bytes: number): void {
    const { value } = this.#pressure();
    if (value === 0) {
      this.#owedMs = 0;
      this.#slowing = false;
      return;
    }
    this.#owedMs = this.#stillOwedMs() + (bytes * NS_PER_BYTE_MAX * value * value) / 1e6;
    this.#owedAtMs = this.#clock.monotonicMs();
  }

  /** How long the next group has to wait; 0 for not at all. The wait ends with `delayed`. */
  beginDelay(): number {
    if (this.#owedMs === 0) return 0;
    const owedMs = this.#stillOwedMs();
    const { value, reason } = this.#pressure();
    if (owedMs < DELAY_MS_MIN || value === 0) return 0;
    if (!this.#slowing) this.#listener({ type: 'stall', effect: 'slowed', reason });
    this.#slowing = true;
    this.#slowed++;
    this.#delayedAtMs = this.#clock.monotonicMs();
    return Math.min(owedMs, DELAY_MS_MAX);
  }

  /** True when nothing is to be waited for any more: a delay that was begun may end. */
  get isRelieved(): boolean {
    return this.#pressure().value === 0;
  }

  delayed(): void {
    this.#owedMs = 0;
    this.#slowedMs += this.#clock.monotonicMs() - this.#delayedAtMs;
  }

  /** There is no room for the next group, until `goesOn`. */
  stops(): void {
    if (this.#stoppedAtMs !== undefined) return;
    this.#stoppedAtMs = this.#clock.monotonicMs();
    this.#stopped++;
    this.#listener({ type: 'stall', effect: 'stopped', reason: this.#pressure().reason });
  }

  goesOn(): void {
    if (this.#stoppedAtMs === undefined) return;
    this.#stoppedMs += this.#clock.monotonicMs() - this.#stoppedAtMs;
    this.#stoppedAtMs = undefined;
  }

  #stillOwedMs(): number {
    return Math.max(0, this.#owedMs - (this.#clock.monotonicMs() - this.#owedAtMs));
  }
}
