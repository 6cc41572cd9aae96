/**
 * Knows which timestamps somebody may still read, and answers storage's question which versions may be dropped: every
 * version that neither the newest published state nor a pinned snapshot can see. Versions between two pins go too, so
 * one old snapshot does not keep all history since.
 */

import { InvalidArgumentError } from '../base/index.js';
import type { RetentionPolicy, Timestamp } from '../storage/index.js';
import { TimestampPins } from './timestamp-pins.js';

export class SnapshotRegistry implements RetentionPolicy {
  readonly #pins = new TimestampPins();
  #published: (() => Timestamp) | undefined;
  #horizon: Timestamp = 0;

  /**
   * Says where the newest published timestamp can be read. Until then, during recovery, nothing may be dropped; versions
   * that only timestamps below `prunedThrough` could see have been dropped before.
   */
  attach(published: () => Timestamp, prunedThrough: Timestamp): void {
    this.#published = published;
    this.#horizon = prunedThrough;
  }

  /**
   * Lowest timestamp of which every version is certainly there. Older snapshots can be opened only where one is still
   * pinned: storage may have acted on the answer it got.
   */
  get horizon(): Timestamp {
    return this.#horizon;
  }

  /** Open snapshots, those of transactions included. */
  get size(): number {
    return this.#pins.size;
  }

  get oldest(): Timestamp | undefined {
    return this.#pins.oldest;
  }

  /** Keeps everything readable as of `timestamp` until `unpin`. The caller has checked that it is now. */
  pin(timestamp: Timestamp): void {
    this.#pins.pin(timestamp);
  }

  unpin(timestamp: Timestamp): void {
    this.#pins.unpin(timestamp);
  }

  /** Throws `InvalidArgumentError` unless the state as of `timestamp` is published and completely retained. */
  checkReadable(timestamp: Timestamp, newest: Timestamp): void {
    const readable = timestamp <= newest && (timestamp >= this.#horizon || this.#pins.has(timestamp));
    if (readable && Number.isSafeInteger(timestamp)) return;
    throw new InvalidArgumentError(
      `no snapshot as of ${timestamp}: commits ${this.#horizon} to ${newest} are readable`,
      { facts: { asOf: timestamp, oldest: this.#horizon, newest } },
    );
  }

  /** Called by storage before it drops versions; see `RetentionPolicy`. */
  view(): { horizon: Timestamp; pinned: readonly Timestamp[] } {
    if (this.#published === undefined) return { horizon: 0, pinned: [] };
    this.#horizon = this.#published();
    return { horizon: this.#horizon, pinned: this.#pins.list() };
  }
}
