/**
 * What one compaction reads and where its output goes, and the two ways to complete such a plan so that the order of the
 * version holds: everything in a run is older than what the runs before it, and the levels above, say of the same keys.
 */

import { compareBytes, type KeyRange } from '../../base/index.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { type KeySpan, overlaps, spanOf, spansTouch, type Version } from '../version/version.js';

export interface PlanInput<T extends TableMeta = TableMeta> {
  readonly level: number;
  readonly tables: readonly T[];
}

export interface CompactionPlan<T extends TableMeta = TableMeta> {
  /** The level that is relieved. */
  readonly level: number;
  /** Newest first; each a run or part of one. */
  readonly inputs: readonly PlanInput<T>[];
  readonly outputLevel: number;
  readonly outputRun: number;
  /** True when the tables can change their place as they are. */
  readonly move: boolean;
}

/**
 * Sends `upper`, which must be older than anything else in its level that it overlaps, to `target`: into the newest run
 * there, with what it overlaps of it, or into a new run when `newRun` says so and there is an overlap.
 *
 * @param rewrite even where the tables could be moved.
 */
export function planInto<T extends TableMeta>(
  version: Version<T>,
  upper: readonly PlanInput<T>[],
  target: number,
  how: { readonly newRun: boolean; readonly rewrite: boolean },
): CompactionPlan<T> {
  const tables = upper.flatMap((input) => input.tables);
  const span = spanOf(tables);
  const newest = version.runsAt(target)[0];
  const lower = newest?.tables.filter((table) => spansTouch(table, span)) ?? [];
  const joins = !how.newRun || lower.length === 0;
  const outputRun = newest === undefined ? 0 : joins ? newest.id : newest.id + 1;
  const merged = joins ? lower : [];
  return {
    level: upper[0]!.level,
    inputs: merged.length > 0 ? [...upper, { level: target, tables: merged }] : upper,
    outputLevel: target,
    outputRun,
    move: !how.rewrite && areDisjoint([...tables, ...merged]),
  };
}

/**
 * Merges all tables that touch `range`, and whatever overlaps those further down, in the deepest level among them or in
 * `levelMin` if that is deeper. The output is older than anything it is not made of, and so belongs to the level's oldest
 * run, where nothing overlaps it. Undefined when there is nothing to merge.
 */
export function planRange<T extends TableMeta>(
  version: Version<T>,
  range: KeyRange,
  levelMin: number,
): CompactionPlan<T> | undefined {
  const inputs: PlanInput<T>[] = [];
  let span: KeySpan | undefined;
  for (const [level, { runs }] of version.levels.entries()) {
    for (const run of runs) {
      const wider = span;
      const tables = run.tables.filter(
        (table) => overlaps(table, range) || (wider !== undefined && spansTouch(table, wider)),
      );
      if (tables.length === 0) continue;
      inputs.push({ level, tables });
      span = spanOf(span === undefined ? tables : [span, ...tables]);
    }
  }
  const first = inputs[0];
  const last = inputs.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const outputLevel = Math.max(levelMin, last.level);
  const outputRun = version.runsAt(outputLevel).at(-1)?.id ?? 0;
  return { level: first.level, inputs, outputLevel, outputRun, move: false };
}

/**
 * The spans of all tables that may hold something older than the inputs of a plan: those of the run of its newest input
 * and of every run behind that, without the inputs themselves.
 */
export function olderThan<T extends TableMeta>(version: Version<T>, inputs: readonly PlanInput<T>[]): KeySpan[][] {
  const without = new Set(inputs.flatMap((input) => input.tables));
  const runs = version.levels.flatMap((level) => level.runs);
  const newest = runs.findIndex((run) => run.tables.some((table) => without.has(table)));
  return spansOf(runs.slice(newest).map((run) => run.tables.filter((table) => !without.has(table))));
}

/** The spans of all tables of a version, run by run. */
export function spansOfVersion(version: Version): KeySpan[][] {
  return spansOf(version.levels.flatMap(({ runs }) => runs.map((run) => run.tables)));
}

function spansOf(runs: readonly (readonly TableMeta[])[]): KeySpan[][] {
  return runs
    .filter((tables) => tables.length > 0)
    .map((tables) => tables.map(({ smallest, largest }) => ({ smallest, largest })));
}

/**
 * How many tables a merge of these may write. Compressed or not, outputs are not larger than their content and its framing;
 * one number more is cheap to lose.
 */
export function outputsMax(inputs: readonly PlanInput[], tableBytes: number): number {
  let rawBytes = 0;
  for (const { tables } of inputs) for (const table of tables) rawBytes += table.rawBytes;
  return 2 + Math.ceil((rawBytes * 2) / tableBytes);
}

function areDisjoint(tables: readonly TableMeta[]): boolean {
  const sorted = tables.toSorted((a, b) => compareBytes(a.smallest, b.smallest));
  return sorted.every((table, i) => i === 0 || compareBytes(sorted[i - 1]!.largest, table.smallest) < 0);
}

/** What a version loses when these inputs have been merged or moved. */
export function removalsOf(inputs: readonly PlanInput[]): { level: number; fileNumber: number }[] {
  return inputs.flatMap(({ level, tables }) => tables.map(({ fileNumber }) => ({ level, fileNumber })));
}
