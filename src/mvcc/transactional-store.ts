/**
 * The store that everything above works on: an engine with snapshots and transactions. Owns the engine, the snapshot
 * registry and the commit order.
 */

import { checkOptionNames, ClosedError, InvalidArgumentError, PlacedSet } from '../base/index.js';
import { openEngine, type RecoveryReport } from '../recovery/index.js';
import {
  type BulkLoad,
  type Engine,
  type EngineStats,
  publishing,
  type Timestamp,
  type WriteBatch,
} from '../storage/index.js';
import type { Environment } from '../vfs/index.js';
import { ChangeFeed, type FeedContext } from './change-feed.js';
import type { ChangeGroup } from './change-history.js';
import { ChangeTail } from './change-tail.js';
import { CommitCoordinator, type CommitObserver } from './commit-coordinator.js';
import { Deadlines } from './deadlines.js';
import { ExpirySweep } from './expiry-sweep.js';
import { HandleWatch } from './handle-watch.js';
import { type PointInTime, timestampOf, watchHistory } from './history.js';
import { interruptionCheck, watchInterruptions } from './interruption.js';
import { MemtablePool } from './memtable-pool.js';
import { LatestView, Snapshot } from './snapshot.js';
import { SnapshotRegistry } from './snapshot-registry.js';
import {
  type ChangesOptions,
  checkWriteOptions,
  NO_OPTIONS,
  type SnapshotOptions,
  type StoreDependencies,
  type StoreOptions,
  type WriteOptions,
} from './store-options.js';
import { Transaction } from './transaction.js';
import type { TransactionContext } from './transaction-context.js';
import {
  checkBody,
  checkOptions,
  checkSignal,
  settingsOf,
  type TransactionOptions,
  type TransactionSettings,
} from './transaction-options.js';
import { type RunContext, runAsync, runSync } from './transaction-run.js';
import { Turns } from './turns.js';
import type { ReadView } from './views.js';

export interface StoreStats {
  readonly lastTimestamp: Timestamp;
  readonly openTransactions: number;
  /** Open snapshots, those of transactions included. */
  readonly openSnapshots: number;
  /** The oldest of them. */
  readonly oldestSnapshot: Timestamp | undefined;
  /** Since the store was opened: commits with writes, transactions that failed validation, bodies run again. */
  readonly commits: number;
  readonly conflicts: number;
  readonly retries: number;
  /** Values removed because they had expired. */
  readonly expired: number;
  readonly commitsInFlight: number;
  readonly recentCommitBytes: number;
  /** Readers of changes, and what they have in memory together of commits that they may still want. */
  readonly changeFeeds: number;
  readonly changeTailBytes: number;
  readonly engine: EngineStats;
}

const RECENT_COMMIT_BYTES_DEFAULT = 32 * 1024 * 1024;

export class TransactionalStore {
  readonly engine: Engine;
  readonly #environment: Environment;
  readonly #registry: SnapshotRegistry;
  readonly #coordinator: CommitCoordinator;
  readonly #context: TransactionContext;
  readonly #runContext: RunContext;
  readonly #latest: LatestView;
  readonly #deadlines: Deadlines;
  /** Undefined where nothing is written. */
  readonly #sweep: ExpirySweep | undefined;
  #retries = 0;
  #closing: Promise<void> | undefined;
  readonly #feeds: FeedContext;
  readonly #watch: HandleWatch | undefined;
  readonly #unwatchHistory: () => void;

  private constructor(
    engine: Engine,
    registry: SnapshotRegistry,
    options: StoreOptions,
    { environment, listener, describeKey }: StoreDependencies,
  ) {
    const { clock, scheduler } = environment;
    this.#watch = HandleWatch.of(options.limits, {
      clock,
      scheduler,
      listener: publishing(listener, engine.directory),
    });
    this.engine = engine;
    this.#environment = environment;
    this.#registry = registry;
    this.#unwatchHistory = watchHistory(options.history, environment.scheduler, () => engine.reclaim());
    const turns = new Turns(environment.scheduler);
    const tail = new ChangeTail();
    const deadlines = new Deadlines(engine);
    this.#deadlines = deadlines;
    this.#coordinator = new CommitCoordinator(engine, {
      recentCommitBytes: options.limits.recentCommitBytes ?? RECENT_COMMIT_BYTES_DEFAULT,
      turns,
      tail,
      deadlines,
      describeKey,
    });
    this.#feeds = {
      engine,
      registry,
      tail,
      open: new Set(),
      submitted: () => this.#coordinator.newest,
    };
    this.#latest = new LatestView(engine, deadlines);
    this.#context = {
      engine,
      coordinator: this.#coordinator,
      registry,
      deadlines,
      pool: new MemtablePool(),
      transactionBytesMax: options.limits.transactionBytes,
      open: new PlacedSet(),
      reportBug: (error) =>
        environment.scheduler.nextTurn(() => {
          throw error;
        }),
    };
    this.#runContext = {
      environment,
      coordinator: this.#coordinator,
      turns,
      runs: new PlacedSet(),
      storeIsReadOnly: engine.readOnly,
      begin: (settings) => this.#begin(settings),
      countRetry: () => {
        this.#retries++;
      },
    };
    if (!engine.readOnly) this.#sweep = this.#makeSweep(options.limits.batchBytes);
  }

  /** Opens the engine in `directory`, recovering what is there; throws what `openEngine` throws. */
  static async open(
    directory: string,
    options: StoreOptions,
    dependencies: StoreDependencies,
  ): Promise<{ store: TransactionalStore; report: RecoveryReport }> {
    const registry = new SnapshotRegistry(options.history, dependencies.environment.clock);
    const { engine, report } = await openEngine(directory, options, { ...dependencies, retention: registry });
    registry.attach(engine);
    return { store: new TransactionalStore(engine, registry, options, dependencies), report };
  }

  /** The newest published commit: what reads see. */
  get lastTimestamp(): Timestamp {
    return this.engine.lastTimestamp;
  }

  /**
   * Begins a transaction that the caller ends by `commit` or `rollback`. A timeout or the signal ends it too: uses after
   * that throw `TransactionClosedError` with the reason as cause. `retries` and `onRetry` have no meaning here.
   */
  begin(options: TransactionOptions = {}): Transaction {
    checkOptions(options);
    options.signal?.throwIfAborted();
    const checkInterruption = interruptionCheck(options, this.#environment.clock);
    const tx = this.#begin(settingsOf(options, this.engine.readOnly, { checkInterruption }));
    if (options.timeoutMs !== undefined || options.signal !== undefined) {
      const stop = watchInterruptions(options, this.#environment.scheduler, false, (reason) => tx.interrupt(reason));
      tx.onEnd(stop);
    }
    return tx;
  }

  /**
   * Runs `body` in a transaction and commits it. After a conflict `body` runs again in a new transaction, up to `retries`
   * times; then the last `ConflictError` is thrown. Errors of `body` roll back and are thrown unchanged. When the time is
   * up or the signal fires, the promise rejects at once and the transaction is unusable, even if `body` goes on.
   */
  transaction<T>(
    body: (tx: Transaction) => T | Promise<T>,
    options: TransactionOptions = NO_TRANSACTION_OPTIONS,
  ): Promise<T> {
    return runAsync(this.#runContext, body, options);
  }

  /** The same on this thread. Commits in flight are completed first, and its snapshot includes them. */
  transactionSync<T>(body: (tx: Transaction) => T, options: TransactionOptions = {}): T {
    checkBody('the body of a transaction', body);
    checkOptions(options);
    return runSync(this.#runContext, body, options);
  }

  /**
   * The state of now, or as of the commit or the moment `asOf`, kept until the snapshot is closed. Throws
   * `InvalidArgumentError` when that state is not, or not completely, there any more.
   */
  snapshot(options: SnapshotOptions = {}): Snapshot {
    checkOptionNames('options of a snapshot', options, ['asOf']);
    this.#assertOpen();
    const newest = this.engine.lastTimestamp;
    const timestamp = options.asOf === undefined ? newest : timestampOf(options.asOf, this.engine);
    if (options.asOf !== undefined) this.#registry.checkReadable(timestamp, newest);
    const state = { timestamp, atMs: this.#momentOf(options.asOf, timestamp) };
    const make = (closed?: () => void) => new Snapshot(this.engine, this.#registry, state, closed);
    const registry = this.#registry;
    return this.#watch?.openedSnapshot(timestamp, make, () => registry.unpin(timestamp)) ?? make();
  }

  /**
   * Every commit that changes anything in `range` from now on, or since the commit `since`, as `convert` makes it. Throws
   * `InvalidArgumentError` when history does not reach back to `since`. What is yet to be read is kept until the feed ends.
   */
  changes<T>(options: ChangesOptions, convert: (group: ChangeGroup) => T): ChangeFeed<T> {
    this.#assertOpen();
    if (options.signal !== undefined) checkSignal(options.signal);
    options.signal?.throwIfAborted();
    const newest = this.engine.lastTimestamp;
    const since = options.since ?? newest;
    this.#registry.checkChangesSince(since, newest);
    const ended = this.#watch?.opened('changes', since);
    return new ChangeFeed(this.#feeds, { range: options.range, since, signal: options.signal, ended }, convert);
  }

  /**
   * Removes whatever has expired by now; resolves with the number of values. Happens by itself soon after their time: for those
   * who cannot wait. Throws `InvalidArgumentError` where nothing may be written.
   */
  async expire(): Promise<number> {
    this.#assertOpen();
    if (this.#sweep === undefined) throw new InvalidArgumentError('a database that is read-only removes nothing');
    return this.#sweep.run();
  }

  /** What the clock shows that expiry is judged by, in milliseconds since the epoch. It never goes back. */
  nowMs(): number {
    return this.engine.clock.nowMs();
  }

  /** A view that always reads the newest published state; for reads that need no second one to agree with. */
  latest(): ReadView {
    return this.#latest;
  }

  /**
   * Commits `batch` as a whole without having read anything: never conflicts. The batch must stay as it is until the
   * promise settles. Resolves with the commit timestamp; with that of the newest commit when the batch is empty.
   */
  write(batch: WriteBatch, options?: WriteOptions): Promise<Timestamp> {
    return new Promise((resolve, reject) => this.submit(batch, options, { committed: resolve, failed: reject }));
  }

  /** `write` without a promise: what it would reject with before the commit is under way is thrown. */
  submit(batch: WriteBatch, options: WriteOptions = NO_OPTIONS, observer: CommitObserver): void {
    checkWriteOptions(options);
    this.#assertOpen();
    if (batch.count === 0) observer.committed(this.engine.lastTimestamp);
    else this.#coordinator.submit(batch, options, undefined, observer);
  }

  /** The same on this thread, after everything that is in flight. */
  writeSync(batch: WriteBatch, options: WriteOptions = NO_OPTIONS): Timestamp {
    checkWriteOptions(options);
    this.#assertOpen();
    if (batch.count === 0) return this.engine.lastTimestamp;
    return this.#coordinator.commitSync(batch, options.durability);
  }

  /**
   * A bulk load, of which nothing is in the store before `commitLoad`; `memoryBytes` bounds what it keeps of its entries in
   * memory. Whoever begins one ends it by `commitLoad` or by abandoning it; closing the store abandons it too.
   */
  beginLoad(memoryBytes: number): BulkLoad {
    this.#assertOpen();
    return this.engine.beginLoad(memoryBytes);
  }

  /** Commits a finished load as a whole; never conflicts. Durable once the promise resolves, with the commit timestamp. */
  async commitLoad(load: BulkLoad): Promise<Timestamp> {
    this.#assertOpen();
    return this.#coordinator.commitLoad(load);
  }

  stats(): StoreStats {
    return {
      lastTimestamp: this.engine.lastTimestamp,
      openTransactions: this.#context.open.size,
      openSnapshots: this.#registry.size,
      oldestSnapshot: this.#registry.oldest,
      commits: this.#coordinator.commits,
      conflicts: this.#coordinator.conflicts,
      retries: this.#retries,
      expired: this.#sweep?.expired ?? 0,
      commitsInFlight: this.#coordinator.inFlight,
      recentCommitBytes: this.#coordinator.recentCommitBytes,
      changeFeeds: this.#feeds.open.size,
      changeTailBytes: this.#feeds.tail.byteSize,
      engine: this.engine.stats(),
    };
  }

  /** Rolls open transactions back, waits for commits in flight, and closes the engine. Idempotent. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const reason = closedError();
    this.#unwatchHistory();
    this.#watch?.close();
    this.#sweep?.close();
    for (const run of this.#runContext.runs.toArray()) run.interrupt(reason);
    for (const feed of this.#feeds.open) feed.fail(reason);
    for (const tx of this.#context.open.toArray()) tx.interrupt(reason);
    await this.#coordinator.settled();
    await this.engine.close();
  }

  /** When a snapshot judges what has expired. */
  #momentOf(asOf: PointInTime | undefined, timestamp: Timestamp): number {
    if (asOf === undefined) return this.#deadlines.nowMs();
    return this.#deadlines.momentOf(timestamp, typeof asOf === 'number' ? undefined : asOf.getTime());
  }

  #makeSweep(batchBytesMax: number): ExpirySweep {
    const { engine, coordinator, deadlines, transactionBytesMax, reportBug } = this.#context;
    const { scheduler } = this.#environment;
    const limits = { transactionBytesMax, batchBytesMax };
    const settings = settingsOf(NO_TRANSACTION_OPTIONS, false, { checkInterruption: undefined });
    const begin = () => this.#begin({ ...settings, quiet: true });
    return new ExpirySweep({ engine, coordinator, deadlines, scheduler, ...limits, begin, reportBug });
  }

  #begin(settings: TransactionSettings): Transaction {
    this.#assertOpen();
    const tx = new Transaction(this.#context, settings);
    const watch = this.#watch;
    if (watch !== undefined) {
      tx.onEnd(watch.opened('transaction', tx.snapshotTimestamp, (reason) => tx.interrupt(reason)));
    }
    return tx;
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }
}

const NO_TRANSACTION_OPTIONS: TransactionOptions = {};

function closedError(): ClosedError {
  return new ClosedError('the store is closed');
}
