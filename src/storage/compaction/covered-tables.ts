/** Tables that range deletions of newer runs cover wholly, so that they can go without being read. Pure. */

import { compareBytes } from '../../base/index.js';
import type { Timestamp } from '../entry.js';
import type { TableMeta } from '../format/manifest-edit.js';
import type { RangeTombstones } from '../tombstone/range-tombstones.js';
import type { Version } from '../version/version.js';
import { Retention, type RetentionView } from './retention.js';

export interface CoveredTables {
  readonly removed: readonly { readonly level: number; readonly table: TableMeta }[];
  /** See `VersionFilter.prunedThrough`. */
  readonly prunedThrough: Timestamp;
}

/** @param tombstonesOf those of the tables of a run, asked for runs that have some. */
export function coveredTables<T extends TableMeta>(
  version: Version<T>,
  view: RetentionView,
  tombstonesOf: (tables: readonly T[]) => RangeTombstones,
): CoveredTables {
  const retention = new Retention(view);
  if (retention.versions > 1) return { removed: [], prunedThrough: 0 };
  const newer: RangeTombstones[] = [];
  const removed: { level: number; table: TableMeta }[] = [];
  let prunedThrough: Timestamp = 0;
  for (const [level, { runs }] of version.levels.entries()) {
    for (const { tables } of runs) {
      for (const table of newer.length === 0 ? [] : tables) {
        const by = Math.max(0, ...newer.map((tombstones) => coveredBy(table, tombstones, retention)));
        if (by === 0) continue;
        removed.push({ level, table });
        prunedThrough = Math.max(prunedThrough, by);
      }
      if (tables.some((table) => table.rangeTombstones > 0)) newer.push(tombstonesOf(tables));
    }
  }
  return { removed, prunedThrough };
}

/** The newest deletion needed to cover all of `table` before anybody who reads would miss it; 0 when they do not. */
function coveredBy(table: TableMeta, tombstones: RangeTombstones, retention: Retention): Timestamp {
  const { smallest, largest, minTimestamp, maxTimestamp } = table;
  const { fragments } = tombstones;
  let newest: Timestamp = 0;
  let at = tombstones.lastStartingUpTo(smallest, 0, smallest.length);
  if (at < 0 || !tombstones.reaches(at, smallest, 0, smallest.length)) return 0;
  for (; ; at++) {
    const { end, timestamps } = fragments[at]!;
    const by = timestamps.find((timestamp) => timestamp > maxTimestamp);
    if (by === undefined || retention.mayReadBetween(minTimestamp, by)) return 0;
    newest = Math.max(newest, by);
    if (compareBytes(largest, end) < 0) return newest;
    const next = fragments[at + 1];
    if (next === undefined || compareBytes(next.start, end) > 0) return 0;
  }
}
