/** The worker runs compiled code, so everything here comes from the build, not from the sources. */

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { workerExecutor as executorFromSources } from '../../../../src/storage/index.js';
import type {
  CompactionJob,
  Engine,
  EngineEvent,
  FlushJob,
  JobExecutor,
  JobResult,
  Memtable,
} from '../../../../src/storage/index.js';
import type { DatabaseOptions } from '../../../../src/index.js';
import { systemEnvironment } from '../../../../src/vfs/index.js';
import { base, recovery, storage, varve, vfs } from '../../../support/dist-modules.mjs';
import { ENGINE_OPTIONS } from '../fixtures.js';

const environment = vfs.systemEnvironment();
let root: string;
let executors: JobExecutor[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'varve-worker-'));
});
afterEach(async () => {
  for (const executor of executors) await executor.close();
  executors = [];
  rmSync(root, { recursive: true, force: true });
});

function worker(bytesPerSecond?: number): JobExecutor {
  const executor = storage.workerExecutor(environment, { bytesPerSecond });
  executors.push(executor);
  return executor;
}

/** The thread that starts next. */
async function nextThread(): Promise<Worker> {
  const [thread] = (await once(process, 'worker')) as [Worker];
  return thread;
}

/** About half a megabyte, with several versions of each key and deletions. */
function memtable(from: number): Memtable {
  const filled = new storage.Memtable({ initialBytes: 4096, shared: true });
  for (let i = 0; i < 12_000; i++) {
    const key = base.utf8Encode(`key${String((i * 7919) % 5000).padStart(6, '0')}`);
    const kind = i % 10 === 0 ? storage.EntryKind.Delete : storage.EntryKind.Put;
    filled.add(key, from + i, kind, base.utf8Encode(`value ${i} ${'x'.repeat(i % 40)}`));
  }
  return filled;
}

function frame(directory: string) {
  const format = { blockBytes: 1024, bloomBitsPerKey: 10, compression: 'none' } as const;
  return { directory, format, retention: { horizon: 12_000, pinned: [4000] }, olderRuns: [] };
}

function flushJob(directory: string, fileNumber: number, from: number): FlushJob {
  return { kind: 'flush', memtables: [memtable(from)], valueBytes: 0, fileNumber, ...frame(directory) };
}

function compactionJob(directory: string, inputs: CompactionJob['inputs']): CompactionJob {
  const fileNumbers = [10, 11, 12, 13, 14, 15, 16, 17];
  return { kind: 'compaction', inputs, outputLevel: 1, fileNumbers, tableBytes: 200_000, ...frame(directory) };
}

/** Two flushes, side by side, and the compaction of both. */
async function runAll(executor: JobExecutor, directory: string): Promise<(JobResult | undefined)[]> {
  mkdirSync(directory);
  const flushes = [flushJob(directory, 2, 20_001), flushJob(directory, 1, 1)].map((job) => executor.run(job));
  const results = await Promise.all(flushes);
  const inputs = results.map((result) => result!.tables);
  return [...results, await executor.run(compactionJob(directory, inputs))];
}

async function openOn(executor: JobExecutor, events: EngineEvent[] = []): Promise<Engine> {
  const options = {
    ...ENGINE_OPTIONS,
    wal: { sync: 'manual' },
    memtableBytes: 512 * 1024,
    tableBytes: 512 * 1024,
  } as const;
  const { engine } = await recovery.openEngine(join(root, 'db'), options, {
    environment,
    executor,
    retention: { view: () => ({ horizon: storage.MAX_TIMESTAMP, pinned: [] }) },
    listener: (event) => void events.push(event),
  });
  return engine;
}

/** More than one memtable. */
async function fill(engine: Engine): Promise<void> {
  const value = new Uint8Array(1000);
  for (let i = 0; i < 800; i++) {
    const batch = new storage.WriteBatch();
    batch.put(base.utf8Encode(`key ${i}`), value);
    await engine.commit(batch, engine.lastTimestamp + 1);
  }
}

/** The inputs of a compaction, written on this thread. */
function writeInputs(directory: string): CompactionJob['inputs'] {
  mkdirSync(directory, { recursive: true });
  const inline = storage.inlineExecutor(environment);
  return [inline.runNow(flushJob(directory, 2, 20_001)).tables, inline.runNow(flushJob(directory, 1, 1)).tables];
}

function filesOf(directory: string): Map<string, string> {
  return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name)).toString('latin1')]));
}

async function failureOf(promise: Promise<unknown>): Promise<Error & { facts: unknown }> {
  return promise.then(
    () => expect.unreachable('it should have failed'),
    (error: Error & { facts: unknown }) => error,
  );
}

describe('a job in the worker', () => {
  test('writes the same bytes as on this thread, and says the same of them', async () => {
    const thread = nextThread();
    const inWorker = await runAll(worker(), join(root, 'worker'));
    const inline = await runAll(storage.inlineExecutor(environment), join(root, 'inline'));
    expect((await thread).threadId).toBeGreaterThan(0);
    expect(inWorker).toEqual(inline);
    expect(inline[2]!.tables.length).toBeGreaterThan(1);
    expect(filesOf(join(root, 'worker'))).toEqual(filesOf(join(root, 'inline')));
  });

  test('can be waited for without a turn of the event loop', async () => {
    const inputs = writeInputs(root);
    const executor = worker();
    const notBegun = compactionJob(root, inputs);
    const promise = executor.run(notBegun);
    // The thread cannot have started yet.
    expect(executor.runNow(notBegun).tables.length).toBeGreaterThan(1);
    expect(await promise).toBeDefined();

    for (const { fileNumber } of (await promise)!.tables) rmSync(join(root, `0000${fileNumber}.tbl`));
    const slow = worker(1024);
    const begun = compactionJob(root, inputs);
    const running = slow.run(begun);
    while (readdirSync(root).length < 3) await new Promise((resolve) => setImmediate(resolve));
    const now = slow.runNow(begun);
    expect(now).toEqual(await promise);
    expect(await running).toBe(now);
  });

  test('is cancelled between two steps, and leaves nothing', async () => {
    const inputs = writeInputs(root);
    const executor = worker(1024);
    const job = compactionJob(root, inputs);
    const running = executor.run(job);
    while (readdirSync(root).length < 3) await new Promise((resolve) => setImmediate(resolve));
    executor.cancel(job);
    expect(await running).toBeUndefined();
    expect(readdirSync(root)).toEqual(['000001.tbl', '000002.tbl']);
  });

  test('fails with the error that it would fail with on this thread', async () => {
    const inputs = writeInputs(root);
    const file = join(root, '000001.tbl');
    const damaged = readFileSync(file);
    damaged[5000]! ^= 1;
    writeFileSync(file, damaged);
    const executor = worker();
    const corruption = await failureOf(executor.run(compactionJob(root, inputs)));
    expect(corruption).toBeInstanceOf(base.CorruptionError);
    expect(corruption.facts).toMatchObject({ file: '000001.tbl' });
    for (const name of ['000010.tbl', '000011.tbl', '000012.tbl']) rmSync(join(root, name), { force: true });
    const inline = storage.inlineExecutor(environment);
    const expected = await failureOf(inline.run(compactionJob(root, inputs)));
    expect(corruption.message).toBe(expected.message);
    expect(corruption.facts).toEqual(expected.facts);

    rmSync(file);
    const missing = await failureOf(executor.run({ ...compactionJob(root, inputs), fileNumbers: [30] }));
    expect(missing).toBeInstanceOf(base.IoError);
    expect(missing.facts).toEqual({ operation: 'open', path: file, errno: 'ENOENT' });
  });

  test('may be the removal of files', async () => {
    const [first] = writeInputs(root).map((tables) => join(root, `00000${tables[0]!.fileNumber}.tbl`));
    const executor = worker();
    await executor.run(flushJob(root, 3, 1));
    await executor.remove([first!]);
    expect(readdirSync(root)).toEqual(['000001.tbl', '000003.tbl']);
    const failure = await failureOf(executor.remove([first!]));
    expect(failure).toBeInstanceOf(base.IoError);
    expect(failure.facts).toEqual({ operation: 'unlink', path: first, errno: 'ENOENT' });
  });
});

describe('the end of the worker', () => {
  test('fails the job under way and every later one', async () => {
    const inputs = writeInputs(root);
    const executor = worker(1024);
    const thread = nextThread();
    const running = failureOf(executor.run(compactionJob(root, inputs)));
    while (readdirSync(root).length < 3) await new Promise((resolve) => setImmediate(resolve));
    await (await thread).terminate();
    const failure = await running;
    expect(failure).toBeInstanceOf(base.ClosedError);
    expect(failure.facts).toEqual({ exitCode: 1 });
    expect(await failureOf(executor.run(flushJob(root, 50, 1)))).toBe(failure);
  });

  test('poisons the engine, which tells why', async () => {
    const events: EngineEvent[] = [];
    const engine = await openOn(worker(1024), events);
    const thread = nextThread();
    await fill(engine);
    const compaction = failureOf(engine.compact());
    await (await thread).terminate();
    const { cause } = await compaction;
    expect(cause).toBeInstanceOf(base.ClosedError);
    expect(events.filter((event) => event.type === 'poisoned')).toEqual([{ type: 'poisoned', cause }]);
    const refused = await failureOf(engine.commit(new storage.WriteBatch(), engine.lastTimestamp + 1));
    expect(refused.message).toContain('the background thread died');
    expect(refused.cause).toBe(cause);
    expect(engine.get(base.utf8Encode('key 1'), engine.lastTimestamp)).toBeDefined();
    await engine.close();
  });

  test('a worker that cannot start is an error', async () => {
    // The sources have no compiled entry beside them.
    const executor = executorFromSources(systemEnvironment());
    const failure = await failureOf(executor.run(flushJob(root, 1, 1)));
    expect(failure.message).toMatch(/the background thread died: Cannot find module .*job-worker\.js/);
    await executor.close();
  });
});

test('blocks of tables that the worker merges are in the cache at the first read', async () => {
  const thread = nextThread();
  const db = await varve.open(join(root, 'warm'), { wal: { sync: 'manual' }, blockCache: { bytes: 2 ** 24 } });
  const value = (number: number, round: number): string => `${round}/${number} ${'x'.repeat(900)}`;
  const write = (round: number) =>
    db.batch(Array.from({ length: 2000 }, (_, number) => ({ type: 'put', key: number, value: value(number, round) })));
  const missesOfAll = async (round: number): Promise<number> => {
    const before = db.stats().engine.blockCache.misses;
    for (let number = 0; number < 2000; number++) expect(await db.get(number)).toBe(value(number, round));
    return db.stats().engine.blockCache.misses - before;
  };
  await write(1);
  await db.flush();
  expect(await missesOfAll(1)).toBeGreaterThan(400);
  await write(2);
  await db.compact();
  expect((await thread).threadId).toBeGreaterThan(0);
  expect(await missesOfAll(2)).toBe(0);
  expect(db.stats().engine.blockCache.evictions).toBe(0);
  await db.close();
});

test('closing an engine waits for no compaction', async () => {
  // At this rate the compaction would take a quarter of an hour.
  const engine = await openOn(worker(1024));
  await fill(engine);
  const compaction = failureOf(engine.compact());
  await fill(engine);
  while (engine.stats().flushes < 2) await new Promise((resolve) => setImmediate(resolve));
  await engine.close();
  expect(await compaction).toBeInstanceOf(base.ClosedError);
  const report = await recovery.verify(environment, join(root, 'db'));
  expect(report).toMatchObject({ problems: [], orphans: [] });
  const again = await openOn(storage.inlineExecutor(environment));
  expect(again.lastTimestamp).toBe(1600);
  expect(again.get(base.utf8Encode('key 799'), 1600)).toEqual(new Uint8Array(1000));
  await again.close();
});

describe('open', () => {
  /** Threads that a database starts when it has something to flush. */
  async function threadsOf(directory: string, options: DatabaseOptions): Promise<number> {
    let threads = 0;
    const count = (): void => void threads++;
    process.on('worker', count);
    const db = await varve.open(directory, { wal: { sync: 'manual' }, ...options });
    const value = 'x'.repeat(1000);
    for (let i = 0; i < 400; i++) await db.put(i, value);
    await db.flush();
    expect(await db.get(399)).toBe(value);
    await db.close();
    process.off('worker', count);
    return threads;
  }

  test('runs jobs in a worker on the files of the system, unless told otherwise', async () => {
    expect(await threadsOf(join(root, 'a'), {})).toBe(1);
    expect(await threadsOf(join(root, 'b'), { background: 'inline' })).toBe(0);
    expect(await threadsOf(':memory:', {})).toBe(0);
    expect(await threadsOf('/c', { environment: { fileSystem: new vfs.MemFileSystem() } })).toBe(0);
  });

  test('leaves a process that does not close its database free to end', () => {
    const script = `
      const { open } = await import(process.argv[1]);
      const db = await open(process.argv[2], { wal: { sync: 'manual' } });
      for (let i = 0; i < 400; i++) await db.put(i, 'x'.repeat(1000));
      await db.flush();
      process.on('worker', () => console.log('late'));
      console.log('flushed', db.stats().engine.flushes);`;
    const entry = fileURLToPath(new URL('../../../../dist/index.js', import.meta.url));
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script, entry, join(root, 'd')], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect(run).toMatchObject({ status: 0, stdout: 'flushed 1\n', stderr: '' });
  });
});
