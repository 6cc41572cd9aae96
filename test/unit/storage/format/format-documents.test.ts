import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ByteWriter, hashBytes } from '../../../../src/base/index.js';
import { BlockBuilder, BlockReader } from '../../../../src/storage/format/data-block.js';
import { encodeFileHeader, FILE_HEADER_BYTES, FileMagic } from '../../../../src/storage/format/file-header.js';
import {
  appendBatchRecord,
  appendSegmentEnd,
  decodeLogRecord,
  type LogBatch,
  type LogRecord,
} from '../../../../src/storage/format/log-record.js';
import { decodeManifestEdit, encodeManifestEdit } from '../../../../src/storage/format/manifest-edit.js';
import { placeFrames, scanFrames } from '../../../../src/storage/format/record-frame.js';
import { LogFrames } from '../../../../src/storage/log/log-frames.js';
import { replayLog } from '../../../../src/storage/log/log-reader.js';
import { TableCursor } from '../../../../src/storage/table/table-cursor.js';
import { TableReader } from '../../../../src/storage/table/table-reader.js';
import { TableWriter } from '../../../../src/storage/table/table-writer.js';
import { encodeCurrent, encodeManifest, readManifest } from '../../../../src/storage/version/manifest.js';
import { Version } from '../../../../src/storage/version/version.js';
import { readWholeFile } from '../../../../src/storage/whole-file.js';
import { WriteBatch } from '../../../../src/storage/write-batch.js';
import type { FileSystem } from '../../../../src/vfs/index.js';
import {
  addEntry,
  batchOf,
  bytes,
  drainAll,
  entry,
  TABLE_DIRECTORY,
  TABLE_FORMAT,
  tableFileSystem,
  tableMeta,
  type TestEntry,
  writeTable,
} from '../fixtures.js';

/** 2026-01-01 */
const MADE_AT_MS = 1_767_225_600_000;
const FENCE = '```';

/** The bytes of the block that begins with ```hex NAME: two digits per byte, comments from # on. */
function hexBlock(document: string, name: string): Uint8Array {
  const text = readFileSync(new URL(`../../../../docs/formats/${document}.md`, import.meta.url), 'utf8');
  const start = text.indexOf(`${FENCE}hex ${name}\n`);
  expect(start, `${document}.md has a block ${name}`).toBeGreaterThanOrEqual(0);
  const body = text.slice(text.indexOf('\n', start), text.indexOf(FENCE, start + FENCE.length));
  const digits = body
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .join(' ');
  return Uint8Array.from(digits.split(/ +/), (pair) => Number.parseInt(pair, 16));
}

function putFile(fileSystem: FileSystem, path: string, content: Uint8Array): void {
  const file = fileSystem.open(path, 'create');
  file.write(content, 0);
  file.close();
}

const TABLE_ENTRIES: TestEntry[] = [entry('ada', 7, '1815'), entry('ada', 3, '?'), entry('bob', 7)];

test('the log segment in log.md is what the code writes', () => {
  const frames = new ByteWriter();
  appendBatchRecord(frames, 7, batchOf({ ada: '1815', bob: undefined }), MADE_AT_MS);
  appendBatchRecord(frames, 8, batchOf({ ada: undefined }));
  appendSegmentEnd(frames, 8, 9);
  placeFrames(frames.bytes(), { fileNumber: 4, offset: FILE_HEADER_BYTES, syncedOffset: FILE_HEADER_BYTES });
  const segment = Buffer.concat([encodeFileHeader(FileMagic.log, 4), frames.bytes()]);
  expect(new Uint8Array(segment)).toEqual(hexBlock('log', 'segment'));
});

test('the segment with a separated value in log.md is what the code writes, and is read back', () => {
  const fileSystem = tableFileSystem();
  const frames = new LogFrames({ thresholdBytes: 6, compression: 'none' });
  frames.addBatch(9, batchOf({ lake: 'varved' }), undefined);
  const place = { fileNumber: 6, offset: FILE_HEADER_BYTES, syncedOffset: FILE_HEADER_BYTES, marksEnd: false };
  const segment = Buffer.concat([encodeFileHeader(FileMagic.log, 6), ...frames.placed(place)]);
  expect(new Uint8Array(segment)).toEqual(hexBlock('log', 'values'));

  putFile(fileSystem, `${TABLE_DIRECTORY}/000006.log`, hexBlock('log', 'values'));
  const found: LogBatch[] = [];
  const visit = (record: LogBatch): void => void found.push(record);
  expect(replayLog(fileSystem, TABLE_DIRECTORY, 6, { whole: false, after: 8, visit })).toMatchObject({ isTorn: false });
  expect(found).toMatchObject([{ timestamp: 9, batch: { count: 1 } }]);
});

test('the log segment in log.md is read back', () => {
  const segment = hexBlock('log', 'segment');
  const records: LogRecord[] = [];
  const scan = scanFrames(segment, 4, FILE_HEADER_BYTES, (type, start, end) => {
    records.push(decodeLogRecord(type, segment.subarray(start, end), { file: 'segment', offset: start }));
  });
  expect(scan.damage).toBeUndefined();
  expect(records.map((record) => record.type)).toEqual(['batch', 'batch', 'end']);
  const [first, second, end] = records;
  expect(first).toMatchObject({ timestamp: 7, madeAtMs: MADE_AT_MS, batch: { count: 2 } });
  expect(second).toMatchObject({ timestamp: 8, madeAtMs: undefined, batch: { count: 1 } });
  expect(end).toEqual({ type: 'end', lastTimestamp: 8, successor: 9 });
});

test('CURRENT and the manifest in manifest.md are what the code writes, and are read back', () => {
  const fileSystem = tableFileSystem();
  const table = writeTable(fileSystem, 5, TABLE_ENTRIES, { blockBytes: 4096 });
  const version = new Version().with(
    { added: [{ level: 0, run: 5, table }], removed: [] },
    (meta) => meta,
    (expected) => new Error(expected),
  );
  const times = [
    { timestamp: 3, fromMs: MADE_AT_MS - 300, untilMs: MADE_AT_MS - 200 },
    { timestamp: 7, fromMs: MADE_AT_MS, untilMs: MADE_AT_MS + 1 },
  ];
  const state = { version, nextFileNumber: 10, logNumber: 9, lastTimestamp: 7, prunedThrough: 0, times };
  expect(encodeCurrent(6)).toEqual(hexBlock('manifest', 'current'));
  expect(encodeManifest(6, state)).toEqual(hexBlock('manifest', 'manifest'));

  putFile(fileSystem, `${TABLE_DIRECTORY}/CURRENT`, hexBlock('manifest', 'current'));
  putFile(fileSystem, `${TABLE_DIRECTORY}/MANIFEST-000006`, hexBlock('manifest', 'manifest'));
  expect(readManifest(fileSystem, TABLE_DIRECTORY)).toEqual({ number: 6, state, tornBytes: 0 });
});

test('the edit of a bulk load in manifest.md is what the code writes, and is read back', () => {
  const linked = {
    fileNumber: 11,
    sizeBytes: 300,
    entries: 2,
    tombstones: 0,
    superseded: 0,
    rawBytes: 14,
    linkedAt: 8,
  };
  const table = { ...tableMeta(11, 'ada', 'bob'), ...linked, minTimestamp: 8, maxTimestamp: 8 };
  const edit = { lastTimestamp: 8, added: [{ level: 1, run: 0, table }], removed: [] };
  const writer = new ByteWriter();
  encodeManifestEdit(writer, edit);
  expect(writer.toBytes()).toEqual(hexBlock('manifest', 'link'));
  expect(decodeManifestEdit(hexBlock('manifest', 'link'), { file: 'MANIFEST', offset: 0 })).toEqual(edit);
});

test('the batch in log.md is what the code writes, and is read back', () => {
  const batch = new WriteBatch();
  batch.put(bytes('user/2'), bytes('gone'));
  batch.clear({ lower: bytes('user/'), upper: bytes('user0') });
  batch.put(bytes('user/1'), bytes('x'));
  expect(batch.encoded()).toEqual(hexBlock('log', 'batch'));
  const decoded = WriteBatch.decode(hexBlock('log', 'batch'), (at) => new Error(`malformed at ${at}`));
  expect(decoded.count).toBe(2);
});

test('the table of tombstones in table.md is what the code writes, and is read back', () => {
  const written = tableFileSystem();
  const fragments = [{ start: bytes('a'), end: bytes('b'), timestamps: [5, 9] }];
  new TableWriter(written, TABLE_DIRECTORY, 6, { ...TABLE_FORMAT, blockBytes: 4096 }).finish(fragments);
  expect(readWholeFile(written, `${TABLE_DIRECTORY}/000006.tbl`)).toEqual(hexBlock('table', 'tombstones'));

  const reader = new TableReader({ fileSystem: written, directory: TABLE_DIRECTORY, cache: undefined }, 6);
  expect(reader.tombstones?.fragments).toEqual(fragments);
  for (const reverse of [false, true]) expect(drainAll(new TableCursor(reader, { reverse, bulk: true }))).toEqual([]);
  expect(reader.find(bytes('a'), hashBytes(bytes('a')), 9)).toBe(false);
  reader.close();
});

test('the table in table.md is what the code writes, and is read back', () => {
  const written = tableFileSystem();
  writeTable(written, 5, TABLE_ENTRIES, { blockBytes: 4096 });
  expect(readWholeFile(written, `${TABLE_DIRECTORY}/000005.tbl`)).toEqual(hexBlock('table', 'table'));

  const fileSystem = tableFileSystem();
  putFile(fileSystem, `${TABLE_DIRECTORY}/000005.tbl`, hexBlock('table', 'table'));
  const source = { fileSystem, directory: TABLE_DIRECTORY, cache: undefined };
  const reader = new TableReader(source, 5);
  expect(drainAll(new TableCursor(reader, { reverse: false, bulk: true }))).toEqual(TABLE_ENTRIES);
  const { smallest, largest, entries, tombstones } = reader.properties;
  expect({ smallest, largest, entries, tombstones }).toEqual({
    smallest: bytes('ada'),
    largest: tableMeta(5, 'ada', 'bob').largest,
    entries: 3,
    tombstones: 1,
  });
  reader.close();
});

test('the table with partitions in table.md is what the code writes, and is read back', () => {
  const entries = [entry('ada', 7, '1815'), entry('bob', 7)];
  const written = tableFileSystem();
  writeTable(written, 8, entries, { blockBytes: 1, indexBytesMax: 0 });
  expect(readWholeFile(written, `${TABLE_DIRECTORY}/000008.tbl`)).toEqual(hexBlock('table', 'partitions'));

  const fileSystem = tableFileSystem();
  putFile(fileSystem, `${TABLE_DIRECTORY}/000008.tbl`, hexBlock('table', 'partitions'));
  const reader = new TableReader({ fileSystem, directory: TABLE_DIRECTORY, cache: undefined }, 8);
  expect(drainAll(new TableCursor(reader, { reverse: false, bulk: true }))).toEqual(entries);
  expect(reader.find(bytes('bob'), hashBytes(bytes('bob')), 7)).toBe(true);
  expect(reader.find(bytes('ace'), hashBytes(bytes('ace')), 7)).toBe(false);
  expect(reader.properties).toMatchObject({ indexPartitions: 2, filter: undefined });
  reader.close();
});

test('the block with a prefix in table.md is what the code writes, and is read back', () => {
  const rows = [entry('row/0001', 9, 'a'), entry('row/0002', 9, 'b'), entry('row/0003', 9, 'c')];
  const builder = new BlockBuilder(64);
  for (const row of rows) {
    addEntry(builder, row);
    builder.slotLast(hashBytes(bytes(row.key)));
  }
  const documented = hexBlock('table', 'prefixed-block');
  expect(builder.finish().slice()).toEqual(documented);

  const reader = new BlockReader();
  reader.reset(documented, 0, documented.length);
  for (const [i, { key }] of rows.entries()) {
    reader.load(i);
    expect(reader.key()).toEqual(bytes(key));
    expect(reader.find(bytes(key), hashBytes(bytes(key)), 9)).toBe(true);
    expect(reader.find(bytes(`${key}0`), hashBytes(bytes(`${key}0`)), 9)).toBe(false);
  }
});
