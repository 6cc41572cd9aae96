import { describe, expect, test } from 'vitest';
import { BlockCache } from '../../../../src/storage/cache/block-cache.js';
import { type CachedBlocks, NOT_CACHED } from '../../../../src/storage/cache/cached-blocks.js';
import { CACHE_POLICIES } from '../../../../src/storage/cache/eviction-policy.js';

const CELL = 128;

function cacheOf(cells: number, policy?: (typeof CACHE_POLICIES)[number]): BlockCache {
  return new BlockCache({ maxBytes: cells * CELL, cellBytes: CELL, policy });
}

function block(fill: number): Uint8Array {
  return new Uint8Array(100).fill(fill);
}

function openTable(fileNumber: number, count: number): CachedBlocks {
  return { fileNumber, slots: new Int32Array(count).fill(NOT_CACHED) };
}

function firstByte(cache: BlockCache, table: CachedBlocks, number: number): number | undefined {
  const slot = cache.find(table, number);
  return slot === NOT_CACHED ? undefined : cache.bytesOf(slot)[cache.startOf(slot)];
}

describe('blocks of a table that is being written', () => {
  test('are found once it is open, and only those that came', () => {
    const cache = cacheOf(4096);
    for (const number of [0, 2, 1500, 3000]) cache.written.take(7, number, block(number % 251));
    cache.written.take(8, 0, block(99));
    const table = openTable(7, 3001);
    cache.written.handTo(table);
    for (const number of [0, 2, 1500, 3000]) expect(firstByte(cache, table, number)).toBe(number % 251);
    for (const number of [1, 1499, 2999]) expect(firstByte(cache, table, number)).toBeUndefined();
    expect(cache.stats().blocks).toBe(5);
    cache.release(table);
    expect(cache.stats().blocks).toBe(1);
  });

  test('are not taken when they are larger than a cell', () => {
    const cache = cacheOf(64);
    cache.written.take(7, 0, new Uint8Array(CELL + 1));
    expect(cache.stats().blocks).toBe(0);
  });

  test.each(CACHE_POLICIES)('never drive out what is there, by %s', (policy) => {
    const cache = cacheOf(32, policy);
    const read = openTable(1, 32);
    for (let number = 0; number < 30; number++) cache.insert(read, number, block(number));
    for (let number = 0; number < 100; number++) cache.written.take(7, number, block(200));
    expect(cache.stats()).toMatchObject({ blocks: 32, evictions: 0 });
    for (let number = 0; number < 30; number++) expect(firstByte(cache, read, number)).toBe(number);
    expect(cache.written.sink).toBeUndefined();
    cache.release(read);
    expect(cache.written.sink).toBe(cache.written);
  });

  test.each(CACHE_POLICIES)('can be driven out before it is open, by %s', (policy) => {
    const cache = cacheOf(16, policy);
    for (let number = 0; number < 16; number++) cache.written.take(7, number, block(number));
    const read = openTable(1, 200);
    for (let number = 0; number < 200; number++) cache.insert(read, number, block(100));
    const table = openTable(7, 16);
    cache.written.handTo(table);
    const left = [...table.slots.keys()].filter((number) => table.slots[number] !== NOT_CACHED);
    expect(left.length).toBeLessThan(16);
    for (const number of left) expect(firstByte(cache, table, number)).toBe(number);
    const found = read.slots.filter((slot) => slot !== NOT_CACHED).length;
    expect(found + left.length).toBe(16);
  });

  test('leave the room of a table that is discarded', () => {
    const cache = cacheOf(16);
    for (let number = 0; number < 16; number++) cache.written.take(7, number, block(1));
    cache.written.discard(7);
    expect(cache.stats()).toMatchObject({ blocks: 0, evictions: 0 });
    for (let number = 0; number < 16; number++) cache.written.take(8, number, block(2));
    const table = openTable(8, 16);
    cache.written.handTo(table);
    for (let number = 0; number < 16; number++) expect(firstByte(cache, table, number)).toBe(2);
    const gone = openTable(7, 16);
    cache.written.handTo(gone);
    expect(gone.slots.every((slot) => slot === NOT_CACHED)).toBe(true);
  });

  test('of a flush are wanted where as many were looked up since the last', () => {
    const cache = cacheOf(64);
    const table = openTable(1, 1);
    expect(cache.written.sinkOfFlush(3)).toBeUndefined();
    for (let i = 0; i < 3; i++) cache.find(table, 0);
    expect(cache.written.sinkOfFlush(3)).toBe(cache.written);
    cache.find(table, 0);
    cache.find(table, 0);
    expect(cache.written.sinkOfFlush(3)).toBeUndefined();
  });
});
