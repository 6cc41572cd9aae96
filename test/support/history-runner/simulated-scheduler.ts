/**
 * Time and turns for a run that is a function of its seed: a queue of tasks by their due time, equal ones in the order of
 * their arrival. Time passes only from task to task, so waiting costs nothing. Promise callbacks of one task have all run
 * before the next one starts. Turns keep their order and take a random time, or else a flush, which takes many of them,
 * would be over before anybody who waits for a timer came to see it.
 */

import { ManualClock, type Random, type Scheduler } from '../../../src/base/index.js';

const TURN_MS_MAX = 0.2;

/** A few hundred milliseconds. */
const IDLE_TURNS_MAX = 200_000;

interface Task {
  readonly dueMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

export class SimulatedScheduler implements Scheduler {
  readonly clock = new ManualClock();
  /** A binary heap. */
  readonly #tasks: Task[] = [];
  readonly #random: Random;
  #added = 0;
  #lastTurnMs = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  nextTurn(run: () => void): void {
    const nowMs = this.clock.monotonicMs();
    this.#lastTurnMs = Math.max(this.#lastTurnMs, nowMs + this.#random.float() * TURN_MS_MAX);
    this.after(this.#lastTurnMs - nowMs, run);
  }

  after(delayMs: number, run: () => void): () => void {
    const task: Task = { dueMs: this.clock.monotonicMs() + delayMs, order: this.#added++, run };
    this.#push(task);
    return () => {
      task.run = undefined;
    };
  }

  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /**
   * Lets time pass until `work` settles. Throws when it never will, because there is nothing left to do; a module that is
   * still being loaded is waited for.
   */
  async run<T>(work: Promise<T>): Promise<T> {
    const state = { settled: false };
    const settle = () => {
      state.settled = true;
    };
    work.then(settle, settle);
    for (let idle = 0; ; idle++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (state.settled) return work;
      const task = this.#pop();
      if (task === undefined) {
        if (idle < IDLE_TURNS_MAX) continue;
        throw new Error('everybody waits, and nothing is going to happen');
      }
      idle = 0;
      this.clock.advance(task.dueMs - this.clock.monotonicMs());
      task.run?.();
    }
  }

  #push(task: Task): void {
    const tasks = this.#tasks;
    let at = tasks.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(tasks[parent]!, task)) break;
      tasks[at] = tasks[parent]!;
      at = parent;
    }
    tasks[at] = task;
  }

  #pop(): Task | undefined {
    const tasks = this.#tasks;
    const first = tasks[0];
    const last = tasks.pop();
    if (first === undefined || last === undefined || tasks.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= tasks.length) break;
      if (child + 1 < tasks.length && isBefore(tasks[child + 1]!, tasks[child]!)) child++;
      if (isBefore(last, tasks[child]!)) break;
      tasks[at] = tasks[child]!;
      at = child;
    }
    tasks[at] = last;
    return first;
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
