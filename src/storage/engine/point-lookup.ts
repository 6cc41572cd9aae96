/** Finding the newest version of one key: memtables, then runs, from the newest to the oldest, until something is said. */

import { type ForwardClock, hashBytes } from '../../base/index.js';
import { copyOut } from '../byte-copy.js';
import { EntryKind, expires, pointsToValue, type Timestamp } from '../entry.js';
import { EXPIRY_BYTES, expiryAt } from '../format/expiring-value.js';
import type { RangeTombstones } from '../tombstone/range-tombstones.js';
import type { ValueReader } from '../values/value-reader.js';
import type { MemtableStack } from './memtable-stack.js';
import { type FoundVersion, KEPT_FOUND_BYTES_MAX, type ReadPlan } from './read-plan.js';

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

/** A copy of the value of `found`, which was found of `key`; undefined when there is none, or it had expired at `atMs`, by default now by `clock`. */
export function visibleValue(
  key: Uint8Array,
  found: FoundVersion | undefined,
  atMs: number | undefined,
  clock: ForwardClock,
  values: ValueReader,
): Uint8Array | undefined {
  const start = found === undefined ? -1 : visibleStart(found, atMs, clock);
  if (found === undefined || start < 0) return undefined;
  if (pointsToValue(found.foundKind)) {
    const { foundTimestamp: timestamp, foundValueBytes: valueBytes } = found;
    return values.read({ keyBytes: key, keyStart: 0, keyEnd: key.length, timestamp, valueBytes }, start);
  }
  const value = copyOut(found.foundValueBytes, start, found.foundValueEnd);
  if (value.length > KEPT_FOUND_BYTES_MAX) found.releaseFound?.();
  return value;
}

/** Whether `visibleValue` would be one. */
export function hasVisibleValue(
  found: FoundVersion | undefined,
  atMs: number | undefined,
  clock: ForwardClock,
): boolean {
  if (found === undefined || visibleStart(found, atMs, clock) < 0) return false;
  if (found.foundValueEnd - found.foundValueStart > KEPT_FOUND_BYTES_MAX) found.releaseFound?.();
  return true;
}

/** Where the value of `found`, or the pointer to it, begins in its bytes; −1 for a deletion and what has expired. */
function visibleStart(found: FoundVersion, atMs: number | undefined, clock: ForwardClock): number {
  const { foundKind, foundValueStart } = found;
  if (foundKind === EntryKind.Put || foundKind === EntryKind.ValuePointer) return foundValueStart;
  if (!expires(foundKind)) return -1;
  const isOver = expiryAt(found.foundValueBytes, foundValueStart) <= (atMs ?? clock.nowMs());
  return isOver ? -1 : foundValueStart + EXPIRY_BYTES;
}

/** When the value of `found` ends, whether that is past or to come; undefined when it does not, or there is none. */
export function storedExpiry(found: FoundVersion | undefined): number | undefined {
  if (found === undefined || !expires(found.foundKind)) return undefined;
  const expiresAtMs = expiryAt(found.foundValueBytes, found.foundValueStart);
  found.releaseFound?.();
  return expiresAtMs;
}

function clearedAt(tombstones: RangeTombstones | undefined, key: Uint8Array, asOf: Timestamp): Timestamp {
  return tombstones === undefined ? 0 : tombstones.covering(key, 0, key.length, asOf);
}
