/** Which memtables and tables can hold versions of a range that were committed in a span of time, and what they hold. */

import type { KeyRange } from '../../base/index.js';
import type { EntryCursor, Timestamp } from '../entry.js';
import type { Memtable } from '../memtable/index.js';
import { RunCursor } from '../table/run-cursor.js';
import type { Table } from '../table/table.js';
import { overlaps, type Version } from '../version/version.js';
import { clipFragments, mergeFragments } from '../tombstone/fragment-list.js';
import type { TombstoneFragment } from '../tombstone/range-tombstones.js';
import { MergingCursor } from './merging-cursor.js';

/** Versions after `after`, up to and including `through`. */
export interface TimeSpan {
  readonly after: Timestamp;
  readonly through: Timestamp;
}

export interface StoredVersions {
  readonly cursor: EntryCursor;
  readonly clears: readonly TombstoneFragment[];
  release(): void;
}

/**
 * Walks all that the sources hold of `range` and perhaps more, key ascending, timestamp descending: the caller looks at each
 * entry. Sources that have nothing of the span are left out unread.
 */
export function versionCursor(
  memtables: readonly Memtable[],
  version: Version<Table>,
  range: KeyRange,
  span: TimeSpan,
): EntryCursor {
  const children: EntryCursor[] = [];
  for (const memtable of memtables) {
    if (memtable.count > 0 && memtable.lastTimestamp > span.after) children.push(memtable.cursor());
  }
  for (const run of version.levels.flatMap((level) => level.runs)) {
    const tables = tablesOf(run.tables, range, span);
    if (tables.length > 0) children.push(new RunCursor(tables, { reverse: false, bulk: true, range }));
  }
  return new MergingCursor(children, false);
}

/** The deletions of ranges in `range` that the sources hold, those of other times among them; ascending. */
export function clearsIn(
  memtables: readonly Memtable[],
  version: Version<Table>,
  range: KeyRange,
  span: TimeSpan,
): readonly TombstoneFragment[] {
  let clears: readonly TombstoneFragment[] = [];
  const add = (fragments: readonly TombstoneFragment[] = []): void => {
    clears = mergeFragments(clears, clipFragments(fragments, range.lower, range.upper));
  };
  for (const memtable of memtables) if (memtable.lastTimestamp > span.after) add(memtable.tombstones?.fragments);
  for (const run of version.levels.flatMap((level) => level.runs)) {
    for (const table of tablesOf(run.tables, range, span)) {
      if (table.rangeTombstones > 0) add(table.reader().tombstones?.fragments);
    }
  }
  return clears;
}

function tablesOf(tables: readonly Table[], range: KeyRange, { after, through }: TimeSpan): Table[] {
  return tables.filter(
    (table) => table.maxTimestamp > after && table.minTimestamp <= through && overlaps(table, range),
  );
}
