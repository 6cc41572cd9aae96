/** Time that passes only when a test says so: clock and timers together. Turns of the event loop are real ones. */

import { ManualClock, type Scheduler, systemScheduler } from '../../src/base/index.js';

interface Timer {
  readonly atMs: number;
  readonly task: () => void;
}

export class ManualTime {
  readonly clock: ManualClock;
  readonly #timers = new Set<Timer>();

  constructor(nowMs: number) {
    this.clock = new ManualClock(nowMs);
  }

  readonly scheduler: Scheduler = {
    nextTurn: (task) => systemScheduler.nextTurn(task),
    after: (delayMs, task) => {
      const timer = { atMs: this.clock.monotonicMs() + delayMs, task };
      this.#timers.add(timer);
      return () => void this.#timers.delete(timer);
    },
  };

  /** Timers that wait. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets `ms` pass, calls the timers that come due in their order, and lets what they began come to an end. */
  async advance(ms: number): Promise<void> {
    const endMs = this.clock.monotonicMs() + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.clock.advance(Math.max(0, next.atMs - this.clock.monotonicMs()));
      next.task();
      await this.settle();
    }
    this.clock.advance(endMs - this.clock.monotonicMs());
    await this.settle();
  }

  /** Turns enough for a few commits in memory, one after the other. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => systemScheduler.nextTurn(resolve));
  }
}
