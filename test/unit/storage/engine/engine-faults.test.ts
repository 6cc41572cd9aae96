import { describe, expect, test } from 'vitest';
import { ClosedError, CorruptionError, IoError, seededRandom } from '../../../../src/base/index.js';
import type { Engine } from '../../../../src/storage/index.js';
import { MemFileSystem } from '../../../../src/vfs/index.js';
import { type Fault, FaultFileSystem } from '../../../support/fault-file-system.js';
import { SlowSyncFileSystem } from '../../../support/history-runner/slow-sync-file-system.js';
import { batchOf, ENGINE_DIRECTORY, ENGINE_OPTIONS, getText, openTestEngine } from '../fixtures.js';

interface Scene {
  readonly memory: MemFileSystem;
  readonly faulty: FaultFileSystem;
  readonly engine: Engine;
  readonly poisons: () => unknown[];
}

async function scene(
  thresholdBytes = ENGINE_OPTIONS.valueLog.thresholdBytes,
  waitOfSync: () => Promise<void> = () => Promise.resolve(),
): Promise<Scene> {
  const memory = new MemFileSystem({ trackCrashes: true });
  const faulty = new FaultFileSystem(memory, { memory });
  const { engine, events } = await openTestEngine(new SlowSyncFileSystem(faulty, waitOfSync), {
    valueLog: { ...ENGINE_OPTIONS.valueLog, thresholdBytes },
  });
  await engine.commit(batchOf({ before: '1' }), 1);
  return { memory, faulty, engine, poisons: () => events.filter((event) => event.type === 'poisoned') };
}

/** The engine has stopped: it says why, reads what was published, and gives everything back. */
async function expectPoisoned({ memory, faulty, engine, poisons }: Scene, lastTimestamp: number): Promise<void> {
  const failure = await engine.commit(batchOf({ after: '1' }), 1000).catch((cause: unknown) => cause);
  expect(failure).toBeInstanceOf(ClosedError);
  expect((failure as ClosedError).cause).toBeInstanceOf(IoError);
  expect(() => engine.commitSync(batchOf({ after: '1' }), 2000)).toThrow(ClosedError);
  await expect(engine.flush()).rejects.toThrow(ClosedError);
  await expect(engine.compact()).rejects.toThrow(ClosedError);
  await expect(engine.sync()).rejects.toThrow(ClosedError);
  expect(engine.stats().poisoned).toBe(true);
  expect(poisons()).toHaveLength(1);
  expect(engine.lastTimestamp).toBe(lastTimestamp);
  expect(getText(engine, 'before')).toBe('1');
  await engine.close();
  expect(faulty.trace.at(-1)).toContain('unlock');
  const { engine: reopened } = await openTestEngine(memory);
  expect(getText(reopened, 'before')).toBe('1');
  await reopened.close();
}

describe('an error in the log', () => {
  test.each<[string, Fault]>([
    ['write', { operation: 'write', file: /log$/, errno: 'EIO', times: 1 }],
    ['a full disk', { operation: 'write', file: /log$/, errno: 'ENOSPC', times: 1 }],
    ['sync', { operation: 'sync', file: /log$/, errno: 'EIO', times: 1, losesData: true }],
  ])('(%s) refuses the whole group, what is queued, and every later commit', async (_what, fault) => {
    const stage = await scene();
    stage.faulty.inject(fault);
    const group = [2, 3].map((i) => stage.engine.commit(batchOf({ lost: String(i) }), i));
    for (const outcome of await Promise.allSettled(group)) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'VARVE_CLOSED', cause: { code: 'VARVE_IO' } },
      });
    }
    expect(getText(stage.engine, 'lost', 99)).toBeUndefined();
    await expectPoisoned(stage, 1);
  });

  test('of a synchronous commit is thrown to it', async () => {
    const stage = await scene();
    stage.faulty.inject({ operation: 'sync', file: /log$/, errno: 'EIO', times: 1, losesData: true });
    const queued = stage.engine.commit(batchOf({ lost: '2' }), 2);
    expect(() => stage.engine.commitSync(batchOf({ lost: '3' }), 3)).toThrow(ClosedError);
    await expect(queued).rejects.toThrow(ClosedError);
    await expectPoisoned(stage, 1);
  });
});

describe('an error in the background', () => {
  test.each<[string, Fault]>([
    ['creating a table', { operation: 'open', file: /tbl$/, errno: 'EMFILE', times: 1 }],
    ['writing a table', { operation: 'write', file: /tbl$/, errno: 'ENOSPC', times: 1 }],
    ['syncing a table', { operation: 'sync', file: /tbl$/, errno: 'EIO', times: 1, losesData: true }],
    ['writing the manifest', { operation: 'write', file: /^MANIFEST/, errno: 'EIO', times: 1 }],
    ['syncing the manifest', { operation: 'sync', file: /^MANIFEST/, errno: 'EIO', times: 1, losesData: true }],
    ['syncing the directory', { operation: 'syncDirectory', errno: 'EIO', times: 1, losesData: true }],
    ['creating a log segment', { operation: 'open', file: /log$/, errno: 'EACCES', times: 1 }],
  ])('(%s) stops the engine and rejects the flush', async (_what, fault) => {
    const stage = await scene();
    const injected = stage.faulty.inject(fault);
    await expect(stage.engine.flush()).rejects.toThrow(ClosedError);
    expect(injected.struck).toBe(1);
    await expectPoisoned(stage, 1);
  });

  test('(deleting a log segment) stops the engine, though what was flushed is', async () => {
    const stage = await scene();
    const injected = stage.faulty.inject({ operation: 'unlink', file: /log$/, errno: 'EIO', times: 1 });
    await stage.engine.flush();
    expect(injected.struck).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    await expectPoisoned(stage, 1);
  });

  test('(reading the input of a compaction) stops the engine and rejects the compaction', async () => {
    const stage = await scene();
    await stage.engine.flush();
    stage.faulty.inject({ operation: 'read', file: /tbl$/, errno: 'EIO', times: 1 });
    await expect(stage.engine.compact()).rejects.toThrow(ClosedError);
    await expectPoisoned(stage, 1);
  });
});

describe('an error that nobody waits for', () => {
  test('is thrown by the close: commits that were acknowledged are not durable', async () => {
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const { memory, faulty, engine, poisons } = await scene(32, turn);
    const injected = faulty.inject({ operation: 'sync', file: /log$/, errno: 'EIO', times: 1, losesData: true });
    for (let i = 2; engine.stats().sealedMemtables === 0; i++) {
      await engine.commit(batchOf({ [`k${i}`]: 'v'.repeat(40) }), i, { durability: 'buffered' });
    }
    while (!engine.poisoned) await turn();
    expect(injected.struck).toBe(1);
    expect(poisons()).toHaveLength(1);
    await expect(engine.close()).rejects.toThrow(IoError);
    expect(faulty.openFiles).toEqual([]);
    const { engine: reopened } = await openTestEngine(memory.crashImage('lost', seededRandom(1)));
    expect(reopened.lastTimestamp).toBe(1);
    await reopened.close();
  });

  test('while a database is being opened is thrown by that, and everything is given back', async () => {
    const { memory, engine } = await scene();
    await engine.flush();
    await engine.close();
    const faulty = new FaultFileSystem(memory);
    // Recovery creates its manifest whole; the first edit is that of a table which moves down.
    const injected = faulty.inject({ operation: 'write', file: /^MANIFEST/, errno: 'EIO', skip: 1, times: 1 });
    const compaction = { policy: 'leveled', level0Runs: 1, levelBaseBytes: 8192, sizeRatio: 4 } as const;
    await expect(openTestEngine(faulty, { compaction })).rejects.toThrow(IoError);
    expect(injected.struck).toBe(1);
    expect(faulty.openFiles).toEqual([]);
    expect(faulty.trace.at(-1)).toContain('unlock');
    const { engine: reopened } = await openTestEngine(memory);
    expect(getText(reopened, 'before')).toBe('1');
    await reopened.close();
  });
});

describe('an error while reading', () => {
  test('is the error of that read alone', async () => {
    const { faulty, engine, poisons } = await scene();
    await engine.flush();
    const fault = faulty.inject({ operation: 'read', file: /tbl$/, errno: 'EIO', times: 1 });
    expect(() => getText(engine, 'before')).toThrow(IoError);
    expect(fault.struck).toBe(1);
    expect(getText(engine, 'before')).toBe('1');
    await engine.commit(batchOf({ after: '2' }), 2);
    expect(poisons()).toEqual([]);
    await engine.close();
  });

  test('of a damaged table names the place, and other tables can be read', async () => {
    const { memory, engine } = await scene();
    await engine.flush();
    const [name] = memory.list(ENGINE_DIRECTORY).filter((one) => one.endsWith('.tbl'));
    const file = memory.open(`${ENGINE_DIRECTORY}/${name}`, 'update');
    file.write(Uint8Array.of(0xff), 22);
    file.close();
    await engine.commit(batchOf({ other: '2' }), 2);
    const failure = (() => {
      try {
        return getText(engine, 'before');
      } catch (cause) {
        return cause;
      }
    })();
    expect(failure).toBeInstanceOf(CorruptionError);
    expect((failure as CorruptionError).facts['file']).toBe(name);
    expect((failure as CorruptionError).message).toContain('checksum');
    expect(getText(engine, 'other')).toBe('2');
    await engine.close();
  });
});

test('close reports the error of the last sync, and still gives everything back', async () => {
  const memory = new MemFileSystem();
  const faulty = new FaultFileSystem(memory);
  const { engine } = await openTestEngine(faulty, { wal: { sync: 'manual' } });
  await engine.commit(batchOf({ a: '1' }), 1);
  faulty.inject({ operation: 'sync', file: /log$/, errno: 'EIO' });
  await expect(engine.close()).rejects.toThrow(ClosedError);
  expect(faulty.trace.at(-1)).toContain('unlock');
  const { engine: reopened } = await openTestEngine(memory);
  await reopened.close();
});
