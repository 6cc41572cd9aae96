/**
 * One history from one seed: a store with everything small, so that versions move through flushes and merges all the time,
 * clients that use it at random, and the checker's verdict. Same seed, same history.
 */

import { randomBelow, type Random, seededRandom } from '../../../src/base/index.js';
import { type Isolation, type StoreOptions, TransactionalStore } from '../../../src/mvcc/index.js';
import { inlineExecutor, WriteBatch } from '../../../src/storage/index.js';
import { CRASH_MODES, type CrashMode, MemFileSystem } from '../../../src/vfs/index.js';
import { checkHistory, type Verdict } from '../history-checker/check-history.js';
import type { History, Outcome } from '../history-checker/history.js';
import { STORE_OPTIONS } from '../memory-store.js';
import { HistoryRecorder, SessionRecorder } from './history-recorder.js';
import { KeyWindow } from './key-window.js';
import { type ClientContext, RandomClient } from './random-client.js';
import { SimulatedWorld } from './simulated-world.js';

/** The code under test: ours, or a copy of it with a fault. */
export interface StoreModules {
  readonly TransactionalStore: typeof TransactionalStore;
  readonly inlineExecutor: typeof inlineExecutor;
  readonly WriteBatch: typeof WriteBatch;
}

const ours: StoreModules = { TransactionalStore, inlineExecutor, WriteBatch };

export interface HistoryRunOptions {
  readonly seed: number;
  readonly isolation: Isolation;
  /** About how many; retries come on top. */
  readonly transactions: number;
  /** How often the store is lost and recovered in between. Default 0. */
  readonly crashes?: number;
  readonly modules?: StoreModules;
}

export interface HistoryRun extends Verdict {
  readonly history: History;
  readonly committed: number;
  readonly aborted: number;
  /** Neither: a crash came before the answer. */
  readonly unknown: number;
  readonly flushes: number;
  readonly compactions: number;
}

export async function runHistory(options: HistoryRunOptions): Promise<HistoryRun> {
  const { seed, isolation, crashes = 0 } = options;
  const world = new SimulatedWorld(seededRandom(seed));
  const recorder = new HistoryRecorder();
  const run = new Sessions(world, recorder, options);
  await world.scheduler.run(run.all(crashes));
  const { history } = recorder;
  const count = (outcome: Outcome) => history.transactions.filter((one) => one.outcome === outcome).length;
  const counts = { committed: count('committed'), aborted: count('aborted'), unknown: count('unknown') };
  const { flushes, compactions } = run;
  return { ...checkHistory(history, isolation), history, ...counts, flushes, compactions };
}

/** The life of one database: a store after the other, each but the last ended by a crash. */
class Sessions {
  readonly #world: SimulatedWorld;
  readonly #recorder: HistoryRecorder;
  readonly #options: HistoryRunOptions;
  readonly #modules: StoreModules;
  readonly #storeOptions: StoreOptions;
  readonly #keys: KeyWindow;
  #fileSystem: MemFileSystem;
  flushes = 0;
  compactions = 0;

  constructor(world: SimulatedWorld, recorder: HistoryRecorder, options: HistoryRunOptions) {
    this.#world = world;
    this.#recorder = recorder;
    this.#options = options;
    this.#modules = options.modules ?? ours;
    this.#storeOptions = storeOptions(world.random);
    this.#keys = keyWindow(world.random);
    this.#fileSystem = new MemFileSystem({ trackCrashes: (options.crashes ?? 0) > 0 });
  }

  async all(crashes: number): Promise<void> {
    const transactions = Math.ceil(this.#options.transactions / (crashes + 1));
    for (let i = 0; i < crashes; i++) await this.#session(transactions, this.#crashMode());
    await this.#session(transactions, undefined);
  }

  /** A kill loses nothing; otherwise what is acknowledged must be durable. */
  #crashMode(): CrashMode {
    const { random } = this.#world;
    return randomBelow(random, 3) === 0 ? 'kill' : CRASH_MODES[randomBelow(random, CRASH_MODES.length)]!;
  }

  async #session(transactions: number, crash: CrashMode | undefined): Promise<void> {
    const { random, scheduler } = this.#world;
    const environment = this.#world.environment(this.#fileSystem);
    const executor = this.#modules.inlineExecutor(environment);
    const dependencies = { environment, executor, listener: () => undefined };
    const { store } = await this.#modules.TransactionalStore.open('/store', this.#storeOptions, dependencies);
    const context: ClientContext = {
      store,
      newBatch: () => new this.#modules.WriteBatch(),
      recorder: new SessionRecorder(this.#recorder),
      scheduler,
      random,
      keys: this.#keys,
      isolation: this.#options.isolation,
      pauseMs: 0.5 + random.float() * 2,
      buffered: crash === undefined || crash === 'kill',
    };
    await readEverything(context);
    const count = 4 + randomBelow(random, 8);
    const clients = Array.from({ length: count }, (_, number) => new RandomClient(`client ${number}`, context));
    const crashing =
      crash === undefined ? undefined : this.#crash(context, crash, randomBelow(random, Math.ceil(transactions / 2)));
    await Promise.all([crashing, ...clients.map((client) => client.run(Math.ceil(transactions / count)))]);
    if (crash === undefined) await readEverything(context);
    const { flushes, compactions } = store.stats().engine;
    this.flushes += flushes;
    this.compactions += compactions;
    // After a crash this closes what is left of the old world; the next session starts from the image.
    await store.close();
  }

  async #crash({ recorder, scheduler, random }: ClientContext, mode: CrashMode, after: number): Promise<void> {
    while (recorder.begun < after) await scheduler.pause(random.float());
    this.#fileSystem = this.#fileSystem.crashImage(mode, random);
    recorder.crash();
  }
}

/** Small, and a little different each time. */
function storeOptions(random: Random): StoreOptions {
  const policies = ['leveled', 'tiered', 'lazy-leveled'] as const;
  const memtableBytes = 1024 + randomBelow(random, 3072);
  return {
    ...STORE_OPTIONS,
    memtableBytes,
    blockBytes: 256,
    tableBytes: 1024 + randomBelow(random, 3072),
    blockCache: { bytes: 16 * 1024 },
    compaction: {
      policy: policies[randomBelow(random, 3)]!,
      level0Runs: 2,
      levelBaseBytes: memtableBytes * 2,
      sizeRatio: 2 + randomBelow(random, 3),
    },
    limits: {
      ...STORE_OPTIONS.limits,
      // Now and then small enough for transactions that are too large, or too old to be validated, or validated coarsely.
      transactionBytes: randomBelow(random, 2) === 0 ? 1500 : 16 * 1024,
      recentCommitBytes: randomBelow(random, 2) === 0 ? 2048 : 256 * 1024,
    },
  };
}

function keyWindow(random: Random): KeyWindow {
  return new KeyWindow({ lists: 3 + randomBelow(random, 6), registers: 8 + randomBelow(random, 20), lengthMax: 60 });
}

/** The first and the last transaction of a session: finds what is missing. */
async function readEverything({ store, recorder, keys }: ClientContext): Promise<void> {
  const tx = store.begin({ readOnly: true });
  const record = recorder.begin('reader of all', tx.snapshotTimestamp);
  await record.scan(tx, { ...keys.everything(), reverse: false, limit: 1_000_000 }, () => undefined);
  for (const key of recorder.recorder.history.keys) record.get(tx, key);
  tx.rollback();
  record.end('committed');
}
