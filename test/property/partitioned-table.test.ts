/**
 * Tables with tiny partitions of index and filter against a sorted list: lookups of what is there and what is not as of
 * every timestamp, walks and seeks in both directions, with and without a cache, and the full check of the file.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareBytes, equalBytes, hashBytes } from '../../src/base/index.js';
import { checkTable } from '../../src/recovery/table-check.js';
import { BlockCache } from '../../src/storage/cache/block-cache.js';
import { CACHE_POLICIES, EntryKind } from '../../src/storage/index.js';
import { TableCursor } from '../../src/storage/table/table-cursor.js';
import { TableReader } from '../../src/storage/table/table-reader.js';
import { type TableFormat, TableWriter } from '../../src/storage/table/table-writer.js';
import { MemFileSystem } from '../../src/vfs/index.js';
import { propertyOptions } from '../support/seed.js';

interface Version {
  readonly key: Uint8Array;
  readonly timestamp: number;
  readonly value: Uint8Array;
}

/** Few byte values and timestamps, so that keys extend one another and have many versions. */
const versions = fc
  .array(
    fc.record({
      key: fc
        .array(fc.constantFrom(0x00, 0x61, 0x62, 0xff), { maxLength: 5 })
        .map((bytes) => Uint8Array.from([0x6b, ...bytes])),
      timestamp: fc.integer({ min: 1, max: 40 }),
      value: fc.uint8Array({ maxLength: 30 }),
    }),
    { minLength: 1, maxLength: 400, size: 'max' },
  )
  .map((drawn) => {
    drawn.sort((a, b) => compareBytes(a.key, b.key) || b.timestamp - a.timestamp);
    return drawn.filter(
      (one, i) => i === 0 || drawn[i - 1]!.timestamp !== one.timestamp || !equalBytes(drawn[i - 1]!.key, one.key),
    );
  });

const formats: fc.Arbitrary<TableFormat> = fc.record({
  blockBytes: fc.constantFrom(1, 70, 128, 300),
  bloomBitsPerKey: fc.constantFrom(0, 10),
  compression: fc.constantFrom('lz4', 'none'),
  indexBytesMax: fc.constantFrom(0, 200, 700),
});

const caches = fc.option(
  fc.record({
    maxBytes: fc.constantFrom(1, 500, 3000, 100_000),
    cellBytes: fc.constantFrom(70, 300),
    policy: fc.constantFrom(...CACHE_POLICIES),
  }),
  { nil: undefined },
);

function order(a: Omit<Version, 'value'>, b: Omit<Version, 'value'>): number {
  return compareBytes(a.key, b.key) || b.timestamp - a.timestamp;
}

function shown({ key, timestamp, value }: Version): string {
  return `${Buffer.from(key).toString('hex')}@${timestamp}=${Buffer.from(value).toString('hex')}`;
}

function current(cursor: TableCursor): string | undefined {
  if (!cursor.valid) return undefined;
  const key = cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd);
  return shown({
    key,
    timestamp: cursor.timestamp,
    value: cursor.valueBytes.slice(cursor.valueStart, cursor.valueEnd),
  });
}

function compareFinds(reader: TableReader, all: readonly Version[], key: Uint8Array): void {
  const hash = hashBytes(key);
  for (const asOf of [0, 1, 7, 20, 33, 40, 2 ** 53 - 1]) {
    const expected = all.find((one) => equalBytes(one.key, key) && one.timestamp <= asOf);
    const found = reader.find(key, hash, asOf);
    expect({ key, asOf, found }).toEqual({ key, asOf, found: expected !== undefined });
    if (expected === undefined) continue;
    const value = reader.foundValueBytes.slice(reader.foundValueStart, reader.foundValueEnd);
    expect(shown({ key, timestamp: reader.foundTimestamp, value })).toBe(shown(expected));
  }
}

function compareWalks(reader: TableReader, all: readonly Version[], targets: readonly Omit<Version, 'value'>[]): void {
  for (const reverse of [false, true]) {
    const expected = reverse ? all.toReversed() : all;
    const cursor = new TableCursor(reader, { reverse, bulk: false });
    const walked: unknown[] = [];
    for (cursor.seekToStart(); cursor.valid; cursor.next()) walked.push(current(cursor));
    expect(walked).toEqual(expected.map(shown));
    for (const target of targets) {
      const behind = expected.filter((one) => order(one, target) * (reverse ? -1 : 1) >= 0);
      cursor.seek(target.key, target.timestamp);
      for (const one of behind.slice(0, 3)) {
        expect(current(cursor)).toBe(shown(one));
        cursor.next();
      }
      if (behind.length <= 3) expect(cursor.valid).toBe(false);
    }
    cursor.close();
  }
}

test('a table in partitions agrees with a sorted list', () => {
  let partitions = 0;
  fc.assert(
    fc.property(versions, formats, caches, (all, format, cacheOptions) => {
      const fileSystem = new MemFileSystem();
      const writer = new TableWriter(fileSystem, '/', 1, format);
      for (const { key, timestamp, value } of all) {
        writer.add(key, 0, key.length, timestamp, EntryKind.Put, value, 0, value.length);
      }
      const meta = writer.finish();
      checkTable({ fileSystem, directory: '/', cache: undefined }, meta);

      const cache = cacheOptions === undefined ? undefined : new BlockCache(cacheOptions);
      const reader = new TableReader({ fileSystem, directory: '/', cache }, 1, meta);
      partitions = Math.max(partitions, reader.properties.indexPartitions);
      const targets = all.filter((_, i) => i % 7 === 0);
      const beside = targets.flatMap(({ key }) => [key.slice(0, -1), Uint8Array.from([...key, 0])]);
      for (const key of [...targets.map((one) => one.key), ...beside]) compareFinds(reader, all, key);
      const between = targets.slice(0, 12).flatMap(({ key, timestamp }) => [
        { key, timestamp },
        { key, timestamp: timestamp + 0.5 },
        { key: Uint8Array.from([...key, 0]), timestamp: 3 },
      ]);
      compareWalks(reader, all, [
        ...between,
        { key: new Uint8Array(0), timestamp: 1 },
        { key: Uint8Array.of(0xff), timestamp: 1 },
      ]);
      reader.close();
    }),
    propertyOptions(60),
  );
  expect(partitions).toBeGreaterThan(20);
});
