/** The inputs of YCSB are those of its definition. */

import { expect, test } from 'vitest';
import { fnvHash64 } from '../../../bench/src/input/fnv-hash.js';
import { seededFractions } from '../../../bench/src/input/random.js';
import { OperationStream, userKey, YCSB_WORKLOADS } from '../../../bench/src/input/ycsb-operations.js';
import { Latest, ScrambledZipfian, Zipfian } from '../../../bench/src/input/zipfian.js';

const DRAWS = 200_000;

/** The same with arithmetic that needs no thought. */
function plainHash(value: number): bigint {
  let hash = 0xcbf29ce484222325n;
  let rest = BigInt(value);
  for (let octet = 0; octet < 8; octet++) {
    hash = ((hash ^ (rest & 0xffn)) * 1099511628211n) & 0xffffffffffffffffn;
    rest >>= 8n;
  }
  const signed = BigInt.asIntN(64, hash);
  return signed < 0n ? -signed : signed;
}

function countsOf(next: () => number): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < DRAWS; i++) {
    const drawn = next();
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
  }
  return counts;
}

test('the hash is FNV-1a over eight octets, taken absolutely', () => {
  expect(fnvHash64(0)).toBe(6284781860667377211n); // the key of YCSB's first record is user6284781860667377211
  expect(fnvHash64(1)).toBe(8517097267634966620n);
  for (const value of [2, 255, 256, 65_537, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 9_999_999_999, 2 ** 53 - 1]) {
    expect(fnvHash64(value)).toBe(plainHash(value));
  }
  expect(userKey(0).toString()).toBe('user6284781860667377211');
});

test('Zipfian ranks come as often as their harmonic weight says', () => {
  const items = 1000;
  let zeta = 0;
  for (let i = 1; i <= items; i++) zeta += i ** -0.99;
  const zipfian = new Zipfian(items, seededFractions(1));
  const counts = countsOf(() => zipfian.next());
  // The first two ranks are exact in Gray's method, the others approximate.
  expect(counts.get(0)! / DRAWS).toBeCloseTo(1 / zeta, 2);
  expect(counts.get(1)! / DRAWS).toBeCloseTo(0.5 ** 0.99 / zeta, 2);
  expect(Math.max(...counts.keys())).toBeLessThan(items);
  expect(Math.min(...counts.keys())).toBe(0);
  const upperHalf = [...counts].reduce((sum, [rank, count]) => sum + (rank >= items / 2 ? count : 0), 0);
  let weight = 0;
  for (let i = items / 2 + 1; i <= items; i++) weight += i ** -0.99;
  expect(upperHalf / DRAWS).toBeCloseTo(weight / zeta, 2);
});

test('the most popular scrambled key gets 3.78 % of all draws, and is not the first record', () => {
  const scrambled = new ScrambledZipfian(100_000, seededFractions(1));
  const counts = [...countsOf(() => scrambled.next())].toSorted(([, a], [, b]) => b - a);
  const [top, topCount] = counts[0]!;
  expect(topCount / DRAWS).toBeGreaterThan(0.0378 - 0.002);
  expect(topCount / DRAWS).toBeLessThan(0.0378 + 0.002);
  expect(BigInt(top)).toBe(plainHash(0) % 100_000n);
  expect(counts.length).toBeGreaterThan(30_000);
});

test('the latest distribution favours the newest record, also after it has changed', () => {
  const latest = new Latest(999, seededFractions(1));
  const before = countsOf(() => latest.next(999));
  expect(before.get(999)! / DRAWS).toBeGreaterThan(0.1);
  expect(Math.min(...before.keys())).toBeGreaterThan(0);
  const after = countsOf(() => latest.next(2000));
  expect(Math.max(...after.keys())).toBe(2000);
  expect(after.get(2000)!).toBeGreaterThan(after.get(1000) ?? 0);
});

test('every workload has the operations of its definition, on records that are there', () => {
  const ops = 5000;
  for (const [name, mix] of Object.entries(YCSB_WORKLOADS)) {
    const records = 1000;
    const stream = new OperationStream(mix, records, ops, 7);
    const keys = new Set(Array.from({ length: records }, (_, number) => userKey(number).toString()));
    const kinds = new Map<string, number>();
    const lengths = new Set<number>();
    let misplaced = 0;
    for (let i = 0; i < ops; i++) {
      const { kind, key, argument } = stream.next();
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (!keys.has(key.toString()) !== (kind === 'insert')) misplaced++;
      keys.add(key.toString());
      if (kind === 'scan') lengths.add(argument);
      else if (!(argument >= 0 && argument < 10)) misplaced++;
    }
    expect(misplaced, name).toBe(0);
    for (const [kind, proportion] of Object.entries(mix.proportions)) {
      expect((kinds.get(kind) ?? 0) / ops, `${name} ${kind}`).toBeCloseTo(proportion, 1);
    }
    expect(stream.records).toBe(keys.size);
    if (name === 'E') expect([Math.min(...lengths), Math.max(...lengths), lengths.size]).toEqual([1, 100, 100]);
  }
});
