/** The whole database inside one transaction: everything that `db` offers, isolated until commit. */

import { refuseOptions } from './ambient-transaction.js';
import { InvalidArgumentError, type TuplePart } from './base/index.js';
import {
  Blobs,
  defaultKeyspace,
  type KeyCodecName,
  type KeyIn,
  type KeyOut,
  type KeyspaceOptions,
  type KeyspaceSink,
  type NamedCodecs,
  namedKeyspace,
  RecordingTransactionSink,
  TransactionKeyspace,
  TransactionSink,
  type TupleKey,
  type ValueCodecName,
  type ValueOf,
} from './kv/index.js';
import { checkBody, type Transaction } from './mvcc/index.js';
import type { EntityTarget, Insertable, Repository } from './orm/index.js';
import type { Services } from './services.js';
import { DatabaseSnapshot } from './snapshot.js';
import type { PreparedStatement, SqlResult } from './sql/index.js';
import { createSqlFunction, createSqlFunctionSync, type SqlFunction, type SqlFunctionSync } from './sql-function.js';

/**
 * Reads see the snapshot taken at the start with this transaction's own writes on top, and of what ends, that which had not
 * ended at the start. Nothing is visible outside before the commit, and nothing at all after a rollback. Use after the end
 * throws `TransactionClosedError`.
 */
export class DatabaseTransaction
  extends TransactionKeyspace<TupleKey, TuplePart[], unknown>
  implements AsyncDisposable
{
  readonly #transaction: Transaction;
  readonly #services: Services;
  readonly #sink: KeyspaceSink;
  #savepointIsOpen = false;
  #snapshot: DatabaseSnapshot | undefined;
  #blobs: Blobs | undefined;
  #sql: SqlFunction | undefined;
  #sqlSync: SqlFunctionSync | undefined;

  constructor(transaction: Transaction, services: Services) {
    const sink = new TransactionSink(transaction, services.environment);
    super(transaction, sink, defaultKeyspace);
    this.#transaction = transaction;
    this.#services = services;
    this.#sink = sink;
  }

  /** Runs one SQL statement in this transaction. What its entities have pending is written first. */
  get sql(): SqlFunction {
    const { sql, orm } = this.#services;
    return (this.#sql ??= createSqlFunction(sql, this.#transaction, () => orm.flush(this.#transaction)));
  }

  /** The same on this thread. It does not see changes of entities that are not written yet. */
  get sqlSync(): SqlFunctionSync {
    return (this.#sqlSync ??= createSqlFunctionSync(this.#services.sql, this.#transaction));
  }

  /** Where its default keyspace writes. @internal */
  get sink(): KeyspaceSink {
    return this.#sink;
  }

  /** Where it writes a named keyspace. @internal */
  sinkOf(layout: NamedCodecs): KeyspaceSink {
    const { environment, keyspaces } = this.#services;
    return new RecordingTransactionSink(this.#transaction, environment, keyspaces, layout);
  }

  /** The last commit that this transaction sees. */
  get timestamp(): number {
    return this.#transaction.snapshotTimestamp;
  }

  /**
   * The database as this transaction found it, without its own writes: same reads, SQL and repositories. What is read from it
   * counts for no conflict. Ends with the transaction.
   */
  get snapshot(): DatabaseSnapshot {
    this.#snapshot ??= new DatabaseSnapshot(this.#transaction.snapshot, this.#services);
    return this.#snapshot;
  }

  /** Large objects. Their chunks are stored while they arrive; a rollback removes them. */
  get blobs(): Blobs {
    return (this.#blobs ??= new Blobs(this.#services, this.#transaction));
  }

  keyspace<K extends KeyCodecName = 'tuple', V extends ValueCodecName = 'structured'>(
    name: string,
    options?: KeyspaceOptions<K, V>,
  ): TransactionKeyspace<KeyIn<K>, KeyOut<K>, ValueOf<V>> {
    const layout = namedKeyspace(name, options);
    const { keyspaces } = this.#services;
    keyspaces.open(layout);
    return new TransactionKeyspace(this.#transaction, this.sinkOf(layout), layout);
  }

  /**
   * A statement parsed and planned once, that runs in this transaction. It does not see changes of entities that are not
   * written yet; `tx.sql` does.
   */
  prepare(text: string): PreparedStatement {
    return this.#services.sql.prepare(text, this.#transaction);
  }

  /** Runs all statements of a script in this transaction and stops at the first error; what ran before it stays. */
  async exec(script: string): Promise<SqlResult[]> {
    await this.#services.orm.flush(this.#transaction);
    return this.#services.sql.script(script, this.#transaction);
  }

  /** Entities loaded here are watched: their changes are written at commit. */
  repository<T extends object, Insert = Insertable<T>>(entity: EntityTarget<T, Insert>): Repository<T, Insert> {
    return this.#services.orm.repository(entity, this.#transaction);
  }

  /**
   * Runs `body`; when it throws, everything written since the call is undone and the error passed on. Nests through the
   * transaction that `body` receives. A second one beside it is refused with `InvalidArgumentError` while it is open:
   * undoing the first would undo what the second wrote.
   */
  async savepoint<T>(body: (tx: DatabaseTransaction) => T | Promise<T>): Promise<T> {
    checkBody('the body of a savepoint', body);
    if (this.#savepointIsOpen) {
      throw new InvalidArgumentError(
        'a savepoint of this transaction is open: await it first, or nest by the transaction that its body receives',
      );
    }
    this.#savepointIsOpen = true;
    try {
      return await this.#runInSavepoint(body);
    } finally {
      this.#savepointIsOpen = false;
    }
  }

  /**
   * A transaction inside this one is a savepoint: what `body` writes counts once this transaction commits. It has no options
   * of its own: `InvalidArgumentError` for any.
   */
  async transaction<T>(
    body: (tx: DatabaseTransaction) => T | Promise<T>,
    options?: Readonly<Record<string, never>>,
  ): Promise<T> {
    refuseOptions(options);
    return this.savepoint(body);
  }

  /**
   * For transactions made by `db.begin()`: resolves with the commit timestamp once the commit is visible and as durable as
   * asked. Throws `ConflictError` when it lost; nothing is applied then.
   */
  async commit(): Promise<number> {
    return this.#transaction.commit();
  }

  /** For transactions made by `db.begin()`: forgets all writes. Nothing happens when the transaction has ended. */
  rollback(): void {
    this.#transaction.rollback();
  }

  /** Rolls back unless the transaction has been committed: `await using tx = db.begin()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#transaction.state === 'open') this.#transaction.rollback();
  }

  async #runInSavepoint<T>(body: (tx: DatabaseTransaction) => T | Promise<T>): Promise<T> {
    const session = this.#services.orm.sessionOf(this.#transaction);
    const mark = await session.mark();
    const savepoint = this.#transaction.savepoint();
    let result: T;
    try {
      const inner = new DatabaseTransaction(this.#transaction, this.#services);
      const { ambient } = this.#services;
      result = await (ambient === undefined ? body(inner) : ambient.run(inner, body));
      await session.flush();
    } catch (error) {
      savepoint.rollback();
      session.rollback(mark);
      throw error;
    }
    savepoint.release();
    return result;
  }
}
