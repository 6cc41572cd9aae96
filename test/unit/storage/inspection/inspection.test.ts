/** Single files decoded item by item: all of a sound one, and of a damaged one everything that can still be found. */

import { beforeEach, describe, expect, it } from 'vitest';
import { CorruptionError, utf8Decode, utf8Encode } from '../../../../src/base/index.js';
import {
  EntryKind,
  fileName,
  inspectLog,
  inspectManifest,
  inspectTable,
  parseFileName,
} from '../../../../src/storage/index.js';
import { FILE_HEADER_BYTES } from '../../../../src/storage/format/file-header.js';
import { FRAME_HEADER_BYTES } from '../../../../src/storage/format/record-frame.js';
import { FOOTER_BYTES } from '../../../../src/storage/format/table-layout.js';
import { TableWriter } from '../../../../src/storage/table/table-writer.js';
import { WriteBatch } from '../../../../src/storage/write-batch.js';
import { MemFileSystem } from '../../../../src/vfs/index.js';
import { openOn } from '../../../support/engine-harness.js';
import { FaultFileSystem } from '../../../support/fault-file-system.js';
import { entry, TABLE_DIRECTORY, writeTable } from '../fixtures.js';

const COMMITS = 40;
let fileSystem: FaultFileSystem;
let table: { path: string; name: string; fileNumber: number };
let manifest: typeof table;
/** Of a database that was never closed: it ends with a batch. */
let log: typeof table;

function fileOf(kind: string): typeof table {
  const name = fileSystem.list('/db').find((candidate) => parseFileName(candidate)?.kind === kind)!;
  return { path: `/db/${name}`, name, fileNumber: parseFileName(name)!.number };
}

function flip(path: string, at: number): void {
  const file = fileSystem.open(path, 'update');
  const byte = new Uint8Array(1);
  file.read(byte, at);
  byte[0]! ^= 1;
  file.write(byte, at);
  file.close();
}

function cut(path: string, sizeBytes: number): void {
  const file = fileSystem.open(path, 'update');
  file.truncate(sizeBytes);
  file.close();
}

beforeEach(async () => {
  const memory = new MemFileSystem();
  const { engine } = await openOn(memory, '/db', {
    memtableBytes: 64 * 1024,
    tableBytes: 64 * 1024,
    indexBytesMax: undefined,
  });
  const commit = async (next: number): Promise<void> => {
    const batch = new WriteBatch();
    batch.put(utf8Encode(`key ${String(next).padStart(3, '0')}`), utf8Encode(`value ${next}`.repeat(4)));
    if (next === COMMITS + 3) batch.delete(utf8Encode('key 001'));
    await engine.commit(batch, next);
  };
  for (let next = 1; next <= COMMITS; next++) await commit(next);
  await engine.flush();
  for (let next = COMMITS + 1; next <= COMMITS + 3; next++) await commit(next);
  fileSystem = new FaultFileSystem(memory);
  table = fileOf('table');
  manifest = fileOf('manifest');
  log = fileOf('log');
});

describe('a table', () => {
  const items = (from?: string) =>
    [...inspectTable(fileSystem, table, from === undefined ? undefined : utf8Encode(from))].map((item) =>
      item.item === 'entry' ? { ...item, key: utf8Decode(item.key), value: utf8Decode(item.value) } : item,
    );
  const kinds = (): string[] => items().map(({ item }) => item);
  const keys = (from?: string): string[] => items(from).flatMap((item) => (item.item === 'entry' ? [item.key] : []));
  const offsets = (): number[] => items().flatMap((item) => (item.item === 'block' ? [item.offset] : []));
  const damage = (): CorruptionError[] =>
    items().flatMap((item) => (item.item === 'damage' && item.error instanceof CorruptionError ? [item.error] : []));

  it('shows its frame, then every entry in order', () => {
    expect(kinds().slice(0, 6)).toEqual(['header', 'properties', 'index', 'filter', 'block', 'entry']);
    const entries = items().filter((item) => item.item === 'entry');
    expect(entries.length).toBe(COMMITS);
    expect(entries.slice(0, 3)).toMatchObject([
      { key: 'key 001', timestamp: 1, kind: EntryKind.Put, value: 'value 1'.repeat(4) },
      { key: 'key 002', timestamp: 2, kind: EntryKind.Put },
      { key: 'key 003', timestamp: 3, kind: EntryKind.Put },
    ]);
    expect(offsets().length).toBeGreaterThan(4);
  });

  it('shows partitions of index and filter, each before its blocks', () => {
    const whole = keys();
    const sound = items().filter((item) => item.item === 'block').length;
    const entries = items().flatMap((item) =>
      item.item === 'entry' ? [entry(item.key, item.timestamp, item.value)] : [],
    );
    fileSystem.createDirectory(TABLE_DIRECTORY);
    writeTable(fileSystem, 7, entries, { indexBytesMax: 0 });
    table = { path: `${TABLE_DIRECTORY}/000007.tbl`, name: '000007.tbl', fileNumber: 7 };
    expect(kinds().slice(0, 6)).toEqual(['header', 'properties', 'top-index', 'index', 'filter', 'block']);
    expect(keys()).toEqual(whole);
    expect(items().flatMap((item) => (item.item === 'block' ? [item.number] : []))).toEqual([...offsets().keys()]);
    expect(offsets().length).toBeGreaterThan(sound);
    for (const from of ['key 000', 'key 0305', 'key 040', 'z']) {
      expect(keys(from)).toEqual(whole.filter((key) => key >= from));
    }

    const indexes = items().filter((item) => item.item === 'index');
    expect(items().find((item) => item.item === 'top-index')).toMatchObject({ partitions: indexes.length });
    flip(table.path, indexes[1]!.offset);
    expect(damage().map(({ facts }) => facts['offset'])).toEqual([indexes[1]!.offset + indexes[1]!.payloadBytes + 1]);
    expect(keys()).toEqual(expect.arrayContaining([whole[0], whole.at(-1)]));
    expect(keys().length).toBeLessThan(whole.length);
  });

  it('shows the ranges that were cleared, and their damage', () => {
    const fragments = [{ start: utf8Encode('a'), end: utf8Encode('b'), timestamps: [5, 9] }];
    new TableWriter(fileSystem, '/db', 99, { blockBytes: 256, bloomBitsPerKey: 0, compression: 'none' }).finish(
      fragments,
    );
    table = { path: `/db/${fileName('table', 99)}`, name: fileName('table', 99), fileNumber: 99 };
    expect(items()[2]).toMatchObject({ item: 'tombstones', offset: FILE_HEADER_BYTES, fragments });
    flip(table.path, FILE_HEADER_BYTES + 1);
    expect(kinds()).toEqual(['header', 'properties', 'damage', 'index']);
    expect(damage()[0]!.facts['file']).toBe(table.name);
  });

  it('begins where it is told to', () => {
    expect(keys('key 0305')).toEqual(keys().slice(-10));
    expect(keys('key 000')).toEqual(keys());
    expect(keys('z')).toEqual([]);
  });

  it('reads no more of the file than was asked for, and closes it', () => {
    const reads = (): number => fileSystem.trace.filter((line) => line.startsWith('read ')).length;
    for (const item of inspectTable(fileSystem, table)) if (item.item === 'entry') break;
    const untilFirst = reads();
    expect(fileSystem.openFiles).toEqual([]);
    keys();
    expect(untilFirst).toBeGreaterThan(0);
    expect(reads() - untilFirst).toBeGreaterThanOrEqual(untilFirst + offsets().length - 1);
  });

  it('goes on behind a damaged block', () => {
    const [first, second, third] = offsets();
    const before = keys();
    flip(table.path, second! + 3);
    expect(damage().map(({ facts }) => facts['file'])).toEqual([table.name]);
    expect(damage()[0]!.facts['offset']).toBeGreaterThan(second!);
    expect(damage()[0]!.facts['offset']).toBeLessThan(third!);
    expect(offsets()).not.toContain(second);
    expect(offsets()).toEqual(expect.arrayContaining([first, third]));
    expect(before.filter((key) => !keys().includes(key)).length).toBeGreaterThan(0);
  });

  it('shows what comes before a damaged part of its frame', () => {
    const size = fileSystem.stat(table.path).sizeBytes;
    const properties = items().find((item) => item.item === 'properties')!;
    const index = items().find((item) => item.item === 'index')!;
    flip(table.path, size - FOOTER_BYTES);
    expect(kinds()).toEqual(['header', 'damage']);
    flip(table.path, size - FOOTER_BYTES);
    flip(table.path, properties.offset);
    expect(kinds()).toEqual(['header', 'damage']);
    flip(table.path, properties.offset);
    flip(table.path, index.offset);
    expect(kinds()).toEqual(['header', 'properties', 'damage']);
    expect(damage()[0]!.facts['offset']).toBeGreaterThan(index.offset);
  });

  it('goes on behind a damaged header or filter', () => {
    const filter = items().find((item) => item.item === 'filter')!;
    flip(table.path, 9);
    flip(table.path, filter.offset + 8);
    expect(damage().length).toBe(2);
    expect(keys().length).toBe(COMMITS);
  });

  it('is cut anywhere without anything but damage being said', () => {
    for (let size = fileSystem.stat(table.path).sizeBytes - 1; size >= 0; size -= 37) {
      cut(table.path, size);
      expect(kinds().at(-1)).toBe('damage');
    }
  });
});

describe('a log segment', () => {
  const items = (last = true) => [...inspectLog(fileSystem, log, last)];

  it('shows its batches with their places', () => {
    const [header, ...rest] = items();
    const records = rest.filter((item) => item.item === 'record');
    expect(header).toMatchObject({ item: 'header', magic: 'VRVL', number: log.fileNumber });
    expect(records).toMatchObject([
      { item: 'record', offset: FILE_HEADER_BYTES, record: { type: 'batch', timestamp: COMMITS + 1 } },
      { item: 'record', record: { type: 'batch', timestamp: COMMITS + 2 } },
      { item: 'record', record: { type: 'batch', timestamp: COMMITS + 3 } },
    ]);
    const [first, second] = records as { offset: number; bytes: number; syncedOffset: number }[];
    expect(second!.offset).toBe(first!.offset + FRAME_HEADER_BYTES + first!.bytes);
    expect(second!.syncedOffset).toBe(second!.offset);
    const kinds: EntryKind[] = [];
    const last = records.at(-1);
    if (last?.item === 'record' && last.record.type === 'batch') last.record.batch.forEach((kind) => kinds.push(kind));
    expect(kinds).toEqual([EntryKind.Put, EntryKind.Delete]);
  });

  it('takes zeros behind the records for room, and anything else there for a torn tail', () => {
    const room = items().at(-1)!;
    const size = fileSystem.stat(log.path).sizeBytes;
    expect(room).toMatchObject({ item: 'room' });
    expect(items().some(({ item }) => item === 'damage')).toBe(false);
    if (room.item !== 'room') throw new Error('there is no room');
    expect(room.offset + room.bytes).toBe(size);
    flip(log.path, size - 1);
    // Behind the zeros of a frame header, the last segment may hold what its file held before.
    expect(items().at(-1)).toEqual(room);
    expect(items(false).at(-1)).toMatchObject({ item: 'damage' });
    flip(log.path, room.offset + FRAME_HEADER_BYTES - 1);
    expect(items().at(-1)).toMatchObject({ item: 'torn-tail' });
    expect(items(false).at(-1)).toMatchObject({ item: 'damage' });
  });

  it('tells a torn tail from damage to what was durable', () => {
    const last = items().findLast((item) => item.item === 'record')!;
    const end = last.offset + FRAME_HEADER_BYTES + last.bytes;
    flip(log.path, FILE_HEADER_BYTES + FRAME_HEADER_BYTES);
    expect(items()[1]).toMatchObject({ item: 'damage', error: { facts: { file: log.name } } });
    flip(log.path, FILE_HEADER_BYTES + FRAME_HEADER_BYTES);
    cut(log.path, end - 1);
    expect(items().slice(1)).toMatchObject([
      { item: 'record' },
      { item: 'record' },
      { item: 'torn-tail', offset: last.offset },
    ]);
    expect(items(false).at(-1)).toMatchObject({ item: 'damage' });
    cut(log.path, last.offset);
    expect(items().at(-1)).toMatchObject({ item: 'record' });
    expect(items(false).at(-1)).toMatchObject({ item: 'damage', error: { facts: { offset: last.offset } } });
  });

  it('takes a header that nothing vouches for as the torn tail of a last segment', () => {
    flip(log.path, 5);
    expect(items()[0]).toMatchObject({ item: 'damage' });
    cut(log.path, 7);
    expect(items()).toMatchObject([{ item: 'torn-tail', offset: 0, bytes: 6 }]);
    expect(items(false)).toMatchObject([{ item: 'damage' }]);
    cut(log.path, 0);
    expect(items()).toMatchObject([{ item: 'torn-tail', offset: 0, bytes: 0 }]);
  });
});

describe('a manifest', () => {
  const items = () => [...inspectManifest(fileSystem, manifest)];

  it('shows its edits and what they come to', () => {
    const found = items();
    expect(found.map(({ item }) => item)).toEqual(['header', 'edit', 'edit', 'state']);
    expect(found[2]).toMatchObject({ edit: { added: [{ level: 0, table: { fileNumber: table.fileNumber } }] } });
    expect(found[3]).toMatchObject({ state: { lastTimestamp: COMMITS, logNumber: log.fileNumber } });
  });

  it('shows what comes before damage', () => {
    const last = items()[2] as { offset: number };
    flip(manifest.path, last.offset + FRAME_HEADER_BYTES);
    expect(items().map(({ item }) => item)).toEqual(['header', 'edit', 'torn-tail', 'state']);
    expect(items()[3]).toMatchObject({ state: { lastTimestamp: 0 } });
    cut(manifest.path, FILE_HEADER_BYTES);
    expect(items().map(({ item }) => item)).toEqual(['header', 'damage']);
  });
});
