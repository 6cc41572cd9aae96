/**
 * Knows which states somebody may still read, and answers storage's question which versions may be dropped: every version
 * that no state in history and no pinned snapshot can see. Without history that is the newest state alone. Versions between
 * two pins go too, so one old snapshot does not keep everything since; readers of changes do keep everything since.
 */

import { type Clock, InvalidArgumentError, systemClock } from '../base/index.js';
import type { RetentionPolicy, RetentionView, Timestamp } from '../storage/index.js';
import { type History, historyBeginsMs } from './history.js';
import { TimestampPins } from './timestamp-pins.js';

/** What the registry needs to know of the engine, and what that wants to hear. */
export interface RetainingEngine {
  readonly lastTimestamp: Timestamp;
  /** Versions that only timestamps below it could see have been dropped before. */
  readonly prunedThrough: Timestamp;
  timestampAt(atMs: number): Timestamp;
  /** No snapshot as of `timestamp` is open any more. */
  released(timestamp: Timestamp): void;
}

export class SnapshotRegistry implements RetentionPolicy {
  readonly #history: History | undefined;
  readonly #clock: Clock;
  readonly #pins = new TimestampPins();
  /** After which every change is needed. */
  readonly #cursors = new TimestampPins();
  #engine: RetainingEngine | undefined;
  #horizon: Timestamp = 0;

  /** @param history what stays readable beyond open snapshots; by default nothing. */
  constructor(history?: History, clock: Clock = systemClock) {
    this.#history = history;
    this.#clock = clock;
  }

  /** Says whose versions these are. Until then, during recovery, nothing may be dropped. */
  attach(engine: RetainingEngine): void {
    this.#engine = engine;
    this.#horizon = engine.prunedThrough;
  }

  /**
   * Lowest timestamp of which every version is certainly there, and every change since. Older snapshots can be opened only
   * where one is still pinned: storage may have acted on the answer it got.
   */
  get horizon(): Timestamp {
    // How far back versions are kept by number shows only when some have been dropped.
    return this.#versions > 1 ? (this.#engine?.prunedThrough ?? 0) : this.#horizon;
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

  /** Keeps every change after `timestamp` until `releaseSince`. The caller has checked that they are there now. */
  keepSince(timestamp: Timestamp): void {
    this.#cursors.pin(timestamp);
  }

  releaseSince(timestamp: Timestamp): void {
    this.#cursors.unpin(timestamp);
  }

  /** Throws `InvalidArgumentError` unless the state as of `timestamp` is published and completely retained. */
  checkReadable(timestamp: Timestamp, newest: Timestamp): void {
    const readable = timestamp <= newest && (timestamp >= this.horizon || this.#pins.has(timestamp));
    if (readable && Number.isSafeInteger(timestamp)) return;
    throw this.#notRetained('snapshot as of', timestamp, newest);
  }

  /** Throws `InvalidArgumentError` unless every change after `timestamp` is still there. */
  checkChangesSince(timestamp: Timestamp, newest: Timestamp): void {
    if (Number.isSafeInteger(timestamp) && timestamp >= this.horizon && timestamp <= newest) return;
    throw this.#notRetained('changes since', timestamp, newest);
  }

  /** Called by storage before it drops versions; see `RetentionPolicy`. */
  view(): RetentionView {
    const engine = this.#engine;
    if (engine === undefined) return { horizon: 0, pinned: [] };
    const beginsMs = historyBeginsMs(this.#history, this.#clock);
    const passed = beginsMs === undefined ? engine.lastTimestamp : engine.timestampAt(beginsMs);
    const needed = Math.min(passed, this.#cursors.oldest ?? passed);
    // A clock that goes back does not bring back what was given up; with versions kept by number nothing is given up here.
    this.#horizon = this.#versions > 1 ? needed : Math.max(this.#horizon, needed);
    return { horizon: this.#horizon, pinned: this.#pins.list(), versions: this.#versions };
  }

  /** Only versions kept by their number are open to old readers while storage drops some of them. */
  stillAllows(given: RetentionView, prunedThrough: Timestamp): boolean {
    if (this.#versions === 1) return true;
    if ((this.#cursors.oldest ?? prunedThrough) < prunedThrough) return false;
    if ((this.#pins.oldest ?? prunedThrough) >= prunedThrough) return true;
    return this.#pins.list().every((pinned) => pinned >= prunedThrough || given.pinned.includes(pinned));
  }

  get #versions(): number {
    return this.#history !== undefined && 'versions' in this.#history ? this.#history.versions : 1;
  }

  #notRetained(what: string, asked: Timestamp, newest: Timestamp): InvalidArgumentError {
    const oldest = this.horizon;
    return new InvalidArgumentError(`no ${what} ${asked}: history reaches from ${oldest} to ${newest}`, {
      facts: { asOf: asked, oldest, newest },
    });
  }
}
