import { describe, expect, test } from 'vitest';
import { CorruptionError, InvalidArgumentError, IoError, LockedError, seededRandom } from '../../../src/base/index.js';
import { MAX_TIMESTAMP } from '../../../src/storage/index.js';
import { type File, MemFileSystem } from '../../../src/vfs/index.js';
import { FaultFileSystem } from '../../support/fault-file-system.js';
import {
  batchOf,
  bytes,
  ENGINE_DIRECTORY,
  fileNames,
  getText,
  type OpenedEngine,
  openTestEngine,
  scanText,
} from '../storage/fixtures.js';

const LARGE_MEMTABLE = { memtableBytes: 1 << 20 };

function everything({ engine }: OpenedEngine): string[] {
  return scanText(engine.cursor({}, { asOf: engine.lastTimestamp }));
}

/** A file system as a killed process leaves it after `count` commits to a single log segment. */
async function killedAfter(count: number): Promise<MemFileSystem> {
  const fileSystem = new MemFileSystem({ trackCrashes: true });
  const { engine } = await openTestEngine(fileSystem, LARGE_MEMTABLE);
  for (let i = 1; i <= count; i++) await engine.commit(batchOf({ [`k${i}`]: `v${i}` }), i);
  return fileSystem.crashImage('kill', seededRandom(1));
}

/** Bytes of a file up to the last one that is not 0. */
function usedBytes(fileSystem: MemFileSystem, name: string): number {
  return contentOf(fileSystem, name).findLastIndex((byte) => byte !== 0) + 1;
}

const FRAME_MARKER_START = 0xf5;

function contentOf(fileSystem: MemFileSystem, name: string): Uint8Array {
  const file = fileSystem.open(`${ENGINE_DIRECTORY}/${name}`, 'read');
  const content = new Uint8Array(file.size());
  file.read(content, 0);
  file.close();
  return content;
}

function withFile(fileSystem: MemFileSystem, name: string, act: (file: File) => void): void {
  const file = fileSystem.open(`${ENGINE_DIRECTORY}/${name}`, 'update');
  act(file);
  file.close();
}

function logName(fileSystem: MemFileSystem): string {
  const names = fileNames(fileSystem, '.log');
  expect(names).toHaveLength(1);
  return names[0]!;
}

describe('a file system that takes no writes', () => {
  /** A database that was closed, on what has become read-only. */
  async function mounted(): Promise<{ memory: MemFileSystem; readOnly: FaultFileSystem }> {
    const memory = await killedAfter(3);
    const readOnly = new FaultFileSystem(memory);
    for (const operation of ['lock', 'unlink', 'write', 'createDirectory', 'syncDirectory'] as const) {
      readOnly.inject({ operation, errno: 'EROFS' });
    }
    return { memory, readOnly };
  }

  test('is opened read-only without a lock, and read', async () => {
    const { readOnly } = await mounted();
    const opened = await openTestEngine(readOnly, { readOnly: true });
    expect(everything(opened)).toEqual(['k1=v1', 'k2=v2', 'k3=v3']);
    await opened.engine.close();
    expect(readOnly.openFiles).toEqual([]);
  });

  test('is not opened for writing', async () => {
    const { readOnly } = await mounted();
    await expect(openTestEngine(readOnly)).rejects.toMatchObject({ code: 'VARVE_IO', errno: 'EROFS' });
  });

  test('does not bring a reader past a living holder', async () => {
    const { memory, readOnly } = await mounted();
    const lock = memory.lock(`${ENGINE_DIRECTORY}/LOCK`);
    await expect(openTestEngine(readOnly, { readOnly: true })).rejects.toThrow(LockedError);
    lock.release();
  });

  test('any other fault of the lock ends a reader too', async () => {
    const faulty = new FaultFileSystem(await killedAfter(1));
    faulty.inject({ operation: 'lock', errno: 'EACCES' });
    await expect(openTestEngine(faulty, { readOnly: true })).rejects.toMatchObject({ errno: 'EACCES' });
  });
});

describe('opening', () => {
  test('creates a database, durably, with all the directories above it', async () => {
    const fileSystem = new MemFileSystem({ trackCrashes: true });
    const opened = await openTestEngine(fileSystem);
    expect(opened.report).toMatchObject({ created: true, lastTimestamp: 0, logsReplayed: 0, orphansRemoved: [] });
    const image = fileSystem.crashImage('lost', seededRandom(1));
    const again = await openTestEngine(image, { createIfMissing: false });
    expect(again.report).toMatchObject({ created: false, lastTimestamp: 0, batchesReplayed: 0 });
    await again.engine.close();
    await opened.engine.close();
  });

  test('does not create when told not to, and touches nothing', async () => {
    const fileSystem = new MemFileSystem();
    await expect(openTestEngine(fileSystem, { createIfMissing: false })).rejects.toThrow(InvalidArgumentError);
    await expect(openTestEngine(fileSystem, { readOnly: true })).rejects.toThrow(InvalidArgumentError);
    expect(fileSystem.exists(ENGINE_DIRECTORY)).toBe(false);
  });

  test('refuses a directory with other things in it, and touches nothing', async () => {
    const fileSystem = new MemFileSystem();
    fileSystem.createDirectory(ENGINE_DIRECTORY);
    fileSystem.open(`${ENGINE_DIRECTORY}/thesis.txt`, 'create').close();
    const failure = await openTestEngine(fileSystem).catch((cause: unknown) => cause);
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect((failure as InvalidArgumentError).facts).toMatchObject({ file: 'thesis.txt', offset: 0 });
    expect(fileSystem.list(ENGINE_DIRECTORY)).toEqual(['thesis.txt']);
  });

  test('refuses a file where the directory should be', async () => {
    const fileSystem = new MemFileSystem();
    fileSystem.open(ENGINE_DIRECTORY, 'create').close();
    await expect(openTestEngine(fileSystem)).rejects.toThrow(InvalidArgumentError);
  });

  test('leaves strange files beside a database alone', async () => {
    const fileSystem = new MemFileSystem();
    await (await openTestEngine(fileSystem)).engine.close();
    fileSystem.open(`${ENGINE_DIRECTORY}/notes.log`, 'create').close();
    const { engine, report } = await openTestEngine(fileSystem);
    expect(report.orphansRemoved).toEqual([]);
    expect(fileSystem.exists(`${ENGINE_DIRECTORY}/notes.log`)).toBe(true);
    await engine.close();
  });

  test('is exclusive, and the lock is given back by close and by a failed open', async () => {
    const fileSystem = new MemFileSystem();
    const first = await openTestEngine(fileSystem);
    await expect(openTestEngine(fileSystem)).rejects.toThrow(LockedError);
    await first.engine.commit(batchOf({ a: '1' }), 1);
    await first.engine.close();
    const manifest = fileSystem.list(ENGINE_DIRECTORY).find((name) => name.startsWith('MANIFEST'));
    withFile(fileSystem, manifest!, (file) => file.write(Uint8Array.of(0xff), 30));
    await expect(openTestEngine(fileSystem)).rejects.toThrow(CorruptionError);
    await expect(openTestEngine(fileSystem)).rejects.toThrow(CorruptionError);
  });

  test('cut short anywhere during creation can be done again', async () => {
    const dry = new FaultFileSystem(new MemFileSystem());
    await openTestEngine(dry);
    for (let change = 1; change <= dry.changes; change++) {
      for (const mode of ['kill', 'lost', 'subset', 'names-lost'] as const) {
        const memory = new MemFileSystem({ trackCrashes: true });
        const faulty = new FaultFileSystem(memory);
        let image = memory;
        faulty.cutPowerAt(change, () => {
          image = memory.crashImage(mode, seededRandom(change));
        });
        await expect(openTestEngine(faulty)).rejects.toThrow(IoError);
        const { engine, report } = await openTestEngine(image);
        expect(report.lastTimestamp).toBe(0);
        await engine.commit(batchOf({ a: '1' }), 1);
        expect(getText(engine, 'a')).toBe('1');
        await engine.close();
      }
    }
  });
});

describe('recovery', () => {
  test('replays the log into tables, and a second recovery finds nothing to do', async () => {
    const image = await killedAfter(5);
    const first = await openTestEngine(image, LARGE_MEMTABLE);
    expect(first.report).toMatchObject({
      created: false,
      lastTimestamp: 5,
      logsReplayed: 1,
      batchesReplayed: 5,
      tornBytesCut: 0,
    });
    expect(first.events).toMatchObject([{ type: 'recovery', lastTimestamp: 5, batchesReplayed: 5 }]);
    expect(first.engine.stats()).toMatchObject({ memtableEntries: 0, levels: [{ runs: 1, entries: 5 }] });
    const before = everything(first);
    const second = await openTestEngine(image.crashImage('kill', seededRandom(1)), LARGE_MEMTABLE);
    expect(second.report).toMatchObject({ lastTimestamp: 5, batchesReplayed: 0, tornBytesCut: 0, orphansRemoved: [] });
    expect(everything(second)).toEqual(before);
    expect(before).toEqual(['k1=v1', 'k2=v2', 'k3=v3', 'k4=v4', 'k5=v5']);
    await first.engine.close();
    await second.engine.close();
  });

  test('of a log larger than a memtable writes several tables', async () => {
    const image = await killedAfter(200);
    const opened = await openTestEngine(image, {
      compaction: { policy: 'leveled', level0Runs: 100, levelBaseBytes: 1 << 20, sizeRatio: 4 },
    });
    expect(opened.engine.stats().levels[0]!.runs).toBeGreaterThan(2);
    expect(everything(opened)).toHaveLength(200);
    expect(getText(opened.engine, 'k150', 149)).toBeUndefined();
    await opened.engine.close();
  });

  test('follows the chain of segments that are not flushed yet', async () => {
    const fileSystem = new MemFileSystem({ trackCrashes: true });
    const stuck = {
      run: () => new Promise<never>(() => {}),
      runNow: () => {
        throw new Error('not now');
      },
      cancel: () => undefined,
      remove: async () => undefined,
      close: async () => undefined,
    };
    const { engine } = await openTestEngine(fileSystem, {}, { executor: stuck });
    for (let i = 1; engine.stats().sealedMemtables < 2; i++)
      await engine.commit(batchOf({ [`k${i}`]: 'x'.repeat(50) }), i);
    const count = engine.lastTimestamp;
    const logs = fileNames(fileSystem, '.log');
    expect(logs).toHaveLength(3);

    const opened = await openTestEngine(fileSystem.crashImage('lost', seededRandom(1)));
    expect(opened.report).toMatchObject({ lastTimestamp: count, logsReplayed: 3, batchesReplayed: count });
    expect(everything(opened)).toHaveLength(count);
    await opened.engine.close();

    for (const missing of logs.slice(0, 2)) {
      const image = fileSystem.crashImage('lost', seededRandom(1));
      image.unlink(`${ENGINE_DIRECTORY}/${missing}`);
      await expect(openTestEngine(image), `without ${missing}`).rejects.toThrow(`${missing}: damaged at offset 0`);
    }
  });

  test('cuts a torn tail at every length, and keeps what is before it', async () => {
    const whole = await killedAfter(3);
    const log = logName(whole);
    const size = usedBytes(whole, log);
    const frame = size - contentOf(whole, log).lastIndexOf(FRAME_MARKER_START);
    for (let cut = 1; cut <= frame; cut++) {
      const image = whole.crashImage('kill', seededRandom(1));
      withFile(image, log, (file) => file.truncate(size - cut));
      const torn = usedBytes(image, log) - (size - frame);
      const opened = await openTestEngine(image);
      expect(opened.report).toMatchObject({ lastTimestamp: 2, batchesReplayed: 2, tornBytesCut: Math.max(0, torn) });
      expect(everything(opened)).toEqual(['k1=v1', 'k2=v2']);
      await opened.engine.close();
    }
  });

  test('takes junk behind the last commit for a torn tail, and zeros for room that was not used', async () => {
    for (const junk of [new Uint8Array(5000), new Uint8Array(77).fill(0xf5), bytes('junk')]) {
      const image = await killedAfter(3);
      const log = logName(image);
      const size = usedBytes(image, log);
      withFile(image, log, (file) => file.write(junk, size));
      const opened = await openTestEngine(image);
      expect(opened.report).toMatchObject({ lastTimestamp: 3, tornBytesCut: junk[0] === 0 ? 0 : junk.length });
      await opened.engine.close();
    }
  });

  test('refuses damage to a commit that a later one shows to have been durable', async () => {
    const whole = await killedAfter(4);
    const log = logName(whole);
    const frame = (usedBytes(whole, log) - 28) / 4;
    for (let at = 20; at < 28 + 3 * frame; at += 3) {
      const image = whole.crashImage('kill', seededRandom(1));
      withFile(image, log, (file) => flip(file, at));
      const failure = await openTestEngine(image).catch((cause: unknown) => cause);
      expect(failure, `byte ${at}`).toBeInstanceOf(CorruptionError);
      expect((failure as CorruptionError).facts).toMatchObject({ file: log });
    }
  });

  test('refuses damage anywhere in the log of a database that was closed in order', async () => {
    const fileSystem = new MemFileSystem({ trackCrashes: true });
    const { engine } = await openTestEngine(fileSystem);
    await engine.commit(batchOf({ a: '1' }), 1);
    await engine.close();
    const log = logName(fileSystem);
    const end = contentOf(fileSystem, log).lastIndexOf(FRAME_MARKER_START);
    for (let at = 20; at < end; at++) {
      const image = fileSystem.crashImage('kill', seededRandom(1));
      withFile(image, log, (file) => flip(file, at));
      await expect(openTestEngine(image), `byte ${at}`).rejects.toThrow(CorruptionError);
    }
  });

  test('removes its own files that nothing refers to, and says so', async () => {
    const image = await killedAfter(2);
    for (const name of ['000900.tbl', '000901.log', 'MANIFEST-000902', 'CURRENT.tmp']) {
      image.open(`${ENGINE_DIRECTORY}/${name}`, 'create').close();
    }
    const { engine, report } = await openTestEngine(image);
    expect([...report.orphansRemoved].sort()).toEqual(['000900.tbl', '000901.log', 'CURRENT.tmp', 'MANIFEST-000902']);
    expect(fileNames(image, '.tbl')).not.toContain('000900.tbl');
    await engine.commit(batchOf({ a: '1' }), 3);
    await engine.flush();
    expect(fileNames(image, '.tbl').every((name) => name >= '000903.tbl')).toBe(true);
    await engine.close();
  });

  test.each(['CURRENT', 'MANIFEST', '.tbl'])('refuses a database without its %s', async (part) => {
    const fileSystem = new MemFileSystem();
    const { engine } = await openTestEngine(fileSystem);
    await engine.commit(batchOf({ a: '1' }), 1);
    await engine.flush();
    await engine.close();
    const name = fileSystem.list(ENGINE_DIRECTORY).find((one) => one.includes(part))!;
    fileSystem.unlink(`${ENGINE_DIRECTORY}/${name}`);
    const names = fileSystem.list(ENGINE_DIRECTORY);
    await expect(openTestEngine(fileSystem)).rejects.toThrow(CorruptionError);
    expect(fileSystem.list(ENGINE_DIRECTORY)).toEqual(names);
  });

  test.each([0, 100])('refuses a table that was cut to %d bytes', async (size) => {
    const fileSystem = new MemFileSystem();
    const { engine } = await openTestEngine(fileSystem);
    await engine.commit(batchOf({ a: '1' }), 1);
    await engine.flush();
    await engine.close();
    const [name] = fileNames(fileSystem, '.tbl');
    withFile(fileSystem, name!, (file) => file.truncate(size));
    const failure = await openTestEngine(fileSystem).catch((cause: unknown) => cause);
    expect((failure as CorruptionError).facts).toMatchObject({ file: name, offset: size, found: `${size} bytes` });
  });

  test('never hands out a timestamp again, even when the newest commits left no entries', async () => {
    const fileSystem = new MemFileSystem();
    const first = await openTestEngine(fileSystem);
    await first.engine.commit(batchOf({ a: '1' }), 7);
    await first.engine.commit(batchOf({}), 9);
    await first.engine.close();
    const second = await openTestEngine(fileSystem);
    expect(second.engine.lastTimestamp).toBe(9);
    await second.engine.flush();
    await second.engine.close();
    const third = await openTestEngine(fileSystem);
    expect(third.report).toMatchObject({ lastTimestamp: 9, batchesReplayed: 0 });
    await third.engine.close();
  });

  test('keeps deletions above what is deeper, and versions that are retained', async () => {
    const fileSystem = new MemFileSystem();
    const retention = { view: () => ({ horizon: 2, pinned: [] }) };
    const first = await openTestEngine(fileSystem, {}, { retention });
    await first.engine.commit(batchOf({ a: '1', b: '1' }), 1);
    await first.engine.flush();
    await first.engine.commit(batchOf({ a: undefined }), 2);
    await first.engine.commit(batchOf({ b: '3' }), 3);
    await first.engine.commit(batchOf({ b: '4' }), 4);
    await first.engine.close();
    const second = await openTestEngine(fileSystem, {}, { retention });
    const values = [2, 3, 4, MAX_TIMESTAMP].map((asOf) => [
      getText(second.engine, 'a', asOf),
      getText(second.engine, 'b', asOf),
    ]);
    expect(values).toEqual([
      [undefined, '1'],
      [undefined, '3'],
      [undefined, '4'],
      [undefined, '4'],
    ]);
    await second.engine.close();
  });

  test('cut short anywhere starts again from the same state', async () => {
    const image = await killedAfter(30);
    const dry = new FaultFileSystem(image.crashImage('kill', seededRandom(1)));
    await openTestEngine(dry);
    for (let change = 1; change <= dry.changes; change++) {
      const memory = image.crashImage('kill', seededRandom(1));
      const faulty = new FaultFileSystem(memory);
      let after = memory;
      faulty.cutPowerAt(change, () => {
        after = memory.crashImage('subset', seededRandom(change));
      });
      const cut = await openTestEngine(faulty).catch((cause: unknown) => cause);
      expect(faulty.powerless, `change ${change}: ${String(cut)}`).toBe(true);
      const opened = await openTestEngine(after);
      expect(opened.report.lastTimestamp).toBe(30);
      expect(everything(opened)).toHaveLength(30);
      await opened.engine.close();
    }
  });
});

describe('a full disk', () => {
  const FILLED = ['000900.tbl', '000901.val', 'MANIFEST-000902', 'CURRENT.tmp'];

  /** Killed with files that nothing refers to: a job was cut short. */
  async function killedWithOrphans(): Promise<MemFileSystem> {
    const image = await killedAfter(30);
    for (const name of FILLED) image.open(`${ENGINE_DIRECTORY}/${name}`, 'create').close();
    return image;
  }

  /** Of everything but the lock. */
  function namesOf(fileSystem: MemFileSystem): string[] {
    return fileNames(fileSystem, '')
      .filter((name) => name !== 'LOCK')
      .sort();
  }

  test.each([/\.tbl$/, /\.log$/, /^MANIFEST/, /^CURRENT/])(
    'that refuses %s fails the open, which leaves nothing behind however often it is tried',
    async (file) => {
      const image = await killedAfter(30);
      const names = namesOf(image);
      const faulty = new FaultFileSystem(image);
      const fault = faulty.inject({ operation: 'write', file, errno: 'ENOSPC' });
      for (let attempt = 0; attempt < 3; attempt++) {
        await expect(openTestEngine(faulty)).rejects.toMatchObject({ code: 'VARVE_IO', errno: 'ENOSPC' });
        expect(namesOf(image)).toEqual(names);
        expect(faulty.openFiles).toEqual([]);
      }
      fault.stop();
      const opened = await openTestEngine(faulty);
      expect(everything(opened)).toHaveLength(30);
      await opened.engine.close();
    },
  );

  test.each([/\.tbl$/, /\.log$/, /^MANIFEST/])(
    'that refuses %s is emptied of what nothing needs, and the database opens',
    async (file) => {
      const image = await killedWithOrphans();
      const faulty = new FaultFileSystem(image);
      const fault = faulty.inject({ operation: 'write', file, errno: 'ENOSPC', times: 1 });
      const opened = await openTestEngine(faulty);
      expect(fault.struck).toBe(1);
      expect(opened.report.orphansRemoved).toEqual(expect.arrayContaining(FILLED));
      const { trace } = faulty;
      const freed = trace.findIndex((line) => line.startsWith('unlink 000901.val'));
      expect(freed).toBeLessThan(trace.findLastIndex((line) => /^open \d+\.tbl create/.test(line)));
      expect(everything(opened)).toHaveLength(30);
      await opened.engine.close();
    },
  );

  test('costs a damaged database none of its files', async () => {
    const image = await killedWithOrphans();
    const log = logName(image);
    withFile(image, log, (file) => flip(file, 40));
    const names = namesOf(image);
    const faulty = new FaultFileSystem(image);
    faulty.inject({ operation: 'write', errno: 'ENOSPC', file: /\.(tbl|log)$|^MANIFEST/ });
    await expect(openTestEngine(faulty)).rejects.toThrow(CorruptionError);
    expect(namesOf(image)).toEqual(names);
  });

  test('and a power loss at any change of the recovery that makes room cost no commit', async () => {
    const image = await killedWithOrphans();
    const full = { operation: 'write', file: /^MANIFEST/, errno: 'ENOSPC', times: 1 } as const;
    const dry = new FaultFileSystem(image.crashImage('kill', seededRandom(1)));
    dry.inject(full);
    await openTestEngine(dry);
    for (let change = 1; change <= dry.changes; change++) {
      const memory = image.crashImage('kill', seededRandom(1));
      const faulty = new FaultFileSystem(memory);
      faulty.inject(full);
      let after = memory;
      faulty.cutPowerAt(change, () => {
        after = memory.crashImage('subset', seededRandom(change));
      });
      await openTestEngine(faulty).catch((cause: unknown) => cause);
      expect(faulty.powerless, `change ${change}`).toBe(true);
      const opened = await openTestEngine(after);
      expect(everything(opened)).toHaveLength(30);
      await opened.engine.close();
    }
  });

  test('is freed only when the manifest that lets go of files is durable', async () => {
    const fileSystem = new MemFileSystem({ trackCrashes: true });
    const { engine } = await openTestEngine(fileSystem, LARGE_MEMTABLE);
    await engine.commit(batchOf({ a: '1' }), 1);
    const seen = new FaultFileSystem(fileSystem.crashImage('kill', seededRandom(1)));
    seen.open(`${ENGINE_DIRECTORY}/000900.tbl`, 'create').close();
    seen.inject({ operation: 'write', file: /^MANIFEST/, errno: 'ENOSPC', times: 1 });
    const opened = await openTestEngine(seen);
    const unlinked = seen.trace.findIndex((line) => line.startsWith('unlink 000900.tbl'));
    const before = seen.trace.slice(0, unlinked);
    expect(before.slice(-6).some((line) => line.startsWith('sync MANIFEST'))).toBe(true);
    expect(before.slice(-6).some((line) => line.startsWith('syncDirectory'))).toBe(true);
    await opened.engine.close();
    await engine.close();
  });
});

function flip(file: File, at: number): void {
  const byte = new Uint8Array(1);
  file.read(byte, at);
  file.write(Uint8Array.of(byte[0]! ^ 0x10), at);
}
