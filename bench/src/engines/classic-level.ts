/** classic-level (LevelDB). `commit` is its `sync` write option; scans take a thousand entries per call (`nextv`). */

import { importPeer, type KeyValueEngine, type OpenOptions } from '../engine.js';

interface ClassicLevelModule {
  readonly ClassicLevel: new (directory: string, options: { keyEncoding: 'buffer'; valueEncoding: 'buffer' }) => Level;
}

interface Level {
  open(): Promise<void>;
  batch(operations: { type: 'put'; key: Buffer; value: Buffer }[], options: { sync: boolean }): Promise<void>;
  get(key: Buffer): Promise<Buffer | undefined>;
  getSync(key: Buffer): Buffer | undefined;
  iterator(options: { gte?: Buffer; limit: number; keys: boolean }): LevelIterator;
  close(): Promise<void>;
}

interface LevelIterator {
  nextv(count: number): Promise<[Buffer, Buffer][]>;
  close(): Promise<void>;
}

const ENTRIES_PER_CALL = 1000;

export async function openEngine({ directory, durability }: OpenOptions): Promise<KeyValueEngine> {
  const { ClassicLevel } = await importPeer<ClassicLevelModule>('classic-level');
  const db = new ClassicLevel(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await db.open();
  return {
    writeBatch(keys, values, from, count) {
      const operations = [];
      for (let i = from; i < from + count; i++) {
        operations.push({ type: 'put' as const, key: keys[i]!, value: values[i]! });
      }
      return db.batch(operations, { sync: durability === 'commit' });
    },
    get: (key) => db.get(key),
    getSync: (key) => db.getSync(key),
    async scan(start, limit, visit) {
      const iterator = db.iterator({ ...(start === undefined ? {} : { gte: start }), limit, keys: true });
      let count = 0;
      for (;;) {
        const entries = await iterator.nextv(Math.min(limit, ENTRIES_PER_CALL));
        if (entries.length === 0) break;
        for (const [, value] of entries) visit(value);
        count += entries.length;
        if (count >= limit) break;
      }
      await iterator.close();
      return count;
    },
    close: () => db.close(),
  };
}
