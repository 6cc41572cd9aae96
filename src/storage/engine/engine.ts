/**
 * The storage engine: an LSM tree over one directory. Made by recovery from recovered state; owns the directory, its lock
 * and every file in it until `close`. Reads are synchronous; commits go through the pipeline in `commit-pipeline.ts`.
 */

import { assert, ForwardClock, InvalidArgumentError, type KeyRange } from '../../base/index.js';
import type { Environment, FileLock } from '../../vfs/index.js';
import type { BulkLoad } from '../bulk-load/bulk-load.js';
import { BlockCache } from '../cache/block-cache.js';
import { type EngineCursor, visibleCursor } from '../cursor/engine-cursor.js';
import { ResolvedCursor } from '../cursor/resolved-cursor.js';
import { clearsIn, type StoredVersions, type TimeSpan, versionCursor } from '../cursor/version-sources.js';
import type { Timestamp } from '../entry.js';
import { LogWriter, logOptions } from '../log/log-writer.js';
import { CommitTimes } from '../version/commit-times.js';
import { VersionSet } from '../version/version-set.js';
import type { WriteBatch } from '../write-batch.js';
import { ValueLog } from './value-log.js';
import { CommitPace } from './commit-pace.js';
import { CommitPipeline } from './commit-pipeline.js';
import type { CommitOutcome } from './commit-queue.js';
import type { Durability, EngineDependencies, EngineOptions } from './engine-options.js';
import { type EngineStats, memtableStats, NO_COMMITS, treeStats } from './engine-stats.js';
import { FileRemovals } from './file-removals.js';
import { Gate } from './gate.js';
import { Loads } from './loads.js';
import { Maintenance } from './maintenance.js';
import { checkLimits } from './limit-check.js';
import { MemtableStack } from './memtable-stack.js';
import { type PinnedFiles, pinFiles } from './pinned-files.js';
import type { PipelineHost } from './pipeline-host.js';
import { findNewest, hasVisibleValue, storedExpiry, visibleValue } from './point-lookup.js';
import { type CursorOptions, type FoundVersion, ReadPlan } from './read-plan.js';
import type { RecoveredEngine } from './recovered-engine.js';

export class Engine {
  readonly directory: string;
  readonly readOnly: boolean;
  /** Where its files are, for whoever copies `pinFiles`. */
  readonly environment: Environment;
  /** What expiry is judged by. */
  readonly clock: ForwardClock;
  readonly #options: EngineOptions;
  readonly #lock: FileLock;
  readonly #gate: Gate;
  readonly #cache: BlockCache;
  readonly #versions: VersionSet;
  readonly #memtables: MemtableStack;
  readonly #valueLog: ValueLog;
  readonly #times: CommitTimes;
  readonly #pipeline: CommitPipeline | undefined;
  readonly #maintenance: Maintenance;
  readonly #loads: Loads;
  readonly #pace: CommitPace;
  readonly #recoveredTimestamp: Timestamp;
  /** Of the current version, or of an earlier one since nobody has read. */
  #plan: ReadPlan;
  #lastQueued: Timestamp;
  #closing: Promise<void> | undefined;
  /** A look for space to give back is planned. */
  #reclaims = false;
  readonly #removals: FileRemovals;

  constructor(recovered: RecoveredEngine, options: EngineOptions, dependencies: EngineDependencies) {
    const { environment, listener } = dependencies;
    this.directory = recovered.directory;
    this.readOnly = options.readOnly;
    this.environment = environment;
    this.clock = new ForwardClock(environment.clock);
    this.#options = options;
    this.#lock = recovered.lock;
    this.#recoveredTimestamp = this.#lastQueued = recovered.lastTimestamp;
    const { bytes: maxBytes, policy } = options.blockCache;
    this.#cache = new BlockCache({ maxBytes, cellBytes: options.blockBytes, policy });
    const source = { fileSystem: environment.fileSystem, directory: this.directory, cache: this.#cache };
    const failed = (cause: unknown): void => this.#gate.poison(cause);
    this.#removals = new FileRemovals(dependencies.executor, failed, () => this.#pipeline?.resume());
    this.#versions = new VersionSet(source, recovered.state, recovered.manifest, this.#removals.remove);
    this.#valueLog = new ValueLog(this.#versions, options, () => this.#memtables.valueBytes);
    this.#times = new CommitTimes(recovered.times);
    this.#plan = new ReadPlan(this.#versions.current);
    const values = { bytesMax: () => this.#valueLog.segmentBytesMax, begin: () => this.#maintenance.expectValues() };
    this.#memtables = new MemtableStack(options.memtableBytes, values, recovered.memtables);
    this.#gate = new Gate(options.readOnly, (cause) => {
      this.#pipeline?.refuseAll();
      this.#maintenance.refuseAll();
      listener({ type: 'poisoned', cause });
    });
    this.#maintenance = this.#makeMaintenance(dependencies);
    this.#loads = new Loads(options, dependencies, {
      directory: this.directory,
      gate: this.#gate,
      versions: this.#versions,
      times: this.#times,
      maintenance: this.#maintenance,
      removed: () => this.#removals.settled,
    });
    this.#pace = new CommitPace(environment.clock, listener, () => this.#maintenance.pressure());
    this.#pipeline = recovered.log === undefined ? undefined : this.#makePipeline(recovered.log, dependencies);
    if (!this.readOnly) this.#maintenance.start();
  }

  /** Newest published commit: everything up to it is readable. */
  get lastTimestamp(): Timestamp {
    return this.#pipeline?.lastTimestamp ?? this.#recoveredTimestamp;
  }

  /** The newest published commit made when the wall clock showed `atMs` or less, see `CommitTimes`; 0 when there was none. */
  timestampAt(atMs: number): Timestamp {
    return this.#times.timestampAt(atMs, this.lastTimestamp);
  }

  /** What the wall clock showed, at least, when `timestamp` was committed. */
  timeOf(timestamp: Timestamp): number {
    return this.#times.timeOf(timestamp);
  }

  /** True once an I/O error has stopped all writing. */
  get poisoned(): boolean {
    return this.#gate.poisoned;
  }

  /** Reads as of this timestamp or later are exact; of older states versions may have been dropped. */
  get prunedThrough(): Timestamp {
    return this.#versions.prunedThrough;
  }

  /**
   * Commits a batch, which must not change until the promise settles. Timestamps rise strictly from call to call.
   * Rejects with `ClosedError` when the engine is closed or has stopped after an I/O error, which is then the `cause`:
   * the batch may or may not be there after the next open. `LimitError` before anything is written.
   */
  commit(batch: WriteBatch, timestamp: Timestamp, options?: { durability?: Durability }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.submit(batch, timestamp, options?.durability, { committed: resolve, failed: reject });
    });
  }

  /**
   * `commit`, for callers that must know at once whether the batch was admitted: refusals are thrown. `outcome` is told the
   * rest, once the commit is readable.
   */
  submit(batch: WriteBatch, timestamp: Timestamp, durability: Durability | undefined, outcome: CommitOutcome): void {
    this.#pipeline?.checkRoom(batch);
    this.#admit(batch, timestamp).commit(batch, timestamp, durability, outcome);
  }

  /** A bulk load, which becomes a commit by `submitLoad`. Until then the database holds nothing of it. */
  beginLoad(memoryBytes: number): BulkLoad {
    return this.#loads.begin(memoryBytes);
  }

  /**
   * Commits what a finished load has written. Commits after it wait until everything before it is in tables, so `flush`
   * first. Durable once the promise resolves, which rejects as that of `commit` does; refusals are thrown.
   */
  submitLoad(load: BulkLoad, timestamp: Timestamp): Promise<void> {
    return this.#admit(undefined, timestamp).link(load.take(), timestamp);
  }

  /** The same on this thread, everything queued before included. */
  commitSync(batch: WriteBatch, timestamp: Timestamp, options?: { durability?: Durability }): void {
    this.#admit(batch, timestamp).commitSync(batch, timestamp, options?.durability);
  }

  /** Publishes on this thread every commit that is under way. Throws `ClosedError` when one of them failed. */
  drainSync(): void {
    this.#writable().drainNow();
    this.#gate.checkWritable();
  }

  /** A copy of the value of `key` as of a timestamp; undefined when there is none, or it had expired at `atMs`, by default now. */
  get(key: Uint8Array, asOf: Timestamp, atMs?: number): Uint8Array | undefined {
    return visibleValue(key, this.#find(key, asOf), atMs, this.clock, this.#versions.values);
  }

  /** Whether `get` would find a value. */
  has(key: Uint8Array, asOf: Timestamp, atMs?: number): boolean {
    return hasVisibleValue(this.#find(key, asOf), atMs, this.clock);
  }

  /** When the value of `key` as of a timestamp ends or ended; undefined when it does not, or there is none. */
  storedExpiry(key: Uint8Array, asOf: Timestamp): number | undefined {
    return storedExpiry(this.#find(key, asOf));
  }

  /** A cursor over the state as of a timestamp. Later commits, flushes and compactions do not show in it. */
  cursor(range: KeyRange, options: CursorOptions): EngineCursor {
    this.#gate.checkReadable();
    const { asOf, atMs, reverse = false, cleared } = options;
    const seen = { asOf: Math.min(asOf, this.lastTimestamp), reverse, cleared };
    const sources = this.#readPlan().sources(this.#memtables, seen);
    const pinned = this.#versions.pin();
    const pins = { check: () => this.#gate.checkReadable(), release: () => this.#release(pinned) };
    const { values } = this.#versions;
    return visibleCursor(sources, { range, asOf, atMs, reverse, clock: this.clock, pins, values });
  }

  /** False when nothing of `range` is anywhere, as far as can be said without looking into tables or memtables. */
  mayHold(range: KeyRange): boolean {
    return this.#readPlan().mayHold(this.#memtables, range);
  }

  /**
   * Every version in `range` committed in `span`, and others, key ascending, timestamp descending, and the deletions of
   * ranges. Whoever reads it keeps them from being dropped, and calls `release`.
   */
  versions(range: KeyRange, span: TimeSpan): StoredVersions {
    this.#gate.checkReadable();
    const memtables = this.#memtables.all();
    const clears = clearsIn(memtables, this.#versions.current, range, span);
    const pinned = this.#versions.pin();
    const cursor = new ResolvedCursor(versionCursor(memtables, pinned.version, range, span), this.#versions.values);
    return { cursor, clears, release: () => this.#release(pinned) };
  }

  /** Moves everything committed so far from the log to tables. */
  async flush(): Promise<void> {
    await this.#writable().seal();
    await this.#maintenance.flushed();
  }

  /** Flushes, then merges everything in `range` into its deepest level, dropping the versions that nobody retains. */
  async compact(range: KeyRange = {}): Promise<void> {
    await this.flush();
    await this.#maintenance.compact(range);
  }

  /** `compact`, then empties the files of values until hardly any garbage is left, or rejects with why one was not emptied. */
  async gc(): Promise<void> {
    // The segment that the flush begins is to be as small as what is in it.
    this.#versions.giveUpSpares('all');
    await this.compact();
    this.#valueLog.reconsider();
    await this.#maintenance.compact(undefined);
    await this.#removals.settled;
  }

  /** Says that no snapshot as of `timestamp` is open any more: the space of what only it could see is to come back. */
  released(timestamp: Timestamp): void {
    if (this.#reclaims || !this.#maintenance.mayFree(timestamp)) return;
    this.#reclaims = true;
    this.environment.scheduler.nextTurn(() => this.reclaim());
  }

  /** Looks for space that can be given back, by what the retention policy says now. */
  reclaim(): void {
    this.#reclaims = false;
    if (!this.readOnly && !this.#gate.closed) this.#maintenance.start();
  }

  /** Resolves when every commit made so far is durable. */
  async sync(): Promise<void> {
    await this.#writable().sync();
  }

  /** The current version as files, for a checkpoint or backup; after `flush` it holds every commit made before that. */
  pinFiles(): PinnedFiles {
    this.#gate.checkReadable();
    const files = pinFiles(this.#versions, this.directory);
    return { ...files, release: () => this.#release(files) };
  }

  stats(): EngineStats {
    const version = this.#versions.current;
    const background = { ...this.#maintenance.stats(), ...this.#loads.stats() };
    const written = { ...(this.#pipeline?.stats() ?? NO_COMMITS), ...background };
    return {
      ...written,
      ...memtableStats(this.#memtables),
      ...treeStats(version, written, this.#valueLog.space),
      lastTimestamp: this.lastTimestamp,
      stalls: this.#pace.stats(),
      valueLog: this.#valueLog.stats(),
      blockCache: this.#cache.stats(),
      manifestBytes: this.#versions.manifestBytes,
      poisoned: this.#gate.poisoned,
    };
  }

  /**
   * Finishes what was queued, moves it from the log to tables, and gives back files and lock; those also after a fault. A
   * compaction under way is cancelled. Rejects with the first error that nobody was told of before. Idempotent. Open
   * cursors end with `ClosedError`.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const poisonedBefore = this.#gate.poisoned;
    const { untold } = this.#gate;
    this.#gate.close();
    if (!this.readOnly) this.#maintenance.flushesOnly();
    const errors: unknown[] = [];
    const attempt = async (step: () => void | Promise<void>): Promise<void> => {
      try {
        await step();
      } catch (cause) {
        this.#gate.poison(cause);
        errors.push(cause);
      }
    };
    await attempt(() => this.#loads.stop());
    if (!poisonedBefore) await attempt(() => this.#finishPipeline());
    await attempt(() => this.#maintenance.stop());
    this.#maintenance.refuseAll();
    this.#versions.releaseAll();
    if (!this.#gate.poisoned) await attempt(() => this.#versions.deleteObsolete());
    await attempt(async () => void (await this.#removals.settled));
    await attempt(() => this.#pipeline?.abandon());
    await attempt(() => this.#versions.close());
    await attempt(() => this.#lock.release());
    if (untold !== undefined) throw untold.cause;
    if (errors.length > 0 && !poisonedBefore) throw errors[0];
  }

  /** Drains the queue, empties the memtable, so that the next open has nothing to replay, and ends the log in order. */
  async #finishPipeline(): Promise<void> {
    if (this.#pipeline === undefined) return;
    await this.#pipeline.seal();
    await this.#maintenance.flushed();
    await this.#pipeline.finish();
  }

  #admit(batch: WriteBatch | undefined, timestamp: Timestamp): CommitPipeline {
    const pipeline = this.#writable();
    if (batch !== undefined) checkLimits(batch, this.#options.limits);
    assert(timestamp > this.#lastQueued, 'commit timestamps rise strictly');
    this.#lastQueued = timestamp;
    return pipeline;
  }

  #writable(): CommitPipeline {
    this.#gate.checkWritable();
    if (this.#pipeline === undefined) throw new InvalidArgumentError('the database has no log to write to');
    return this.#pipeline;
  }

  #find(key: Uint8Array, asOf: Timestamp): FoundVersion | undefined {
    this.#gate.checkReadable();
    return findNewest(this.#memtables, this.#readPlan(), key, asOf);
  }

  #readPlan(): ReadPlan {
    const version = this.#versions.current;
    if (this.#plan.version !== version) this.#plan = new ReadPlan(version);
    return this.#plan;
  }

  #release(pinned: { release(): void }): void {
    if (this.#gate.closed) return;
    pinned.release();
    if (!this.#gate.poisoned) this.#versions.deleteObsolete();
  }

  #makeMaintenance(dependencies: EngineDependencies): Maintenance {
    const { blockBytes, bloomBitsPerKey, compression, indexBytesMax, tableBytes, compaction: policy } = this.#options;
    return new Maintenance({
      directory: this.directory,
      format: { blockBytes, bloomBitsPerKey, compression, indexBytesMax },
      tableBytes,
      policy,
      gate: this.#gate,
      memtables: this.#memtables,
      versions: this.#versions,
      ...dependencies,
      times: this.#times,
      valueLog: this.#valueLog,
      flush: () => void this.flush().catch(() => undefined),
      log: () => this.#pipeline!.log,
      madeRoom: () => this.#pipeline?.resume(),
    });
  }

  #makePipeline(log: LogWriter, dependencies: EngineDependencies): CommitPipeline {
    const { fileSystem, clock } = dependencies.environment;
    const options = logOptions(this.#options.memtableBytes);
    const host: PipelineHost = {
      ...dependencies.environment,
      gate: this.#gate,
      memtables: this.#memtables,
      walSync: this.#options.wal.sync,
      batchBytesMax: this.#options.limits.batchBytes,
      separation: this.#options.valueLog,
      pace: this.#pace,
      timeOf: (timestamp) => this.#times.record(timestamp, clock.nowMs()),
      maintenance: this.#maintenance,
      link: (tables, timestamp) => this.#loads.link(tables, timestamp),
      createLog: (number, vouches) => {
        const reused = this.#versions.spares.reusing(number);
        this.#versions.giveUpSpares('excess');
        return LogWriter.create(fileSystem, this.directory, number, { ...options, vouches, reused });
      },
      allocateFileNumber: () => this.#versions.allocateFileNumber(),
    };
    return new CommitPipeline(host, log, this.#recoveredTimestamp);
  }
}
