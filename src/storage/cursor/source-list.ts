/**
 * The sources that a cursor merges, collected from the newest to the oldest, each stripped of what range deletions hide.
 * Where there are none, a source is taken as it is.
 */

import type { EntryCursor, Timestamp } from '../entry.js';
import type { RangeTombstones } from '../tombstone/range-tombstones.js';
import { MergingCursor } from './merging-cursor.js';
import { type TombstoneView, UncoveredCursor } from './uncovered-cursor.js';

export class SourceList {
  readonly #asOf: Timestamp;
  readonly #reverse: boolean;
  readonly #children: EntryCursor[] = [];
  /** Tombstones of the sources collected so far that can be seen. */
  readonly #views: TombstoneView[];

  /** @param asOf of a published commit: those to come add to the memtable. @param cleared newer than every source. */
  constructor(asOf: Timestamp, reverse: boolean, cleared: TombstoneView | undefined) {
    this.#asOf = asOf;
    this.#reverse = reverse;
    this.#views = cleared === undefined ? [] : [cleared];
  }

  add(source: EntryCursor, tombstones: RangeTombstones | undefined): void {
    const isSeen = tombstones !== undefined && tombstones.minTimestamp <= this.#asOf;
    const own = isSeen ? { tombstones, asOf: this.#asOf } : undefined;
    const covers = this.#views.length > 0 || own !== undefined;
    const options = { reverse: this.#reverse };
    this.#children.push(covers ? new UncoveredCursor(source, [...this.#views], own, options) : source);
    if (own !== undefined) this.#views.push(own);
  }

  merged(): EntryCursor {
    const children = this.#children;
    return children.length === 1 ? children[0]! : new MergingCursor(children, this.#reverse);
  }
}
