/**
 * A sealed memtable as another thread sees it: the arena, without a copy, and how far it is filled. Hash and sorted runs
 * stay where they were made; the reader sorts for itself. Nothing may be added once this was given away.
 */

import type { EntryCursor } from '../entry.js';
import { FIRST_ENTRY } from './entry-layout.js';
import { MemtableCursor } from './memtable-cursor.js';
import { sortTail } from './sorted-run.js';
import type { RangeTombstones, TombstoneFragment } from '../tombstone/range-tombstones.js';

/** Plain data that a message to another thread may hold. */
export interface SharedEntries {
  readonly arena: SharedArrayBuffer;
  /** Word behind the last entry. */
  readonly end: number;
  readonly count: number;
  /** True when some entry replaces an earlier one with its key and timestamp. */
  readonly shadowing: boolean;
  readonly tombstones: readonly TombstoneFragment[];
}

/** What a job can write to tables, on whichever thread it runs. */
export interface ShareableEntries {
  readonly byteSize: number;
  readonly tombstones?: RangeTombstones | undefined;
  cursor(): EntryCursor;
  shareable(): SharedEntries;
}

/** An ascending cursor over the same entries as `Memtable.cursor` gives. Sorts them. */
export function sharedEntriesCursor({ arena, end, count, shadowing }: SharedEntries): EntryCursor {
  const words = new Uint32Array(arena);
  const bytes = new Uint8Array(arena);
  return new MemtableCursor(words, bytes, [sortTail(words, bytes, { start: FIRST_ENTRY, end, count, shadowing })], {
    reverse: false,
    bulk: true,
  });
}
