/**
 * A version: which tables there are, in which run of which level. Immutable. Level 0 gets one run per flush; of the runs
 * of a level the newest comes first, and the tables of a run ascend without overlap. Everything in a level is older than
 * what the levels above it say of the same keys, and everything in a run older than in the runs before it.
 */

import { assert, compareBytes, type KeyRange } from '../../base/index.js';
import type { ManifestEdit, TableAddition, TableMeta } from '../format/manifest-edit.js';

export interface Run<T extends TableMeta = TableMeta> {
  readonly id: number;
  readonly tables: readonly T[];
}

export interface Level<T extends TableMeta = TableMeta> {
  readonly runs: readonly Run<T>[];
}

/** Deeper than any tree grows: at a size ratio of 2, level 1 of 1 MiB and 2^53 bytes. */
export const LEVELS_MAX = 40;

export class Version<T extends TableMeta = TableMeta> {
  readonly levels: readonly Level<T>[];

  constructor(levels: readonly Level<T>[] = []) {
    this.levels = levels;
  }

  /**
   * The version after an edit. Throws what `refuse` builds when the edit does not fit.
   *
   * @param admit turns what an addition says into a table; called for additions only.
   */
  with(
    edit: Pick<ManifestEdit, 'added' | 'removed'>,
    admit: (meta: TableMeta) => T,
    refuse: (expected: string, found: string) => Error,
  ): Version<T> {
    const levels: Run<T>[][] = this.levels.map((level) => [...level.runs]);
    for (const { level, fileNumber } of edit.removed) {
      const runs = levels[level] ?? [];
      const at = runs.findIndex((run) => run.tables.some((table) => table.fileNumber === fileNumber));
      const run = runs[at];
      if (run === undefined) throw refuse(`table ${fileNumber} in level ${level}`, 'none');
      runs[at] = { id: run.id, tables: run.tables.filter((table) => table.fileNumber !== fileNumber) };
    }
    for (const addition of edit.added) {
      if (addition.level >= LEVELS_MAX) throw refuse(`a level below ${LEVELS_MAX}`, String(addition.level));
      while (levels.length <= addition.level) levels.push([]);
      addTable(levels[addition.level]!, addition, admit, refuse);
    }
    const kept = levels.map((runs) => ({ runs: runs.filter((run) => run.tables.length > 0) }));
    while (kept.at(-1)?.runs.length === 0) kept.pop();
    return new Version(kept);
  }

  /** Every table, newest level first. */
  *tables(): Generator<T> {
    for (const level of this.levels) {
      for (const run of level.runs) yield* run.tables;
    }
  }

  runsAt(level: number): readonly Run<T>[] {
    return this.levels[level]?.runs ?? [];
  }

  bytesAt(level: number): number {
    let bytes = 0;
    for (const run of this.runsAt(level)) {
      for (const table of run.tables) bytes += table.sizeBytes;
    }
    return bytes;
  }

  /** The additions that make this version out of nothing. */
  additions(): TableAddition[] {
    return this.levels.flatMap(({ runs }, level) =>
      runs.flatMap((run) => run.tables.map((table) => ({ level, run: run.id, table }))),
    );
  }
}

function addTable<T extends TableMeta>(
  runs: Run<T>[],
  addition: TableAddition,
  admit: (meta: TableMeta) => T,
  refuse: (expected: string, found: string) => Error,
): void {
  const { run: id, table: meta } = addition;
  let at = runs.findIndex((run) => run.id <= id);
  if (at < 0) at = runs.length;
  if (runs[at]?.id !== id) runs.splice(at, 0, { id, tables: [] });
  const tables = [...runs[at]!.tables];
  // From the end, as the tables of a run are added in their order.
  const place = tables.findLastIndex((table) => compareBytes(table.smallest, meta.smallest) <= 0) + 1;
  const before = tables[place - 1];
  const after = tables[place];
  const fits =
    compareBytes(meta.smallest, meta.largest) <= 0 &&
    (before === undefined || compareBytes(before.largest, meta.smallest) < 0) &&
    (after === undefined || compareBytes(meta.largest, after.smallest) < 0);
  if (!fits) throw refuse(`table ${meta.fileNumber} beside the others of its run`, 'overlapping key ranges');
  tables.splice(place, 0, admit(meta));
  runs[at] = { id, tables };
}

/** The table of a run whose key range holds `key`. */
export function tableFor<T extends TableMeta>(run: Run<T>, key: Uint8Array): T | undefined {
  const tables = run.tables;
  let low = 0;
  let high = tables.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(tables[middle]!.largest, key) < 0) low = middle + 1;
    else high = middle;
  }
  const table = tables[low];
  return table !== undefined && compareBytes(table.smallest, key) <= 0 ? table : undefined;
}

/** True when some table of a run shares a part of `span`. */
export function runTouches(run: Run, span: KeySpan): boolean {
  const tables = run.tables;
  let low = 0;
  let high = tables.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(tables[middle]!.largest, span.smallest) < 0) low = middle + 1;
    else high = middle;
  }
  const table = tables[low];
  return table !== undefined && compareBytes(table.smallest, span.largest) <= 0;
}

export function overlaps(table: TableMeta, range: KeyRange): boolean {
  return (
    (range.lower === undefined || compareBytes(table.largest, range.lower) >= 0) &&
    (range.upper === undefined || compareBytes(table.smallest, range.upper) < 0)
  );
}

/** Key interval with both ends included, as tables have it. */
export interface KeySpan {
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
}

export function spansTouch(a: KeySpan, b: KeySpan): boolean {
  return compareBytes(a.smallest, b.largest) <= 0 && compareBytes(b.smallest, a.largest) <= 0;
}

/** The smallest span around `spans`, of which there must be one. */
export function spanOf(spans: readonly KeySpan[]): KeySpan {
  assert(spans.length > 0, 'only something has a span');
  let { smallest, largest } = spans[0]!;
  for (const span of spans) {
    if (compareBytes(span.smallest, smallest) < 0) smallest = span.smallest;
    if (compareBytes(span.largest, largest) > 0) largest = span.largest;
  }
  return { smallest, largest };
}
