import { expect, test } from 'vitest';
import { IoError, seededRandom } from '../../../../src/base/index.js';
import type { Job } from '../../../../src/storage/compaction/job.js';
import { inlineExecutor } from '../../../../src/storage/index.js';
import { systemEnvironment } from '../../../../src/vfs/index.js';
import { FaultFileSystem } from '../../../support/fault-file-system.js';
import { SlowSyncFileSystem } from '../../../support/history-runner/slow-sync-file-system.js';
import { entry, TABLE_DIRECTORY, TABLE_FORMAT, tableFileSystem, writeTable } from '../fixtures.js';

/** Two jobs, each of which writes a table, on files whose syncs end when `endSyncs` is called. */
function setting() {
  const memory = tableFileSystem();
  memory.syncDirectory('/');
  const faulty = new FaultFileSystem(memory, { memory });
  let endSyncs = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    endSyncs = resolve;
  });
  const fileSystem = new SlowSyncFileSystem(faulty, () => ended);
  const executor = inlineExecutor(systemEnvironment({ fileSystem }), { syncsAside: true });
  const jobs = [1, 2].map((number): Job => {
    const inputs = [[writeTable(memory, number, [entry(`k${number}`, 1, 'v')])]];
    const frame = { directory: TABLE_DIRECTORY, format: TABLE_FORMAT, retention: { horizon: 0, pinned: [] } };
    const outputs = { fileNumbers: [number + 10], tableBytes: 2 ** 30, outputLevel: 1 };
    return { ...frame, ...outputs, kind: 'compaction', olderRuns: [], inputs };
  });
  const written = (): string[] => memory.list(TABLE_DIRECTORY).filter((name) => name.startsWith('00001'));
  return { memory, faulty, executor, jobs, written, endSyncs };
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('a sync holds up no other job, and the result of its own until everything is durable', async () => {
  const { memory, executor, jobs, written, endSyncs } = setting();
  const done: number[] = [];
  const results = jobs.map((job, i) => executor.run(job).then(() => done.push(i)));
  await turns(20);
  expect(written()).toEqual(['000011.tbl', '000012.tbl']);
  expect(done).toEqual([]);
  expect(memory.crashImage('lost', seededRandom(1)).list(TABLE_DIRECTORY)).toEqual([]);
  endSyncs();
  await Promise.all(results);
  expect(memory.crashImage('lost', seededRandom(1)).list(TABLE_DIRECTORY)).toEqual(
    expect.arrayContaining(['000011.tbl', '000012.tbl']),
  );
});

test('a sync that fails fails its job, and nothing is left of that', async () => {
  const { faulty, executor, jobs, written, endSyncs } = setting();
  faulty.inject({ operation: 'sync', file: /^000011/, errno: 'EIO', times: 1 });
  const outcomes = Promise.allSettled(jobs.map((job) => executor.run(job)));
  endSyncs();
  const [first, second] = await outcomes;
  expect(first).toMatchObject({ status: 'rejected', reason: expect.any(IoError) });
  expect(second).toMatchObject({ status: 'fulfilled' });
  expect(written()).toEqual(['000012.tbl']);
  expect(faulty.openFiles).toEqual([]);
});
