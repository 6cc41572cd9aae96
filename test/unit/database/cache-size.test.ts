import { expect, test } from 'vitest';
import { blockCacheBytes } from '../../../src/cache-size.js';
import { open } from '../../../src/index.js';

const MIB = 2 ** 20;

test('the block cache takes an eighth of the memory, from 64 MiB to 2 GiB', () => {
  expect([100, 512, 4096, 8192, 65_536].map((mib) => blockCacheBytes('auto', mib * MIB) / MIB)).toEqual([
    64, 64, 512, 1024, 2048,
  ]);
});

test('or what it is told', async () => {
  expect(blockCacheBytes(12_345, 1)).toBe(12_345);
  const told = await open(':memory:', { blockCache: { bytes: 12_345 } });
  expect(told.stats().engine.blockCache.maxBytes).toBe(12_345);
  await told.close();
  const untold = await open(':memory:');
  expect(untold.stats().engine.blockCache.maxBytes).toBe(blockCacheBytes('auto'));
  await untold.close();
});
