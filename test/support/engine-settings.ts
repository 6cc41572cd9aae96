/** Every setting of the engine, one line each, with the values that tests draw from: mostly small ones, where much happens. */

import fc from 'fast-check';
import type { OpenEngineOptions } from '../../src/recovery/index.js';
import { CACHE_POLICIES, type TreePolicyName, type WalSync } from '../../src/storage/index.js';

export const TREE_POLICIES: readonly TreePolicyName[] = ['leveled', 'tiered', 'lazy-leveled'];

export const engineSettings: fc.Arbitrary<OpenEngineOptions> = fc.record({
  createIfMissing: fc.constant(true),
  readOnly: fc.constant(false),
  wal: fc.record({ sync: fc.constantFrom<WalSync>('commit', 'manual', { everyCommits: 3 }, { everyMs: 1 }) }),
  memtableBytes: fc.constantFrom(200, 1500, 20_000),
  valueLog: fc.record({
    thresholdBytes: fc.constantFrom(0, 12, Number.POSITIVE_INFINITY),
    segmentBytes: fc.constantFrom(100, 3000),
    garbageRatio: fc.constantFrom(0.2, 0.5),
    compression: fc.constantFrom('lz4', 'none'),
  }),
  blockBytes: fc.constantFrom(1, 120, 256, 4096),
  tableBytes: fc.constantFrom(1, 700, 5000, 100_000),
  indexBytesMax: fc.constantFrom(0, 150, undefined),
  blockCache: fc.record({
    bytes: fc.constantFrom(0, 256, 3000, 100_000),
    policy: fc.constantFrom(...CACHE_POLICIES),
  }),
  bloomBitsPerKey: fc.nat(16),
  compression: fc.constantFrom('lz4', 'none'),
  compaction: fc.record({
    policy: fc.constantFrom(...TREE_POLICIES),
    level0Runs: fc.integer({ min: 1, max: 4 }),
    levelBaseBytes: fc.constantFrom(60, 300, 3000),
    sizeRatio: fc.integer({ min: 2, max: 10 }),
  }),
  limits: fc.constant({ keyBytes: 100, valueBytes: 1000, batchBytes: 100_000 }),
});
