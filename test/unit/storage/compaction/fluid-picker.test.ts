import { describe, expect, test } from 'vitest';
import { type CompactionPlan, olderThan, planRange } from '../../../../src/storage/compaction/compaction-plan.js';
import { pickCompaction } from '../../../../src/storage/compaction/fluid-picker.js';
import { type TreePolicy, TreeShape } from '../../../../src/storage/compaction/tree-shape.js';
import type { RetentionView } from '../../../../src/storage/compaction/retention.js';
import type { TableMeta } from '../../../../src/storage/format/manifest-edit.js';
import { Version } from '../../../../src/storage/version/version.js';
import { bytes, tableMeta } from '../fixtures.js';

const leveled: TreePolicy = { policy: 'leveled', level0Runs: 2, levelBaseBytes: 10_000, sizeRatio: 4 };
const tiered: TreePolicy = { ...leveled, policy: 'tiered' };
const lazy: TreePolicy = { ...leveled, policy: 'lazy-leveled' };
const KEEP_NEWEST = { horizon: 1000, pinned: [] };

/** Levels of runs of tables, newest run first. */
function versionOf(...levels: TableMeta[][][]): Version {
  const added = levels.flatMap((runs, level) =>
    runs.flatMap((tables, i) => tables.map((table) => ({ level, run: runs.length - 1 - i, table }))),
  );
  return new Version().with(
    { added, removed: [] },
    (meta) => meta,
    (expected, found) => new Error(`${expected}, ${found}`),
  );
}

function inputsOf(plan: CompactionPlan | undefined): [number, number[]][] | undefined {
  return plan?.inputs.map(({ level, tables }) => [level, tables.map((table) => table.fileNumber)]);
}

function pick(version: Version, policy: TreePolicy, view: RetentionView = KEEP_NEWEST) {
  return pickCompaction(version, policy, view);
}

/** Runs of one table each over the whole key range. */
function runs(from: number, count: number, sizeBytes = 1000): TableMeta[][] {
  return Array.from({ length: count }, (_, i) => [tableMeta(from + i, 'a', 'z', sizeBytes)]);
}

describe('the shape of the tree', () => {
  const largest = (sizeBytes: number): Version => versionOf([], [[tableMeta(1, 'a', 'z', sizeBytes)]]);

  test('has as many levels as the largest one needs', () => {
    expect(new TreeShape(new Version(), leveled)).toMatchObject({ first: 1, last: 1 });
    expect(new TreeShape(largest(40_000), leveled)).toMatchObject({ first: 1, last: 1 });
    expect(new TreeShape(largest(40_001), leveled)).toMatchObject({ first: 1, last: 2 });
    expect(new TreeShape(largest(160_001), lazy)).toMatchObject({ first: 1, last: 3 });
    expect(new TreeShape(largest(999_999), tiered)).toMatchObject({ first: 1, last: 1 });
  });

  test('skips levels that a smaller database does not need any more', () => {
    const version = versionOf([], [], [], [[tableMeta(1, 'a', 'z', 50_000)]]);
    const shape = new TreeShape(version, leveled);
    expect(shape).toMatchObject({ first: 2, last: 3 });
    expect(shape.targetOf(0)).toBe(2);
    const occupied = versionOf([], [[tableMeta(2, 'a', 'z')]], [], [[tableMeta(1, 'a', 'z', 50_000)]]);
    expect(new TreeShape(occupied, leveled).targetOf(0)).toBe(1);
    expect(pick(occupied, leveled)).toMatchObject({ level: 1, outputLevel: 2, move: true });
  });

  test('allows one run, T - 1 runs, or both, by the policy', () => {
    const version = versionOf([], [], [[tableMeta(1, 'a', 'z', 100_000)]]);
    const runsMax = (policy: TreePolicy): number[] =>
      [1, 2].map((level) => new TreeShape(version, policy).runsMax(level));
    expect(runsMax(leveled)).toEqual([1, 1]);
    expect(runsMax(tiered)).toEqual([3, 3]);
    expect(runsMax(lazy)).toEqual([3, 1]);
  });

  test('is the same under every policy for a size ratio of 2', () => {
    const version = versionOf([], [[tableMeta(2, 'a', 'z', 30_000)]], [[tableMeta(1, 'a', 'z', 100_000)]]);
    const shapes = [leveled, tiered, lazy].map((policy) => {
      const shape = new TreeShape(version, { ...policy, sizeRatio: 2 });
      const levels = [1, 2, 3, 4].map((level) => [shape.runsMax(level), shape.bytesMax(level), shape.score(level)]);
      return { first: shape.first, last: shape.last, levels };
    });
    expect(shapes[0]).toMatchObject({ first: 1, last: 4 });
    expect(shapes[1]).toEqual(shapes[0]);
    expect(shapes[2]).toEqual(shapes[0]);
  });

  test('keeps what is above a leveled largest level to a fraction of it', () => {
    const version = versionOf([], [], [], [[tableMeta(1, 'a', 'z', 320_000)]]);
    const shape = new TreeShape(version, leveled);
    expect([1, 2].map((level) => shape.bytesMax(level))).toEqual([20_000, 80_000]);
  });

  test('counts as debt what is too much, and what that will be merged with', () => {
    const debt = (version: Version, policy: TreePolicy): number => new TreeShape(version, policy).debtBytes();
    expect(debt(versionOf(runs(8, 1)), leveled)).toBe(0);
    expect(debt(versionOf(runs(8, 2), [[tableMeta(1, 'a', 'z', 30_000)]]), leveled)).toBe(32_000);
    expect(debt(versionOf(runs(8, 2), [[tableMeta(1, 'a', 'z', 30_000)]]), tiered)).toBe(2000);
    const overfull = versionOf([], [[tableMeta(2, 'a', 'z', 30_000)]], [[tableMeta(1, 'a', 'z', 60_000)]]);
    expect(debt(overfull, leveled)).toBe(15_000 * 3);
  });
});

describe.each([leveled, tiered, lazy])('the picker, $policy', (policy) => {
  test('leaves a tree alone that is in shape', () => {
    expect(pick(new Version(), policy)).toBeUndefined();
    expect(pick(versionOf(runs(9, 1), [[tableMeta(1, 'a', 'f', 9999)]]), policy)).toBeUndefined();
  });

  test('moves tables that overlap nothing', () => {
    const apart = versionOf([[tableMeta(9, 'n', 'p')], [tableMeta(8, 'c', 'e')]], [[tableMeta(1, 'a', 'b')]]);
    expect(pick(apart, policy)).toMatchObject({ level: 0, outputLevel: 1, outputRun: 0, move: true });
    const touching = versionOf([[tableMeta(9, 'e', 'p')], [tableMeta(8, 'c', 'e')]]);
    expect(pick(touching, policy)).toMatchObject({ move: false });
  });

  test('rewrites the deepest table of which a tenth nobody can read, once nobody may', () => {
    const garbage = { ...tableMeta(3, 'm', 'p'), entries: 8, tombstones: 1, superseded: 1, maxTimestamp: 20 };
    const version = versionOf([], [[tableMeta(1, 'a', 'b'), garbage, tableMeta(4, 'x', 'y')]]);
    const plan = pick(version, policy);
    expect(inputsOf(plan)).toEqual([[1, [3]]]);
    expect(plan).toMatchObject({ outputLevel: 1, outputRun: 0, move: false });
    expect(olderThan(version, plan!.inputs).flat()).toHaveLength(2);
    expect(pick(version, policy, { horizon: 20, pinned: [20, 40] })).toBeDefined();
    expect(pick(version, policy, { horizon: 19, pinned: [] })).toBeUndefined();
    expect(pick(version, policy, { horizon: 20, pinned: [40, 19] })).toBeUndefined();
    const less = { ...garbage, entries: 11, superseded: 0 };
    expect(pick(versionOf([], [[less]]), policy)).toBeUndefined();
    expect(pick(versionOf([], [[{ ...less, entries: 10 }]]), policy)).toBeDefined();
  });

  test('rewrites what only closed snapshots held, and leaves alone what is held or kept as history', () => {
    const held = { ...tableMeta(3, 'm', 'p'), entries: 10, superseded: 4, maxTimestamp: 90 };
    const table = { ...held, holds: [{ from: 10, to: 12, entries: 4 }] };
    const pickWith = (pinned: number[]) => pick(versionOf([], [[table]]), policy, { horizon: 99, pinned });
    expect(pickWith([12, 50])).toBeUndefined();
    expect(pickWith([50])).toBeDefined();
    const deletions = versionOf([], [[{ ...table, superseded: 0, holds: [], tombstones: 5 }]]);
    expect(pick(deletions, policy, { horizon: 99, pinned: [], versions: 2 })).toBeUndefined();
    expect(pick(deletions, policy, { horizon: 99, pinned: [] })).toBeDefined();
  });
});

describe('the picker, leveled', () => {
  test('merges all runs of level 0, newest first, with what they overlap', () => {
    const version = versionOf(
      [[tableMeta(9, 'c', 'm')], [tableMeta(8, 'd', 'p')]],
      [[tableMeta(1, 'a', 'b'), tableMeta(2, 'c', 'c'), tableMeta(3, 'p', 'q'), tableMeta(4, 'r', 'z')]],
    );
    const plan = pick(version, leveled);
    expect(plan).toMatchObject({ level: 0, outputLevel: 1, outputRun: 0, move: false });
    expect(inputsOf(plan)).toEqual([
      [0, [9]],
      [0, [8]],
      [1, [2, 3]],
    ]);
  });

  test('relieves a level by the table with the least overlap for its size', () => {
    const version = versionOf(
      [],
      [[tableMeta(1, 'a', 'c', 12_000), tableMeta(2, 'd', 'f', 12_000), tableMeta(3, 'g', 'i', 6000)]],
      [[tableMeta(4, 'a', 'b', 30_000), tableMeta(5, 'e', 'e', 20_000), tableMeta(6, 'h', 'h', 20_000)]],
    );
    const plan = pick(version, leveled);
    expect(plan).toMatchObject({ level: 1, outputLevel: 2 });
    expect(inputsOf(plan)).toEqual([
      [1, [2]],
      [2, [5]],
    ]);
  });

  test('takes the level first that is furthest over its size', () => {
    const largest = [[tableMeta(1, 'a', 'z', 100_000)]];
    const deeper = versionOf(runs(8, 2), [[tableMeta(3, 'a', 'c', 50_000)]], largest);
    expect([0, 1, 2].map((level) => new TreeShape(deeper, leveled).score(level))).toEqual([1, 2, 0]);
    expect(pick(deeper, leveled)).toMatchObject({ level: 1, outputLevel: 2 });
    const level0 = versionOf(runs(6, 6), [[tableMeta(3, 'a', 'c', 50_000)]], largest);
    expect(pick(level0, leveled)).toMatchObject({ level: 0, outputLevel: 1 });
  });

  test('moves the largest level one deeper when it has outgrown its place', () => {
    const version = versionOf(runs(8, 2), [[tableMeta(1, 'a', 'k', 30_000), tableMeta(2, 'l', 'z', 30_000)]]);
    const plan = pick(version, leveled);
    expect(inputsOf(plan)).toEqual([[1, [1, 2]]]);
    expect(plan).toMatchObject({ level: 1, outputLevel: 2, move: true });
  });

  test('brings the runs of another policy together', () => {
    const plan = pick(versionOf([], runs(1, 3)), leveled);
    expect(inputsOf(plan)).toEqual([
      [1, [1]],
      [1, [2]],
      [1, [3]],
    ]);
    expect(plan).toMatchObject({ outputLevel: 1, outputRun: 0, move: false });
    const above = pick(versionOf([], runs(2, 2), [[tableMeta(1, 'a', 'z', 50_000)]]), leveled);
    expect(above).toMatchObject({ level: 1, outputLevel: 2, outputRun: 0 });
    expect(above!.inputs).toHaveLength(3);
  });

  test('sends a table full of deletions down, even where it could be moved', () => {
    const deletions = { ...tableMeta(2, 'c', 'd'), entries: 4, tombstones: 3 };
    const version = versionOf([], [[deletions]], [[tableMeta(1, 'a', 'b', 50_000)]]);
    expect(pick(version, leveled)).toMatchObject({ level: 1, outputLevel: 2, move: false });
  });
});

describe('the picker, tiered', () => {
  test('starts a run of its own in the next level', () => {
    const plan = pick(versionOf(runs(8, 2), runs(1, 2)), tiered);
    expect(plan).toMatchObject({ level: 0, outputLevel: 1, outputRun: 2, move: false });
    expect(inputsOf(plan)).toEqual([
      [0, [8]],
      [0, [9]],
    ]);
  });

  test('merges a level when run number T has arrived', () => {
    expect(pick(versionOf([], runs(1, 3)), tiered)).toBeUndefined();
    const plan = pick(versionOf([], runs(2, 4), [[tableMeta(1, 'a', 'z')]]), tiered);
    expect(plan).toMatchObject({ level: 1, outputLevel: 2, outputRun: 1, move: false });
    expect(plan!.inputs).toHaveLength(4);
    expect(pick(versionOf([], runs(2, 4)), tiered)).toMatchObject({ level: 1, outputLevel: 2, outputRun: 0 });
  });

  test('adds to the newest run what lies beside it, and moves on a run that has become large', () => {
    const beside = versionOf(
      [[tableMeta(9, 'p', 'q')], [tableMeta(8, 'r', 's')]],
      [[tableMeta(2, 'a', 'c')], ...runs(1, 1)],
    );
    expect(pick(beside, tiered)).toMatchObject({ outputLevel: 1, outputRun: 1, move: true });
    const large = versionOf([], [[tableMeta(2, 'a', 'c', 80_000)]]);
    expect(pick(large, tiered)).toMatchObject({ level: 1, outputLevel: 2, move: true });
  });

  test('merges a largest level that is full of garbage in its place', () => {
    const level = runs(1, 2).map(([table]) => [{ ...table!, entries: 10, tombstones: 3 }]);
    const plan = pick(versionOf([], level), tiered);
    expect(plan).toMatchObject({ level: 1, outputLevel: 1, outputRun: 0 });
    expect(plan!.inputs).toHaveLength(2);
  });
});

test('the picker, lazy-leveled, merges into the largest level and tiers above it', () => {
  const largest = [[tableMeta(1, 'a', 'z', 100_000)]];
  expect(pick(versionOf(runs(8, 2), runs(4, 2), largest), lazy)).toMatchObject({ outputLevel: 1, outputRun: 2 });
  const plan = pick(versionOf([], runs(4, 4), largest), lazy);
  expect(plan).toMatchObject({ level: 1, outputLevel: 2, outputRun: 0 });
  expect(plan!.inputs).toHaveLength(5);
});

describe('a compaction of a range', () => {
  const version = versionOf(
    [[tableMeta(9, 'x', 'z')], [tableMeta(8, 'd', 'k')]],
    [[tableMeta(1, 'a', 'c'), tableMeta(2, 'e', 'g'), tableMeta(3, 'j', 'y')]],
    [[tableMeta(4, 'a', 'b'), tableMeta(5, 'f', 'f'), tableMeta(6, 'x', 'x'), tableMeta(7, 'zz', 'zzz')]],
  );

  test('takes what touches it and everything older below that', () => {
    const plan = planRange(version, { lower: bytes('e'), upper: bytes('f') }, 1);
    expect(inputsOf(plan)).toEqual([
      [0, [8]],
      [1, [2, 3]],
      [2, [5, 6]],
    ]);
    expect(plan).toMatchObject({ outputLevel: 2, move: false });
  });

  test('takes everything for an open range, and nothing where there is nothing', () => {
    const all = inputsOf(planRange(version, {}, 1))?.flatMap(([, numbers]) => numbers);
    expect(all?.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(planRange(version, { lower: bytes('zzzz') }, 1)).toBeUndefined();
    expect(planRange(versionOf(runs(1, 1)), {}, 3)).toMatchObject({ outputLevel: 3, outputRun: 0 });
  });

  test('leaves its output in the oldest run, under newer ones that it does not touch', () => {
    const tiers = versionOf([], [[tableMeta(3, 'a', 'c')], [tableMeta(2, 'm', 'p')], [tableMeta(1, 'o', 'z')]]);
    const plan = planRange(tiers, { lower: bytes('m'), upper: bytes('n') }, 1);
    expect(inputsOf(plan)).toEqual([
      [1, [2]],
      [1, [1]],
    ]);
    expect(plan).toMatchObject({ outputLevel: 1, outputRun: 0 });
    expect(olderThan(tiers, plan!.inputs)).toEqual([]);
  });
});
