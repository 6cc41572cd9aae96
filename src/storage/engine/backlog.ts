/** What flush and compaction are behind with, and how near that brings commits to a stop. Pure. */

import type { TreePolicy } from '../compaction/tree-shape.js';
import { TreeShape } from '../compaction/tree-shape.js';
import type { TableFormat } from '../table/table-writer.js';
import type { Version } from '../version/version.js';
import type { Pressure } from './commit-pace.js';

/** Sealed memtables that there may be before commits wait: a burst passes at full speed (docs/adr/0016-flushes-take-several-memtables.md). */
export const SEALED_MAX = 16;
/** As many of them at most make one run; the others are room for commits meanwhile. */
export const FLUSHED_MAX = SEALED_MAX / 2;
/**
 * Level 0 may hold this many times the runs that start a compaction before flushes wait, and commits behind them. From the
 * lower one on commits are slowed. With 4 runs these are the 20 and 36 of RocksDB: a burst passes at full speed.
 */
const LEVEL_0_STOP_FACTOR = 9;
const LEVEL_0_SLOW_FACTOR = 5;
/**
 * Debt slows from this many times the size of the tree on (the last merge of all is once that), and does so fully at
 * `DEBT_FULL_FACTOR`. It never stops commits.
 */
const DEBT_SLOW_FACTOR = 1;
const DEBT_FULL_FACTOR = 2;
/** A flush that had not to wait for another one begins before the next memtable holds this much. */
const LATE_FILLED = 0.1;

export type TreePressure = Pressure & { readonly debtBytes: number };

const NONE: Pressure = { value: 0, reason: 'level-0' };

export function level0IsOverfull(version: Version, policy: TreePolicy): boolean {
  return version.runsAt(0).length >= policy.level0Runs * LEVEL_0_STOP_FACTOR;
}

/**
 * How a flush writes that begins while `sealed` memtables wait for one and the active one is `filled`, 0 … 1. Compressing
 * takes two fifths of a flush (58,000 entries of 122 bytes in random order: 86 to 89 ms with LZ4, 50 without): one that
 * begins late leaves it to the merge that comes.
 */
export function flushFormat(format: TableFormat, sealed: number, filled: number): TableFormat {
  const isLate = sealed > 1 || filled > LATE_FILLED;
  return isLate ? { ...format, compression: 'none' } : format;
}

/**
 * How many memtables are to be sealed for a flush to begin that nobody asked for. The more runs level 0 has, the more memtables make
 * one together: what reads pass through, and what slows commits, are runs.
 */
export function flushAtLeast(version: Version, policy: TreePolicy): number {
  const fullness = Math.floor(version.runsAt(0).length / policy.level0Runs);
  return Math.min(Math.max(1, fullness), FLUSHED_MAX);
}

/** What the tables of a version cause. */
export function treePressure(version: Version, policy: TreePolicy): TreePressure {
  const debtBytes = new TreeShape(version, policy).debtBytes();
  const runs = version.runsAt(0).length / policy.level0Runs;
  const level0 = share(runs, LEVEL_0_SLOW_FACTOR, LEVEL_0_STOP_FACTOR);
  let treeBytes = policy.levelBaseBytes * policy.sizeRatio;
  for (let level = 0; level < version.levels.length; level++) treeBytes += version.bytesAt(level);
  const debt = share(debtBytes / treeBytes, DEBT_SLOW_FACTOR, DEBT_FULL_FACTOR);
  return { ...(level0 >= debt ? { value: level0, reason: 'level-0' } : { value: debt, reason: 'debt' }), debtBytes };
}

/** What memtables cause: none but the last may be filled while others wait. `filled` is how full that is, 0 … 1. */
export function memtablePressure(sealed: number, filled: number): Pressure {
  return sealed < SEALED_MAX ? NONE : { value: Math.min(1, filled), reason: 'memtables' };
}

/** The one that is nearest to a stop; of equals the last, unless there is no pressure at all. */
export function greatest(first: Pressure, ...others: readonly Pressure[]): Pressure {
  return others.reduce((most, one) => (one.value > 0 && one.value >= most.value ? one : most), first);
}

/** How far `value` has come on its way, 0 … 1. */
function share(value: number, from: number, to: number): number {
  return Math.min(1, Math.max(0, (value - from) / (to - from)));
}
