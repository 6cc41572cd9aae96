/** Time and turns as injected dependencies, so that a whole run can be a function of its seed. */

export interface Clock {
  /** Wall-clock milliseconds since the Unix epoch. May jump in either direction. */
  nowMs(): number;
  /** Milliseconds from an arbitrary origin; never goes back. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** A clock that moves only when told to. */
export class ManualClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    this.#monotonicMs += ms;
  }

  /** Sets the wall clock alone, as an administrator or NTP would. */
  jumpTo(nowMs: number): void {
    this.#nowMs = nowMs;
  }
}

/**
 * A wall clock that never goes back. Where the one below it does, this one goes on at the pace of monotonic time from where it
 * was, until the other has caught up.
 */
export class ForwardClock {
  readonly #clock: Clock;
  #lastMs = 0;
  /** Where on the monotonic clock the time of `#heldFromMs` was; undefined while the wall clock is not behind. */
  #heldSince: number | undefined;
  #heldFromMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    const wallMs = this.#clock.nowMs();
    if (wallMs < this.#lastMs) return this.#heldMs(wallMs);
    this.#heldSince = undefined;
    this.#lastMs = wallMs;
    return wallMs;
  }

  /** Puts it forward to `ms`, unless it is there already. */
  notBefore(ms: number): void {
    if (ms <= this.#lastMs) return;
    this.#lastMs = ms;
    this.#heldSince = undefined;
  }

  #heldMs(wallMs: number): number {
    const monotonicMs = this.#clock.monotonicMs();
    if (this.#heldSince === undefined) {
      this.#heldSince = monotonicMs;
      this.#heldFromMs = this.#lastMs;
    }
    this.#lastMs = Math.max(wallMs, this.#heldFromMs + monotonicMs - this.#heldSince);
    return this.#lastMs;
  }
}

export interface Scheduler {
  /** Runs `task` after the current turn of the event loop, behind pending I/O callbacks. */
  nextTurn(task: () => void): void;
  /** Runs `task` after `delayMs`; the returned function cancels it. Keeps the process alive only when `keepAlive` says so. */
  after(delayMs: number, task: () => void, options?: { readonly keepAlive?: boolean }): () => void;
}

export const systemScheduler: Scheduler = {
  nextTurn: (task) => {
    setImmediate(task);
  },
  after: (delayMs, task, options) => {
    const timer = setTimeout(task, delayMs);
    if (options?.keepAlive !== true) timer.unref();
    return () => clearTimeout(timer);
  },
};
