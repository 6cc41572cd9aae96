/** What becomes of the space of values: reused, compressed, collected while nobody writes, bounded while somebody does. */

import { beforeEach, describe, expect, test } from 'vitest';
import { seededRandom, utf8Encode } from '../../../../src/base/index.js';
import { verify } from '../../../../src/recovery/index.js';
import { type Engine, inlineExecutor, WriteBatch } from '../../../../src/storage/index.js';
import { MemFileSystem, systemEnvironment } from '../../../../src/vfs/index.js';
import { FaultFileSystem } from '../../../support/fault-file-system.js';
import { ManualTime } from '../../../support/manual-time.js';
import { ENGINE_DIRECTORY, openTestEngine } from '../fixtures.js';

const VALUES = { thresholdBytes: 100, segmentBytes: 4000, garbageRatio: 0.5, compression: 'none' } as const;
const INLINE = { ...VALUES, thresholdBytes: Number.POSITIVE_INFINITY };
/** Nothing is done for the sake of space while so little is written. */
const LAZY = { ...VALUES, segmentBytes: 2 ** 26 };

let fileSystem: MemFileSystem;
let next: number;

beforeEach(() => {
  fileSystem = new MemFileSystem({ trackCrashes: true });
  next = 1;
});

function valueOf(number: number, round: number): Uint8Array {
  return utf8Encode(`${number}:${round};`.padEnd(300, `${round % 10}`));
}

async function put(engine: Engine, number: number, value: Uint8Array): Promise<void> {
  const batch = new WriteBatch();
  batch.put(utf8Encode(`key${number}`), value);
  await engine.commit(batch, next++);
}

async function fill(engine: Engine, round: number, keys = 40): Promise<void> {
  for (let i = 0; i < keys; i++) await put(engine, i, valueOf(i, round));
}

function expectRound(engine: Engine, round: number, keys = 40): void {
  for (let i = 0; i < keys; i++) expect(engine.get(utf8Encode(`key${i}`), next)).toEqual(valueOf(i, round));
}

function bytesOnDisk(pattern = /./): number {
  const names = fileSystem.list(ENGINE_DIRECTORY).filter((name) => pattern.test(name));
  return names.reduce((sum, name) => sum + fileSystem.stat(`${ENGINE_DIRECTORY}/${name}`).sizeBytes, 0);
}

async function expectSound(): Promise<void> {
  const { problems, orphans } = await verify(systemEnvironment({ fileSystem }), ENGINE_DIRECTORY);
  expect({ problems, orphans }).toEqual({ problems: [], orphans: [] });
}

describe('compression of values', () => {
  test('stores less, and what does not become smaller as it is; moved or not, they read the same', async () => {
    const { engine } = await openTestEngine(fileSystem, { valueLog: { ...VALUES, compression: 'lz4' } });
    for (let round = 1; round <= 3; round++) await fill(engine, round);
    const random = seededRandom(7);
    const noise = Uint8Array.from({ length: 300 }, () => random.u32());
    await put(engine, 99, noise);
    const { logBytes, userBytes } = engine.stats();
    expect(userBytes).toBeGreaterThan(3 * 40 * 300);
    expect(logBytes).toBeLessThan(userBytes / 2);
    await engine.gc();
    expectRound(engine, 3);
    await engine.close();
    const reopened = await openTestEngine(fileSystem, { valueLog: VALUES });
    expectRound(reopened.engine, 3);
    expect(reopened.engine.get(utf8Encode('key99'), next)).toEqual(noise);
    await reopened.engine.close();
    await expectSound();
  });
});

describe('values in tables', () => {
  test('leave them with the next merge when they are large by now, under their timestamps', async () => {
    const { engine } = await openTestEngine(fileSystem, { valueLog: INLINE });
    await fill(engine, 1);
    await engine.close();
    expect(bytesOnDisk(/\.val$/)).toBe(0);
    const retention = { view: () => ({ horizon: next, pinned: [40] }) };
    const second = await openTestEngine(fileSystem, { valueLog: VALUES }, { retention });
    await put(second.engine, 0, valueOf(0, 2));
    await second.engine.compact();
    expect(second.engine.stats().valueLog.liveBytes).toBe(41 * 300);
    expect(bytesOnDisk(/\.tbl$/)).toBeLessThan(41 * 100);
    expect(second.engine.get(utf8Encode('key0'), 40)).toEqual(valueOf(0, 1));
    expect(second.engine.get(utf8Encode('key0'), next)).toEqual(valueOf(0, 2));
    await second.engine.close();
    await expectSound();
  });

  test('no file of moved values is much larger than a segment', async () => {
    const { engine } = await openTestEngine(fileSystem, { valueLog: INLINE });
    await fill(engine, 1, 100);
    await engine.close();
    const second = await openTestEngine(fileSystem, { valueLog: VALUES });
    await second.engine.compact();
    const sizes = fileSystem.list(ENGINE_DIRECTORY).filter((name) => name.endsWith('.val'));
    expect(sizes.length).toBeGreaterThan((100 * 300) / 4000);
    for (const name of sizes) expect(fileSystem.stat(`${ENGINE_DIRECTORY}/${name}`).sizeBytes).toBeLessThan(4400);
    expectRound(second.engine, 1, 100);
    await second.engine.close();
    await expectSound();
  });
});

describe('space', () => {
  test('comes back in a small database that nobody writes to', async () => {
    const time = new ManualTime(0);
    const environment = { ...systemEnvironment({ fileSystem }), scheduler: time.scheduler, clock: time.clock };
    const executor = inlineExecutor(environment);
    const { engine } = await openTestEngine(fileSystem, { valueLog: LAZY }, { environment, executor });
    for (let round = 1; round <= 6; round++) await fill(engine, round);
    expect(bytesOnDisk(/\.(log|val)$/)).toBeGreaterThan(3 * 40 * 300);
    for (let i = 0; i < 12; i++) await time.advance(10_000);
    expect(bytesOnDisk(/\.(log|val)$/)).toBeLessThan(1.3 * 40 * 300);
    expectRound(engine, 6);
    expect(time.timers).toBe(0);
    await engine.close();
    await expectSound();
  });

  test('of many short runs is joined by gc: few files are left', async () => {
    const options = { valueLog: LAZY, memtableBytes: 65_536 };
    for (let run = 0; run < 40; run++) {
      const { engine } = await openTestEngine(fileSystem, options);
      await put(engine, run, valueOf(run, 1));
      await engine.close();
    }
    const { engine, events } = await openTestEngine(fileSystem, options);
    await engine.compact();
    expect(engine.stats().valueLog.segments).toBeGreaterThan(16);
    await engine.gc();
    expect(engine.stats().valueLog.segments).toBeLessThanOrEqual(16);
    expectRound(engine, 1);
    const moved = events.filter((event) => event.type === 'gc').length;
    await engine.gc();
    expect(events.filter((event) => event.type === 'gc')).toHaveLength(moved);
    await engine.close();
    await expectSound();
  });

  test('is told of when it comes back', async () => {
    const { engine, events } = await openTestEngine(fileSystem, { valueLog: VALUES });
    for (let round = 1; round <= 4; round++) await fill(engine, round);
    await engine.gc();
    const told = events.filter((event) => event.type === 'gc');
    expect(told.reduce((sum, { movedBytes }) => sum + movedBytes, 0)).toBe(engine.stats().valueLog.movedBytes);
    expect(told.reduce((sum, { freedBytes }) => sum + freedBytes, 0)).toBeGreaterThan(2 * 40 * 300);
    await engine.close();
  });

  test('counts values in the amplification', async () => {
    const { engine } = await openTestEngine(fileSystem, { valueLog: LAZY });
    await fill(engine, 1);
    await engine.compact();
    expect(engine.stats().amplification.space).toBeLessThan(1.25);
    await fill(engine, 2);
    await engine.flush();
    expect(engine.stats().amplification.space).toBeGreaterThan(1.8);
    await engine.close();
  });

  test('is bounded while values are overwritten without end', async () => {
    const environment = systemEnvironment({ fileSystem: (fileSystem = new MemFileSystem()) });
    const valueLog = { ...VALUES, thresholdBytes: 4096, segmentBytes: 2 ** 18 };
    const options = { valueLog, memtableBytes: 2 ** 20, wal: { sync: 'manual' } } as const;
    const { engine } = await openTestEngine(fileSystem, options, {
      environment,
      executor: inlineExecutor(environment),
    });
    const random = seededRandom(3);
    const keys = 256;
    const live = keys * 2 ** 16;
    let peak = 0;
    for (let i = 0; i < 6 * keys; i++) {
      await put(engine, i < keys ? i : random.u32() % keys, new Uint8Array(2 ** 16).fill(i));
      if (i >= keys && i % 8 === 0) peak = Math.max(peak, bytesOnDisk());
    }
    expect(peak / live).toBeGreaterThan(1.2);
    expect(peak / live).toBeLessThan(2.2);
    await engine.gc();
    expect(bytesOnDisk() / live).toBeLessThan(1.3);
    await engine.close();
  });
});

describe('commits without large values', () => {
  test('are not slowed while segments wait for their deletion', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    /** Where it takes long to unlink a file. */
    class Slow extends MemFileSystem {
      override async unlinkAside(path: string): Promise<void> {
        await released;
        await super.unlinkAside(path);
      }
    }
    fileSystem = new Slow();
    const { engine, events } = await openTestEngine(fileSystem, { valueLog: VALUES });
    const small = async (round: number): Promise<void> => {
      for (let i = 0; i < 200; i++) await put(engine, i, utf8Encode(`${round}`.padEnd(90, '.')));
    };
    await small(0);
    const reader = engine.cursor({}, { asOf: next - 1, reverse: false });
    for (let round = 1; round <= 8; round++) await small(round);
    reader.close();
    expect(bytesOnDisk(/log$/)).toBeGreaterThan(16 * VALUES.segmentBytes);
    await small(9);
    expect(events.filter((event) => event.type === 'stall' && event.reason === 'values')).toEqual([]);
    release();
    await engine.close();
  });
});

describe('a segment that nothing needs', () => {
  test('becomes the next one, and what it held before counts for nothing', async () => {
    const faulty = new FaultFileSystem(fileSystem);
    const { engine } = await openTestEngine(faulty, { valueLog: VALUES });
    for (let round = 1; round <= 9; round++) await fill(engine, round);
    expect(faulty.trace.some((line) => /^rename .*\.log/.test(line))).toBe(true);
    const killed = fileSystem.crashImage('kill', seededRandom(1));
    await engine.close();
    fileSystem = killed;
    fileSystem.unlink(`${ENGINE_DIRECTORY}/LOCK`);
    const { engine: again, report } = await openTestEngine(fileSystem, { valueLog: VALUES });
    expect(report).toMatchObject({ tornBytesCut: 0, lastTimestamp: next - 1 });
    expectRound(again, 9);
    await again.close();
    await expectSound();
  });

  test('stays when many leave together, as far as there is room for them', async () => {
    const faulty = new FaultFileSystem(fileSystem);
    const { engine } = await openTestEngine(faulty, { valueLog: VALUES });
    const keys = 200;
    await fill(engine, 1, keys);
    // Nothing leaves while somebody reads what there was.
    const reader = engine.cursor({}, { asOf: next - 1, reverse: false });
    for (let round = 2; round <= 3; round++) await fill(engine, round, keys);
    await engine.flush();
    await engine.compact({});
    const logs = (): number => fileSystem.list(ENGINE_DIRECTORY).filter((name) => name.endsWith('.log')).length;
    const before = logs();
    reader.close();
    const gone = before - logs();
    // A third is alive, a third is room for spare segments, a third too much.
    expect(gone).toBeGreaterThan(0);
    expect(gone).toBeLessThan(before / 2);
    await engine.close();
  });

  test('is not used again once a checkpoint may link to it', async () => {
    const { engine } = await openTestEngine(fileSystem, { valueLog: VALUES });
    await fill(engine, 1);
    await engine.flush();
    const pinned = engine.pinFiles();
    const linked = pinned.segments.filter(({ name }) => name.endsWith('.log'));
    expect(linked.length).toBeGreaterThan(0);
    fileSystem.createDirectory('/copy');
    for (const { name, path } of linked) fileSystem.link(path, `/copy/${name}`);
    const before = linked.map(({ name }) => bytesOf(`/copy/${name}`));
    pinned.release();
    for (let round = 2; round <= 9; round++) await fill(engine, round);
    expect(linked.map(({ name }) => bytesOf(`/copy/${name}`))).toEqual(before);
    await engine.close();
  });
});

function bytesOf(path: string): string {
  const file = fileSystem.open(path, 'read');
  const content = new Uint8Array(file.size());
  file.read(content, 0);
  file.close();
  return Buffer.from(content).toString('latin1');
}
