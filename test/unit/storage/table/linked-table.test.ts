import { expect, test } from 'vitest';
import { hashBytes } from '../../../../src/base/index.js';
import { MAX_TIMESTAMP, UNDATED_TIMESTAMP } from '../../../../src/storage/index.js';
import { RunCursor } from '../../../../src/storage/table/run-cursor.js';
import { TableReader } from '../../../../src/storage/table/table-reader.js';
import { bytes, drain, drainAll, entry, TABLE_DIRECTORY, tableFileSystem, writeTable } from '../fixtures.js';

const LINKED_AT = 40;
const keys = Array.from({ length: 50 }, (_, i) => `key/${String(i * 2).padStart(3, '0')}`);

/** The same content twice: in a table that says its timestamps, and in one for which the manifest says them. */
function bothTables(): readonly [ordinary: TableReader, linked: TableReader] {
  const fileSystem = tableFileSystem();
  const source = { fileSystem, directory: TABLE_DIRECTORY, cache: undefined };
  const dated = keys.map((key) => entry(key, LINKED_AT, `value of ${key}`));
  const undated = keys.map((key) => entry(key, UNDATED_TIMESTAMP, `value of ${key}`));
  const ordinary = writeTable(fileSystem, 1, dated);
  const linked = { ...writeTable(fileSystem, 2, undated), linkedAt: LINKED_AT };
  return [new TableReader(source, 1, ordinary), new TableReader(source, 2, linked)];
}

test('a table that was linked at a timestamp reads like one that holds it', () => {
  const readers = bothTables();
  const cursors = (reverse: boolean): RunCursor[] =>
    readers.map((reader) => {
      const { smallest, largest } = reader.properties;
      return new RunCursor([{ smallest, largest, reader: () => reader }], { reverse, bulk: false });
    });
  const seeks = ['key', 'key/000', 'key/001', 'key/040', 'key/041', 'key/098', 'key/099', 'z'];
  for (const reverse of [false, true]) {
    const [ordinary, linked] = cursors(reverse) as [RunCursor, RunCursor];
    expect(drainAll(linked)).toEqual(drainAll(ordinary));
    for (const key of [...seeks, ...keys]) {
      for (const timestamp of [0, 1, 2, LINKED_AT - 1, LINKED_AT, LINKED_AT + 1, MAX_TIMESTAMP]) {
        ordinary.seek(bytes(key), timestamp);
        linked.seek(bytes(key), timestamp);
        expect(drain(linked).slice(0, 3), `${key} at ${timestamp}`).toEqual(drain(ordinary).slice(0, 3));
      }
    }
  }
});

test('a point read of a linked table finds its entries from their timestamp on', () => {
  const [, linked] = bothTables();
  const key = bytes('key/040');
  for (const asOf of [1, LINKED_AT - 1]) expect(linked.find(key, hashBytes(key), asOf), String(asOf)).toBe(false);
  for (const asOf of [LINKED_AT, MAX_TIMESTAMP]) {
    expect(linked.find(key, hashBytes(key), asOf)).toBe(true);
    expect(linked.foundTimestamp).toBe(LINKED_AT);
  }
});
