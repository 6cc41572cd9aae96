/** Reads while flushes and merges replace tables: what is read stays in the block cache, under its new number. */

import { describe, expect, test } from 'vitest';
import { ClosedError } from '../../../../src/base/index.js';
import type { BlockCacheStats } from '../../../../src/storage/cache/block-cache.js';
import type { Engine } from '../../../../src/storage/index.js';
import { MemFileSystem } from '../../../../src/vfs/index.js';
import { FaultFileSystem } from '../../../support/fault-file-system.js';
import { batchOf, fileNames, getText, openTestEngine } from '../fixtures.js';

const MEMTABLE = 1024 * 1024;
/** Nothing happens unless it is asked for. */
const CALM = {
  memtableBytes: MEMTABLE,
  tableBytes: 16 * 1024,
  compaction: { policy: 'leveled', level0Runs: 8, levelBaseBytes: MEMTABLE, sizeRatio: 4 },
} as const;

const keyOf = (number: number): string => `key ${String(number).padStart(5, '0')}`;
const valueOf = (number: number, round: number): string => `${round}: ${'x'.repeat(20 + (number % 30))}`;

async function write(engine: Engine, numbers: readonly number[], round: number): Promise<void> {
  const writes = Object.fromEntries(numbers.map((number) => [keyOf(number), valueOf(number, round)]));
  await engine.commit(batchOf(writes), engine.lastTimestamp + 1);
}

/** Reads records that were written last in `round`, and says what the cache did. */
function read(engine: Engine, numbers: readonly number[], round: number): Pick<BlockCacheStats, 'hits' | 'misses'> {
  const before = engine.stats().blockCache;
  for (const number of numbers) expect(getText(engine, keyOf(number))).toBe(valueOf(number, round));
  const after = engine.stats().blockCache;
  return { hits: after.hits - before.hits, misses: after.misses - before.misses };
}

function range(from: number, to: number, step = 1): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step);
}

const ALL = range(0, 2000);

describe('blocks that a merge writes', () => {
  test('are in the cache at the first read where those it read were', async () => {
    const { engine } = await openTestEngine(new MemFileSystem(), { ...CALM, blockCache: { bytes: 2 ** 20 } });
    await write(engine, ALL, 1);
    await engine.flush();
    expect(read(engine, ALL, 1).misses).toBeGreaterThan(400);
    await write(engine, ALL, 2);
    await engine.compact();
    expect(
      engine
        .stats()
        .levels.flatMap(({ tables }) => tables)
        .reduce((sum, tables) => sum + tables, 0),
    ).toBeGreaterThan(5);
    expect(read(engine, ALL, 2)).toEqual({ hits: 2000, misses: 0 });
    await engine.close();
  });

  test('are not where nobody has read', async () => {
    const { engine } = await openTestEngine(new MemFileSystem(), { ...CALM, blockCache: { bytes: 2 ** 20 } });
    await write(engine, ALL, 1);
    await engine.flush();
    await write(engine, ALL, 2);
    await engine.compact();
    expect(engine.stats().blockCache.blocks).toBe(0);
    // Of a part that was read, that part.
    const part = range(500, 600);
    read(engine, part, 2);
    await write(engine, ALL, 3);
    await engine.compact();
    const { blocks } = engine.stats().blockCache;
    expect(blocks).toBeGreaterThan(15);
    expect(blocks).toBeLessThan(50);
    expect(read(engine, part.slice(10, 90), 3)).toEqual({ hits: 80, misses: 0 });
    await engine.close();
  });

  test('drive nothing out of a cache that is full', async () => {
    const { engine } = await openTestEngine(new MemFileSystem(), { ...CALM, blockCache: { bytes: 64 * 256 } });
    await write(engine, ALL, 1);
    await engine.compact();
    const hot = range(0, 150);
    while (engine.stats().blockCache.evictions === 0) read(engine, ALL, 1);
    while (read(engine, hot, 1).misses > 0);
    const { evictions } = engine.stats().blockCache;
    // The hot blocks are in tables that the merge leaves alone.
    await write(engine, range(1000, 2000), 2);
    await engine.compact({ lower: new TextEncoder().encode(keyOf(1000)) });
    expect(engine.stats().blockCache.evictions).toBe(evictions);
    expect(read(engine, hot, 1)).toEqual({ hits: 150, misses: 0 });
    await engine.close();
  });

  test('leave the cache when the merge fails', async () => {
    const memory = new MemFileSystem();
    const faulty = new FaultFileSystem(memory, { memory });
    const { engine } = await openTestEngine(faulty, { ...CALM, blockCache: { bytes: 2 ** 20 } });
    await write(engine, ALL, 1);
    await engine.flush();
    read(engine, ALL, 1);
    await write(engine, range(0, 2000, 7), 2);
    await engine.flush();
    const { blocks } = engine.stats().blockCache;
    const tables = fileNames(memory, '.tbl');
    const fault = faulty.inject({ operation: 'sync', file: /tbl$/, errno: 'EIO', skip: 3, times: 1, losesData: true });
    await expect(engine.compact()).rejects.toThrow(ClosedError);
    expect(fault.struck).toBe(1);
    expect(fileNames(memory, '.tbl')).toEqual(tables);
    expect(engine.stats().blockCache).toMatchObject({ blocks, evictions: 0 });
    await engine.close();
  });

  test('leave the cache with a table that is replaced before anybody read it', async () => {
    const { engine } = await openTestEngine(new MemFileSystem(), { ...CALM, blockCache: { bytes: 2 ** 20 } });
    await write(engine, ALL, 1);
    await engine.flush();
    read(engine, ALL, 1);
    const { blocks } = engine.stats().blockCache;
    for (let round = 2; round < 6; round++) {
      await write(engine, ALL, round);
      await engine.compact();
      expect(Math.abs(engine.stats().blockCache.blocks - blocks)).toBeLessThan(blocks / 10);
    }
    expect(read(engine, ALL, 5).misses).toBe(0);
    await engine.close();
  });
});

test('blocks that a flush writes are in the cache at the first read where reads come between flushes', async () => {
  const { engine } = await openTestEngine(new MemFileSystem(), { ...CALM, blockCache: { bytes: 2 ** 20 } });
  await write(engine, ALL, 1);
  await engine.flush();
  expect(engine.stats().blockCache.blocks).toBe(0);
  read(engine, ALL, 1);
  const some = range(0, 2000, 3);
  await write(engine, some, 2);
  await engine.flush();
  expect(read(engine, some, 2)).toMatchObject({ hits: some.length, misses: 0 });
  await engine.close();
});
