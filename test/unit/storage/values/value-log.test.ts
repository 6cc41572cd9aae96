import { beforeEach, describe, expect, test } from 'vitest';
import { CorruptionError, seededRandom, utf8Encode } from '../../../../src/base/index.js';
import { verify } from '../../../../src/recovery/index.js';
import { type Engine, WriteBatch } from '../../../../src/storage/index.js';
import { MemFileSystem, systemEnvironment } from '../../../../src/vfs/index.js';
import { FaultFileSystem } from '../../../support/fault-file-system.js';
import { ENGINE_DIRECTORY, openTestEngine } from '../fixtures.js';

const OPTIONS = {
  valueLog: { thresholdBytes: 100, segmentBytes: 4000, garbageRatio: 0.5, compression: 'none' },
} as const;

let fileSystem: MemFileSystem;
let next: number;

beforeEach(() => {
  fileSystem = new MemFileSystem({ trackCrashes: true });
  next = 1;
});

function valueOf(key: string, round: number, bytes = 300): Uint8Array {
  return utf8Encode(`${key}:${round};`.padEnd(bytes, `${round % 10}`));
}

async function put(engine: Engine, key: string, value: Uint8Array | undefined): Promise<number> {
  const batch = new WriteBatch();
  if (value === undefined) batch.delete(utf8Encode(key));
  else batch.put(utf8Encode(key), value);
  await engine.commit(batch, next);
  return next++;
}

async function fill(engine: Engine, round: number, keys = 40): Promise<void> {
  for (let i = 0; i < keys; i++) await put(engine, `key${i}`, valueOf(`key${i}`, round));
}

function get(engine: Engine, key: string, asOf = next): Uint8Array | undefined {
  return engine.get(utf8Encode(key), asOf);
}

function files(pattern: RegExp): string[] {
  return fileSystem.list(ENGINE_DIRECTORY).filter((name) => pattern.test(name));
}

async function problems(): Promise<readonly Error[]> {
  return (await verify(systemEnvironment({ fileSystem }), ENGINE_DIRECTORY)).problems;
}

describe('separated values', () => {
  test('are read from memtable, tables and after a restart, and written once', async () => {
    const { engine } = await openTestEngine(fileSystem, OPTIONS);
    await fill(engine, 1, 10);
    expect(get(engine, 'key3')).toEqual(valueOf('key3', 1));
    await engine.compact();
    expect(get(engine, 'key3')).toEqual(valueOf('key3', 1));
    const { logBytes, flushBytesWritten, compactionBytesWritten, userBytes } = engine.stats();
    expect(logBytes + flushBytesWritten + compactionBytesWritten).toBeLessThan(2 * userBytes);
    await engine.close();
    const reopened = await openTestEngine(fileSystem, OPTIONS);
    expect(get(reopened.engine, 'key3')).toEqual(valueOf('key3', 1));
    await reopened.engine.close();
    expect(await problems()).toEqual([]);
  });

  test('`has` and a cursor that is not asked for values read none', async () => {
    const faulty = new FaultFileSystem(fileSystem);
    const { engine } = await openTestEngine(faulty, OPTIONS);
    await fill(engine, 1, 5);
    const before = faulty.trace.length;
    expect(engine.has(utf8Encode('key2'), next)).toBe(true);
    const cursor = engine.cursor({}, { asOf: next });
    let keys = 0;
    while (cursor.next()) keys += cursor.key().length > 0 ? 1 : 0;
    expect(keys).toBe(5);
    expect(faulty.trace.slice(before).filter((line) => line.startsWith('read'))).toEqual([]);
    await engine.close();
  });

  test('the space of overwritten ones comes back by itself, and all of it by gc', async () => {
    const { engine } = await openTestEngine(fileSystem, OPTIONS);
    for (let round = 1; round <= 12; round++) await fill(engine, round);
    await engine.gc();
    const { bytes, liveBytes } = engine.stats().valueLog;
    expect(liveBytes).toBe(40 * 300);
    expect(bytes).toBeLessThan(1.3 * liveBytes);
    for (let i = 0; i < 40; i++) expect(get(engine, `key${i}`)).toEqual(valueOf(`key${i}`, 12));
    await engine.close();
    expect(await problems()).toEqual([]);
    const onDisk = files(/\.(log|val)$/).reduce((sum, name) => {
      return sum + fileSystem.stat(`${ENGINE_DIRECTORY}/${name}`).sizeBytes;
    }, 0);
    expect(onDisk).toBeLessThan(1.5 * liveBytes);
  });

  test('a deleted key does not return when what is left of its file is moved', async () => {
    const { engine } = await openTestEngine(fileSystem, OPTIONS);
    await fill(engine, 1);
    await engine.flush();
    for (let i = 0; i < 40; i += 2) await put(engine, `key${i}`, undefined);
    await engine.gc();
    for (let i = 0; i < 40; i++) {
      expect(get(engine, `key${i}`)).toEqual(i % 2 === 0 ? undefined : valueOf(`key${i}`, 1));
    }
    expect(engine.stats().valueLog.movedBytes).toBeGreaterThan(0);
    await engine.close();
  });

  test('a moved value shadows nothing newer, and old snapshots read what they saw', async () => {
    const pinned: number[] = [];
    const { engine } = await openTestEngine(fileSystem, OPTIONS, {
      retention: { view: () => ({ horizon: next, pinned }) },
    });
    await fill(engine, 1);
    const seen = next - 1;
    pinned.push(seen);
    for (let round = 2; round < 6; round++) await fill(engine, round);
    await engine.gc();
    for (let i = 0; i < 40; i++) {
      expect(get(engine, `key${i}`, seen)).toEqual(valueOf(`key${i}`, 1));
      expect(get(engine, `key${i}`)).toEqual(valueOf(`key${i}`, 5));
    }
    await engine.close();
  });

  test('a cursor reads on although all that it stands on was flushed, overwritten and collected', async () => {
    const { engine } = await openTestEngine(fileSystem, OPTIONS);
    await fill(engine, 1, 10);
    const cursor = engine.cursor({}, { asOf: next });
    expect(cursor.next()).toBe(true);
    await fill(engine, 2, 10);
    await engine.gc();
    let found = 1;
    expect(cursor.value()).toEqual(valueOf('key0', 1));
    while (cursor.next()) expect(cursor.value()).toEqual(valueOf(`key${found++}`, 1));
    expect(found).toBe(10);
    const before = files(/\.log$/).length;
    cursor.close();
    await engine.flush();
    expect(files(/\.log$/).length).toBeLessThanOrEqual(before);
    await engine.close();
    expect(await problems()).toEqual([]);
  });

  test('values that a kill left unsynced are durable before recovered tables point to them', async () => {
    const faulty = new FaultFileSystem(fileSystem);
    const { engine } = await openTestEngine(faulty, { ...OPTIONS, memtableBytes: 65_536, wal: { sync: 'manual' } });
    await put(engine, 'a', valueOf('a', 1));
    // An engine that has stopped leaves its files as a kill does.
    faulty.inject({ operation: 'sync', errno: 'EIO' });
    await expect(engine.sync()).rejects.toThrow('EIO');
    await engine.close();
    const second = await openTestEngine(fileSystem, OPTIONS);
    const lost = fileSystem.crashImage('lost', seededRandom(1));
    await second.engine.close();
    if (lost.exists(`${ENGINE_DIRECTORY}/LOCK`)) lost.unlink(`${ENGINE_DIRECTORY}/LOCK`);
    const third = await openTestEngine(lost, OPTIONS);
    expect(get(third.engine, 'a')).toEqual(valueOf('a', 1));
    await third.engine.close();
  });

  test('a file that is shorter than what tables point to, or missing, stops the open', async () => {
    const { engine } = await openTestEngine(fileSystem, OPTIONS);
    await fill(engine, 1, 5);
    await engine.close();
    const [segment] = files(/\.log$/);
    const path = `${ENGINE_DIRECTORY}/${segment}`;
    const file = fileSystem.open(path, 'update');
    file.truncate(200);
    file.close();
    await expect(openTestEngine(fileSystem, OPTIONS)).rejects.toThrow(CorruptionError);
    fileSystem.unlink(path);
    await expect(openTestEngine(fileSystem, OPTIONS)).rejects.toThrow(/none/);
  });

  test.each([0, Number.POSITIVE_INFINITY])(
    'work with a threshold of %s, empty values included',
    async (thresholdBytes) => {
      const options = { valueLog: { ...OPTIONS.valueLog, thresholdBytes } };
      const { engine } = await openTestEngine(fileSystem, options);
      await put(engine, 'empty', utf8Encode(''));
      await put(engine, 'one', utf8Encode('1'));
      await engine.gc();
      expect(get(engine, 'empty')).toEqual(utf8Encode(''));
      expect(get(engine, 'one')).toEqual(utf8Encode('1'));
      expect(engine.stats().valueLog.segments > 0).toBe(thresholdBytes === 0);
      await engine.close();
      expect(await problems()).toEqual([]);
    },
  );
});
