/**
 * Runs a `CommitPlan` against an engine through two sessions of concurrent commits, flushes and compactions, and keeps
 * account of what has been promised: the yardstick for what a crash at that moment may leave behind.
 */

import { type Random, randomBelow, seededRandom, utf8Encode } from '../../src/base/index.js';
import type { BulkLoad, Engine } from '../../src/storage/index.js';
import type { FileSystem } from '../../src/vfs/index.js';
import type { CommitPlan } from './commit-plan.js';
import { openOn } from './engine-harness.js';

/** Timestamps, which number the commits from 1 on. */
export interface Promises {
  /** Newest commit handed to the engine. */
  readonly submitted: number;
  /** Newest commit reported as done: survives the loss of the process. */
  readonly acknowledged: number;
  /** Newest commit reported as done that must survive power loss. */
  readonly durable: number;
}

export class LoadRun {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #plan: CommitPlan;
  readonly #random: Random;
  #submitted = 0;
  #acknowledged = 0;
  #durable = 0;
  /** What commits and other calls were refused with, in order. */
  readonly failures: unknown[] = [];
  /** What bulk loads were refused with before they were submitted: nothing of them was promised, and the engine goes on. */
  readonly abandonedLoads: unknown[] = [];
  /** The oldest commit that was refused. */
  #refused = Number.POSITIVE_INFINITY;

  constructor(fileSystem: FileSystem, directory: string, plan: CommitPlan, seed: number) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.#plan = plan;
    this.#random = seededRandom(seed);
  }

  promises(): Promises {
    return { submitted: this.#submitted, acknowledged: this.#acknowledged, durable: this.#durable };
  }

  /** True when a commit was acknowledged though an earlier one was refused. */
  get acknowledgedBeyondRefusal(): boolean {
    return this.#acknowledged > this.#refused;
  }

  /** All commits, in two sessions. */
  async run(): Promise<void> {
    const half = Math.floor(this.#plan.commits.length / 2);
    await this.session(half);
    await this.session(this.#plan.commits.length);
  }

  /** Opens, commits up to number `last`, closes. */
  async session(last: number): Promise<void> {
    const { engine } = await openOn(this.#fileSystem, this.#directory);
    await this.load(engine, last);
    await this.close(engine);
  }

  /** An orderly close makes everything durable; one that could not do so must say it. */
  async close(engine: Engine): Promise<void> {
    await engine.close();
    if (this.failures.length === 0) this.#durable = Math.max(this.#durable, this.#acknowledged);
  }

  /** Commits up to number `last`, in groups of one to four. Leaves the engine open. Stops at the first refusal. */
  async load(engine: Engine, last: number): Promise<void> {
    while (this.#submitted < last && this.failures.length === 0) {
      const load = await this.#prepareLoad(engine);
      const group: Promise<void>[] = load === undefined ? [] : [this.#submitLoad(engine, load)];
      for (let size = 1 + randomBelow(this.#random, 4); size > 0 && this.#submitted < last; size--) {
        group.push(this.#commit(engine));
      }
      await Promise.all(group);
      if (this.failures.length === 0) await this.#maintain(engine);
    }
  }

  /** Writes the next commit, if it is planned as a bulk load, so that only its link is left. What was refused is committed as a batch. */
  async #prepareLoad(engine: Engine): Promise<BulkLoad | undefined> {
    const planned = this.#plan.commits[this.#submitted];
    if (planned?.loads !== true) return undefined;
    const changes = [...planned.changes].map(([key, value]) => [utf8Encode(key), utf8Encode(value!)] as const);
    let load: BulkLoad | undefined;
    try {
      load = engine.beginLoad(4096);
      for (const [i, [key]] of changes.entries()) {
        load.add(key, utf8Encode('replaced'));
        if (i % 8 === 7) await load.writeOut();
      }
      for (const [key, value] of changes.toReversed()) load.add(key, value);
      await load.finish();
      return load;
    } catch (failure) {
      this.abandonedLoads.push(failure);
      await load?.abandon();
      return undefined;
    }
  }

  async #submitLoad(engine: Engine, load: BulkLoad): Promise<void> {
    const timestamp = ++this.#submitted;
    try {
      await engine.submitLoad(load, timestamp);
    } catch (failure) {
      this.failures.push(failure);
      this.#refused = Math.min(this.#refused, timestamp);
      return;
    }
    this.#acknowledged = Math.max(this.#acknowledged, timestamp);
    this.#durable = Math.max(this.#durable, timestamp);
  }

  /** Hands the next commit to `engine`; resolves either way. */
  async #commit(engine: Engine): Promise<void> {
    const timestamp = ++this.#submitted;
    const { durability } = this.#plan.commits[timestamp - 1]!;
    try {
      const batch = this.#plan.batch(timestamp);
      if (randomBelow(this.#random, 5) === 0) engine.commitSync(batch, timestamp, { durability });
      else await engine.commit(batch, timestamp, { durability });
    } catch (failure) {
      this.failures.push(failure);
      this.#refused = Math.min(this.#refused, timestamp);
      return;
    }
    this.#acknowledged = Math.max(this.#acknowledged, timestamp);
    if (durability === 'commit') this.#durable = Math.max(this.#durable, timestamp);
  }

  /** Now and then: sync, flush or compact. The first two make durable what was acknowledged before. */
  async #maintain(engine: Engine): Promise<void> {
    const before = this.#acknowledged;
    try {
      switch (randomBelow(this.#random, 24)) {
        case 0:
          await engine.flush();
          break;
        case 1:
          await engine.sync();
          break;
        case 2:
          await engine.compact();
          return;
        default:
          return;
      }
      this.#durable = Math.max(this.#durable, before);
    } catch (failure) {
      this.failures.push(failure);
    }
  }
}
