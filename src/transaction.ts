/** The whole database inside one transaction: everything that `db` offers, isolated until commit. */

import type { TuplePart } from './base/index.js';
import {
  defaultKeyspace,
  type KeyCodecName,
  type KeyIn,
  type KeyOut,
  Keyspace,
  type KeyspaceOptions,
  type KeyspaceSink,
  namedKeyspace,
  type TupleKey,
  type ValueCodecName,
  type ValueOf,
} from './kv/index.js';
import type { Transaction } from './mvcc/index.js';
import type { EntityTarget, Insertable, Repository } from './orm/index.js';
import type { Services } from './services.js';
import { createSqlFunction, createSqlFunctionSync, type SqlFunction, type SqlFunctionSync } from './sql-function.js';

/**
 * Reads see the snapshot taken at the start with this transaction's own writes on top. Nothing is visible outside
 * before the commit, and nothing at all after a rollback. Use after the end throws `TransactionClosedError`.
 */
export class DatabaseTransaction extends Keyspace<TupleKey, TuplePart[], unknown> {
  readonly #transaction: Transaction;
  readonly #services: Services;
  readonly #sink: KeyspaceSink;
  readonly sql: SqlFunction;
  readonly sqlSync: SqlFunctionSync;

  constructor(transaction: Transaction, services: Services) {
    const sink = sinkOf(transaction);
    super(sink, defaultKeyspace);
    this.#transaction = transaction;
    this.#services = services;
    this.#sink = sink;
    this.sql = createSqlFunction(services.sql, transaction);
    this.sqlSync = createSqlFunctionSync(services.sql, transaction);
  }

  /** The last commit that this transaction sees. */
  get timestamp(): number {
    return this.#transaction.snapshotTimestamp;
  }

  keyspace<K extends KeyCodecName = 'tuple', V extends ValueCodecName = 'structured'>(
    name: string,
    options?: KeyspaceOptions<K, V>,
  ): Keyspace<KeyIn<K>, KeyOut<K>, ValueOf<V>> {
    return new Keyspace(this.#sink, namedKeyspace(name, options));
  }

  /** Entities loaded here are watched: their changes are written at commit. */
  repository<T extends object, Insert = Insertable<T>>(entity: EntityTarget<T, Insert>): Repository<T, Insert> {
    return this.#services.orm.repository(entity, this.#transaction);
  }

  /** Runs `body`; when it throws, everything written since the call is undone and the error passed on. Nests. */
  async savepoint<T>(body: (tx: this) => T | Promise<T>): Promise<T> {
    const session = this.#services.orm.sessionOf(this.#transaction);
    const mark = await session.mark();
    const savepoint = this.#transaction.savepoint();
    let result: T;
    try {
      result = await body(this);
      await session.flush();
    } catch (error) {
      savepoint.rollback();
      session.rollback(mark);
      throw error;
    }
    savepoint.release();
    return result;
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
}

function sinkOf(transaction: Transaction): KeyspaceSink {
  return {
    view: () => transaction,
    write: async (fill) => fill(transaction),
    writeSync: (fill) => fill(transaction),
  };
}
