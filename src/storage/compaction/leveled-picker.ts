/**
 * What to merge next, as a pure function of the version. Leveled: level 0 collects one run per flush, every deeper level
 * is one run `sizeRatio` times larger than the one above (O'Neil et al., "The Log-Structured Merge-Tree", 1996; the shape
 * is LevelDB's). The fullest level goes first: all of level 0, or the one table of a deeper level that overlaps the next
 * level least for its size.
 */

import type { KeyRange } from '../../base/index.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { type KeySpan, overlaps, spanOf, spansTouch, type Version } from '../version/version.js';

export interface LeveledPolicy {
  readonly level0Runs: number;
  readonly levelBaseBytes: number;
  readonly sizeRatio: number;
}

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
  /** True when the tables can change their level as they are. */
  readonly move: boolean;
}

/** Deeper levels have one run. */
const ONLY_RUN = 0;

export function pickCompaction<T extends TableMeta>(
  version: Version<T>,
  policy: LeveledPolicy,
): CompactionPlan<T> | undefined {
  let fullest = -1;
  let fullestScore = 1;
  for (let level = 0; level < version.levels.length; level++) {
    const score = levelScore(version, level, policy);
    if (score > fullestScore || (score === fullestScore && fullest < 0)) {
      fullest = level;
      fullestScore = score;
    }
  }
  if (fullest < 0) return undefined;
  return fullest === 0 ? planLevel0(version) : planDeeper(version, fullest);
}

/** How full a level is: from 1 on it wants to be compacted. */
export function levelScore(version: Version, level: number, policy: LeveledPolicy): number {
  if (level === 0) return version.runsAt(0).length / policy.level0Runs;
  return version.bytesAt(level) / (policy.levelBaseBytes * policy.sizeRatio ** (level - 1));
}

/**
 * Merges all tables that touch `range`, and whatever overlaps those further down, into the deepest level among them.
 * Undefined when there is nothing to merge.
 */
export function planRange<T extends TableMeta>(version: Version<T>, range: KeyRange): CompactionPlan<T> | undefined {
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
  const outputLevel = Math.max(1, last.level);
  return { level: first.level, inputs, outputLevel, outputRun: ONLY_RUN, move: false };
}

function planLevel0<T extends TableMeta>(version: Version<T>): CompactionPlan<T> {
  const runs = version.runsAt(0).map((run): PlanInput<T> => ({ level: 0, tables: run.tables }));
  return planInto(version, 0, runs);
}

function planDeeper<T extends TableMeta>(version: Version<T>, level: number): CompactionPlan<T> | undefined {
  const below = version.runsAt(level + 1).flatMap((run) => run.tables);
  let best: T | undefined;
  let bestRatio = Number.POSITIVE_INFINITY;
  for (const table of version.runsAt(level).flatMap((run) => run.tables)) {
    let overlapBytes = 0;
    for (const other of below) if (spansTouch(table, other)) overlapBytes += other.sizeBytes;
    const ratio = overlapBytes / table.sizeBytes;
    if (ratio < bestRatio) {
      best = table;
      bestRatio = ratio;
    }
  }
  return best === undefined ? undefined : planInto(version, level, [{ level, tables: [best] }]);
}

/** Adds what the upper inputs overlap in the next level. */
function planInto<T extends TableMeta>(
  version: Version<T>,
  level: number,
  upper: readonly PlanInput<T>[],
): CompactionPlan<T> {
  const tables = upper.flatMap((input) => input.tables);
  const span = spanOf(tables);
  const outputLevel = level + 1;
  const lower = version.runsAt(outputLevel).flatMap((run) => run.tables.filter((table) => spansTouch(table, span)));
  const inputs = lower.length > 0 ? [...upper, { level: outputLevel, tables: lower }] : upper;
  return { level, inputs, outputLevel, outputRun: ONLY_RUN, move: areDisjoint([...tables, ...lower]) };
}

function areDisjoint(tables: readonly TableMeta[]): boolean {
  return tables.every((table, i) => tables.every((other, j) => i === j || !spansTouch(table, other)));
}
