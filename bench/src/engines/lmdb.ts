/** lmdb-js. `buffered` is `noSync`; `commit` turns overlapping syncs off, so that an acknowledged commit is durable. */

import { importPeer, type KeyValueEngine, type OpenOptions } from '../engine.js';

interface Lmdb {
  open(options: {
    path: string;
    keyEncoding: 'binary';
    encoding: 'binary';
    noSync: boolean;
    overlappingSync: boolean;
    mapSize: number;
  }): Database;
}

interface Database {
  transactionSync(body: () => void): void;
  put(key: Buffer, value: Buffer): Promise<boolean>;
  putSync(key: Buffer, value: Buffer): void;
  getBinary(key: Buffer): Buffer | undefined;
  getRange(options: { start?: Buffer; limit: number }): Iterable<{ value: Buffer }>;
  close(): Promise<void>;
}

export async function openEngine({ directory, durability }: OpenOptions): Promise<KeyValueEngine> {
  const lmdb = await importPeer<Lmdb>('lmdb');
  const db = lmdb.open({
    path: directory,
    keyEncoding: 'binary',
    encoding: 'binary',
    noSync: durability === 'buffered',
    overlappingSync: false,
    mapSize: 2 ** 36,
  });
  return {
    writeBatch(keys, values, from, count) {
      db.transactionSync(() => {
        for (let i = from; i < from + count; i++) db.putSync(keys[i]!, values[i]!);
      });
    },
    get: (key) => Promise.resolve(db.getBinary(key)),
    getSync: (key) => db.getBinary(key),
    scan(start, limit, visit) {
      let count = 0;
      for (const { value } of db.getRange(start === undefined ? { limit } : { start, limit })) {
        visit(value);
        count++;
      }
      return count;
    },
    close: () => db.close(),
  };
}
