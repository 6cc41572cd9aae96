/**
 * better-sqlite3: one table in WAL mode, WITHOUT ROWID where its documentation recommends it, which is for rows below a
 * twentieth of a page. `buffered` is `synchronous = NORMAL` (a commit does not wait for the device, a checkpoint does);
 * `commit` is `synchronous = FULL`.
 */

import { join } from 'node:path';
import { type Entry, importPeer, type KeyValueEngine, type OpenOptions, type TransactionalEngine } from '../engine.js';

interface SqliteModule {
  readonly default: new (file: string) => Sqlite;
}

interface Transaction<Parameters extends unknown[]> {
  (...parameters: Parameters): void;
  immediate(...parameters: Parameters): void;
}

interface Sqlite {
  pragma(text: string): unknown;
  exec(text: string): void;
  prepare(text: string): Statement;
  transaction<Parameters extends unknown[]>(body: (...parameters: Parameters) => void): Transaction<Parameters>;
  close(): void;
}

interface Statement {
  run(...parameters: unknown[]): void;
  get(...parameters: unknown[]): { v: Buffer } | undefined;
  iterate(...parameters: unknown[]): Iterable<{ v: Buffer }>;
}

const ROW_BYTES_MAX = 4096 / 20;

export async function openEngine({
  directory,
  durability,
  valueBytes,
  cacheBytes,
}: OpenOptions): Promise<KeyValueEngine> {
  const { default: Database } = await importPeer<SqliteModule>('better-sqlite3');
  const db = new Database(join(directory, 'bench.db'));
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${durability === 'commit' ? 'FULL' : 'NORMAL'}`);
  // Negative: kibibytes instead of pages.
  if (cacheBytes !== undefined) db.pragma(`cache_size = ${-Math.ceil(cacheBytes / 1024)}`);
  const layout = valueBytes < ROW_BYTES_MAX ? 'WITHOUT ROWID' : '';
  db.exec(`CREATE TABLE IF NOT EXISTS kv (k BLOB PRIMARY KEY, v BLOB NOT NULL) ${layout}`);
  const upsert = db.prepare('INSERT INTO kv (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v');
  const select = db.prepare('SELECT v FROM kv WHERE k = ?');
  const put = (key: Buffer, value: Uint8Array): void => upsert.run(key, value);
  return {
    writeBatch: db.transaction((entries: readonly Entry[]) => {
      for (const { key, value } of entries) put(key, value);
    }),
    put,
    putSync: put,
    get: async (key) => select.get(key)?.v,
    getSync: (key) => select.get(key)?.v,
    scan: scanOf(db),
    transactions: transactionsOf(db, select, put),
    close: () => db.close(),
  };
}

function scanOf(db: Sqlite): KeyValueEngine['scan'] {
  const all = db.prepare('SELECT k, v FROM kv ORDER BY k LIMIT ?');
  const from = db.prepare('SELECT k, v FROM kv WHERE k >= ? ORDER BY k LIMIT ?');
  const allDown = db.prepare('SELECT k, v FROM kv ORDER BY k DESC LIMIT ?');
  const fromDown = db.prepare('SELECT k, v FROM kv WHERE k <= ? ORDER BY k DESC LIMIT ?');
  return ({ start, limit, reverse = false }, visit) => {
    const whole = reverse ? allDown : all;
    const part = reverse ? fromDown : from;
    let count = 0;
    for (const row of start === undefined ? whole.iterate(limit) : part.iterate(start, limit)) {
      visit(row.v);
      count++;
    }
    return count;
  };
}

function transactionsOf(db: Sqlite, select: Statement, put: (key: Buffer, value: Uint8Array) => void) {
  const modify = db.transaction((key: Buffer, update: (old: Uint8Array) => Uint8Array) => {
    const old = select.get(key)?.v;
    if (old === undefined) throw new Error('a record that was written is not there');
    put(key, update(old));
  });
  const readOneByOne = (keys: readonly Buffer[], visit: (value: Uint8Array | undefined) => void): void => {
    for (const key of keys) visit(select.get(key)?.v);
  };
  return {
    modify(key, update) {
      modify.immediate(key, update);
      return 0;
    },
    readTogether: db.transaction(readOneByOne),
    readOneByOne,
  } satisfies TransactionalEngine;
}
