/**
 * Knows which timestamps somebody may still read, and answers storage's question which versions may be dropped: every
 * version that neither the newest published state nor a pinned snapshot can see. Versions between two pins go too, so
 * one old snapshot does not keep all history since.
 */

import { InvalidArgumentError } from '../base/index.js';
import type { RetentionPolicy, Timestamp } from '../storage/index.js';
import { TimestampPins } from './timestamp-pins.js';

/** What the registry needs to know of the engine, and what that wants to hear. */
export interface RetainingEngine {
  readonly lastTimestamp: Timestamp;
  /** Versions that only timestamps below it could see have been dropped before. */
  readonly prunedThrough: Timestamp;
  /** No snapshot as of `timestamp` is open any more. */
  released(timestamp: Timestamp): void;
}

export class SnapshotRegistry implements RetentionPolicy {
  readonly #pins = new TimestampPins();
  #engine: RetainingEngine | undefined;
  #horizon: Timestamp = 0;

  /** Says whose versions these are. Until then, during recovery, nothing may be dropped. */
  attach(engine: RetainingEngine): void {
    this.#engine = engine;
    this.#horizon = engine.prunedThrough;
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
    if (this.#pins.unpin(timestamp)) this.#engine?.released(timestamp);
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
    if (this.#engine === undefined) return { horizon: 0, pinned: [] };
    this.#horizon = this.#engine.lastTimestamp;
    return { horizon: this.#horizon, pinned: this.#pins.list() };
  }
}
