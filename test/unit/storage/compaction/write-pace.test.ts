import { expect, test } from 'vitest';
import { ManualClock, type Scheduler } from '../../../../src/base/index.js';
import type { Job } from '../../../../src/storage/compaction/job.js';
import { EntryKind, inlineExecutor, Memtable } from '../../../../src/storage/index.js';
import { bytes, entry, TABLE_DIRECTORY, TABLE_FORMAT, tableFileSystem, writeTable } from '../fixtures.js';

/** A scheduler on a clock of its own: it runs tasks one by one, and time passes only while it has none but delayed ones. */
class VirtualTime implements Scheduler {
  readonly clock = new ManualClock();
  readonly #turns: (() => void)[] = [];
  #delayed: { readonly atMs: number; readonly task: () => void }[] = [];

  nextTurn(task: () => void): void {
    this.#turns.push(task);
  }

  after(delayMs: number, task: () => void): () => void {
    const delayed = { atMs: this.clock.monotonicMs() + delayMs, task };
    this.#delayed.push(delayed);
    return () => {
      this.#delayed = this.#delayed.filter((other) => other !== delayed);
    };
  }

  /** Runs what is planned, and what comes of it, until `ended` or nothing is left. */
  runUntil(ended: () => boolean): void {
    while (!ended()) {
      let task = this.#turns.shift();
      if (task === undefined) {
        const first = this.#delayed.sort((a, b) => a.atMs - b.atMs).shift();
        if (first === undefined) return;
        this.clock.advance(first.atMs - this.clock.monotonicMs());
        task = first.task;
      }
      task();
    }
  }
}

const ENTRIES = Array.from({ length: 20_000 }, (_, i) => entry(`k${100_000 + i}`, 1, `value ${i}`));
const FRAME = {
  directory: TABLE_DIRECTORY,
  format: TABLE_FORMAT,
  retention: { horizon: 0, pinned: [] },
  olderRuns: [],
};

function setting(bytesPerSecond: number | undefined) {
  const fileSystem = tableFileSystem();
  const time = new VirtualTime();
  const executor = inlineExecutor({ fileSystem, scheduler: time, clock: time.clock }, { bytesPerSecond });
  const inputs = [[writeTable(fileSystem, 1, ENTRIES)]];
  const job: Job = { ...FRAME, kind: 'compaction', inputs, outputLevel: 1, fileNumbers: [2], tableBytes: 2 ** 30 };
  return { fileSystem, time, executor, job, sizeBytes: inputs[0]![0]!.sizeBytes };
}

/** Begins a job; the returned function says when it ended, undefined while it has not. */
function begin({ time, executor }: ReturnType<typeof setting>, job: Job): () => number | undefined {
  let endedMs: number | undefined;
  void (async () => {
    await executor.run(job);
    endedMs = time.clock.monotonicMs();
  })();
  return () => endedMs;
}

async function endOf(at: ReturnType<typeof setting>, files: readonly string[]): Promise<void> {
  at.time.runUntil(() => false);
  await Promise.resolve();
  expect(at.fileSystem.list(TABLE_DIRECTORY)).toEqual(files);
}

test('a compaction takes as long as its bytes per second ask for', async () => {
  const paced = setting(100_000);
  const ended = begin(paced, paced.job);
  await endOf(paced, ['000001.tbl', '000002.tbl']);
  const asked = (paced.sizeBytes / 100_000) * 1000;
  expect(ended()).toBeGreaterThan(asked * 0.7);
  expect(ended()).toBeLessThan(asked * 1.1);

  const free = setting(undefined);
  const endedFree = begin(free, free.job);
  await endOf(free, ['000001.tbl', '000002.tbl']);
  expect(endedFree()).toBe(0);
});

test('a flush does not wait, though the compaction before it does, and counts', async () => {
  const memtable = new Memtable({ initialBytes: 1024, shared: true });
  for (const { key, timestamp, value } of ENTRIES) memtable.add(bytes(key), timestamp, EntryKind.Put, bytes(value!));
  const at = setting(100_000);
  const compactionEnded = begin(at, at.job);
  let turns = 0;
  at.time.runUntil(() => ++turns > 3);
  const begunMs = at.time.clock.monotonicMs();
  const flushEnded = begin(at, { ...FRAME, kind: 'flush', memtables: [memtable], valueBytes: 0, fileNumber: 9 });
  at.time.runUntil(() => at.time.clock.monotonicMs() > begunMs);
  await Promise.resolve();
  expect(flushEnded()).toBeDefined();
  expect(compactionEnded()).toBeUndefined();
  await endOf(at, ['000001.tbl', '000002.tbl', '000009.tbl']);
  expect(compactionEnded()).toBeGreaterThan(((2 * at.sizeBytes) / 100_000) * 1000 * 0.7);
});

test('nothing is left of a compaction that is cancelled while it waits', async () => {
  const at = setting(1000);
  const running = at.executor.run(at.job);
  let turns = 0;
  at.time.runUntil(() => ++turns > 3);
  expect(at.fileSystem.list(TABLE_DIRECTORY)).toEqual(['000001.tbl', '000002.tbl']);
  at.executor.cancel(at.job);
  await endOf(at, ['000001.tbl']);
  expect(await running).toBeUndefined();
});
