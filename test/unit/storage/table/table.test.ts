import { describe, expect, test } from 'vitest';
import { CorruptionError, hashBytes, InvariantError, randomBelow, seededRandom } from '../../../../src/base/index.js';
import { BlockCache } from '../../../../src/storage/cache/block-cache.js';
import { RunCursor } from '../../../../src/storage/table/run-cursor.js';
import { TableCursor } from '../../../../src/storage/table/table-cursor.js';
import { TableReader } from '../../../../src/storage/table/table-reader.js';
import { type TableFormat, TableWriter } from '../../../../src/storage/table/table-writer.js';
import type { FileSystem } from '../../../../src/vfs/index.js';
import {
  addEntry,
  bytes,
  compareTestEntries,
  currentEntry,
  drain,
  drainAll,
  entry,
  TABLE_DIRECTORY,
  TABLE_FORMAT,
  tableFileSystem,
  type TestEntry,
  writeTable,
} from '../fixtures.js';

/** Keys with shared prefixes, several versions each, one with more than fit in a block, and a large value. */
function sampleEntries(): TestEntry[] {
  const random = seededRandom(3);
  const entries: TestEntry[] = [entry('hot/0', 900, 'large '.repeat(200))];
  for (let timestamp = 500; timestamp > 400; timestamp--) entries.push(entry('hot', timestamp, `version ${timestamp}`));
  for (let i = 0; i < 120; i++) {
    const key = `user/${String(i * 3).padStart(4, '0')}`;
    for (let timestamp = 1 + randomBelow(random, 5); timestamp > 0; timestamp--) {
      entries.push(entry(key, timestamp * 10, random.float() < 0.2 ? undefined : `${key} at ${timestamp}`));
    }
  }
  return entries.sort(compareTestEntries);
}

function openTable(fileSystem: FileSystem, fileNumber: number, cacheBytes = 0): TableReader {
  const cache =
    cacheBytes === 0 ? undefined : new BlockCache({ maxBytes: cacheBytes, cellBytes: TABLE_FORMAT.blockBytes });
  return new TableReader({ fileSystem, directory: TABLE_DIRECTORY, cache }, fileNumber);
}

const formats: [string, Partial<TableFormat>][] = [
  ['uncompressed', {}],
  ['compressed', { compression: 'lz4', blockBytes: 512 }],
  ['without filter', { bloomBitsPerKey: 0 }],
  ['an entry per block', { blockBytes: 1 }],
  ['with a prefix taken out of its keys', { blockBytes: 2048 }],
  ['in partitions behind a bound, compressed', { indexBytesMax: 600, compression: 'lz4', blockBytes: 200 }],
];

describe.each(formats)('a table, %s', (_name, format) => {
  const entries = sampleEntries();
  const fileSystem = tableFileSystem();
  const meta = writeTable(fileSystem, 1, entries, format);

  test('says what is in it', () => {
    const reader = openTable(fileSystem, 1);
    expect(meta).toMatchObject({
      entries: entries.length,
      tombstones: entries.filter((one) => one.value === undefined).length,
      smallest: bytes(entries[0]!.key),
      largest: bytes(entries.at(-1)!.key),
      minTimestamp: 10,
      maxTimestamp: 900,
      sizeBytes: reader.file.size(),
    });
    const {
      fileNumber: _number,
      sizeBytes: _size,
      superseded: _superseded,
      references: _references,
      ...summary
    } = meta;
    expect(reader.properties).toMatchObject(summary);
    reader.close();
  });

  test.each([0, 100, 100_000])('finds every version, and nothing else, with a cache of %d bytes', (cacheBytes) => {
    const reader = openTable(fileSystem, 1, cacheBytes);
    const keys = [...new Set(entries.map((one) => one.key)), 'absent', 'hot/', 'user/0001', 'zzz', ''];
    for (const key of keys) {
      for (const asOf of [0, 9, 10, 25, 401, 450, 900, 2 ** 53 - 1]) {
        const expected = entries.find((one) => one.key === key && one.timestamp <= asOf);
        const keyBytes = bytes(key);
        const found = reader.find(keyBytes, hashBytes(keyBytes), asOf);
        expect({ key, asOf, found }).toEqual({ key, asOf, found: expected !== undefined });
        if (!found) continue;
        const value = Buffer.from(
          reader.foundValueBytes.slice(reader.foundValueStart, reader.foundValueEnd),
        ).toString();
        expect({ timestamp: reader.foundTimestamp, value: reader.foundKind === 2 ? value : undefined }).toEqual({
          timestamp: expected!.timestamp,
          value: expected!.value,
        });
      }
    }
    reader.close();
  });

  test.each([false, true])('is walked in order, bulk: %s', (bulk) => {
    const reader = openTable(fileSystem, 1, 2000);
    expect(drainAll(new TableCursor(reader, { reverse: false, bulk }))).toEqual(entries);
    expect(drainAll(new TableCursor(reader, { reverse: true, bulk }))).toEqual(entries.toReversed());
    reader.close();
  });

  test('is entered at any place, in both directions', () => {
    const reader = openTable(fileSystem, 1, 2000);
    const up = new TableCursor(reader, { reverse: false, bulk: false });
    const down = new TableCursor(reader, { reverse: true, bulk: false });
    const targets = [...entries, entry('', 5), entry('hot', 450.5), entry('user/0001', 7), entry('zzz', 1)];
    for (const target of targets) {
      up.seek(bytes(target.key), target.timestamp);
      const above = entries.filter((one) => compareTestEntries(one, target) >= 0);
      expect(up.valid ? currentEntry(up) : undefined).toEqual(above[0]);
      down.seek(bytes(target.key), target.timestamp);
      const below = entries.filter((one) => compareTestEntries(one, target) <= 0);
      expect(down.valid ? currentEntry(down) : undefined).toEqual(below.at(-1));
      if (down.valid) {
        down.next();
        expect(down.valid ? currentEntry(down) : undefined).toEqual(below.at(-2));
      }
    }
    reader.close();
  });
});

describe('a table writer', () => {
  test('refuses versions of a key out of order', () => {
    const writer = new TableWriter(tableFileSystem(), TABLE_DIRECTORY, 1, TABLE_FORMAT);
    addEntry(writer, entry('a', 5, 'v'));
    expect(() => addEntry(writer, entry('a', 5, 'w'))).toThrow(InvariantError);
  });

  test('makes the file durable', () => {
    const fileSystem = tableFileSystem();
    writeTable(fileSystem, 1, sampleEntries());
    fileSystem.syncDirectory('/');
    fileSystem.syncDirectory(TABLE_DIRECTORY);
    const image = fileSystem.crashImage('lost', seededRandom(1));
    expect(drainAll(new TableCursor(openTable(image, 1), { reverse: false, bulk: true }))).toEqual(sampleEntries());
  });
});

describe('a damaged table', () => {
  test('never yields a wrong entry, whichever byte is flipped', () => {
    const fileSystem = tableFileSystem();
    const entries = sampleEntries().slice(95, 140);
    const { sizeBytes } = writeTable(fileSystem, 1, entries);
    let refused = 0;
    for (let at = 0; at < sizeBytes; at++) {
      const file = fileSystem.open(`${TABLE_DIRECTORY}/000001.tbl`, 'update');
      const byte = new Uint8Array(1);
      file.read(byte, at);
      file.write(Uint8Array.of(byte[0]! ^ 0x20), at);
      try {
        const reader = openTable(fileSystem, 1);
        expect(drainAll(new TableCursor(reader, { reverse: false, bulk: false }))).toEqual(entries);
        reader.close();
      } catch (cause) {
        expect(cause, `byte ${at}`).toBeInstanceOf(CorruptionError);
        refused++;
      }
      file.write(byte, at);
      file.close();
    }
    expect(refused).toBe(sizeBytes);
  });

  test('is refused when it was cut or extended', () => {
    const fileSystem = tableFileSystem();
    const { sizeBytes } = writeTable(fileSystem, 1, sampleEntries());
    const file = fileSystem.open(`${TABLE_DIRECTORY}/000001.tbl`, 'update');
    const source = { fileSystem, directory: TABLE_DIRECTORY, cache: undefined };
    file.write(new Uint8Array(10), sizeBytes);
    expect(() => new TableReader(source, 1, { sizeBytes })).toThrow(`expected a file of ${sizeBytes} bytes`);
    expect(() => new TableReader(source, 1)).toThrow(CorruptionError);
    for (const size of [0, 19, 43, 100, sizeBytes - 1]) {
      file.truncate(size);
      expect(() => new TableReader(source, 1), `cut to ${size}`).toThrow(CorruptionError);
    }
  });
});

describe('a run of tables', () => {
  const entries = sampleEntries().filter((one) => one.key.startsWith('user'));
  const fileSystem = tableFileSystem();
  const keys = [...new Set(entries.map((one) => one.key))];
  const bounds = [0, 30, 31, 80, keys.length];
  const tables = bounds.slice(1).map((end, i) => {
    const own = new Set(keys.slice(bounds[i], end));
    const meta = writeTable(
      fileSystem,
      i + 1,
      entries.filter((one) => own.has(one.key)),
    );
    return { ...meta, reader: () => openTable(fileSystem, i + 1, 1000) };
  });

  test('is walked like one table, in both directions', () => {
    expect(drainAll(new RunCursor(tables, { reverse: false, bulk: false }))).toEqual(entries);
    expect(drainAll(new RunCursor(tables, { reverse: true, bulk: true }))).toEqual(entries.toReversed());
  });

  test('is entered at any place, in and between its tables', () => {
    const up = new RunCursor(tables, { reverse: false, bulk: false });
    const down = new RunCursor(tables, { reverse: true, bulk: false });
    for (const key of [...keys, '', 'user/0001', 'user/0091', 'user/0092', 'zzz']) {
      for (const timestamp of [0, 20, 1000]) {
        const target = entry(key, timestamp);
        up.seek(bytes(key), timestamp);
        expect(drain(up)).toEqual(entries.filter((one) => compareTestEntries(one, target) >= 0));
        down.seek(bytes(key), timestamp);
        expect(drain(down)).toEqual(entries.filter((one) => compareTestEntries(one, target) <= 0).toReversed());
      }
    }
  });
});
