/**
 * lmdb-js. `buffered` is `noSync`; `commit` turns overlapping syncs off, so that an acknowledged commit is durable. Reads
 * take `getBinaryFast`, which hands out the same memory every time; asynchronous writes of one turn of the event loop are
 * one transaction of LMDB.
 */

import { importPeer, type KeyValueEngine, type OpenOptions, type TransactionalEngine } from '../engine.js';

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

interface ReadTransaction {
  done(): void;
}

interface ReadOptions {
  readonly transaction: ReadTransaction;
}

interface Database {
  transactionSync(body: () => void): void;
  transaction(body: () => void | Promise<void>): Promise<void>;
  useReadTransaction(): ReadTransaction;
  put(key: Buffer, value: Uint8Array): Promise<boolean>;
  putSync(key: Buffer, value: Uint8Array): void;
  getBinary(key: Buffer): Buffer | undefined;
  getBinaryFast(key: Buffer, options?: ReadOptions): Buffer | undefined;
  getRange(options: { start?: Buffer; limit: number; reverse: boolean }): Iterable<{ value: Buffer }>;
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
    writeBatch(entries) {
      db.transactionSync(() => {
        for (const { key, value } of entries) db.putSync(key, value);
      });
    },
    async put(key, value) {
      await db.put(key, value);
    },
    putSync: (key, value) => db.transactionSync(() => db.putSync(key, value)),
    get: async (key) => db.getBinary(key),
    getSync: (key) => db.getBinaryFast(key),
    scan({ start, limit, reverse = false }, visit) {
      let count = 0;
      for (const { value } of db.getRange(start === undefined ? { limit, reverse } : { start, limit, reverse })) {
        visit(value);
        count++;
      }
      return count;
    },
    transactions: transactionsOf(db),
    close: () => db.close(),
  };
}

function transactionsOf(db: Database): TransactionalEngine {
  const modifyNow = (key: Buffer, update: (old: Uint8Array) => Uint8Array): void => {
    const old = db.getBinary(key);
    if (old === undefined) throw new Error('a record that was written is not there');
    db.putSync(key, update(old));
  };
  return {
    async modify(key, update) {
      await db.transaction(() => modifyNow(key, update));
      return 0;
    },
    async modifyAwaiting(key, update) {
      await db.transaction(async () => modifyNow(key, update));
      return 0;
    },
    readTogether(keys, visit) {
      const transaction = db.useReadTransaction();
      for (const key of keys) visit(db.getBinaryFast(key, { transaction }));
      transaction.done();
    },
    readOneByOne(keys, visit) {
      for (const key of keys) visit(db.getBinaryFast(key));
    },
  };
}
