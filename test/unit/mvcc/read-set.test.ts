import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rangeContains, utf8Decode, utf8Encode } from '../../../src/base/index.js';
import { MemtablePool } from '../../../src/mvcc/memtable-pool.js';
import { ReadSet } from '../../../src/mvcc/read-set.js';
import { propertyOptions } from '../../support/seed.js';

const bytes = utf8Encode;

function keysOf(reads: ReadSet): string[] {
  const keys: string[] = [];
  reads.forEachKey((_kind, source, start, end) => keys.push(utf8Decode(source.slice(start, end))));
  return keys;
}

test('remembers each key once, and ranges as they are', () => {
  const reads = new ReadSet(new MemtablePool(), 1 << 20);
  for (const key of ['b', 'a', 'b', 'b']) reads.addKey(bytes(key));
  reads.addRange({ lower: bytes('c'), upper: undefined });
  expect(keysOf(reads)).toEqual(['b', 'a']);
  expect(reads.ranges).toEqual([{ lower: bytes('c'), upper: undefined }]);
});

test.each(['keys', 'ranges'])('beyond its limit %s are covered by one interval', (what) => {
  const reads = new ReadSet(new MemtablePool(), 2048);
  const key = (i: number) => bytes(`k${String(i).padStart(4, '0')}`);
  for (let i = 100; i < 400; i++) {
    if (what === 'keys') reads.addKey(key(i));
    else reads.addRange({ lower: key(i), upper: key(i + 1) });
  }
  reads.addKey(key(50));
  reads.addRange({ lower: key(300), upper: key(500) });
  expect(keysOf(reads)).toEqual([]);
  expect(reads.ranges).toHaveLength(1);
  const covers = (i: number) => rangeContains(reads.ranges[0]!, key(i));
  expect([50, 100, 399, 499].map(covers)).toEqual([true, true, true, true]);
  expect([49, 500].map(covers)).toEqual([false, false]);
});

test('an open bound stays open when the details are given up', () => {
  const reads = new ReadSet(new MemtablePool(), 512);
  reads.addRange({ lower: bytes('m'), upper: undefined });
  for (let i = 0; i < 40; i++) reads.addKey(bytes(`a${i}`));
  expect(reads.ranges).toEqual([{ lower: bytes('a0'), upper: undefined }]);
});

test('has every key once, be they few or many, short or long', () => {
  const head = fc.uint8Array({ maxLength: 2, max: 5 });
  const tailBytes = fc.constantFrom(0, 0, 0, 100, 300, 600);
  const pool = new MemtablePool();
  fc.assert(
    fc.property(fc.array(fc.tuple(head, tailBytes), { maxLength: 30 }), (keys) => {
      const reads = new ReadSet(pool, 1_000_000);
      const expected = new Set<string>();
      for (const [start, zeros] of keys) {
        const key = Uint8Array.from([...start, ...new Uint8Array(zeros)]);
        reads.addKey(key);
        expected.add(key.join());
      }
      const visited: string[] = [];
      reads.forEachKey((_kind, source, start, end) => visited.push(source.slice(start, end).join()));
      expect(visited).toHaveLength(expected.size);
      expect(new Set(visited)).toEqual(expected);
      reads.release();
    }),
    propertyOptions(500),
  );
});
