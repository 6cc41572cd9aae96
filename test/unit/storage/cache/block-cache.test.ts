import { describe, expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../../../src/base/index.js';
import { BlockCache } from '../../../../src/storage/cache/block-cache.js';
import { SieveQueue } from '../../../../src/storage/cache/sieve-queue.js';

function block(length: number, fill: number): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

function contentOf(cache: BlockCache, slot: number): Uint8Array {
  const start = cache.startOf(slot);
  return cache.bytesOf(slot).slice(start, start + cache.lengthOf(slot));
}

describe('SIEVE', () => {
  test('evicts the oldest that was not visited since the hand came by', () => {
    const queue = new SieveQueue(4);
    for (const slot of [0, 1, 2, 3]) queue.insert(slot);
    queue.visit(0);
    queue.visit(2);
    expect(queue.evict()).toBe(1);
    queue.insert(1);
    expect(queue.evict()).toBe(3);
    queue.insert(3);
    // The hand has passed 2, so that its visit no longer counts; 1 and 3 are newer and come first.
    expect([queue.evict(), queue.evict()]).toEqual([1, 3]);
    expect([queue.evict(), queue.evict()]).toEqual([0, 2]);
    expect(queue.size).toBe(0);
  });

  test('evicts something even when all were visited', () => {
    const queue = new SieveQueue(3);
    for (const slot of [0, 1, 2]) queue.insert(slot);
    for (const slot of [0, 1, 2]) queue.visit(slot);
    expect(queue.evict()).toBe(0);
    expect(queue.size).toBe(2);
  });
});

describe('block cache', () => {
  test('answers what was inserted, by file and offset', () => {
    const cache = new BlockCache({ maxBytes: 64 * 1024, cellBytes: 1024 });
    cache.insert(7, 4096, block(1000, 1));
    cache.insert(7, 8192, block(10, 2));
    cache.insert(8, 4096, block(0, 3));
    expect(contentOf(cache, cache.find(7, 4096))).toEqual(block(1000, 1));
    expect(contentOf(cache, cache.find(7, 8192))).toEqual(block(10, 2));
    expect(contentOf(cache, cache.find(8, 4096))).toEqual(block(0, 3));
    expect(cache.find(8, 8192)).toBe(-1);
    expect(cache.stats()).toMatchObject({ hits: 3, misses: 1, blocks: 3 });
  });

  test('keeps one block even with no budget, and no large one', () => {
    const cache = new BlockCache({ maxBytes: 0, cellBytes: 256 });
    cache.insert(1, 0, block(100, 1));
    expect(contentOf(cache, cache.find(1, 0))).toEqual(block(100, 1));
    cache.insert(1, 256, block(100, 2));
    expect(cache.find(1, 0)).toBe(-1);
    expect(cache.insert(1, 512, block(300, 3))).toBe(-1);
    expect(cache.find(1, 512)).toBe(-1);
  });

  test('keeps large blocks within their quarter of the budget', () => {
    const cache = new BlockCache({ maxBytes: 16 * 1024, cellBytes: 1024 });
    expect(cache.insert(1, 0, block(5000, 1))).toBe(-1);
    cache.insert(1, 10_000, block(3000, 2));
    expect(contentOf(cache, cache.find(1, 10_000))).toEqual(block(3000, 2));
    cache.insert(1, 20_000, block(2000, 3));
    expect(cache.find(1, 10_000)).toBe(-1);
    expect(contentOf(cache, cache.find(1, 20_000))).toEqual(block(2000, 3));
    expect(cache.stats().usedBytes).toBe(2000);
  });

  test('never answers another block or exceeds its budget, whatever comes', () => {
    const random = seededRandom(11);
    const cache = new BlockCache({ maxBytes: 20_000, cellBytes: 256 });
    const content = (file: number, offset: number): Uint8Array =>
      block(1 + ((file * 31 + offset) % 700), (file * 7 + offset) & 0xff);
    let hits = 0;
    for (let i = 0; i < 20_000; i++) {
      const file = randomBelow(random, 4);
      const offset = Math.floor(random.float() ** 3 * 200);
      const slot = cache.find(file, offset);
      if (slot < 0) cache.insert(file, offset, content(file, offset));
      else {
        hits++;
        expect(contentOf(cache, slot)).toEqual(content(file, offset));
      }
      if (i % 500 === 0) expect(cache.stats().usedBytes).toBeLessThanOrEqual(20_000);
    }
    const { evictions } = cache.stats();
    expect(evictions).toBeGreaterThan(1000);
    let found = 0;
    for (let file = 0; file < 4; file++) {
      for (let offset = 0; offset < 200; offset++) if (cache.find(file, offset) >= 0) found++;
    }
    expect(found).toBe(cache.stats().blocks);
    expect(hits).toBeGreaterThan(2000);
  });
});
