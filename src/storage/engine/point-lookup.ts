/** Finding the newest version of one key: memtables, then runs, from the newest to the oldest, until something is said. */

import { hashBytes } from '../../base/index.js';
import type { Timestamp } from '../entry.js';
import type { RangeTombstones } from '../tombstone/range-tombstones.js';
import type { MemtableStack } from './memtable-stack.js';
import type { FoundVersion, ReadPlan } from './read-plan.js';

/**
 * Where the newest version of `key` as of a timestamp is: what its `found…` fields say holds until the next call.
 * Undefined when there is none, or when the deletion of a range is newer.
 */
export function findNewest(
  { active, sealed }: MemtableStack,
  { runs }: ReadPlan,
  key: Uint8Array,
  asOf: Timestamp,
): FoundVersion | undefined {
  const hash = hashBytes(key);
  // A range deletion hides what is older: in its own source by timestamp, and all there is in the sources behind.
  let cleared = clearedAt(active.tombstones, key, asOf);
  if (active.find(key, asOf, hash)) return active.foundTimestamp < cleared ? undefined : active;
  for (let i = 0; i < sealed.length && cleared === 0; i++) {
    const { memtable } = sealed[i]!;
    cleared = clearedAt(memtable.tombstones, key, asOf);
    if (memtable.find(key, asOf, hash)) return memtable.foundTimestamp < cleared ? undefined : memtable;
  }
  for (let i = 0; i < runs.length && cleared === 0; i++) {
    const run = runs[i]!;
    cleared = clearedAt(run.tombstones, key, asOf);
    const table = run.tableFor(key);
    if (table === undefined || table.minTimestamp > asOf) continue;
    const reader = table.reader();
    if (!reader.find(key, hash, asOf)) continue;
    if (reader.foundTimestamp >= cleared) return reader;
    reader.releaseFound();
    return undefined;
  }
  return undefined;
}

function clearedAt(tombstones: RangeTombstones | undefined, key: Uint8Array, asOf: Timestamp): Timestamp {
  return tombstones === undefined ? 0 : tombstones.covering(key, 0, key.length, asOf);
}
