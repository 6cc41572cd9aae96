/** The composition root: opens every layer in order and offers them as one object. */

import { AmbientTransaction, refuseOptions, requireAmbient } from './ambient-transaction.js';
import { InvalidArgumentError, type TuplePart } from './base/index.js';
import { blockCacheBytes } from './cache-size.js';
import {
  ambientSink,
  Blobs,
  CodecRecords,
  defaultKeyspace,
  describeKey,
  type KeyCodecName,
  type KeyIn,
  type KeyOut,
  type KeyspaceOptions,
  namedKeyspace,
  recordingStoreSink,
  StoreKeyspace,
  type StoreSink,
  storeSink,
  type TupleKey,
  Uploads,
  type ValueCodecName,
  type ValueOf,
} from './kv/index.js';
import {
  checkBody,
  type SnapshotOptions,
  type StoreStats,
  type Transaction,
  type TransactionOptions,
  TransactionalStore,
} from './mvcc/index.js';
import { type EntityTarget, type Insertable, Orm, type Repository } from './orm/index.js';
import { directoryArgument, IN_MEMORY } from './directory-argument.js';
import type { DatabaseOptions } from './options.js';
import { type BackupReport, backup, type CheckpointReport, checkpoint, type RecoveryReport } from './recovery/index.js';
import type { Services } from './services.js';
import { type DatabaseSettings, DEFAULT_SETTINGS } from './settings.js';
import { DatabaseSnapshot } from './snapshot.js';
import { type PreparedStatement, SqlDatabase, type SqlResult } from './sql/index.js';
import { createSqlFunction, createSqlFunctionSync, type SqlFunction, type SqlFunctionSync } from './sql-function.js';
import { type EventListener, inlineExecutor, workerExecutor } from './storage/index.js';
import { DatabaseTransaction } from './transaction.js';
import { type Environment, MemFileSystem, NodeFileSystem, systemEnvironment } from './vfs/index.js';

/** Where a database in memory is, in a file system that nobody else sees. */
const IN_MEMORY_DIRECTORY = '/varve';

/**
 * Opens the database in `directory`, creating it if there is none; `':memory:'` keeps everything in memory.
 *
 * Throws `InvalidArgumentError` for bad options (all of them at once) or a directory that holds something else,
 * `LockedError` while another process or handle has it open, `CorruptionError` when stored bytes are damaged.
 */
export async function open(directory: string, options?: DatabaseOptions): Promise<Database> {
  const inMemory = directory === IN_MEMORY;
  // Before the first wait, in which the process may change its directory.
  const path = inMemory ? IN_MEMORY_DIRECTORY : directoryArgument('open', directory);
  const settings = await settingsOf(options);
  if (inMemory) checkInMemory(settings);
  const environment = systemEnvironment({
    ...(inMemory ? { fileSystem: new MemFileSystem() } : {}),
    ...settings.environment,
  });
  const onSystemFiles = !inMemory && settings.environment?.fileSystem === undefined;
  const makeExecutor = onSystemFiles && settings.background === 'worker' ? workerExecutor : inlineExecutor;
  const executor = makeExecutor(environment, settings.compaction);
  let store: TransactionalStore | undefined;
  try {
    const listener = deferred(settings.listener, environment);
    const messages = settings.keysInErrors ? { describeKey } : {};
    const blockCache = { ...settings.blockCache, bytes: blockCacheBytes(settings.blockCache.bytes) };
    const storeOptions = { ...settings, blockCache };
    const opened = await TransactionalStore.open(path, storeOptions, { environment, executor, listener, ...messages });
    store = opened.store;
    const sql = new SqlDatabase(store, settings.sql, environment);
    const orm = new Orm(sql, store, settings.entities, environment);
    await orm.synchronise();
    const keyspaces = new CodecRecords(store);
    const ambient = settings.ambientTransactions ? new AmbientTransaction() : undefined;
    const uploads = new Uploads(store, environment.random, settings.limits.valueBytes);
    if (!settings.readOnly) await uploads.removeAbandoned();
    // Throws when work in the background, which began with the store, has come upon a fault by now.
    if (!settings.readOnly) store.engine.drainSync();
    const services = { environment, inMemory, executor, store, ambient, keyspaces, uploads, sql, orm };
    return new Database(services, opened.report);
  } catch (error) {
    try {
      await store?.close();
    } finally {
      await executor.close();
    }
    throw error;
  }
}

/** An open database. Made by {@link open}; close it with `close()` or `await using`. */
export class Database extends StoreKeyspace<TupleKey, TuplePart[], unknown> implements AsyncDisposable {
  readonly #services: Services;
  readonly #sink: StoreSink;
  readonly #blobs: Blobs;
  #closing: Promise<void> | undefined;
  /** What opening found and did: whether the database was created, commits replayed, bytes of a torn tail cut. */
  readonly recovery: RecoveryReport;
  /** Runs one SQL statement in a transaction of its own. */
  readonly sql: SqlFunction;
  readonly sqlSync: SqlFunctionSync;

  constructor(services: Services, recovery: RecoveryReport) {
    const { store, environment, ambient } = services;
    const outside = storeSink(store, environment);
    const sink = ambient === undefined ? outside : ambientSink(outside, () => ambient.current?.sink);
    super(store, sink, defaultKeyspace);
    this.#services = services;
    this.#sink = outside;
    this.recovery = recovery;
    this.#blobs = new Blobs(services, undefined);
    const sql = createSqlFunction(services.sql, undefined);
    const sqlSync = createSqlFunctionSync(services.sql, undefined);
    this.sql = ambient === undefined ? sql : joining(sql, () => ambient.current?.sql);
    this.sqlSync = ambient === undefined ? sqlSync : joining(sqlSync, () => ambient.current?.sqlSync);
  }

  /** Large objects, read and written as streams. */
  get blobs(): Blobs {
    return this.#services.ambient?.current?.blobs ?? this.#blobs;
  }

  /** Timestamp of the newest commit that reads can see. */
  get timestamp(): number {
    return this.#services.store.lastTimestamp;
  }

  /**
   * The transaction whose body this call is made in, at whatever depth; undefined outside. With the option
   * `ambientTransactions`, reads, writes, `sql`, `exec` and repositories of this object work in it as well.
   */
  get currentTransaction(): DatabaseTransaction | undefined {
    return requireAmbient(this.#services.ambient).current;
  }

  /**
   * Keys and values of their own, apart from all others, with codecs of choice. The codecs are stored with the first
   * write; opening the keyspace with others, then or beside a handle of this process, throws `InvalidArgumentError`.
   */
  keyspace<K extends KeyCodecName = 'tuple', V extends ValueCodecName = 'structured'>(
    name: string,
    options?: KeyspaceOptions<K, V>,
  ): StoreKeyspace<KeyIn<K>, KeyOut<K>, ValueOf<V>> {
    const layout = namedKeyspace(name, options);
    const { store, keyspaces, ambient } = this.#services;
    keyspaces.open(layout);
    const outside = recordingStoreSink(this.#sink, keyspaces, layout);
    const sink = ambient === undefined ? outside : ambientSink(outside, () => ambient.current?.sinkOf(layout));
    return new StoreKeyspace(store, sink, layout);
  }

  /**
   * Runs `body` in a transaction, isolated across every `await` in it, and commits. Run again with a fresh transaction
   * after a conflict, so `body` should have no effects outside; its own errors roll back and are passed on unchanged.
   * Throws `ConflictError` after the last retry and `TimeoutError` after `timeoutMs`. Inside the body of another, a
   * transaction is one of its own, unless the option `ambientTransactions` makes it a savepoint of that.
   */
  transaction<T>(body: (tx: DatabaseTransaction) => T | Promise<T>, options?: TransactionOptions): Promise<T> {
    const { store, ambient } = this.#services;
    if (ambient !== undefined) return this.#ambientTransaction(ambient, body, options);
    const run =
      typeof body === 'function' ? (tx: Transaction) => body(new DatabaseTransaction(tx, this.#services)) : body;
    return store.transaction(run, options);
  }

  /** Starts a transaction that the caller commits or rolls back. */
  begin(options?: TransactionOptions): DatabaseTransaction {
    return new DatabaseTransaction(this.#services.store.begin(options), this.#services);
  }

  /**
   * The database as it is now, or as it was after an earlier commit, or at an earlier moment, unaffected by later writes. How
   * far back that goes is a matter of the option `history`; throws `InvalidArgumentError` (`facts.oldest`) for what is gone.
   * What had an end is there if it had not come to it then.
   */
  snapshot(options?: SnapshotOptions): DatabaseSnapshot {
    return new DatabaseSnapshot(this.#services.store.snapshot(options), this.#services);
  }

  /** A statement parsed and planned once. */
  prepare(text: string): PreparedStatement {
    return this.#services.ambient?.current?.prepare(text) ?? this.#services.sql.prepare(text);
  }

  /** Runs all statements of a script, each in a transaction of its own, and stops at the first error. */
  async exec(script: string): Promise<SqlResult[]> {
    return this.#services.ambient?.current?.exec(script) ?? this.#services.sql.script(script, undefined);
  }

  /** Reads and writes the rows of an entity; every call is a transaction of its own. */
  repository<T extends object, Insert = Insertable<T>>(entity: EntityTarget<T, Insert>): Repository<T, Insert> {
    const joined = this.#services.ambient?.current?.repository(entity);
    return joined ?? this.#services.orm.repository(entity, undefined);
  }

  /**
   * Copies the database as of one commit into a new directory, while writing goes on. `restore` makes a database of it.
   * A database in memory is copied to the real file system. Throws `InvalidArgumentError` for a destination that is
   * occupied, or inside the database.
   */
  async backup(destination: string): Promise<BackupReport> {
    const { store, inMemory } = this.#services;
    const target = inMemory ? new NodeFileSystem() : undefined;
    return backup(store.engine, directoryArgument('backup', destination), target);
  }

  /**
   * The same through hard links: instant, but on the same file system. The result opens as a database. Throws
   * `InvalidArgumentError` for a database in memory, which has no files to link to: `backup` copies one out.
   */
  async checkpoint(destination: string): Promise<CheckpointReport> {
    const { store, inMemory } = this.#services;
    const path = directoryArgument('checkpoint', destination);
    if (!inMemory) return checkpoint(store.engine, path);
    throw new InvalidArgumentError('a database in memory has no files that a checkpoint could link to: use backup', {
      facts: { destination },
    });
  }

  /** Makes every commit acknowledged so far durable. */
  async sync(): Promise<void> {
    await this.#services.store.engine.sync();
  }

  /** Writes the memtable to a table now. */
  async flush(): Promise<void> {
    await this.#services.store.engine.flush();
  }

  /**
   * Removes whatever has expired by now, and resolves with the number of values: rows, index entries and keys each count as
   * one. It happens by itself soon after their time; this is for those who cannot wait. Throws `InvalidArgumentError` for a
   * database that is read-only.
   */
  async expire(): Promise<number> {
    return this.#services.store.expire();
  }

  /** Merges all tables into the deepest level, dropping what has expired and every version that nobody can read any more. */
  async compact(): Promise<void> {
    await this.#services.store.expire();
    await this.#services.store.engine.compact();
  }

  /**
   * `compact`, then gives back the space of values that were overwritten or deleted: afterwards hardly any is left of what
   * nobody can read any more. This happens by itself too, when a file is garbage by `valueLog.garbageRatio`.
   *
   * Rejects with `CorruptionError` when a damaged value is in the way, after everything else was given back: its file stays,
   * the database goes on, and reading the value throws the same. Its space comes back once its key is deleted or overwritten.
   */
  async gc(): Promise<void> {
    await this.#services.store.engine.gc();
  }

  stats(): StoreStats {
    return this.#services.store.stats();
  }

  /** Rolls open transactions back, writes the memtable to a table, and releases files and lock. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #ambientTransaction<T>(
    ambient: AmbientTransaction,
    body: (tx: DatabaseTransaction) => T | Promise<T>,
    options: TransactionOptions | undefined,
  ): Promise<T> {
    checkBody('the body of a transaction', body);
    const outer = ambient.current;
    if (outer !== undefined) {
      refuseOptions(options);
      return outer.savepoint(body);
    }
    const run = (tx: Transaction) => ambient.run(new DatabaseTransaction(tx, this.#services), body);
    return this.#services.store.transaction(run, options);
  }

  async #close(): Promise<void> {
    const { sql, store, executor } = this.#services;
    try {
      // Writes the numbers that generated columns did not use; an engine that has stopped itself takes no writes.
      if (!store.engine.poisoned) sql.close();
    } finally {
      try {
        await store.close();
      } finally {
        await executor.close();
      }
    }
  }
}

/** A function that calls what `inside` gives at that moment, or `outside`. */
function joining<F extends (...args: never[]) => unknown>(outside: F, inside: () => F | undefined): F {
  return ((...args: Parameters<F>) => (inside() ?? outside)(...args)) as F;
}

/** An empty database that may not be written is a mistake, and so is one in memory on somebody's disk. */
function checkInMemory({ readOnly, createIfMissing, environment }: DatabaseSettings): void {
  const [option, value] = readOnly
    ? ['readOnly', true]
    : createIfMissing
      ? ['environment.fileSystem', environment?.fileSystem]
      : ['createIfMissing', false];
  if (value === undefined) return;
  throw new InvalidArgumentError(
    `a database in memory begins empty and has a file system of its own: ${option} makes no sense with '${IN_MEMORY}'`,
    { facts: { option } },
  );
}

/** Loads the schema, and the validation library with it, only when there is something to validate. */
async function settingsOf(options: DatabaseOptions | undefined): Promise<DatabaseSettings> {
  if (options === undefined) return DEFAULT_SETTINGS;
  const { parseOptions } = await import('./options.js');
  return parseOptions(options);
}

/**
 * Tells the user's listener in a turn of its own: it may use the database, which must not happen in the middle of a
 * commit, and its exceptions are the user's and must not stop the engine.
 */
function deferred(listener: EventListener | undefined, { scheduler }: Environment): EventListener {
  if (listener === undefined) return () => undefined;
  return (event) => scheduler.nextTurn(() => listener(event));
}
