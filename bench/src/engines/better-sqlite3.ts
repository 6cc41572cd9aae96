/**
 * better-sqlite3: one WITHOUT ROWID table in WAL mode. `buffered` is `synchronous = NORMAL` (a commit does not wait for
 * the device, a checkpoint does); `commit` is `synchronous = FULL`.
 */

import { join } from 'node:path';
import { importPeer, type KeyValueEngine, type OpenOptions } from '../engine.js';

interface SqliteModule {
  readonly default: new (file: string) => Sqlite;
}

interface Sqlite {
  pragma(text: string): unknown;
  exec(text: string): void;
  prepare(text: string): Statement;
  transaction<Parameters extends unknown[]>(
    body: (...parameters: Parameters) => void,
  ): (...parameters: Parameters) => void;
  close(): void;
}

interface Statement {
  run(...parameters: unknown[]): void;
  get(...parameters: unknown[]): { v: Buffer } | undefined;
  iterate(...parameters: unknown[]): Iterable<{ k: Buffer; v: Buffer }>;
}

export async function openEngine({ directory, durability }: OpenOptions): Promise<KeyValueEngine> {
  const { default: Database } = await importPeer<SqliteModule>('better-sqlite3');
  const db = new Database(join(directory, 'bench.db'));
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${durability === 'commit' ? 'FULL' : 'NORMAL'}`);
  db.exec('CREATE TABLE IF NOT EXISTS kv (k BLOB PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID');
  const put = db.prepare('INSERT INTO kv (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v');
  const select = db.prepare('SELECT v FROM kv WHERE k = ?');
  const scanAll = db.prepare('SELECT k, v FROM kv ORDER BY k LIMIT ?');
  const scanFrom = db.prepare('SELECT k, v FROM kv WHERE k >= ? ORDER BY k LIMIT ?');
  const putMany = db.transaction((keys: readonly Buffer[], values: readonly Buffer[], from: number, count: number) => {
    for (let i = from; i < from + count; i++) put.run(keys[i], values[i]);
  });
  return {
    writeBatch: putMany,
    get: (key) => Promise.resolve(select.get(key)?.v),
    getSync: (key) => select.get(key)?.v,
    scan(start, limit, visit) {
      let count = 0;
      for (const row of start === undefined ? scanAll.iterate(limit) : scanFrom.iterate(start, limit)) {
        visit(row.v);
        count++;
      }
      return count;
    },
    close: () => db.close(),
  };
}
