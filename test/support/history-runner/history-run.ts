/**
 * One history from one seed: a store with everything small, so that versions move through flushes and merges all the time,
 * clients that use it at random, and the checker's verdict. Same seed, same history.
 */

import { randomBelow, type Random, seededRandom } from '../../../src/base/index.js';
import { type Isolation, type StoreOptions, TransactionalStore } from '../../../src/mvcc/index.js';
import { inlineExecutor, WriteBatch } from '../../../src/storage/index.js';
import { type Environment, type FileSystem, MemFileSystem } from '../../../src/vfs/index.js';
import { checkHistory, type Verdict } from '../history-checker/check-history.js';
import type { History } from '../history-checker/history.js';
import { STORE_OPTIONS } from '../memory-store.js';
import { HistoryRecorder } from './history-recorder.js';
import { KeyWindow } from './key-window.js';
import { type ClientContext, RandomClient } from './random-client.js';
import { SimulatedScheduler } from './simulated-scheduler.js';
import { SlowSyncFileSystem } from './slow-sync-file-system.js';

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
  readonly modules?: StoreModules;
}

export interface HistoryRun extends Verdict {
  readonly history: History;
  readonly committed: number;
  readonly aborted: number;
  readonly flushes: number;
  readonly compactions: number;
}

export async function runHistory(options: HistoryRunOptions): Promise<HistoryRun> {
  const { seed, isolation, transactions, modules = ours } = options;
  const random = seededRandom(seed);
  const world = new SimulatedWorld(random, new MemFileSystem());
  const recorder = new HistoryRecorder();
  const work = async () => {
    const store = await openStore(world.environment, storeOptions(random), modules);
    const context = clientContext(world, { store, recorder, isolation, newBatch: () => new modules.WriteBatch() });
    const clients = 4 + randomBelow(random, 8);
    await runClients(context, clients, transactions);
    await readEverything(context);
    const { flushes, compactions } = store.stats().engine;
    await store.close();
    return { flushes, compactions };
  };
  const counts = await world.scheduler.run(work());
  const { history } = recorder;
  const committed = history.transactions.filter(({ outcome }) => outcome === 'committed').length;
  const aborted = history.transactions.length - committed;
  return { ...checkHistory(history, isolation), history, committed, aborted, ...counts };
}

/** Everything impure, driven by one seed. */
export class SimulatedWorld {
  readonly scheduler: SimulatedScheduler;
  readonly environment: Environment;
  readonly random: Random;

  constructor(random: Random, fileSystem: FileSystem) {
    this.random = random;
    this.scheduler = new SimulatedScheduler(random);
    const slow = new SlowSyncFileSystem(fileSystem, () => this.scheduler.pause(random.float() * 2));
    this.environment = { fileSystem: slow, clock: this.scheduler.clock, random, scheduler: this.scheduler };
  }
}

export async function openStore(
  environment: Environment,
  options: StoreOptions,
  modules: StoreModules = ours,
): Promise<TransactionalStore> {
  const dependencies = { environment, executor: modules.inlineExecutor(environment), listener: () => undefined };
  return (await modules.TransactionalStore.open('/store', options, dependencies)).store;
}

/** Small, and a little different each time. */
export function storeOptions(random: Random): StoreOptions {
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

export function clientContext(
  { random, scheduler }: SimulatedWorld,
  rest: Pick<ClientContext, 'store' | 'recorder' | 'isolation' | 'newBatch'> & { readonly buffered?: boolean },
): ClientContext {
  const keys = new KeyWindow({
    lists: 3 + randomBelow(random, 6),
    registers: 8 + randomBelow(random, 20),
    lengthMax: 60,
  });
  return { buffered: true, ...rest, scheduler, random, keys, pauseMs: 0.5 + random.float() * 2 };
}

export async function runClients(context: ClientContext, count: number, transactions: number): Promise<void> {
  const clients = Array.from({ length: count }, (_, number) => new RandomClient(`client ${number}`, context));
  await Promise.all(clients.map((client) => client.run(Math.ceil(transactions / count))));
}

/** The last transaction of a history, which finds what is missing. */
export async function readEverything({ store, recorder, keys }: ClientContext): Promise<void> {
  const record = recorder.begin('last reader');
  const tx = store.begin({ readOnly: true });
  await record.scan(tx, { ...keys.everything(), reverse: false, limit: 1_000_000 }, () => undefined);
  for (const key of recorder.history.keys) record.get(tx, key);
  tx.rollback();
  record.end('committed', tx.snapshotTimestamp);
}
