import { describe, expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../../../src/base/index.js';
import { BlockCache } from '../../../../src/storage/cache/block-cache.js';
import { type CachedBlocks, NOT_CACHED } from '../../../../src/storage/cache/cached-blocks.js';
import { CACHE_POLICIES } from '../../../../src/storage/cache/eviction-policy.js';
import { SieveQueue } from '../../../../src/storage/cache/sieve-queue.js';

function block(length: number, fill: number): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

function blocksOf(fileNumber: number, count: number): CachedBlocks {
  return { fileNumber, slots: new Int32Array(count).fill(NOT_CACHED) };
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
  test('answers what was inserted, by table and block', () => {
    const cache = new BlockCache({ maxBytes: 64 * 1024, cellBytes: 1024 });
    const [seven, eight] = [blocksOf(7, 3), blocksOf(8, 3)];
    cache.insert(seven, 0, block(1000, 1));
    cache.insert(seven, 2, block(10, 2));
    cache.insert(eight, 0, block(0, 3));
    expect(contentOf(cache, cache.find(seven, 0))).toEqual(block(1000, 1));
    expect(contentOf(cache, cache.find(seven, 2))).toEqual(block(10, 2));
    expect(contentOf(cache, cache.find(eight, 0))).toEqual(block(0, 3));
    expect(cache.find(eight, 1)).toBe(NOT_CACHED);
    expect(cache.stats()).toMatchObject({ hits: 3, misses: 1, hitRate: 0.75, blocks: 3, policy: 'sieve' });
  });

  test('keeps one block even with no budget, and no large one', () => {
    const cache = new BlockCache({ maxBytes: 0, cellBytes: 256 });
    const blocks = blocksOf(1, 3);
    cache.insert(blocks, 0, block(100, 1));
    expect(contentOf(cache, cache.find(blocks, 0))).toEqual(block(100, 1));
    cache.insert(blocks, 1, block(100, 2));
    expect(cache.find(blocks, 0)).toBe(NOT_CACHED);
    expect(cache.insert(blocks, 2, block(300, 3))).toBe(NOT_CACHED);
    expect(cache.find(blocks, 2)).toBe(NOT_CACHED);
  });

  test('keeps large blocks within their quarter of the budget', () => {
    const cache = new BlockCache({ maxBytes: 16 * 1024, cellBytes: 1024 });
    const blocks = blocksOf(1, 3);
    expect(cache.insert(blocks, 0, block(5000, 1))).toBe(NOT_CACHED);
    cache.insert(blocks, 1, block(3000, 2));
    expect(contentOf(cache, cache.find(blocks, 1))).toEqual(block(3000, 2));
    cache.insert(blocks, 2, block(2000, 3));
    expect(cache.find(blocks, 1)).toBe(NOT_CACHED);
    expect(contentOf(cache, cache.find(blocks, 2))).toEqual(block(2000, 3));
    expect(cache.stats().usedBytes).toBe(2000);
  });

  test.each(CACHE_POLICIES)(
    'by %s has the whole budget for blocks of the usual size, until larger ones come',
    (policy) => {
      const cache = new BlockCache({ maxBytes: 64 * 1024, cellBytes: 1024, policy });
      const [usual, large] = [blocksOf(1, 64), blocksOf(2, 10)];
      for (let number = 0; number < 64; number++) cache.insert(usual, number, block(1000, number));
      expect(cache.stats()).toMatchObject({ blocks: 64, evictions: 0, usedBytes: 64 * 1024 });
      for (let number = 0; number < 10; number++) cache.insert(large, number, block(2000, 200 + number));
      // A quarter is for eight of them; what had to go for these are cells in as many whole slabs.
      const kept = [usual, large].map(({ slots }) => slots.filter((slot) => slot !== NOT_CACHED).length);
      expect(kept[1]).toBe(8);
      expect(kept[0]).toBe(48);
      for (const [table, first] of [
        [usual, 0],
        [large, 200],
      ] as const) {
        for (let number = 0; number < table.slots.length; number++) {
          const slot = cache.find(table, number);
          if (slot !== NOT_CACHED) expect(contentOf(cache, slot)[0]).toBe(first + number);
        }
      }
      expect(cache.stats().usedBytes).toBe(48 * 1024 + 8 * 2000);
      // And they come back as larger ones go.
      cache.release(large);
      for (let number = 0; number < 64; number++) {
        if (usual.slots[number] === NOT_CACHED) cache.insert(usual, number, block(1000, number));
      }
      expect(cache.stats()).toMatchObject({ blocks: 64, usedBytes: 64 * 1024 });
    },
  );

  test.each(CACHE_POLICIES)('by %s uses the room of a table that is gone before anything else', (policy) => {
    const cache = new BlockCache({ maxBytes: 4096, cellBytes: 256, policy });
    const [gone, kept, next] = [blocksOf(1, 6), blocksOf(2, 6), blocksOf(3, 6)];
    for (let number = 0; number < 6; number++) {
      cache.insert(gone, number, block(100, 1));
      cache.insert(kept, number, block(100, 2));
      cache.find(gone, number);
    }
    cache.release(gone);
    expect(cache.stats()).toMatchObject({ blocks: 6, evictions: 0 });
    for (let number = 0; number < 6; number++) cache.insert(next, number, block(100, 3));
    expect(cache.stats().evictions).toBe(0);
    for (let number = 0; number < 6; number++) {
      expect(contentOf(cache, cache.find(kept, number))).toEqual(block(100, 2));
      expect(contentOf(cache, cache.find(next, number))).toEqual(block(100, 3));
    }
  });

  test.each(CACHE_POLICIES)('by %s never answers another block or exceeds its budget, whatever comes', (policy) => {
    const random = seededRandom(11);
    const cache = new BlockCache({ maxBytes: 20_000, cellBytes: 256, policy });
    const tables = [0, 1, 2, 3].map((file) => blocksOf(file, 200));
    const content = (file: number, number: number): Uint8Array =>
      block(1 + ((file * 31 + number) % 700), (file * 7 + number) & 0xff);
    let hits = 0;
    for (let i = 0; i < 20_000; i++) {
      const file = randomBelow(random, 4);
      const number = Math.floor(random.float() ** 3 * 200);
      const slot = cache.find(tables[file]!, number);
      if (slot === NOT_CACHED) cache.insert(tables[file]!, number, content(file, number));
      else {
        hits++;
        expect(contentOf(cache, slot)).toEqual(content(file, number));
      }
      if (i % 500 === 0) expect(cache.stats().usedBytes).toBeLessThanOrEqual(20_000);
      if (i % 97 === 0) {
        const gone = tables[randomBelow(random, 4)]!;
        const blocks = cache.stats().blocks - gone.slots.filter((at) => at !== NOT_CACHED).length;
        cache.release(gone);
        expect(cache.stats().blocks).toBe(blocks);
        expect(gone.slots.every((at) => at === NOT_CACHED)).toBe(true);
      }
    }
    const { evictions } = cache.stats();
    expect(evictions).toBeGreaterThan(1000);
    const found = tables.flatMap(({ slots }) => [...slots]).filter((slot) => slot !== NOT_CACHED);
    expect(new Set(found).size).toBe(cache.stats().blocks);
    expect(found.length).toBe(cache.stats().blocks);
    expect(hits).toBeGreaterThan(2000);
  });
});
