import { describe, expect, test } from 'vitest';
import {
  type CompactionPlan,
  levelScore,
  pickCompaction,
  planRange,
} from '../../../../src/storage/compaction/leveled-picker.js';
import type { TableMeta } from '../../../../src/storage/format/manifest-edit.js';
import { Version } from '../../../../src/storage/version/version.js';
import { bytes, tableMeta } from '../fixtures.js';

const policy = { level0Runs: 2, levelBaseBytes: 10_000, sizeRatio: 10 };

/** Levels of runs of tables; level 0 newest run first. */
function versionOf(...levels: TableMeta[][][]): Version {
  const added = levels.flatMap((runs, level) =>
    runs.flatMap((tables, i) => tables.map((table) => ({ level, run: level === 0 ? 100 - i : 0, table }))),
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

describe('leveled picker', () => {
  test('leaves levels alone that are not full', () => {
    const version = versionOf([[tableMeta(9, 'a', 'z')]], [[tableMeta(1, 'a', 'f', 9999)]]);
    expect(pickCompaction(version, policy)).toBeUndefined();
    expect(pickCompaction(new Version(), policy)).toBeUndefined();
  });

  test('merges all runs of level 0, newest first, with what they overlap', () => {
    const version = versionOf(
      [[tableMeta(9, 'c', 'm')], [tableMeta(8, 'd', 'p')]],
      [[tableMeta(1, 'a', 'b'), tableMeta(2, 'c', 'c'), tableMeta(3, 'p', 'q'), tableMeta(4, 'r', 'z')]],
    );
    const plan = pickCompaction(version, policy);
    expect(plan).toMatchObject({ level: 0, outputLevel: 1, outputRun: 0, move: false });
    expect(inputsOf(plan)).toEqual([
      [0, [9]],
      [0, [8]],
      [1, [2, 3]],
    ]);
  });

  test('moves tables that overlap nothing', () => {
    const version = versionOf([[tableMeta(9, 'n', 'p')], [tableMeta(8, 'c', 'e')]], [[tableMeta(1, 'a', 'b')]]);
    expect(pickCompaction(version, policy)).toMatchObject({ level: 0, outputLevel: 1, move: true });
    const touching = versionOf([[tableMeta(9, 'e', 'p')], [tableMeta(8, 'c', 'e')]]);
    expect(pickCompaction(touching, policy)).toMatchObject({ move: false });
  });

  test('relieves a deeper level by the table with the least overlap for its size', () => {
    const version = versionOf(
      [],
      [[tableMeta(1, 'a', 'c', 6000), tableMeta(2, 'd', 'f', 6000), tableMeta(3, 'g', 'i', 3000)]],
      [[tableMeta(4, 'a', 'b', 9000), tableMeta(5, 'e', 'e', 4000), tableMeta(6, 'h', 'h', 4000)]],
    );
    const plan = pickCompaction(version, policy);
    expect(plan).toMatchObject({ level: 1, outputLevel: 2 });
    expect(inputsOf(plan)).toEqual([
      [1, [2]],
      [2, [5]],
    ]);
  });

  test('takes the fullest level first', () => {
    const version = versionOf([[tableMeta(9, 'a', 'z')], [tableMeta(8, 'a', 'z')]], [[tableMeta(1, 'a', 'c', 25_000)]]);
    expect(levelScore(version, 0, policy)).toBe(1);
    expect(levelScore(version, 1, policy)).toBe(2.5);
    expect(pickCompaction(version, policy)).toMatchObject({ level: 1, outputLevel: 2, move: true });
  });
});

describe('a compaction of a range', () => {
  const version = versionOf(
    [[tableMeta(9, 'x', 'z')], [tableMeta(8, 'd', 'k')]],
    [[tableMeta(1, 'a', 'c'), tableMeta(2, 'e', 'g'), tableMeta(3, 'j', 'y')]],
    [[tableMeta(4, 'a', 'b'), tableMeta(5, 'f', 'f'), tableMeta(6, 'x', 'x'), tableMeta(7, 'zz', 'zzz')]],
  );

  test('takes what touches it and everything older below that', () => {
    const plan = planRange(version, { lower: bytes('e'), upper: bytes('f') });
    expect(inputsOf(plan)).toEqual([
      [0, [8]],
      [1, [2, 3]],
      [2, [5, 6]],
    ]);
    expect(plan).toMatchObject({ outputLevel: 2, move: false });
  });

  test('takes everything for an open range, and nothing where there is nothing', () => {
    expect(
      inputsOf(planRange(version, {}))
        ?.flatMap(([, numbers]) => numbers)
        .sort(),
    ).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(planRange(version, { lower: bytes('zzzz') })).toBeUndefined();
    expect(planRange(versionOf([[tableMeta(1, 'a', 'b')]]), {})).toMatchObject({ outputLevel: 1 });
  });
});
