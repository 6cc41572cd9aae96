/** What can be read and written at one point in time: the shapes that everything above transactions is written against. */

import type { BoundedRange, KeyRange } from '../base/index.js';
import type { Timestamp } from '../storage/index.js';

/**
 * Walks the live keys of a range in one direction. `next` comes before the first entry too:
 * `while (cursor.next()) … cursor.keyBytes …`. The byte fields are views, valid until `next` or `close`.
 */
export interface RangeCursor {
  /** Moves to the next entry; false at the end, and the cursor is then closed. */
  next(): boolean;
  readonly keyBytes: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueBytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** A copy of the key the cursor stands on. */
  key(): Uint8Array;
  /** A copy of its value. */
  value(): Uint8Array;
  /** Gives back what the cursor holds. Idempotent. */
  close(): void;
}

export interface CursorOptions {
  /** Descending keys. Default false. */
  readonly reverse?: boolean | undefined;
}

/**
 * Reads as of one timestamp, and of what expires only what has not at one moment. Synchronous: what is not in memory costs one
 * `pread`.
 */
export interface ReadView {
  readonly timestamp: Timestamp;
  /** The value of `key`, owned by the caller; undefined when there is none. `key` is not kept. */
  get(key: Uint8Array): Uint8Array | undefined;
  has(key: Uint8Array): boolean;
  /** When the value of `key` ends, in milliseconds since the epoch; undefined when it does not, or there is none. */
  expiryOf(key: Uint8Array): number | undefined;
  /**
   * The same for several reads that must agree on what has expired: judged at one moment. Not to be kept longer than the
   * current turn.
   */
  moment(): ReadView;
  cursor(range: KeyRange, options?: CursorOptions): RangeCursor;
}

/** A view that sees its own writes. The methods copy what they are given. */
export interface WriteView extends ReadView {
  /** @param expiresAtMs when the value ends, in milliseconds since the epoch; undefined: never. */
  put(key: Uint8Array, value: Uint8Array, expiresAtMs?: number): void;
  /** @param isRead the writer has read the key already, so that nothing more needs to be remembered for validation. */
  expiryOf(key: Uint8Array, isRead?: boolean): number | undefined;
  /** What the clock shows that expiry is judged by, in milliseconds since the epoch. */
  nowMs(): number;
  /** Deleting an absent key is not an error. */
  delete(key: Uint8Array): void;
  /**
   * Deletes every key of `range` by one record, however many there are. Reads nothing: commits that the view does not see
   * are deleted with the rest.
   */
  clear(range: BoundedRange): void;
  /**
   * Makes the writes depend on `key` as the view sees it, in every isolation level: the commit fails with `ConflictError`
   * when another commit wrote the key after the snapshot. For what a writer relies on beyond the keys it writes.
   */
  guard(key: Uint8Array): void;
  /** The same for every key of `range`, present or not. */
  guardRange(range: KeyRange): void;
}
