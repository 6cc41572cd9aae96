/** classic-level (LevelDB). `commit` is its `sync` write option; scans take a thousand entries per call (`nextv`). */

import { importPeer, type KeyValueEngine, type OpenOptions, type ScanRange } from '../engine.js';

interface ClassicLevelModule {
  readonly ClassicLevel: new (directory: string, options: { keyEncoding: 'buffer'; valueEncoding: 'buffer' }) => Level;
}

interface WriteOptions {
  readonly sync: boolean;
}

interface Level {
  open(options: { cacheSize?: number }): Promise<void>;
  put(key: Buffer, value: Uint8Array, options: WriteOptions): Promise<void>;
  batch(operations: { type: 'put'; key: Buffer; value: Uint8Array }[], options: WriteOptions): Promise<void>;
  get(key: Buffer): Promise<Buffer | undefined>;
  getSync(key: Buffer): Buffer | undefined;
  iterator(options: { gte?: Buffer; lte?: Buffer; limit: number; reverse: boolean }): LevelIterator;
  close(): Promise<void>;
}

interface LevelIterator {
  nextv(count: number): Promise<[Buffer, Buffer][]>;
  close(): Promise<void>;
}

const ENTRIES_PER_CALL = 1000;

export async function openEngine({ directory, durability, cacheBytes }: OpenOptions): Promise<KeyValueEngine> {
  const { ClassicLevel } = await importPeer<ClassicLevelModule>('classic-level');
  const db = new ClassicLevel(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await db.open(cacheBytes === undefined ? {} : { cacheSize: cacheBytes });
  const write = { sync: durability === 'commit' };
  return {
    writeBatch: (entries) =>
      db.batch(
        entries.map(({ key, value }) => ({ type: 'put' as const, key, value })),
        write,
      ),
    put: (key, value) => db.put(key, value, write),
    get: (key) => db.get(key),
    getSync: (key) => db.getSync(key),
    scan: (range, visit) => visitAll(db, range, visit),
    close: () => db.close(),
  };
}

async function visitAll(
  db: Level,
  { start, limit, reverse = false }: ScanRange,
  visit: (value: Uint8Array) => void,
): Promise<number> {
  const from = start === undefined ? {} : reverse ? { lte: start } : { gte: start };
  const iterator = db.iterator({ ...from, limit, reverse });
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
}
