import { describe, expect, test } from 'vitest';
import { utf8Encode } from '../../../src/base/index.js';
import { EntryKind } from '../../../src/storage/entry.js';
import { WriteBatch } from '../../../src/storage/write-batch.js';

const bytes = utf8Encode;

class Malformed extends Error {
  constructor(
    readonly at: number,
    readonly expected: string,
  ) {
    super(`${expected} at ${at}`);
  }
}
const malformed = (at: number, expected: string) => new Malformed(at, expected);

function operations(batch: WriteBatch): [EntryKind, string, string][] {
  const list: [EntryKind, string, string][] = [];
  batch.forEach((kind, source, keyStart, keyEnd, valueStart, valueEnd) => {
    const key = Buffer.from(source.slice(keyStart, keyEnd)).toString();
    list.push([kind, key, Buffer.from(source.slice(valueStart, valueEnd)).toString()]);
  });
  return list;
}

test('lists its operations in order, the same key as often as it was given', () => {
  const batch = new WriteBatch();
  batch.put(bytes('a'), bytes('1'));
  batch.delete(bytes('b'));
  batch.put(bytes('a'), bytes(''));
  expect(batch.count).toBe(3);
  expect(operations(batch)).toEqual([
    [EntryKind.Put, 'a', '1'],
    [EntryKind.Delete, 'b', ''],
    [EntryKind.Put, 'a', ''],
  ]);
});

test('encodes as documented', () => {
  const batch = new WriteBatch();
  batch.put(bytes('hi'), bytes('x'));
  batch.delete(bytes('hi'));
  expect([...batch.encoded()]).toEqual([2, 2, 0x68, 0x69, 1, 0x78, 1, 2, 0x68, 0x69]);
  expect(batch.byteSize).toBe(10);
});

test('copies what it is given', () => {
  const key = bytes('key');
  const value = bytes('value');
  const batch = new WriteBatch();
  batch.put(key, value);
  key.fill(0);
  value.fill(0);
  expect(operations(batch)).toEqual([[EntryKind.Put, 'key', 'value']]);
});

describe('the clearing of a range', () => {
  const range = (lower: string, upper: string) => ({ lower: bytes(lower), upper: bytes(upper) });

  test('removes what the batch has put into it before, and nothing that comes behind', () => {
    const batch = new WriteBatch();
    batch.put(bytes('a'), bytes('kept'));
    batch.put(bytes('b'), bytes('gone'));
    batch.delete(bytes('c'));
    batch.clear(range('b', 'd'));
    batch.put(bytes('b'), bytes('new'));
    batch.put(bytes('d'), bytes('kept'));
    batch.clear(range('d', 'e'));
    expect(batch.count).toBe(4);
    expect(operations(batch)).toEqual([
      [EntryKind.Put, 'a', 'kept'],
      [EntryKind.RangeDelete, 'b', 'd'],
      [EntryKind.Put, 'b', 'new'],
      [EntryKind.RangeDelete, 'd', 'e'],
    ]);
    const decoded = WriteBatch.decode(batch.encoded(), malformed);
    expect(operations(decoded)).toEqual(operations(batch));
  });

  test('that is empty is none', () => {
    const batch = new WriteBatch();
    batch.clear(range('b', 'b'));
    batch.clear(range('c', 'b'));
    expect(batch.count).toBe(0);
  });

  test('is refused in a batch that is read when it is empty', () => {
    const empty = new Uint8Array([3, 1, 0x62, 1, 0x62]);
    expect(() => WriteBatch.decode(empty, malformed)).toThrow(expect.objectContaining({ at: 0 }));
  });
});

test('is empty and reusable after reset', () => {
  const batch = new WriteBatch();
  batch.put(bytes('a'), bytes('1'));
  batch.reset();
  expect([batch.count, batch.byteSize]).toEqual([0, 0]);
  batch.delete(bytes('b'));
  expect(operations(batch)).toEqual([[EntryKind.Delete, 'b', '']]);
});

describe('decode', () => {
  test('gives back what was encoded, across all lengths of length fields', () => {
    const batch = new WriteBatch();
    for (const length of [0, 1, 127, 128, 129, 16_383, 16_384, 70_000]) {
      batch.put(bytes('k'.repeat(length)), bytes('v'.repeat(70_000 - length)));
      batch.delete(bytes('d'.repeat(length)));
    }
    const decoded = WriteBatch.decode(batch.encoded(), malformed);
    expect(decoded.count).toBe(batch.count);
    expect(operations(decoded)).toEqual(operations(batch));
    expect(Buffer.compare(decoded.encoded(), batch.encoded())).toBe(0);
  });

  test('refuses every proper prefix that ends inside an operation', () => {
    const batch = new WriteBatch();
    batch.put(bytes('key'), bytes('value'));
    const encoded = batch.encoded().slice();
    for (let length = 1; length < encoded.length; length++) {
      expect(() => WriteBatch.decode(encoded.subarray(0, length), malformed)).toThrow(Malformed);
    }
  });

  test('refuses values without room for what their kind says, and an expiry with a value', () => {
    const lengths = [
      [4, 19, '20 bytes'],
      [4, 21, '20 bytes'],
      [5, 5, '6 bytes or more'],
      [6, 1, 'no value'],
      [7, 25, '26 bytes'],
    ] as const;
    for (const [kind, valueBytes, expected] of lengths) {
      const damaged = new Uint8Array([kind, 1, 0x61, valueBytes, ...new Uint8Array(valueBytes)]);
      expect(() => WriteBatch.decode(damaged, malformed)).toThrow(expect.objectContaining({ at: 0, expected }));
    }
  });

  test('refuses kinds it does not know, and says where', () => {
    for (const kind of [0, 8, 255]) {
      const damaged = new Uint8Array([1, 1, 0x61, kind, 0]);
      expect(() => WriteBatch.decode(damaged, malformed)).toThrow(expect.objectContaining({ at: 3 }));
    }
  });

  test('does not believe a length beyond the input', () => {
    expect(() => WriteBatch.decode(new Uint8Array([2, 0xff, 0xff, 0xff, 0x7f, 1]), malformed)).toThrow(Malformed);
  });
});
