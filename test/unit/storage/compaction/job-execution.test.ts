import { FaultFileSystem } from '../../../support/fault-file-system.js';
import { describe, expect, test } from 'vitest';
import { type Scheduler, systemClock, systemScheduler } from '../../../../src/base/index.js';
import type { CompactionJob, FlushJob } from '../../../../src/storage/compaction/job.js';
import { EntryKind, inlineExecutor, Memtable } from '../../../../src/storage/index.js';
import { TableCursor } from '../../../../src/storage/table/table-cursor.js';
import { TableReader } from '../../../../src/storage/table/table-reader.js';
import type { FileSystem } from '../../../../src/vfs/index.js';
import {
  bytes,
  drainAll,
  entry,
  TABLE_DIRECTORY,
  TABLE_FORMAT,
  tableFileSystem,
  type TestEntry,
  writeTable,
} from '../fixtures.js';

const KEEP_ALL = { horizon: 0, pinned: [] };
const KEEP_NEWEST = { horizon: 1000, pinned: [] };

function contentOf(fileSystem: FileSystem, fileNumber: number): TestEntry[] {
  const reader = new TableReader({ fileSystem, directory: TABLE_DIRECTORY, cache: undefined }, fileNumber);
  const entries = drainAll(new TableCursor(reader, { reverse: false, bulk: true }));
  reader.close();
  return entries;
}

function flushJob(entries: readonly TestEntry[], overrides: Partial<FlushJob> = {}): FlushJob {
  const memtable = new Memtable({ initialBytes: 1024, shared: true });
  for (const { key, timestamp, value } of entries) {
    memtable.add(bytes(key), timestamp, value === undefined ? EntryKind.Delete : EntryKind.Put, bytes(value ?? ''));
  }
  const frame = { directory: TABLE_DIRECTORY, format: TABLE_FORMAT, retention: KEEP_ALL, olderRuns: [] };
  return { kind: 'flush', memtables: [memtable], valueBytes: 0, fileNumber: 50, ...frame, ...overrides };
}

function compactionJob(inputs: CompactionJob['inputs'], overrides: Partial<CompactionJob> = {}): CompactionJob {
  return {
    kind: 'compaction',
    inputs,
    outputLevel: 1,
    fileNumbers: [60, 61, 62, 63],
    tableBytes: 1_000_000,
    directory: TABLE_DIRECTORY,
    format: TABLE_FORMAT,
    retention: KEEP_ALL,
    olderRuns: [],
    ...overrides,
  };
}

/** A scheduler that counts the turns it gives. */
function countingScheduler(): Scheduler & { turns: number } {
  return {
    turns: 0,
    nextTurn(task) {
      this.turns++;
      systemScheduler.nextTurn(task);
    },
    after: (delayMs, task) => systemScheduler.after(delayMs, task),
  };
}

describe('a flush job', () => {
  test('writes a memtable in order', async () => {
    const fileSystem = tableFileSystem();
    const executor = inlineExecutor({ fileSystem, scheduler: systemScheduler, clock: systemClock });
    const result = await executor.run(flushJob([entry('b', 1, 'x'), entry('a', 2, 'y'), entry('b', 3)]));
    expect(result).toMatchObject({ entriesDropped: 0, bytesRead: 0, prunedThrough: 0 });
    expect(result!.tables).toMatchObject([{ fileNumber: 50, entries: 3, tombstones: 1 }]);
    expect(contentOf(fileSystem, 50)).toEqual([entry('a', 2, 'y'), entry('b', 3), entry('b', 1, 'x')]);
  });

  test('writes several memtables to one table, of which each hides what older ones have', async () => {
    const fileSystem = tableFileSystem();
    const executor = inlineExecutor({ fileSystem, scheduler: systemScheduler, clock: systemClock });
    const [newest] = flushJob([entry('b', 7, 'newest'), entry('d', 6)]).memtables;
    newest!.add(bytes('x'), 8, EntryKind.RangeDelete, bytes('z'));
    const [middle] = flushJob([entry('b', 5, 'middle'), entry('c', 4, 'only')]).memtables;
    const job = flushJob([entry('a', 1, 'oldest'), entry('d', 2, 'hidden'), entry('y', 3, 'deleted')], {
      retention: KEEP_NEWEST,
      olderRuns: [[{ smallest: bytes('a'), largest: bytes('z') }]],
    });
    const result = await executor.run({ ...job, memtables: [newest!, middle!, ...job.memtables] });
    expect(contentOf(fileSystem, 50)).toEqual([
      entry('a', 1, 'oldest'),
      entry('b', 7, 'newest'),
      entry('c', 4, 'only'),
      entry('d', 6),
    ]);
    expect(result).toMatchObject({ entriesDropped: 3, tables: [{ rangeTombstones: 1 }] });
  });

  test('drops what nobody retains, and writes no table for nothing', async () => {
    const fileSystem = tableFileSystem();
    const executor = inlineExecutor({ fileSystem, scheduler: systemScheduler, clock: systemClock });
    const entries = [entry('a', 1, 'x'), entry('a', 2)];
    const olderRuns = [[{ smallest: bytes('a'), largest: bytes('a') }]];
    const shadowing = executor.runNow(flushJob(entries, { retention: KEEP_NEWEST, olderRuns }));
    expect(contentOf(fileSystem, 50)).toEqual([entry('a', 2)]);
    expect(shadowing).toMatchObject({ entriesDropped: 1, prunedThrough: 2 });
    const nothing = await executor.run(flushJob(entries, { retention: KEEP_NEWEST, fileNumber: 51 }));
    expect(nothing).toMatchObject({ tables: [], bytesWritten: 0, entriesDropped: 2 });
    expect(fileSystem.list(TABLE_DIRECTORY)).toEqual(['000050.tbl']);
  });

  test('yields to others, and can be brought to its end at any time', async () => {
    const entries = Array.from({ length: 5000 }, (_, i) => entry(`key${String(i).padStart(5, '0')}`, i + 1, 'value'));
    const fileSystem = tableFileSystem();
    const scheduler = countingScheduler();
    const executor = inlineExecutor({ fileSystem, scheduler, clock: systemClock });
    const whole = await executor.run(flushJob(entries));
    expect(scheduler.turns).toBeGreaterThanOrEqual(4);

    const job = flushJob(entries, { fileNumber: 51 });
    const running = executor.run(job);
    await new Promise<void>((resolve) => systemScheduler.nextTurn(resolve));
    const now = executor.runNow(job);
    expect(await running).toBe(now);
    expect(now.tables).toMatchObject([{ ...whole!.tables[0], fileNumber: 51 }]);
    expect(contentOf(fileSystem, 51)).toEqual(entries);
  });
});

describe('a compaction job', () => {
  test('merges runs, newest first, and cuts outputs between keys', async () => {
    const fileSystem = tableFileSystem();
    const newer = Array.from({ length: 60 }, (_, i) => entry(`k${200 + i}`, 1000 + i, `new ${i}`));
    const older = Array.from({ length: 60 }, (_, i) => entry(`k${170 + i}`, i + 1, `old ${i}`));
    const inputs = [
      [writeTable(fileSystem, 2, newer)],
      [writeTable(fileSystem, 1, older.slice(0, 20)), writeTable(fileSystem, 3, older.slice(20))],
    ];
    const executor = inlineExecutor({ fileSystem, scheduler: systemScheduler, clock: systemClock });
    const result = await executor.run(compactionJob(inputs, { tableBytes: 600 }));
    expect(result!.tables.length).toBeGreaterThan(2);
    const merged = result!.tables.map((table) => contentOf(fileSystem, table.fileNumber));
    expect(merged.flat()).toEqual(
      [...newer, ...older].sort((a, b) => (a.key === b.key ? b.timestamp - a.timestamp : a.key < b.key ? -1 : 1)),
    );
    for (const [i, entries] of merged.slice(1).entries()) {
      expect(entries[0]!.key).not.toBe(merged[i]!.at(-1)!.key);
    }
    expect(result!.bytesRead).toBe(inputs.flat().reduce((sum, table) => sum + table.sizeBytes, 0));
  });

  test('keeps going in its last table when its numbers run out', async () => {
    const fileSystem = tableFileSystem();
    const entries = Array.from({ length: 100 }, (_, i) => entry(`k${100 + i}`, 5, 'value'));
    const executor = inlineExecutor({ fileSystem, scheduler: systemScheduler, clock: systemClock });
    const inputs = [[writeTable(fileSystem, 1, entries)]];
    const result = await executor.run(compactionJob(inputs, { tableBytes: 1, fileNumbers: [7, 8] }));
    expect(result!.tables.map((table) => table.entries)).toHaveLength(2);
    expect([...contentOf(fileSystem, 7), ...contentOf(fileSystem, 8)]).toEqual(entries);
  });

  test('fails as a whole on a damaged input, and closes what it had open', async () => {
    const fileSystem = tableFileSystem();
    const good = writeTable(fileSystem, 1, [entry('a', 1, 'x')]);
    const bad = writeTable(fileSystem, 2, [entry('b', 1, 'x')]);
    const file = fileSystem.open(`${TABLE_DIRECTORY}/000002.tbl`, 'update');
    file.write(Uint8Array.of(0xff), 25);
    file.close();
    const executor = inlineExecutor({ fileSystem, scheduler: systemScheduler, clock: systemClock });
    await expect(executor.run(compactionJob([[good], [bad]]))).rejects.toThrow('000002.tbl: damaged at offset');
    expect(() => executor.runNow(compactionJob([[good], [bad]]))).toThrow('000002.tbl: damaged at offset');
  });

  test('that fails on a full disk leaves none of its tables', async () => {
    const memory = tableFileSystem();
    const inputs = [
      [
        writeTable(
          memory,
          1,
          Array.from({ length: 200 }, (_, i) => entry(`k${100 + i}`, 5, 'value')),
        ),
      ],
    ];
    const fileSystem = new FaultFileSystem(memory);
    const executor = inlineExecutor({ fileSystem, scheduler: systemScheduler, clock: systemClock });
    const job = { tableBytes: 600, fileNumbers: [7, 8, 9, 10, 11, 12] };
    for (const run of [
      () => executor.run(compactionJob(inputs, job)),
      async () => executor.runNow(compactionJob(inputs, job)),
    ]) {
      const full = fileSystem.inject({ operation: 'write', file: /00000[89]/, errno: 'ENOSPC' });
      await expect(run()).rejects.toMatchObject({ errno: 'ENOSPC' });
      expect(full.struck).toBeGreaterThan(0);
      expect(memory.list(TABLE_DIRECTORY)).toEqual(['000001.tbl']);
      expect(fileSystem.openFiles).toEqual([]);
      full.stop();
    }
  });

  test('that finds its number taken leaves the file whose it is', async () => {
    const fileSystem = tableFileSystem();
    const inputs = [[writeTable(fileSystem, 1, [entry('a', 1, 'x')])]];
    writeTable(fileSystem, 7, [entry('b', 1, 'y')]);
    const executor = inlineExecutor({ fileSystem, scheduler: systemScheduler, clock: systemClock });
    await expect(executor.run(compactionJob(inputs, { fileNumbers: [7] }))).rejects.toMatchObject({ errno: 'EEXIST' });
    expect(contentOf(fileSystem, 7)).toEqual([entry('b', 1, 'y')]);
  });
});
