import { beforeEach, describe, expect, test } from 'vitest';
import { CorruptionError, seededRandom, utf8Encode } from '../../../../src/base/index.js';
import { verify } from '../../../../src/recovery/index.js';
import { type Engine, WriteBatch } from '../../../../src/storage/index.js';
import { MemFileSystem, systemEnvironment } from '../../../../src/vfs/index.js';
import { ENGINE_DIRECTORY, openTestEngine, type OpenedEngine } from '../fixtures.js';

const OPTIONS = {
  valueLog: { thresholdBytes: 100, segmentBytes: 4000, garbageRatio: 0.5, compression: 'none' },
} as const;
const BAD = 'key20';

let fileSystem: MemFileSystem;
let next: number;

beforeEach(() => {
  fileSystem = new MemFileSystem({ trackCrashes: true });
  next = 1;
});

function valueOf(key: string, round: number): Uint8Array {
  return utf8Encode(`${key}:${round};`.padEnd(300, `${round % 10}`));
}

async function put(engine: Engine, key: string, value: Uint8Array | undefined): Promise<void> {
  const batch = new WriteBatch();
  if (value === undefined) batch.delete(utf8Encode(key));
  else batch.put(utf8Encode(key), value);
  await engine.commit(batch, next++);
}

async function fill(engine: Engine, round: number): Promise<void> {
  for (let i = 0; i < 40; i++)
    if (`key${i}` !== BAD || round === 1) await put(engine, `key${i}`, valueOf(`key${i}`, round));
}

function get(engine: Engine, key: string): Uint8Array | undefined {
  return engine.get(utf8Encode(key), next);
}

/** Flips a bit of the value wherever it is stored. Returns the file's name. */
function damage(key: string): string {
  const text = `${key}:1;`;
  for (const name of fileSystem.list(ENGINE_DIRECTORY).filter((one) => /\.(log|val)$/.test(one))) {
    const file = fileSystem.open(`${ENGINE_DIRECTORY}/${name}`, 'update');
    const content = Buffer.alloc(file.size());
    file.read(content, 0);
    const at = content.indexOf(text);
    if (at >= 0) file.write(Uint8Array.of(content[at + 50]! ^ 1), at + 50);
    file.syncNow();
    file.close();
    if (at >= 0) return name;
  }
  throw new Error(`${text} is nowhere`);
}

function told({ events }: OpenedEngine): unknown[] {
  return events.filter(({ type }) => type === 'damage' || type === 'poisoned');
}

/** A database with much garbage beside a damaged value. */
async function damaged(): Promise<{ opened: OpenedEngine; file: string }> {
  const first = await openTestEngine(fileSystem, OPTIONS);
  await fill(first.engine, 1);
  await first.engine.flush();
  for (let i = 0; i < 40; i += 3) if (`key${i}` !== BAD) await put(first.engine, `key${i}`, undefined);
  await first.engine.close();
  const file = damage(BAD);
  return { opened: await openTestEngine(fileSystem, OPTIONS), file };
}

describe('a damaged value', () => {
  test('is told of by gc, which does without it, and stays where whoever reads it is told', async () => {
    const { opened, file } = await damaged();
    const { engine } = opened;
    for (let i = 1; i < 40; i++) if (`key${i}` !== BAD && i % 13 !== 0) await put(engine, `key${i}`, undefined);
    for (let attempt = 1; attempt <= 2; attempt++) {
      const failure = await engine.gc().catch((cause: unknown) => cause);
      expect(failure).toBeInstanceOf(CorruptionError);
      expect((failure as CorruptionError).facts).toMatchObject({ file });
      const events = told(opened);
      expect(events.length).toBeGreaterThanOrEqual(attempt);
      for (const event of events) expect(event).toMatchObject({ type: 'damage', file, error: { facts: { file } } });
      expect(() => get(engine, BAD)).toThrow(`${file}: damaged at offset`);
      expect(get(engine, 'key13')).toEqual(valueOf('key13', 1));
      await put(engine, 'after', valueOf('after', 1));
    }
    await engine.close();
    const { problems } = await verify(systemEnvironment({ fileSystem }), ENGINE_DIRECTORY);
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining(`${file}: damaged`)]);
    const { engine: reopened } = await openTestEngine(fileSystem, OPTIONS);
    expect(() => get(reopened, BAD)).toThrow(CorruptionError);
    expect(get(reopened, 'after')).toEqual(valueOf('after', 1));
    await reopened.close();
  });

  test('is out of the way once its key is deleted: gc gives everything back', async () => {
    const { opened, file } = await damaged();
    const { engine } = opened;
    await expect(engine.gc()).rejects.toThrow(CorruptionError);
    await put(engine, BAD, undefined);
    await engine.gc();
    expect(fileSystem.list(ENGINE_DIRECTORY)).not.toContain(file);
    const { bytes, liveBytes } = engine.stats().valueLog;
    expect(bytes).toBeLessThan(1.3 * liveBytes);
    await engine.close();
    expect((await verify(systemEnvironment({ fileSystem }), ENGINE_DIRECTORY)).problems).toEqual([]);
  });

  test('stops no writing: files are emptied around it, and it is told once', async () => {
    const { opened, file } = await damaged();
    const { engine } = opened;
    for (let round = 2; round < 30; round++) await fill(engine, round);
    await engine.compact();
    await expect(engine.gc()).rejects.toThrow(CorruptionError);
    const before = told(opened).length;
    for (let round = 30; round < 60; round++) await fill(engine, round);
    expect(told(opened)).toHaveLength(before);
    const { bytes, liveBytes } = engine.stats().valueLog;
    expect(bytes).toBeLessThan(3 * liveBytes);
    for (let i = 0; i < 40; i++) if (`key${i}` !== BAD) expect(get(engine, `key${i}`)).toEqual(valueOf(`key${i}`, 59));
    expect(() => get(engine, BAD)).toThrow(`${file}: damaged`);
    await engine.close();
  });

  test('does not come between a crash and what was promised', async () => {
    const { opened } = await damaged();
    const { engine } = opened;
    await expect(engine.gc()).rejects.toThrow(CorruptionError);
    for (let seed = 1; seed <= 5; seed++) {
      const image = fileSystem.crashImage('lost', seededRandom(seed));
      const { engine: after } = await openTestEngine(image, OPTIONS);
      expect(get(after, 'key13')).toEqual(valueOf('key13', 1));
      expect(get(after, 'key0')).toBeUndefined();
      expect(() => get(after, BAD)).toThrow(CorruptionError);
      await after.close();
    }
    await engine.close();
  });
});
