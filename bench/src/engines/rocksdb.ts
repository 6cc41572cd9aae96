/** rocksdb (the abstract-leveldown binding; callbacks, no synchronous reads). `commit` is its `sync` write option. */

import { importPeer, type KeyValueEngine, type OpenOptions } from '../engine.js';

type Done = (error: Error | null) => void;

interface RocksModule {
  readonly default: (directory: string) => Rocks;
}

interface Put {
  readonly type: 'put';
  readonly key: Buffer;
  readonly value: Uint8Array;
}

interface Rocks {
  open(options: { createIfMissing: boolean; cacheSize?: number }, done: Done): void;
  put(key: Buffer, value: Uint8Array, options: { sync: boolean }, done: Done): void;
  batch(operations: Put[], options: { sync: boolean }, done: Done): void;
  get(key: Buffer, done: (error: Error | null, value?: Buffer) => void): void;
  iterator(options: RocksRange & { keyAsBuffer: boolean; valueAsBuffer: boolean }): RocksIterator;
  close(done: Done): void;
}

interface RocksRange {
  readonly gte?: Buffer;
  readonly lte?: Buffer;
  readonly limit: number;
  readonly reverse: boolean;
}

interface RocksIterator {
  next(done: (error: Error | null, key?: Buffer, value?: Buffer) => void): void;
  end(done: Done): void;
}

function called(start: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

export async function openEngine({ directory, durability, cacheBytes }: OpenOptions): Promise<KeyValueEngine> {
  const { default: rocksdb } = await importPeer<RocksModule>('rocksdb');
  const db = rocksdb(directory);
  const cache = cacheBytes === undefined ? {} : { cacheSize: cacheBytes };
  await called((done) => db.open({ createIfMissing: true, ...cache }, done));
  const write = { sync: durability === 'commit' };
  return {
    writeBatch: (entries) =>
      called((done) =>
        db.batch(
          entries.map(({ key, value }) => ({ type: 'put' as const, key, value })),
          write,
          done,
        ),
      ),
    put: (key, value) => called((done) => db.put(key, value, write, done)),
    get: (key) =>
      new Promise((resolve, reject) => {
        db.get(key, (error, value) => {
          // The binding has no code for a key that is not there.
          if (error !== null && !/notfound/i.test(error.message)) reject(error);
          else resolve(value);
        });
      }),
    async scan({ start, limit, reverse = false }, visit) {
      const from = start === undefined ? {} : reverse ? { lte: start } : { gte: start };
      const iterator = db.iterator({ ...from, limit, reverse, keyAsBuffer: true, valueAsBuffer: true });
      const count = await visitAll(iterator, visit);
      await called((done) => iterator.end(done));
      return count;
    },
    close: () => called((done) => db.close(done)),
  };
}

/** The binding fetches ahead and calls back in the same turn while it has entries, so a promise each would be unfair. */
function visitAll(iterator: RocksIterator, visit: (value: Uint8Array) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    let count = 0;
    const step = (error: Error | null, key?: Buffer, value?: Buffer): void => {
      if (error) return reject(error);
      if (key === undefined || value === undefined) return resolve(count);
      visit(value);
      count++;
      iterator.next(step);
    };
    iterator.next(step);
  });
}
