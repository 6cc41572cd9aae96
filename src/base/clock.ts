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
