/**
 * Where the tables of a bulk load go. They are newer than everything else, so nothing at or above their place may overlap
 * them: a table goes to the deepest level down to which nothing does, from where it need not be merged any further, and
 * otherwise, with the others of its kind, to a new run of level 0. Pure.
 */

import { TreeShape, type TreePolicy } from '../compaction/tree-shape.js';
import type { TableAddition, TableMeta } from '../format/manifest-edit.js';
import { type KeySpan, runTouches, spansTouch, type Version } from '../version/version.js';

/** The tree that a load is linked into; no memtable holds anything. */
export interface LoadTarget {
  readonly version: Version;
  readonly policy: TreePolicy;
  /** What the compaction under way reads and writes: nobody knows yet where in its span its tables will begin and end. */
  readonly busy: KeySpan | undefined;
  /** Number of a run that is newer than all in level 0. */
  readonly newRun: number;
}

/** @param tables of one load: they do not overlap. */
export function placeTables(tables: readonly TableMeta[], target: LoadTarget): TableAddition[] {
  const { version, policy, busy, newRun } = target;
  const shape = new TreeShape(version, policy);
  return tables.map((table) => {
    const level = busy !== undefined && spansTouch(busy, table) ? 0 : deepestFree(version, shape, table);
    return { level, run: level === 0 ? newRun : (version.runsAt(level)[0]?.id ?? 0), table };
  });
}

function deepestFree(version: Version, shape: TreeShape, span: KeySpan): number {
  let deepest = 0;
  for (let level = 0; level <= shape.last; level++) {
    if (version.runsAt(level).some((run) => runTouches(run, span))) break;
    // What lies between level 0 and the first level in use is on its way out.
    if (level >= shape.first) deepest = level;
  }
  return deepest;
}
