/** The whole database as of one commit: keys, SQL and entities, read-only. */

import {
  type BlobReader,
  defaultKeyspace,
  KeyspaceReader,
  type KeyCodecName,
  type KeyIn,
  type KeyOut,
  type KeyspaceOptions,
  namedKeyspace,
  snapshotBlobs,
  type TupleKey,
  type ValueCodecName,
  type ValueOf,
} from './kv/index.js';
import type { Snapshot } from './mvcc/index.js';
import type { EntityTarget, Insertable, Repository } from './orm/index.js';
import type { TuplePart } from './base/index.js';
import type { Services } from './services.js';
import type { PreparedStatement } from './sql/index.js';
import { createSqlFunction, createSqlFunctionSync, type SqlFunction, type SqlFunctionSync } from './sql-function.js';

/**
 * Made by `db.snapshot()`. Keeps the versions it sees from being dropped until it is closed, so close it: `using` does.
 * Reading from a closed snapshot throws `TransactionClosedError`.
 */
export class DatabaseSnapshot extends KeyspaceReader<TupleKey, TuplePart[], unknown> implements Disposable {
  readonly #snapshot: Snapshot;
  readonly #services: Services;
  /** Large objects. */
  readonly blobs: BlobReader;
  /** Runs one SQL query on this snapshot. */
  readonly sql: SqlFunction;
  readonly sqlSync: SqlFunctionSync;

  constructor(snapshot: Snapshot, services: Services) {
    super({ environment: services.environment, view: () => snapshot }, defaultKeyspace);
    this.#snapshot = snapshot;
    this.#services = services;
    this.blobs = snapshotBlobs(services, snapshot);
    this.sql = createSqlFunction(services.sql, snapshot);
    this.sqlSync = createSqlFunctionSync(services.sql, snapshot);
  }

  /** The last commit that this snapshot sees. */
  get timestamp(): number {
    return this.#snapshot.timestamp;
  }

  keyspace<K extends KeyCodecName = 'tuple', V extends ValueCodecName = 'structured'>(
    name: string,
    options?: KeyspaceOptions<K, V>,
  ): KeyspaceReader<KeyIn<K>, KeyOut<K>, ValueOf<V>> {
    const layout = namedKeyspace(name, options);
    this.#services.keyspaces.open(layout);
    return new KeyspaceReader({ environment: this.#services.environment, view: () => this.#snapshot }, layout);
  }

  /** A query parsed and planned once, that reads this snapshot. */
  prepare(text: string): PreparedStatement {
    return this.#services.sql.prepare(text, this.#snapshot);
  }

  repository<T extends object, Insert = Insertable<T>>(entity: EntityTarget<T, Insert>): Repository<T, Insert> {
    return this.#services.orm.repository(entity, this.#snapshot);
  }

  /** Idempotent. */
  close(): void {
    this.#snapshot.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
