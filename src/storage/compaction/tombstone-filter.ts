/**
 * Which range deletions flush and compaction may drop, by the rule for versions: one that was followed by another of the
 * same keys before anybody who may still read came in between, and one from before which nobody reads and below which
 * nothing older can lie. They are versions of keys that nobody knows here: where several versions of each key are kept, so
 * are they.
 */

import type { Timestamp } from '../entry.js';
import { appendFragment } from '../tombstone/fragment-list.js';
import type { TombstoneFragment } from '../tombstone/range-tombstones.js';
import type { KeySpan } from '../version/version.js';
import { OlderRuns } from './older-runs.js';
import { Retention, type RetentionView } from './retention.js';

export interface RetainedTombstones {
  readonly fragments: readonly TombstoneFragment[];
  /** See `VersionFilter.prunedThrough`. */
  readonly prunedThrough: Timestamp;
}

/** @param olderRuns as for `VersionFilter`. */
export function retainedTombstones(
  fragments: readonly TombstoneFragment[],
  view: RetentionView,
  olderRuns: readonly (readonly KeySpan[])[],
): RetainedTombstones {
  const retention = new Retention(view);
  if (retention.versions > 1) return { fragments, prunedThrough: 0 };
  const older = new OlderRuns(olderRuns);
  const kept: TombstoneFragment[] = [];
  let prunedThrough: Timestamp = 0;
  for (const { start, end, timestamps } of fragments) {
    const hasOlder = older.mayHoldBetween(start, end);
    const needed = timestamps.filter((timestamp, i) => {
      const next = timestamps[i + 1];
      if (next !== undefined && !retention.mayReadBetween(timestamp, next)) {
        prunedThrough = Math.max(prunedThrough, next);
        return false;
      }
      if (hasOlder || retention.mayReadBetween(0, timestamp)) return true;
      prunedThrough = Math.max(prunedThrough, timestamp);
      return false;
    });
    if (needed.length > 0) appendFragment(kept, { start, end, timestamps: needed });
  }
  return { fragments: kept, prunedThrough };
}
