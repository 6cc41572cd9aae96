import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../../src/base/index.js';
import { verify } from '../../../../src/recovery/index.js';
import { type Engine, type RetentionView, WriteBatch } from '../../../../src/storage/index.js';
import { MemFileSystem, systemEnvironment } from '../../../../src/vfs/index.js';
import { batchOf, bytes, ENGINE_DIRECTORY, fileNames, getText, openTestEngine, scanText } from '../fixtures.js';

const keyOf = (i: number): string => `key/${String(i).padStart(5, '0')}`;

function clearOf(lower: string, upper: string): WriteBatch {
  const batch = new WriteBatch();
  batch.clear({ lower: bytes(lower), upper: bytes(upper) });
  return batch;
}

async function fill(engine: Engine, count: number): Promise<void> {
  let timestamp = engine.lastTimestamp;
  for (let from = 0; from < count; from += 20) {
    const keys = Array.from({ length: 20 }, (_, i) => [keyOf(from + i), `value ${from + i}`.padEnd(60, '.')] as const);
    await engine.commit(batchOf(Object.fromEntries(keys)), ++timestamp);
  }
}

function scan(engine: Engine, reverse = false, asOf = engine.lastTimestamp): string[] {
  return scanText(engine.cursor({}, { asOf, reverse }));
}

describe('a range that was cleared', () => {
  test('is gone by key and by scan, in memory, in a table, and after opening again', async () => {
    const fileSystem = new MemFileSystem();
    let { engine } = await openTestEngine(fileSystem);
    await engine.commit(batchOf({ a: '1', b: '2', c: '3', d: '4' }), 1);
    await engine.commit(clearOf('b', 'd'), 2);
    await engine.commit(batchOf({ c: '5' }), 3);
    const check = (): void => {
      expect(['a', 'b', 'c', 'd'].map((key) => getText(engine, key))).toEqual(['1', undefined, '5', '4']);
      expect(scan(engine)).toEqual(['a=1', 'c=5', 'd=4']);
      expect(scan(engine, true)).toEqual(['d=4', 'c=5', 'a=1']);
    };
    check();
    await engine.flush();
    check();
    await engine.close();
    ({ engine } = await openTestEngine(fileSystem));
    check();
    await engine.compact();
    check();
    await engine.close();
  });

  test('is found in the log after a crash', async () => {
    const fileSystem = new MemFileSystem({ trackCrashes: true });
    const { engine } = await openTestEngine(fileSystem);
    await engine.commit(batchOf({ a: '1', b: '2' }), 1);
    await engine.flush();
    await engine.commit(clearOf('b', 'c'), 2);
    const image = fileSystem.crashImage('lost', seededRandom(1));
    await engine.close();
    const recovered = await openTestEngine(image);
    expect(recovered.report.batchesReplayed).toBe(1);
    expect(scan(recovered.engine)).toEqual(['a=1']);
    await recovered.engine.close();
  });

  test('may lie alone in a table that a filter says nothing of', async () => {
    const { engine } = await openTestEngine(
      new MemFileSystem(),
      {
        compaction: { policy: 'leveled', level0Runs: 100, levelBaseBytes: 2 ** 30, sizeRatio: 10 },
      },
      { retention: { view: () => ({ horizon: 0, pinned: [] }) } },
    );
    await engine.commit(batchOf({ a: '1', b: '2' }), 1);
    await engine.flush();
    await engine.commit(clearOf('a', 'b'), 2);
    await engine.flush();
    expect(engine.stats().levels[0]).toMatchObject({ runs: 2 });
    expect([getText(engine, 'a'), getText(engine, 'b'), getText(engine, 'a', 1)]).toEqual([undefined, '2', '1']);
    await engine.close();
  });

  test('does not show in a cursor that is open', async () => {
    const { engine } = await openTestEngine(new MemFileSystem());
    await engine.commit(batchOf({ a: '1', b: '2' }), 1);
    await engine.commit(clearOf('x', 'y'), 2);
    const cursor = engine.cursor({}, { asOf: 2 });
    expect(cursor.next()).toBe(true);
    await engine.commit(clearOf('a', 'z'), 3);
    expect(scanText(cursor)).toEqual(['b=2']);
    await engine.close();
  });
});

describe('space', () => {
  test('of tables that are covered comes back with the flush, without a table being read', async () => {
    const fileSystem = new MemFileSystem();
    const { engine, events } = await openTestEngine(fileSystem);
    await fill(engine, 1000);
    await engine.compact();
    const before = engine.stats();
    expect(before.levels.reduce((sum, level) => sum + level.entries, 0)).toBe(1000);
    expect(fileNames(fileSystem, '.tbl').length).toBeGreaterThan(20);
    events.length = 0;
    await engine.commit(clearOf('key/', 'key0'), engine.lastTimestamp + 1);
    await engine.flush();
    await engine.compact({ lower: bytes('x') });
    // What is left is the table with the deletion.
    expect(engine.stats().levels).toEqual([expect.objectContaining({ tables: 1, entries: 0 })]);
    expect(fileNames(fileSystem, '.tbl')).toHaveLength(1);
    expect(engine.stats().compactionBytesRead - before.compactionBytesRead).toBeLessThan(1000);
    expect(events).toContainEqual(expect.objectContaining({ type: 'compaction', entriesDropped: 1000, bytesRead: 0 }));
    await engine.close();
  });

  test('comes back with a compaction of the range where tables are covered in part', async () => {
    const fileSystem = new MemFileSystem();
    const { engine } = await openTestEngine(fileSystem, { tableBytes: 2 ** 20 });
    await fill(engine, 1000);
    await engine.compact();
    await engine.commit(clearOf(keyOf(10), keyOf(990)), engine.lastTimestamp + 1);
    await engine.compact({ lower: bytes(keyOf(500)), upper: bytes(keyOf(501)) });
    const { levels } = engine.stats();
    expect(levels.reduce((sum, level) => sum + level.entries, 0)).toBe(20);
    expect(scan(engine)).toHaveLength(20);
    await engine.close();
    const report = await verify(systemEnvironment({ fileSystem }), ENGINE_DIRECTORY);
    expect(report.problems).toEqual([]);
  });

  test('stays while a snapshot needs it, and comes back when that is closed', async () => {
    const fileSystem = new MemFileSystem();
    const view: { horizon: number; pinned: number[] } = { horizon: Number.MAX_SAFE_INTEGER, pinned: [] };
    const retention = { view: (): RetentionView => ({ ...view, pinned: [...view.pinned] }) };
    const { engine } = await openTestEngine(fileSystem, {}, { retention });
    await fill(engine, 400);
    await engine.compact();
    const pinned = engine.lastTimestamp;
    view.pinned.push(pinned);
    await engine.commit(clearOf('key/', 'key0'), pinned + 1);
    await engine.compact();
    expect(scan(engine)).toEqual([]);
    expect(scan(engine, false, pinned)).toHaveLength(400);
    view.pinned.length = 0;
    engine.released(pinned);
    for (let turn = 0; turn < 1000 && fileNames(fileSystem, '.tbl').length > 0; turn++) {
      await new Promise((resolve) => systemEnvironment().scheduler.nextTurn(() => resolve(undefined)));
    }
    expect(fileNames(fileSystem, '.tbl')).toEqual([]);
    await engine.close();
  });
});
