/**
 * Runs a `CommitPlan` by clients that each wait for a commit before they make the next, as many at a time as it takes for
 * groups of commits to overlap on their way to the device. Keeps account of what has been promised, as `LoadRun` does.
 */

import { type Random, randomBelow, seededRandom } from '../../src/base/index.js';
import type { Engine } from '../../src/storage/index.js';
import type { FileSystem } from '../../src/vfs/index.js';
import type { CommitPlan } from './commit-plan.js';
import { openOn } from './engine-harness.js';
import type { Promises } from './load-run.js';

/** Room for groups of dozens of commits, and for several memtables in a run. */
const OPTIONS = { memtableBytes: 12 * 1024, tableBytes: 4096 } as const;

export interface ClientRunOptions {
  readonly plan: CommitPlan;
  readonly seed: number;
  readonly clients: number;
}

export class ClientRun {
  readonly #plan: CommitPlan;
  readonly #clients: number;
  readonly #random: Random;
  #submitted = 0;
  #acknowledged = 0;
  #durable = 0;
  #refused = Number.POSITIVE_INFINITY;
  #told = 0;
  readonly failures: unknown[] = [];
  /** Commits that were acknowledged behind later ones. */
  readonly disordered: number[] = [];

  constructor({ plan, seed, clients }: ClientRunOptions) {
    this.#plan = plan;
    this.#clients = clients;
    this.#random = seededRandom(seed);
  }

  promises(): Promises {
    return { submitted: this.#submitted, acknowledged: this.#acknowledged, durable: this.#durable };
  }

  /** True when a commit was acknowledged though an earlier one was refused. */
  get acknowledgedBeyondRefusal(): boolean {
    return this.#acknowledged > this.#refused;
  }

  /** Opens, makes all commits, or those until one is refused, and closes. */
  async run(fileSystem: FileSystem, directory: string): Promise<void> {
    const { engine } = await openOn(fileSystem, directory, OPTIONS);
    await Promise.all(Array.from({ length: this.#clients }, () => this.#client(engine)));
    await engine.close().catch((failure: unknown) => this.failures.push(failure));
  }

  async #client(engine: Engine): Promise<void> {
    while (this.#submitted < this.#plan.commits.length && this.failures.length === 0) {
      const timestamp = ++this.#submitted;
      const { durability } = this.#plan.commits[timestamp - 1]!;
      try {
        const onThisThread = randomBelow(this.#random, 150) === 0;
        if (onThisThread) engine.commitSync(this.#plan.batch(timestamp), timestamp, { durability });
        else await this.#commit(engine, timestamp);
      } catch (failure) {
        this.failures.push(failure);
        this.#refused = Math.min(this.#refused, timestamp);
        return;
      }
      this.#acknowledged = Math.max(this.#acknowledged, timestamp);
      if (durability === 'commit') this.#durable = Math.max(this.#durable, timestamp);
      if (randomBelow(this.#random, 200) === 0) await this.#sync(engine);
    }
  }

  /** Keeps account of the order in which commits are told of. */
  #commit(engine: Engine, timestamp: number): Promise<void> {
    const { durability } = this.#plan.commits[timestamp - 1]!;
    return new Promise((resolve, reject) => {
      const committed = (): void => {
        if (timestamp < this.#told) this.disordered.push(timestamp);
        this.#told = timestamp;
        resolve();
      };
      engine.submit(this.#plan.batch(timestamp), timestamp, durability, { committed, failed: reject });
    });
  }

  async #sync(engine: Engine): Promise<void> {
    const before = this.#acknowledged;
    try {
      await engine.sync();
      this.#durable = Math.max(this.#durable, before);
    } catch (failure) {
      this.failures.push(failure);
    }
  }
}
