/** An ORM over a store in memory, with a clock that stands still unless told otherwise. */

import { ManualClock, seededRandom } from '../../src/base/index.js';
import type { Transaction, TransactionalStore } from '../../src/mvcc/index.js';
import { type EntityClass, type EntityTarget, type Insertable, Orm, type Repository } from '../../src/orm/index.js';
import { SqlDatabase } from '../../src/sql/index.js';
import { MemFileSystem, systemEnvironment } from '../../src/vfs/index.js';
import { openMemoryStore } from '../support/memory-store.js';
import { seed } from '../support/seed.js';

export const START_MS = Date.UTC(2024, 0, 1);

/** What a test works with. */
export interface MemoryOrm {
  readonly store: TransactionalStore;
  readonly sql: SqlDatabase;
  readonly orm: Orm;
  readonly clock: ManualClock;
  readonly repository: <T extends object, I = Insertable<T>>(entity: EntityTarget<T, I>) => Repository<T, I>;
  readonly transaction: <R>(body: (tx: TransactionOrm) => Promise<R>) => Promise<R>;
  /** Rows of a statement, as arrays. */
  readonly rows: (text: string) => Promise<unknown[][]>;
}

export interface TransactionOrm {
  readonly tx: Transaction;
  readonly repository: <T extends object, I = Insertable<T>>(entity: EntityTarget<T, I>) => Repository<T, I>;
  readonly rows: (text: string) => Promise<unknown[][]>;
}

export async function openMemoryOrm(entities: readonly EntityClass[], store?: TransactionalStore): Promise<MemoryOrm> {
  const clock = new ManualClock(START_MS);
  const environment = systemEnvironment({ fileSystem: new MemFileSystem(), clock, random: seededRandom(seed) });
  const opened = store ?? (await openMemoryStore({}, environment));
  const sql = new SqlDatabase(opened, {}, environment);
  const orm = new Orm(sql, opened, entities, environment);
  await orm.synchronise();
  const rows = async (text: string, tx?: Transaction): Promise<unknown[][]> =>
    sql.run(text, [], tx, { rowMode: 'array' });
  return {
    store: opened,
    sql,
    orm,
    clock,
    repository: (entity) => orm.repository(entity),
    transaction: (body) =>
      opened.transaction((tx) =>
        body({ tx, repository: (entity) => orm.repository(entity, tx), rows: (text) => rows(text, tx) }),
      ),
    rows: async (text) => [...(await rows(text))],
  };
}
