/** Read-only views of the engine: a snapshot that stays, and the newest state as it moves. */

import { type KeyRange, TransactionClosedError } from '../base/index.js';
import type { Engine, Timestamp } from '../storage/index.js';
import type { SnapshotRegistry } from './snapshot-registry.js';
import type { CursorOptions, RangeCursor, ReadView } from './views.js';

/**
 * The state as of one commit. Keeps the versions it sees from being dropped until it is closed; reading it afterwards
 * throws `TransactionClosedError`. Cursors opened before hold what they need and may be read to their end.
 */
export class Snapshot implements ReadView, Disposable {
  readonly timestamp: Timestamp;
  readonly #engine: Engine;
  readonly #registry: SnapshotRegistry;
  readonly #told: (() => void) | undefined;
  #closed = false;

  /** Pins `timestamp`, which the caller has checked. @param closed called once, when it is closed. */
  constructor(engine: Engine, registry: SnapshotRegistry, timestamp: Timestamp, closed?: () => void) {
    this.timestamp = timestamp;
    this.#engine = engine;
    this.#registry = registry;
    this.#told = closed;
    registry.pin(timestamp);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen();
    return this.#engine.get(key, this.timestamp);
  }

  has(key: Uint8Array): boolean {
    this.#assertOpen();
    return this.#engine.has(key, this.timestamp);
  }

  cursor(range: KeyRange, options?: CursorOptions): RangeCursor {
    this.#assertOpen();
    return this.#engine.cursor(range, { asOf: this.timestamp, reverse: options?.reverse === true });
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#registry.unpin(this.timestamp);
    this.#told?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new TransactionClosedError('the snapshot was used after its end');
  }
}

/**
 * Always the newest published commit: each call reads the state of its moment, two calls may see two states. Pins
 * nothing and costs nothing to keep.
 */
export class LatestView implements ReadView {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get timestamp(): Timestamp {
    return this.#engine.lastTimestamp;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#engine.get(key, this.#engine.lastTimestamp);
  }

  has(key: Uint8Array): boolean {
    return this.#engine.has(key, this.#engine.lastTimestamp);
  }

  /** A cursor over one state, that of its creation. */
  cursor(range: KeyRange, options?: CursorOptions): RangeCursor {
    return this.#engine.cursor(range, { asOf: this.#engine.lastTimestamp, reverse: options?.reverse === true });
  }
}
