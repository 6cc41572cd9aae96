import { describe, expect, test } from 'vitest';
import {
  ClosedError,
  InvalidArgumentError,
  InvariantError,
  LimitError,
  seededRandom,
} from '../../../../src/base/index.js';
import { type CommitOutcome, inlineExecutor, type Job, type JobExecutor } from '../../../../src/storage/index.js';
import { SEALED_MAX } from '../../../../src/storage/engine/backlog.js';
import { MemFileSystem, systemEnvironment } from '../../../../src/vfs/index.js';
import { batchOf, bytes, ENGINE_DIRECTORY, fileNames, getText, openTestEngine, scanText } from '../fixtures.js';

async function writeMany(
  engine: Awaited<ReturnType<typeof openTestEngine>>['engine'],
  from: number,
  to: number,
): Promise<void> {
  const commits: Promise<void>[] = [];
  for (let i = from; i < to; i++) {
    commits.push(
      engine.commit(
        batchOf({ [`key${i % 50}`]: `value ${i} ${'.'.repeat(i % 90)}` }),
        engine.lastTimestamp + 1 + commits.length,
      ),
    );
    if (commits.length === 20) await Promise.all(commits.splice(0));
  }
  await Promise.all(commits);
}

describe('commits', () => {
  test('are read as of their timestamp, whole', async () => {
    const { engine } = await openTestEngine(new MemFileSystem());
    await engine.commit(batchOf({ a: '1', b: '1' }), 10);
    await engine.commit(batchOf({ a: undefined, b: '' }), 20);
    expect([9, 10, 19, 20, 99].map((asOf) => [getText(engine, 'a', asOf), getText(engine, 'b', asOf)])).toEqual([
      [undefined, undefined],
      ['1', '1'],
      ['1', '1'],
      [undefined, ''],
      [undefined, ''],
    ]);
    expect(engine.lastTimestamp).toBe(20);
    await engine.close();
  });

  test('made in one turn share one write and one sync', async () => {
    const { engine } = await openTestEngine(new MemFileSystem());
    const before = engine.stats();
    await Promise.all([1, 2, 3, 4, 5].map((i) => engine.commit(batchOf({ k: String(i) }), i)));
    const { groups, syncs, commits } = engine.stats();
    expect({ commits, groups: groups - before.groups, syncs: syncs - before.syncs }).toEqual({
      commits: 5,
      groups: 1,
      syncs: 1,
    });
    await engine.close();
  });

  test('are not visible before they are as durable as they want to be', async () => {
    const { engine } = await openTestEngine(new MemFileSystem());
    const commit = engine.commit(batchOf({ a: '1' }), 1);
    expect(engine.lastTimestamp).toBe(0);
    expect(getText(engine, 'a', 99)).toBeUndefined();
    await commit;
    expect(getText(engine, 'a')).toBe('1');
    await engine.close();
  });

  test('on this thread bring everything queued before to its end', async () => {
    const { engine } = await openTestEngine(new MemFileSystem());
    const settled: number[] = [];
    const queued = [1, 2].map((i) => engine.commit(batchOf({ a: String(i) }), i).then(() => settled.push(i)));
    engine.commitSync(batchOf({ b: '3' }), 3);
    expect([engine.lastTimestamp, getText(engine, 'a'), getText(engine, 'b')]).toEqual([3, '2', '3']);
    await Promise.all(queued);
    expect(settled).toEqual([1, 2]);
    await engine.close();
  });

  test('on this thread make their own room, however many there are', async () => {
    const { engine, events } = await openTestEngine(new MemFileSystem());
    for (let i = 1; i <= 12_000; i++) engine.commitSync(batchOf({ [`key${i % 70}`]: `value ${i}` }), i);
    expect(engine.stats().sealedMemtables).toBeLessThanOrEqual(SEALED_MAX);
    expect(engine.stats().levels[0]!.runs).toBeLessThanOrEqual(18);
    expect(events.map((event) => event.type)).toContain('compaction');
    for (let i = 11_931; i <= 12_000; i++) expect(getText(engine, `key${i % 70}`)).toBe(`value ${i}`);
    await engine.close();
  });

  test('larger than the memtable are taken as a whole', async () => {
    const { engine } = await openTestEngine(new MemFileSystem());
    const large = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key${i}`, 'x'.repeat(500)]));
    await engine.commit(batchOf({ small: '1' }), 1);
    await engine.commit(batchOf(large), 2);
    await engine.commit(batchOf({ small: '2' }), 3);
    expect(scanText(engine.cursor({}, { asOf: 3 }))).toHaveLength(101);
    await engine.close();
  });

  test('must rise in timestamp', async () => {
    const { engine } = await openTestEngine(new MemFileSystem());
    await engine.commit(batchOf({ a: '1' }), 5);
    await expect(engine.commit(batchOf({ a: '2' }), 5)).rejects.toThrow(InvariantError);
    expect(() => engine.commitSync(batchOf({ a: '2' }), 4)).toThrow(InvariantError);
    await engine.close();
  });

  test('over a limit are refused before anything is written, at it they are taken', async () => {
    const limits = { keyBytes: 4, valueBytes: 8, batchBytes: 40 };
    const { engine } = await openTestEngine(new MemFileSystem(), { limits });
    const refused = async (writes: Record<string, string>, limit: string): Promise<void> => {
      const failure = await engine.commit(batchOf(writes), 50).catch((cause: unknown) => cause);
      expect(failure).toBeInstanceOf(LimitError);
      expect((failure as LimitError).facts).toMatchObject({ limit });
    };
    await refused({ abcde: 'v' }, 'limits.keyBytes');
    await refused({ abcd: '123456789' }, 'limits.valueBytes');
    await refused({ a: '12345678', b: '12345678', c: '12345678', d: '1' }, 'limits.batchBytes');
    expect(() => engine.commitSync(batchOf({ abcde: 'v' }), 50)).toThrow(LimitError);
    expect(engine.stats().logBytes).toBe(0);
    await engine.commit(batchOf({ abcd: '12345678', bcde: '12345678' }), 2);
    expect(getText(engine, 'abcd')).toBe('12345678');
    await engine.close();
  });

  test('that nobody waits for are refused before they fill the memory, and the rest is kept', async () => {
    const limits = { keyBytes: 10, valueBytes: 1024 * 1024, batchBytes: 1024 * 1024 };
    const { engine } = await openTestEngine(new MemFileSystem(), { limits, memtableBytes: 64 * 1024 * 1024 });
    const batch = batchOf({ a: 'x'.repeat(1000 * 1000) });
    const waiting: Promise<void>[] = [];
    let refusal: unknown;
    let timestamp = 0;
    for (; refusal === undefined && timestamp < 100; timestamp++) {
      try {
        let outcome: CommitOutcome | undefined;
        const done = new Promise<void>((resolve, reject) => {
          outcome = { committed: resolve, failed: reject };
        });
        engine.submit(batch, timestamp + 1, undefined, outcome!);
        waiting.push(done);
      } catch (cause) {
        refusal = cause;
      }
    }
    expect(refusal).toBeInstanceOf(LimitError);
    expect((refusal as LimitError).limit).toBe('limits.batchBytes');
    expect(waiting.length).toBe(16);
    await Promise.all(waiting);
    expect(engine.lastTimestamp).toBe(16);
    await engine.commit(batch, timestamp + 1);
    await engine.close();
  });
});

describe('durability', () => {
  /** What a power failure right now would leave of key `a`. */
  async function afterPowerFailure(fileSystem: MemFileSystem): Promise<string | undefined> {
    const image = fileSystem.crashImage('lost', { float: () => 0, u32: () => 0 });
    const { engine } = await openTestEngine(image);
    const value = getText(engine, 'a');
    await engine.close();
    return value;
  }

  test('commit: every commit survives a power failure, unless it asks for less', async () => {
    const fileSystem = new MemFileSystem({ trackCrashes: true });
    const { engine } = await openTestEngine(fileSystem);
    await engine.commit(batchOf({ a: '1' }), 1);
    expect(await afterPowerFailure(fileSystem)).toBe('1');
    await engine.commit(batchOf({ a: '2' }), 2, { durability: 'buffered' });
    expect(await afterPowerFailure(fileSystem)).toBe('1');
    engine.commitSync(batchOf({ a: '3' }), 3);
    expect(await afterPowerFailure(fileSystem)).toBe('3');
    await engine.close();
  });

  test('manual: sync and single durable commits make everything before them durable', async () => {
    const fileSystem = new MemFileSystem({ trackCrashes: true });
    const { engine } = await openTestEngine(fileSystem, { wal: { sync: 'manual' } });
    await engine.commit(batchOf({ a: '1' }), 1);
    expect(await afterPowerFailure(fileSystem)).toBeUndefined();
    await engine.sync();
    expect(await afterPowerFailure(fileSystem)).toBe('1');
    await engine.commit(batchOf({ a: '2' }), 2);
    await engine.commit(batchOf({ b: '3' }), 3, { durability: 'commit' });
    expect(await afterPowerFailure(fileSystem)).toBe('2');
    await engine.close();
  });

  test('everyCommits: at most so many commits are lost', async () => {
    const fileSystem = new MemFileSystem({ trackCrashes: true });
    const { engine } = await openTestEngine(fileSystem, { wal: { sync: { everyCommits: 3 } } });
    const survivors: (string | undefined)[] = [];
    for (let i = 1; i <= 6; i++) {
      await engine.commit(batchOf({ a: String(i) }), i);
      survivors.push(await afterPowerFailure(fileSystem));
    }
    expect(survivors).toEqual([undefined, undefined, '3', '3', '3', '6']);
    await engine.close();
  });

  test('everyMs: a timer makes buffered commits durable, and runs only when there are some', async () => {
    const timers: { delayMs: number; task: () => void }[] = [];
    const scheduler = {
      nextTurn: (task: () => void): void => void setImmediate(task),
      after: (delayMs: number, task: () => void): (() => void) => {
        timers.push({ delayMs, task });
        return () => undefined;
      },
    };
    const fileSystem = new MemFileSystem({ trackCrashes: true });
    const { engine } = await openTestEngine(fileSystem, { wal: { sync: { everyMs: 25 } } }, { scheduler });
    expect(timers).toEqual([]);
    await engine.commit(batchOf({ a: '1' }), 1);
    await engine.commit(batchOf({ a: '2' }), 2);
    expect(timers.map((timer) => timer.delayMs)).toEqual([25]);
    expect(await afterPowerFailure(fileSystem)).toBeUndefined();
    const { syncs } = engine.stats();
    timers[0]!.task();
    while (engine.stats().syncs === syncs) await new Promise((resolve) => setImmediate(resolve));
    expect(await afterPowerFailure(fileSystem)).toBe('2');
    expect(timers).toHaveLength(1);
    await engine.close();
  });

  test('close makes everything durable', async () => {
    const fileSystem = new MemFileSystem({ trackCrashes: true });
    const { engine } = await openTestEngine(fileSystem, { wal: { sync: 'manual' } });
    const commit = engine.commit(batchOf({ a: '1' }), 1);
    await engine.close();
    await commit;
    expect(await afterPowerFailure(fileSystem)).toBe('1');
  });
});

describe('flush and compaction', () => {
  test('flush moves everything queued before it to tables, and lets the log go', async () => {
    const fileSystem = new MemFileSystem();
    const { engine } = await openTestEngine(fileSystem, { memtableBytes: 1 << 20 });
    const commits = [1, 2, 3].map((i) => engine.commit(batchOf({ [`k${i}`]: String(i) }), i));
    const [logBefore] = fileNames(fileSystem, '.log');
    await engine.flush();
    await Promise.all(commits);
    expect(engine.stats()).toMatchObject({ memtableEntries: 0, sealedMemtables: 0, flushes: 1 });
    expect(engine.stats().levels[0]).toMatchObject({ runs: 1, entries: 3 });
    expect(fileNames(fileSystem, '.log')).toHaveLength(1);
    expect(fileNames(fileSystem, '.log')).not.toContain(logBefore);
    await engine.flush();
    expect(engine.stats().flushes).toBe(1);
    await engine.close();
  });

  const policies = ['leveled', 'tiered', 'lazy-leveled'] as const;
  test.each(policies)(
    'compact leaves one run, drops what nobody retains, and deletes its inputs: %s',
    async (policy) => {
      const fileSystem = new MemFileSystem();
      const compaction = { policy, level0Runs: 2, levelBaseBytes: 2048, sizeRatio: 3 };
      const { engine } = await openTestEngine(fileSystem, { compaction });
      await writeMany(engine, 0, 600);
      await engine.commit(batchOf({ key0: undefined }), engine.lastTimestamp + 1);
      await engine.compact();
      const { levels, tableMemoryBytes } = engine.stats();
      const full = levels.filter((level) => level.runs > 0);
      expect(full).toMatchObject([{ runs: 1, entries: 49, tombstones: 0 }]);
      expect(fileNames(fileSystem, '.tbl')).toHaveLength(full[0]!.tables);
      expect(engine.prunedThrough).toBe(engine.lastTimestamp);
      expect(scanText(engine.cursor({}, { asOf: engine.lastTimestamp }))).toHaveLength(49);
      expect(engine.stats().tableMemoryBytes).toBeGreaterThan(tableMemoryBytes);
      await engine.close();
    },
  );

  test.each(policies)('compact of a range drops what nobody retains in it, and nothing else: %s', async (policy) => {
    const compaction = { policy, level0Runs: 2, levelBaseBytes: 2048, sizeRatio: 3 };
    const { engine } = await openTestEngine(new MemFileSystem(), { compaction });
    await writeMany(engine, 0, 600);
    const deleted = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`key${20 + i}`, undefined]));
    await engine.commit(batchOf(deleted), engine.lastTimestamp + 1);
    const expected = scanText(engine.cursor({}, { asOf: engine.lastTimestamp }));
    await engine.compact({ lower: bytes('key20'), upper: bytes('key30') });
    expect(scanText(engine.cursor({}, { asOf: engine.lastTimestamp }))).toEqual(expected);
    expect(expected).toHaveLength(40);
    expect(engine.stats().levels.reduce((sum, level) => sum + level.tombstones, 0)).toBe(0);
    await engine.close();
  });

  test('a cursor keeps what it began with, whatever happens under it', async () => {
    const fileSystem = new MemFileSystem();
    const { engine } = await openTestEngine(fileSystem);
    await writeMany(engine, 0, 300);
    const asOf = engine.lastTimestamp;
    const expected = scanText(engine.cursor({}, { asOf }));
    const cursors = [false, true].map((reverse) => engine.cursor({}, { asOf, reverse }));
    for (const cursor of cursors) expect(cursor.next()).toBe(true);
    await writeMany(engine, 300, 900);
    await engine.compact();
    const tables = fileNames(fileSystem, '.tbl').length;
    const rest = cursors.map(scanText);
    expect(rest[0]).toEqual(expected.slice(1));
    expect(rest[1]).toEqual(expected.toReversed().slice(1));
    expect(fileNames(fileSystem, '.tbl').length).toBeLessThan(tables);
    await engine.close();
  });

  test('a cursor that is closed early gives back what it held, once', async () => {
    const fileSystem = new MemFileSystem();
    const { engine } = await openTestEngine(fileSystem);
    await writeMany(engine, 0, 300);
    const cursor = engine.cursor({ lower: bytes('key1') }, { asOf: engine.lastTimestamp });
    cursor.next();
    await engine.compact();
    const before = fileNames(fileSystem, '.tbl').length;
    cursor.close();
    cursor.close();
    expect(cursor.next()).toBe(false);
    expect(fileNames(fileSystem, '.tbl').length).toBeLessThan(before);
    await engine.close();
  });

  test('pinned files stay until they are released, and make a database of their own', async () => {
    const fileSystem = new MemFileSystem();
    const { engine } = await openTestEngine(fileSystem);
    await writeMany(engine, 0, 300);
    await engine.flush();
    const pinned = engine.pinFiles();
    const expected = scanText(engine.cursor({}, { asOf: pinned.timestamp }));
    await writeMany(engine, 300, 900);
    await engine.compact();
    const image = new MemFileSystem();
    image.createDirectory(ENGINE_DIRECTORY);
    for (const table of pinned.tables) copyFile(fileSystem, image, table.path, table.meta.sizeBytes);
    for (const { name, bytes: content } of pinned.contents) {
      image.open(`${ENGINE_DIRECTORY}/${name}`, 'create').write(content, 0);
    }
    pinned.release();
    for (const table of pinned.tables) expect(fileSystem.exists(table.path)).toBe(false);
    const { engine: copy, report } = await openTestEngine(image);
    expect(report).toMatchObject({ lastTimestamp: 300, batchesReplayed: 0, orphansRemoved: [] });
    expect(scanText(copy.cursor({}, { asOf: copy.lastTimestamp }))).toEqual(expected);
    await copy.close();
    await engine.close();
  });

  test('flushes write several memtables as one run while level 0 is deep, and at once when somebody asks', async () => {
    const fileSystem = new MemFileSystem();
    const inner = inlineExecutor(systemEnvironment({ fileSystem }));
    const executor: JobExecutor = {
      run: (job) => (job.kind === 'flush' ? inner.run(job) : new Promise(() => undefined)),
      runNow: (job) => inner.runNow(job),
      cancel: (job) => inner.cancel(job),
      remove: (paths) => inner.remove(paths),
      close: () => inner.close(),
    };
    const level0Runs = 2;
    const compaction = { policy: 'leveled', level0Runs, levelBaseBytes: 8192, sizeRatio: 4 } as const;
    const { engine } = await openTestEngine(fileSystem, { compaction }, { executor });
    const runs = (): number => engine.stats().levels[0]!.runs;
    let timestamp = 0;
    const seal = async (): Promise<void> => {
      const { sealedMemtables } = engine.stats();
      while (engine.stats().sealedMemtables === sealedMemtables) {
        await engine.commit(batchOf({ [`k${timestamp}`]: 'x'.repeat(60) }), ++timestamp);
      }
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    while (engine.stats().levels.length === 0 || runs() < 3 * level0Runs) {
      await engine.commit(batchOf({ key: 'value' }), ++timestamp);
      await engine.flush();
    }
    await seal();
    await seal();
    expect([engine.stats().sealedMemtables, runs()]).toEqual([2, 3 * level0Runs]);
    await seal();
    expect([engine.stats().sealedMemtables, runs()]).toEqual([0, 3 * level0Runs + 1]);
    await seal();
    expect(engine.stats().sealedMemtables).toBe(1);
    await engine.flush();
    expect([engine.stats().sealedMemtables, runs()]).toEqual([0, 3 * level0Runs + 2]);
    const keys = scanText(engine.cursor({}, { asOf: timestamp }));
    expect(keys).toHaveLength(1 + timestamp - 3 * level0Runs);
  });

  test('commits wait while too many memtables are sealed, and go on afterwards', async () => {
    const fileSystem = new MemFileSystem();
    const environment = systemEnvironment({ fileSystem });
    const inner = inlineExecutor(environment);
    const held: (() => void)[] = [];
    const executor: JobExecutor = {
      run: async (job: Job) => {
        if (job.kind === 'flush') await new Promise<void>((resolve) => held.push(resolve));
        return inner.run(job);
      },
      runNow: (job) => inner.runNow(job),
      cancel: (job) => inner.cancel(job),
      remove: (paths) => inner.remove(paths),
      close: () => inner.close(),
    };
    const { engine } = await openTestEngine(fileSystem, {}, { executor });
    const commits = Array.from({ length: 500 }, (_, i) => engine.commit(batchOf({ [`k${i}`]: 'x'.repeat(60) }), i + 1));
    while (engine.stats().sealedMemtables < 2) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    const { lastTimestamp, sealedMemtables } = engine.stats();
    expect(sealedMemtables).toBe(SEALED_MAX);
    expect(lastTimestamp).toBeLessThan(500);
    const release = setInterval(() => held.shift()?.(), 1);
    await Promise.all(commits);
    expect(engine.lastTimestamp).toBe(500);
    await engine.close();
    clearInterval(release);
  });
});

describe('after close', () => {
  test('everything is refused, and close is idempotent', async () => {
    const { engine } = await openTestEngine(new MemFileSystem());
    await writeMany(engine, 0, 100);
    const cursor = engine.cursor({}, { asOf: engine.lastTimestamp });
    cursor.next();
    await Promise.all([engine.close(), engine.close()]);
    expect(() => engine.get(bytes('key1'), 1)).toThrow(ClosedError);
    expect(() => engine.cursor({}, { asOf: 1 })).toThrow(ClosedError);
    expect(() => cursor.next()).toThrow(ClosedError);
    cursor.close();
    await expect(engine.commit(batchOf({ a: '1' }), 1000)).rejects.toThrow(ClosedError);
    expect(() => engine.commitSync(batchOf({ a: '1' }), 1000)).toThrow(ClosedError);
    await expect(engine.flush()).rejects.toThrow(ClosedError);
    await expect(engine.sync()).rejects.toThrow(ClosedError);
    await expect(engine.compact()).rejects.toThrow(ClosedError);
  });

  test('a cursor left open keeps no file from being deleted', async () => {
    const fileSystem = new MemFileSystem();
    const { engine } = await openTestEngine(fileSystem);
    await writeMany(engine, 0, 300);
    engine.cursor({}, { asOf: engine.lastTimestamp }).next();
    await engine.compact();
    const tables = engine.stats().levels.reduce((sum, level) => sum + level.tables, 0);
    await engine.close();
    expect(fileNames(fileSystem, '.tbl')).toHaveLength(tables);
  });
});

test('an engine opened read-only reads, unflushed commits too, and refuses to write', async () => {
  const memory = new MemFileSystem({ trackCrashes: true });
  const { engine } = await openTestEngine(memory);
  await writeMany(engine, 0, 120);
  const expected = scanText(engine.cursor({}, { asOf: engine.lastTimestamp }));
  const fileSystem = memory.crashImage('kill', seededRandom(1));
  fileSystem.unlink(`${ENGINE_DIRECTORY}/LOCK`);
  await engine.close();
  const names = fileSystem.list(ENGINE_DIRECTORY);

  const { engine: readOnly, report } = await openTestEngine(fileSystem, { readOnly: true });
  expect(report.batchesReplayed).toBeGreaterThan(0);
  expect(readOnly.lastTimestamp).toBe(120);
  expect(scanText(readOnly.cursor({}, { asOf: 120 }))).toEqual(expected);
  await expect(readOnly.commit(batchOf({ a: '1' }), 121)).rejects.toThrow(InvalidArgumentError);
  expect(() => readOnly.commitSync(batchOf({ a: '1' }), 121)).toThrow(InvalidArgumentError);
  await expect(readOnly.flush()).rejects.toThrow(InvalidArgumentError);
  await readOnly.close();
  expect(fileSystem.list(ENGINE_DIRECTORY)).toEqual(names);
});

test('an engine that was closed leaves nothing to replay', async () => {
  const fileSystem = new MemFileSystem();
  const { engine } = await openTestEngine(fileSystem);
  await writeMany(engine, 0, 120);
  const expected = scanText(engine.cursor({}, { asOf: engine.lastTimestamp }));
  await engine.close();
  const { engine: again, report } = await openTestEngine(fileSystem);
  expect(report).toMatchObject({ batchesReplayed: 0, tornBytesCut: 0, lastTimestamp: 120 });
  expect(scanText(again.cursor({}, { asOf: 120 }))).toEqual(expected);
  await again.close();
});

function copyFile(from: MemFileSystem, to: MemFileSystem, path: string, sizeBytes: number): void {
  const content = new Uint8Array(sizeBytes);
  const source = from.open(path, 'read');
  source.read(content, 0);
  source.close();
  const target = to.open(path, 'create');
  target.write(content, 0);
  target.close();
}
