import { expect, test } from 'vitest';
import { CorruptionError, hashBytes } from '../../../../src/base/index.js';
import { BloomFilter, buildBloomFilter } from '../../../../src/storage/format/bloom-filter.js';
import { bytes } from '../fixtures.js';

function hashesOf(prefix: string, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => hashBytes(bytes(`${prefix}${i}`)));
}

test('a Bloom filter never denies a key that was added', () => {
  for (const count of [1, 50, 3000]) {
    const hashes = hashesOf('user', count);
    const filter = new BloomFilter(buildBloomFilter(hashes, count, 10), { file: 'f', offset: 0 });
    expect(hashes.every((hash) => filter.mayContain(hash))).toBe(true);
  }
});

test('a Bloom filter of ten bits per key denies about ninety-nine in a hundred others', () => {
  const filter = new BloomFilter(buildBloomFilter(hashesOf('user', 20_000), 20_000, 10), { file: 'f', offset: 0 });
  const falsePositives = hashesOf('other', 20_000).filter((hash) => filter.mayContain(hash)).length;
  expect(falsePositives).toBeGreaterThan(0);
  expect(falsePositives / 20_000).toBeLessThan(0.02);
});

test('an impossible filter is refused', () => {
  const filter = buildBloomFilter(hashesOf('user', 10), 10, 10);
  const place = { file: '000001.tbl', offset: 99 };
  expect(() => new BloomFilter(filter.subarray(0, 40), place)).toThrow(CorruptionError);
  const unknownKind = filter.slice();
  unknownKind[0] = 9;
  expect(() => new BloomFilter(unknownKind, place)).toThrow('000001.tbl: damaged at offset 99');
  const noProbes = filter.slice();
  noProbes[1] = 0;
  expect(() => new BloomFilter(noProbes, place)).toThrow(CorruptionError);
});
