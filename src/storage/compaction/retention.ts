/** Which states must stay readable, and by that what may be forgotten: the one rule behind every dropped version. */

import type { Timestamp } from '../entry.js';

/** What must stay readable: everything from `horizon` on, and the state as of each pinned timestamp. */
export interface RetentionView {
  /** Snapshots taken from now on are not below it. */
  readonly horizon: Timestamp;
  readonly pinned: readonly Timestamp[];
  /** How many versions of each key are kept whatever their age, deletions counted. Default 1. */
  readonly versions?: number | undefined;
}

/** Implemented by whoever hands out snapshots. */
export interface RetentionPolicy {
  view(): RetentionView;
  /**
   * Asked before versions that were dropped according to `given`, an earlier answer of `view`, are given up for good: false
   * when somebody has come to need a state below `prunedThrough` since. What was written is thrown away then, and done again. Without
   * this method it is always true.
   */
  stillAllows?(given: RetentionView, prunedThrough: Timestamp): boolean;
}

export class Retention {
  readonly horizon: Timestamp;
  /** Versions kept of each key, at least 1. */
  readonly versions: number;
  /** Ascending. */
  readonly pinned: Float64Array;

  constructor(view: RetentionView) {
    this.horizon = view.horizon;
    this.versions = view.versions ?? 1;
    this.pinned = Float64Array.from(view.pinned).sort();
  }

  /**
   * True when somebody may read as of a timestamp in `[from, until)`. What became visible at `from` and hidden at `until`
   * may go when nobody does.
   */
  mayReadBetween(from: Timestamp, until: Timestamp): boolean {
    return until > this.horizon || this.firstPinnedFrom(from) < this.firstPinnedFrom(until);
  }

  /** Index of the first pinned snapshot that is not below `from`. */
  firstPinnedFrom(from: Timestamp): number {
    const { pinned } = this;
    let low = 0;
    let high = pinned.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (pinned[middle]! < from) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
