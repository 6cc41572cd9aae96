import { describe, expect, test } from 'vitest';
import { ClosedError, seededRandom } from '../../../../src/base/index.js';
import {
  type BulkLoad,
  type Engine,
  inlineExecutor,
  type JobExecutor,
  WriteBatch,
} from '../../../../src/storage/index.js';
import { MemFileSystem, systemEnvironment } from '../../../../src/vfs/index.js';
import { FaultFileSystem } from '../../../support/fault-file-system.js';
import { batchOf, bytes, ENGINE_DIRECTORY, fileNames, getText, openTestEngine, scanText } from '../fixtures.js';

/** A load that is ready to be submitted. */
async function loadOf(engine: Engine, entries: Readonly<Record<string, string>>): Promise<BulkLoad> {
  const load = engine.beginLoad(4096);
  for (const [key, value] of Object.entries(entries)) load.add(bytes(key), bytes(value));
  await load.finish();
  return load;
}

function contentOf(engine: Engine, asOf = engine.lastTimestamp): string[] {
  return scanText(engine.cursor({}, { asOf }));
}

describe('a load among commits', () => {
  test('is newer than what memtables held when it came, and older than what follows', async () => {
    const fileSystem = new MemFileSystem();
    const { engine } = await openTestEngine(fileSystem);
    const load = await loadOf(engine, { a: 'load', b: 'load', c: 'load' });
    const before = engine.commit(batchOf({ a: 'before', b: 'before' }), 1);
    const linked = engine.submitLoad(load, 2);
    const after = engine.commit(batchOf({ b: 'after' }), 3);
    await before;
    expect(contentOf(engine, 1)).toEqual(['a=before', 'b=before']);
    await linked;
    expect(engine.lastTimestamp).toBeGreaterThanOrEqual(2);
    await after;
    expect(contentOf(engine)).toEqual(['a=load', 'b=after', 'c=load']);
    expect([getText(engine, 'a'), getText(engine, 'b'), getText(engine, 'c')]).toEqual(['load', 'after', 'load']);
    await engine.close();
    const { engine: reopened, report } = await openTestEngine(fileSystem);
    expect(report.lastTimestamp).toBe(3);
    expect(contentOf(reopened)).toEqual(['a=load', 'b=after', 'c=load']);
    await reopened.close();
  });

  test('has what is before it flushed at once, however deep level 0 is', async () => {
    const fileSystem = new MemFileSystem();
    const inner = inlineExecutor(systemEnvironment({ fileSystem }));
    const executor: JobExecutor = {
      run: (job) => (job.kind === 'compaction' ? new Promise(() => undefined) : inner.run(job)),
      runNow: (job) => inner.runNow(job),
      cancel: (job) => inner.cancel(job),
      remove: (paths) => inner.remove(paths),
      close: () => inner.close(),
    };
    const compaction = { policy: 'leveled', level0Runs: 1, levelBaseBytes: 8192, sizeRatio: 4 } as const;
    const { engine } = await openTestEngine(fileSystem, { compaction }, { executor });
    for (let timestamp = 1; timestamp <= 6; timestamp++) {
      await engine.commit(batchOf({ key: 'flushed' }), timestamp);
      await engine.flush();
    }
    expect(engine.stats().levels[0]!.runs).toBeGreaterThan(3);
    const load = await loadOf(engine, { loaded: 'yes' });
    const before = engine.commit(batchOf({ before: 'yes' }), 7);
    const linked = engine.submitLoad(load, 8);
    await Promise.all([before, linked, engine.commit(batchOf({ behind: 'yes' }), 9)]);
    expect([getText(engine, 'before'), getText(engine, 'loaded'), getText(engine, 'behind')]).toEqual([
      'yes',
      'yes',
      'yes',
    ]);
  });

  test('is linked by a synchronous commit that comes behind it', async () => {
    const { engine } = await openTestEngine(new MemFileSystem());
    await engine.commit(batchOf({ a: 'before', b: 'before' }), 1);
    const linked = engine.submitLoad(await loadOf(engine, { a: 'load', b: 'load' }), 2);
    engine.commitSync(batchOf({ b: 'after' }), 3);
    expect(engine.lastTimestamp).toBe(3);
    expect(contentOf(engine)).toEqual(['a=load', 'b=after']);
    await linked;
    await engine.close();
  });

  test('is there after a crash, although the log holds a commit of nothing before it', async () => {
    const fileSystem = new MemFileSystem({ trackCrashes: true });
    const { engine } = await openTestEngine(fileSystem);
    await engine.commit(new WriteBatch(), 1);
    await engine.submitLoad(await loadOf(engine, { a: 'load' }), 2);
    const crashed = fileSystem.crashImage('lost', seededRandom(1));
    await engine.close();
    const { engine: reopened } = await openTestEngine(crashed);
    expect(reopened.lastTimestamp).toBe(2);
    expect(contentOf(reopened)).toEqual(['a=load']);
    await reopened.close();
  });

  test('tells the listener, and counts as written', async () => {
    const { engine, events } = await openTestEngine(new MemFileSystem());
    const load = await loadOf(engine, { a: 'load', b: 'load' });
    const [table] = load.tables;
    await engine.submitLoad(load, 1);
    const bytesWritten = table!.sizeBytes;
    expect(events).toContainEqual({ type: 'load', timestamp: 1, tables: 1, bytes: bytesWritten });
    expect(engine.stats()).toMatchObject({ loads: 1, loadBytesWritten: bytesWritten, userBytes: 10, commits: 1 });
    await engine.close();
  });
});

test('an error while a load is linked stops the engine; the next open finds all or nothing of it', async () => {
  for (const operation of ['write', 'sync'] as const) {
    const memory = new MemFileSystem({ trackCrashes: true });
    const faulty = new FaultFileSystem(memory, { memory });
    const { engine } = await openTestEngine(faulty);
    await engine.commit(batchOf({ before: '1' }), 1);
    await engine.flush();
    const load = await loadOf(engine, { a: 'load', b: 'load' });
    faulty.inject({ operation, file: /^MANIFEST/, errno: 'EIO', times: 1 });
    await expect(engine.submitLoad(load, 2)).rejects.toThrow(ClosedError);
    expect(engine.stats().poisoned).toBe(true);
    expect(contentOf(engine)).toEqual(['before=1']);
    expect(() => engine.beginLoad(4096)).toThrow(ClosedError);
    await engine.close();
    const { engine: reopened } = await openTestEngine(memory);
    const found = contentOf(reopened);
    expect([['before=1'], ['a=load', 'b=load', 'before=1']]).toContainEqual(found);
    await reopened.close();
  }
});

test('an abandoned load leaves no file, whether a part is being written or not', async () => {
  const fileSystem = new MemFileSystem();
  const { engine } = await openTestEngine(fileSystem);
  const load = engine.beginLoad(4096);
  for (let i = 0; i < 50; i++) load.add(bytes(`key ${i % 7}`), bytes('x'.repeat(i)));
  await load.writeOut();
  for (let i = 0; i < 50; i++) load.add(bytes(`key ${i % 11}`), bytes('x'.repeat(i)));
  await load.writeOut();
  await Promise.all([load.abandon(), load.abandon()]);
  expect(fileNames(fileSystem, '.tbl')).toEqual([]);
  expect(() => load.add(bytes('a'), bytes('b'))).toThrow(ClosedError);
  expect(() => engine.submitLoad(load, 1)).toThrow(ClosedError);
  await engine.close();
  expect(fileSystem.list(ENGINE_DIRECTORY).filter((name) => name.endsWith('.tbl'))).toEqual([]);
});
