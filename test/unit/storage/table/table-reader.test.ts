import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { hashBytes } from '../../../../src/base/index.js';
import { WriteBatch } from '../../../../src/storage/index.js';
import { BlockCache } from '../../../../src/storage/cache/block-cache.js';
import { TableReader } from '../../../../src/storage/table/table-reader.js';
import { MemFileSystem } from '../../../../src/vfs/index.js';
import {
  bytes,
  entry,
  openTestEngine,
  TABLE_DIRECTORY,
  TABLE_FORMAT,
  tableFileSystem,
  writeTable,
} from '../fixtures.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of array buffers in use. Freed ones are taken off the account some time after they were collected. */
async function arrayBufferBytes(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().arrayBuffers;
}

describe('reading values that are larger than the cache', () => {
  test('leaves none of them in memory', async () => {
    const options = { limits: { keyBytes: 1024, valueBytes: 2 ** 24, batchBytes: 2 ** 24 }, blockCache: { bytes: 0 } };
    const { engine } = await openTestEngine(new MemFileSystem(), options);
    const values = 6;
    for (let i = 0; i < values; i++) {
      const batch = new WriteBatch();
      batch.put(bytes(`key ${i}`), new Uint8Array(2 ** 22).fill(i));
      await engine.commit(batch, i + 1);
      await engine.flush();
    }
    const before = await arrayBufferBytes();
    for (let i = 0; i < values; i++) expect(engine.has(bytes(`key ${i}`), values)).toBe(true);
    expect((await arrayBufferBytes()) - before).toBeLessThan(2 ** 22);
    for (let i = 0; i < values; i++) expect(engine.get(bytes(`key ${i}`), values)?.length).toBe(2 ** 22);
    expect((await arrayBufferBytes()) - before).toBeLessThan(2 ** 22);
    await engine.close();
  });
});

describe('a table whose keys are found as a rule', () => {
  const entries = Array.from({ length: 200 }, (_, i) => entry(`key ${String(i).padStart(4, '0')}`, 1, `value ${i}`));
  const fileSystem = tableFileSystem();
  writeTable(fileSystem, 1, entries);
  const find = (reader: TableReader, key: string): boolean => reader.find(bytes(key), hashBytes(bytes(key)), 9);

  test('still reads no block for a key that its filter rules out', () => {
    const cache = new BlockCache({ maxBytes: 2 ** 20, cellBytes: TABLE_FORMAT.blockBytes });
    const reader = new TableReader({ fileSystem, directory: TABLE_DIRECTORY, cache }, 1);
    expect(find(reader, entries[0]!.key)).toBe(true);
    const { misses } = cache.stats();
    for (let i = 100; i < 200; i++) {
      for (let found = 0; found < 20; found++) find(reader, entries[0]!.key);
      expect(find(reader, `key ${String(i).padStart(4, '0')} absent`)).toBe(false);
    }
    // One in a hundred passes the filter.
    expect(cache.stats().misses - misses).toBeLessThan(10);
    reader.close();
  });

  test('answers the same from cached blocks as through its filter', () => {
    const cache = new BlockCache({ maxBytes: 2 ** 20, cellBytes: TABLE_FORMAT.blockBytes });
    const reader = new TableReader({ fileSystem, directory: TABLE_DIRECTORY, cache }, 1);
    for (const { key } of entries) expect(find(reader, key)).toBe(true);
    for (const { key } of entries) {
      for (let i = 0; i < 20; i++) find(reader, entries[0]!.key);
      expect(find(reader, `${key} absent`)).toBe(false);
      expect(find(reader, key)).toBe(true);
    }
    reader.close();
  });
});
