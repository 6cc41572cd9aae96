/**
 * What the policies cost, in counted bytes, against the textbook. After Dayan & Idreos (2018) an entry is written about
 * (T - 1) / (K + 1) times in a level of ratio T with K runs. At most it is once per level when tiered, and 1 + T times
 * when leveled, if every merge meets a full level below (O'Neil et al., 1996).
 */

import { beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../../src/base/index.js';
import { type EngineStats, type TreePolicyName, WriteBatch } from '../../../../src/storage/index.js';
import { MemFileSystem } from '../../../../src/vfs/index.js';
import { batchOf, bytes, openTestEngine } from '../fixtures.js';

const KEYS = 3000;
const VALUE = new Uint8Array(100);
const RATIO = 4;
const LEVEL_0_RUNS = 4;
const MEMTABLE_BYTES = 16 * 1024;
/** What a memtable of that size holds, in keys and values. */
const FLUSHED_BYTES = 13_500;
/** Blocks, index, footer and timestamps, for a byte of keys and values. */
const FORMAT_OVERHEAD = 1.25;

interface Costs {
  readonly before: EngineStats;
  readonly after: EngineStats;
  /** Bytes written to tables for a byte committed. */
  readonly tables: number;
}

/** Writes every key once, then overwrites all of them in random order, ten times. */
async function overwriteTenTimes(policy: TreePolicyName): Promise<Costs> {
  const random = seededRandom(3);
  const keys = Array.from({ length: KEYS }, (_, i) => bytes(`key-${String(i).padStart(12, '0')}`));
  const { engine } = await openTestEngine(new MemFileSystem(), {
    wal: { sync: 'manual' },
    memtableBytes: MEMTABLE_BYTES,
    tableBytes: 16 * 1024,
    blockBytes: 4096,
    bloomBitsPerKey: 0,
    compaction: { policy, level0Runs: LEVEL_0_RUNS, levelBaseBytes: LEVEL_0_RUNS * FLUSHED_BYTES, sizeRatio: RATIO },
  });
  const writeAll = async (): Promise<EngineStats> => {
    for (let from = 0; from < KEYS; from += 20) {
      const batch = new WriteBatch();
      for (const key of keys.slice(from, from + 20)) batch.put(key, VALUE);
      await engine.commit(batch, engine.lastTimestamp + 1);
    }
    return engine.stats();
  };
  const before = await writeAll();
  for (let round = 0; round < 10; round++) {
    for (let i = KEYS - 1; i > 0; i--) {
      const other = random.u32() % (i + 1);
      [keys[i], keys[other]] = [keys[other]!, keys[i]!];
    }
    await writeAll();
  }
  while (engine.stats().compactionDebtBytes > 0) await new Promise((resolve) => setImmediate(resolve));
  const after = engine.stats();
  await engine.close();
  return { before, after, tables: tableBytes(after, before) / (after.userBytes - before.userBytes) };
}

function tableBytes(after: EngineStats, before: EngineStats): number {
  const written = (stats: EngineStats): number => stats.flushBytesWritten + stats.compactionBytesWritten;
  return written(after) - written(before);
}

describe('ten overwrites of a small set', () => {
  let leveled: Costs;
  let tiered: Costs;
  let lazy: Costs;
  let dataBytes = 0;
  beforeAll(async () => {
    leveled = await overwriteTenTimes('leveled');
    tiered = await overwriteTenTimes('tiered');
    lazy = await overwriteTenTimes('lazy-leveled');
    dataBytes = leveled.after.levels.at(-1)!.bytes;
  });

  test('leveled: between the average of the formula and full levels at every merge', () => {
    expect(leveled.after.levels.map((level) => level.runs).slice(1)).toEqual([1, 1]);
    // Each level to what comes from above: to level 1 all of level 0.
    const lastRatio = RATIO;
    const firstRatio = dataBytes / RATIO / (LEVEL_0_RUNS * FLUSHED_BYTES);
    const average = 1 + (firstRatio - 1) / 2 + (lastRatio - 1) / 2;
    const most = 1 + (1 + firstRatio) + (1 + lastRatio);
    expect(leveled.tables).toBeGreaterThan(average);
    expect(leveled.tables).toBeLessThan(most * FORMAT_OVERHEAD);
  });

  test('tiered: once per level', () => {
    const levels = tiered.after.levels.length - 1;
    expect(Math.max(...tiered.after.levels.map((level) => level.runs))).toBeLessThanOrEqual(RATIO);
    // The deepest levels are only beginning to fill.
    expect(tiered.tables).toBeGreaterThan(1 + ((levels - 2) * (RATIO - 1)) / RATIO);
    expect(tiered.tables).toBeLessThan((1 + levels) * FORMAT_OVERHEAD);
  });

  test('lazy-leveled: once per level above the largest, which is merged as a whole', () => {
    expect(lazy.after.levels.at(-1)!.runs).toBe(1);
    const ratioToAbove = dataBytes / (RATIO * LEVEL_0_RUNS * FLUSHED_BYTES);
    expect(lazy.tables).toBeGreaterThan(1 + (RATIO - 1) / RATIO);
    expect(lazy.tables).toBeLessThan((1 + 1 + 1 + ratioToAbove) * FORMAT_OVERHEAD);
  });

  test('writing costs less and reading more, from leveled by lazy-leveled to tiered', () => {
    expect(leveled.tables).toBeGreaterThan(lazy.tables * 1.2);
    expect(leveled.tables).toBeGreaterThan(tiered.tables * 1.2);
    expect(tiered.after.amplification.read).toBeGreaterThan(leveled.after.amplification.read);
    expect(tiered.after.amplification.space).toBeGreaterThan(leveled.after.amplification.space);
  });

  test('leveled: what is above the largest level is a fraction of it', () => {
    const level0 = (LEVEL_0_RUNS - 1) * FLUSHED_BYTES * FORMAT_OVERHEAD;
    expect(leveled.after.amplification.space).toBeLessThan(1 + 1 / RATIO + level0 / dataBytes);
  });

  test('the counters add up', () => {
    const { after } = leveled;
    expect(after.userBytes).toBe(11 * KEYS * (16 + 100));
    const written = after.logBytes + after.flushBytesWritten + after.compactionBytesWritten;
    expect(after.amplification.write).toBe(written / after.userBytes);
    expect(after.amplification.read).toBe(after.levels.reduce((sum, level) => sum + level.runs, 0));
  });
});

test('deletions leave a database that is not written to any more, level by level', async () => {
  const { engine } = await openTestEngine(new MemFileSystem());
  const commit = (value: string | undefined, from: number, to: number): Promise<void> => {
    const writes = Array.from({ length: to - from }, (_, i) => [`key${from + i}`, value] as const);
    return engine.commit(batchOf(Object.fromEntries(writes)), engine.lastTimestamp + 1);
  };
  for (let i = 0; i < 1000; i += 10) await commit('x'.repeat(90), i, i + 10);
  for (let i = 0; i < 900; i += 10) await commit(undefined, i, i + 10);
  await engine.flush();
  for (let turn = 0; turn < 2000; turn++) await new Promise((resolve) => setImmediate(resolve));
  const deeper = engine.stats().levels.slice(1);
  const sum = (field: 'entries' | 'tombstones'): number => deeper.reduce((total, level) => total + level[field], 0);
  expect(sum('tombstones')).toBeLessThan(sum('entries') * 0.25);
  await engine.close();
});
