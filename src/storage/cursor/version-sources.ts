/** Which memtables and tables can hold versions of a range that were committed in a span of time, as one cursor. */

import type { KeyRange } from '../../base/index.js';
import type { EntryCursor, Timestamp } from '../entry.js';
import type { Memtable } from '../memtable/index.js';
import { RunCursor } from '../table/run-cursor.js';
import type { Table } from '../table/table.js';
import { overlaps, type Version } from '../version/version.js';
import { MergingCursor } from './merging-cursor.js';

/** Versions after `after`, up to and including `through`. */
export interface TimeSpan {
  readonly after: Timestamp;
  readonly through: Timestamp;
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
    const tables = run.tables.filter(
      (table) => table.maxTimestamp > span.after && table.minTimestamp <= span.through && overlaps(table, range),
    );
    if (tables.length > 0) children.push(new RunCursor(tables, { reverse: false, bulk: true, range }));
  }
  return new MergingCursor(children, false);
}
