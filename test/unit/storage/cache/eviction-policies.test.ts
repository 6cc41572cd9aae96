import { describe, expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../../../src/base/index.js';
import { BlockCache } from '../../../../src/storage/cache/block-cache.js';
import { NOT_CACHED } from '../../../../src/storage/cache/cached-blocks.js';
import { CACHE_POLICIES, type CachePolicyName, evictionPolicy } from '../../../../src/storage/cache/eviction-policy.js';
import { FrequencySketch } from '../../../../src/storage/cache/frequency-sketch.js';
import { KeyQueue } from '../../../../src/storage/cache/key-queue.js';

const CAPACITY = 100;

/** Hits per access when every miss is filled in. */
function hitRate(policy: CachePolicyName, trace: Iterable<number>): number {
  const cache = new BlockCache({ maxBytes: CAPACITY * 64, cellBytes: 64, policy });
  const block = new Uint8Array(64);
  const blocks = { fileNumber: 1, slots: new Int32Array(100_000).fill(NOT_CACHED) };
  for (const number of trace) {
    if (cache.find(blocks, number) === NOT_CACHED) cache.insert(blocks, number, block);
  }
  expect(cache.stats().blocks).toBe(CAPACITY);
  return cache.stats().hitRate;
}

/** Ranks drawn with probability ∝ 1 / rank^0.99 by inversion of the cumulative sums. */
function zipfian(count: number, below: number, seed: number): () => number {
  const sums = new Float64Array(below);
  let sum = 0;
  for (let rank = 0; rank < below; rank++) sums[rank] = sum += 1 / (rank + 1) ** 0.99;
  const random = seededRandom(seed + count);
  return () => {
    const drawn = random.float() * sum;
    let low = 0;
    let high = below - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! < drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function skewed(): number[] {
  const draw = zipfian(50_000, 2000, 1);
  return Array.from({ length: 50_000 }, draw);
}

/** Skewed reads with a scan of blocks that are never read again in between. */
function skewedWithScans(): number[] {
  const draw = zipfian(50_000, 2000, 2);
  const trace: number[] = [];
  for (let i = 0; i < 50_000; i++) {
    trace.push(draw());
    if (i % 500 === 499) for (let block = 0; block < 300; block++) trace.push(10_000 + i + block);
  }
  return trace;
}

/** Again and again over a little more than fits. */
function loop(): number[] {
  return Array.from({ length: 20_000 }, (_, i) => i % (CAPACITY + 20));
}

/** Reads of a working set that moves on for good. */
function moving(): number[] {
  const random = seededRandom(4);
  return Array.from({ length: 40_000 }, (_, i) => Math.floor(i / 4000) * 1000 + randomBelow(random, 90));
}

function rates(trace: readonly number[]): Record<CachePolicyName, number> {
  const [sieve, lru, arc, tinylfu] = CACHE_POLICIES.map((policy) => hitRate(policy, trace));
  return { sieve: sieve!, lru: lru!, arc: arc!, tinylfu: tinylfu! };
}

describe('hit rates', () => {
  test('of skewed reads are better than by LRU with each of the others', () => {
    const rate = rates(skewed());
    expect(rate.lru).toBeGreaterThan(0.4);
    for (const policy of ['sieve', 'arc', 'tinylfu'] as const) expect(rate[policy]).toBeGreaterThan(rate.lru + 0.02);
    expect(rate.tinylfu).toBeGreaterThan(rate.arc);
  });

  test('of skewed reads suffer least from scans where these must prove themselves', () => {
    const rate = rates(skewedWithScans());
    expect(rate.sieve).toBeGreaterThan(rate.lru + 0.02);
    expect(rate.arc).toBeGreaterThan(rate.lru + 0.02);
    expect(rate.tinylfu).toBeGreaterThan(rate.lru + 0.04);
  });

  test('of a loop that is too long are zero by LRU, and high where frequency admits', () => {
    const rate = rates(loop());
    expect(rate.lru).toBe(0);
    expect(rate.tinylfu).toBeGreaterThan(0.6);
  });

  test('of a working set that moves are high by all', () => {
    for (const rate of Object.values(rates(moving()))) expect(rate).toBeGreaterThan(0.8);
  });
});

describe.each(CACHE_POLICIES)('policy %s', (name) => {
  test.each([1, 2, 7, 64])('gives up each slot once, whatever comes, with %d slots', (capacity) => {
    const random = seededRandom(capacity);
    const policy = evictionPolicy(name, capacity);
    const keyOfSlot: (number | undefined)[] = Array.from({ length: capacity });
    for (let i = 0; i < 5000; i++) {
      const key = Math.floor(random.float() ** 2 * capacity * 3);
      const slot = keyOfSlot.indexOf(key);
      if (slot >= 0) {
        policy.visit(slot);
        continue;
      }
      let free = keyOfSlot.indexOf(undefined);
      if (free < 0) {
        free = policy.evict(key);
        expect(keyOfSlot[free]).toBeDefined();
        keyOfSlot[free] = undefined;
        expect(policy.size).toBe(capacity - 1);
      }
      policy.insert(free, key);
      keyOfSlot[free] = key;
    }
    const left = new Set<number>();
    while (policy.size > 0) left.add(policy.evict(-1 >>> 0));
    expect(left.size).toBe(capacity);
  });
});

test('a key queue keeps the newest of what was pushed and not removed', () => {
  const random = seededRandom(9);
  const queue = new KeyQueue(10);
  let expected: number[] = [];
  for (let i = 0; i < 3000; i++) {
    // Multiples of 32, so that they collide in the table.
    const key = randomBelow(random, 30) * 32;
    if (random.float() < 0.3) {
      expect(queue.remove(key)).toBe(expected.includes(key));
      expected = expected.filter((other) => other !== key);
    } else {
      queue.push(key);
      if (!expected.includes(key)) expected = [...expected, key].slice(-10);
    }
    expect(queue.size).toBe(expected.length);
    for (let other = 0; other < 30; other++) expect(queue.has(other * 32)).toBe(expected.includes(other * 32));
  }
});

test('a frequency sketch never estimates too low before it ages, and forgets by halves', () => {
  const sketch = new FrequencySketch(64);
  for (let i = 0; i < 12; i++) sketch.add(7);
  for (let key = 100; key < 140; key++) sketch.add(key);
  expect(sketch.estimate(7)).toBeGreaterThanOrEqual(12);
  expect(sketch.estimate(7)).toBeLessThanOrEqual(15);
  for (let i = 0; i < 640; i++) sketch.add(1000 + (i % 5));
  expect(sketch.estimate(7)).toBeLessThan(12);
  expect(sketch.estimate(7)).toBeGreaterThanOrEqual(6);
});
