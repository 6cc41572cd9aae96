/**
 * What to merge next, as a pure function of the version, the policy and what must stay readable. In this order: the
 * largest level goes one deeper when it has outgrown its place; the level that is furthest over its size is relieved; tables
 * that are for a good part garbage are rewritten.
 *
 * A level that may hold several runs is merged as a whole; of a level that is one run the table goes that overlaps the
 * next level least for its size. With levels filled from above, that table's neighbourhood was merged longest ago, which
 * halves what a random choice would rewrite.
 */

import { compareBytes } from '../../base/index.js';
import type { TableMeta } from '../format/manifest-edit.js';
import type { Run, Version } from '../version/version.js';
import { type CompactionPlan, type PlanInput, planInto } from './compaction-plan.js';
import { type TreePolicy, TreeShape } from './tree-shape.js';
import type { RetentionView } from './retention.js';
import { freeVersions } from './version-holds.js';

/** A table, or a level of several runs, is rewritten when this part of its entries could be dropped. */
const GARBAGE_RATIO = 0.25;
/**
 * The same where most of the data is. What could be dropped there was needed by a snapshot when it came there, which is
 * rare; a tenth bounds the space it takes when the snapshot is closed, at nine bytes rewritten for each that is freed.
 */
const DEEPEST_GARBAGE_RATIO = 0.1;

/** @param view what must stay readable; garbage that it protects is left alone. */
export function pickCompaction<T extends TableMeta>(
  version: Version<T>,
  policy: TreePolicy,
  view: RetentionView,
): CompactionPlan<T> | undefined {
  const shape = new TreeShape(version, policy);
  return planDeepening(version, shape) ?? planFullest(version, shape) ?? planGarbage(version, shape, view);
}

/** A largest level of one run becomes the level below as it is. */
function planDeepening<T extends TableMeta>(version: Version<T>, shape: TreeShape): CompactionPlan<T> | undefined {
  const deepest = version.levels.length - 1;
  if (deepest < 1 || deepest >= shape.last || version.runsAt(deepest).length !== 1) return undefined;
  return planInto(version, wholeLevel(version, deepest), deepest + 1, { newRun: false, rewrite: false });
}

function planFullest<T extends TableMeta>(version: Version<T>, shape: TreeShape): CompactionPlan<T> | undefined {
  let fullest = -1;
  let fullestScore = 1;
  for (let level = 0; level < version.levels.length; level++) {
    const score = shape.score(level);
    if (score > fullestScore || (score === fullestScore && fullest < 0)) {
      fullest = level;
      fullestScore = score;
    }
  }
  return fullest < 0 ? undefined : planRelief(version, shape, fullest);
}

function planRelief<T extends TableMeta>(version: Version<T>, shape: TreeShape, level: number): CompactionPlan<T> {
  const runs = version.runsAt(level);
  if (level >= shape.last && shape.runsMax(level) === 1) return planInPlace(wholeLevel(version, level), runs.at(-1)!);
  const target = shape.targetOf(level);
  const how = { newRun: shape.runsMax(target) > 1, rewrite: false };
  if (level === 0 || runs.length > 1 || shape.runsMax(level) > 1) {
    return planInto(version, wholeLevel(version, level), target, how);
  }
  const table = leastOverlapping(runs[0]!.tables, version.runsAt(target)[0]?.tables ?? []);
  return planInto(version, [{ level, tables: [table] }], target, how);
}

/** Rewrites the first table, or level of several runs, that has too much of what nobody can read any more. */
function planGarbage<T extends TableMeta>(
  version: Version<T>,
  shape: TreeShape,
  view: RetentionView,
): CompactionPlan<T> | undefined {
  const deepest = version.levels.length - 1;
  for (let level = 1; level <= deepest; level++) {
    const runs = version.runsAt(level);
    const run = runs.at(-1);
    if (run === undefined) continue;
    // In the deepest level garbage goes away where it is, elsewhere on its way down.
    const relieve = (upper: readonly PlanInput<T>[]): CompactionPlan<T> => {
      if (level === deepest) return planInPlace(upper, run);
      const target = shape.targetOf(level);
      return planInto(version, upper, target, { newRun: shape.runsMax(target) > 1, rewrite: true });
    };
    const ratio = level === deepest ? DEEPEST_GARBAGE_RATIO : GARBAGE_RATIO;
    const inPart = runs.length === 1 && (level === deepest || shape.runsMax(level) === 1);
    if (inPart) {
      const isFree = (one: T): boolean => level === deepest && one.rangeTombstones > 0 && isFreeOfReaders(one, view);
      const table = run.tables.find((one) => isFree(one) || garbageRatio([one], view) >= ratio);
      if (table !== undefined) return relieve([{ level, tables: [table] }]);
    } else {
      const tables = runs.flatMap((one) => one.tables);
      if (garbageRatio(tables, view) >= ratio) return relieve(wholeLevel(version, level));
    }
  }
  return undefined;
}

/** The part of the entries of `tables` that a rewrite would drop. */
function garbageRatio(tables: readonly TableMeta[], view: RetentionView): number {
  let garbage = 0;
  let entries = 0;
  for (const table of tables) {
    garbage += freeVersions(table, view) + freeTombstones(table, view);
    entries += table.entries;
  }
  // Nothing but deletions of ranges: of use only further down.
  if (entries === 0) return tables.every((table) => isFreeOfReaders(table, view)) ? 1 : 0;
  return garbage / entries;
}

function freeTombstones(table: TableMeta, view: RetentionView): number {
  return isFreeOfReaders(table, view) ? table.tombstones : 0;
}

/** All deletions or none: below a pinned snapshot, or with several versions to keep, it depends on each of them. */
function isFreeOfReaders(table: TableMeta, view: RetentionView): boolean {
  if ((view.versions ?? 1) > 1 || table.maxTimestamp > view.horizon) return false;
  return !view.pinned.some((timestamp) => timestamp < table.maxTimestamp);
}

function wholeLevel<T extends TableMeta>(version: Version<T>, level: number): PlanInput<T>[] {
  return version.runsAt(level).map(({ tables }) => ({ level, tables }));
}

/** Merges inputs of one level in it. They must include what is older than others of them there. */
function planInPlace<T extends TableMeta>(inputs: readonly PlanInput<T>[], oldest: Run<T>): CompactionPlan<T> {
  const level = inputs[0]!.level;
  return { level, inputs, outputLevel: level, outputRun: oldest.id, move: false };
}

/** The table with the fewest bytes of `below`, for its own size, in its key range. Both ascend without overlap. */
function leastOverlapping<T extends TableMeta>(tables: readonly T[], below: readonly T[]): T {
  let best = tables[0]!;
  let bestRatio = Number.POSITIVE_INFINITY;
  let from = 0;
  for (const table of tables) {
    while (from < below.length && compareBytes(below[from]!.largest, table.smallest) < 0) from++;
    let overlapBytes = 0;
    for (let at = from; at < below.length && compareBytes(below[at]!.smallest, table.largest) <= 0; at++) {
      overlapBytes += below[at]!.sizeBytes;
    }
    const ratio = overlapBytes / table.sizeBytes;
    if (ratio < bestRatio) {
      best = table;
      bestRatio = ratio;
    }
  }
  return best;
}
