/** Read-only views of the engine: a snapshot that stays, and the newest state as it moves. */

import { type KeyRange, TransactionClosedError } from '../base/index.js';
import type { Engine, Timestamp } from '../storage/index.js';
import { type Deadlines, unlessPast } from './deadlines.js';
import type { SnapshotRegistry } from './snapshot-registry.js';
import type { CursorOptions, RangeCursor, ReadView } from './views.js';

/**
 * The state as of one commit. Keeps the versions it sees from being dropped until it is closed; reading it afterwards
 * throws `TransactionClosedError`. Cursors opened before hold what they need and may be read to their end.
 */
export class Snapshot implements ReadView, Disposable {
  readonly timestamp: Timestamp;
  /** What has expired by then is not there. */
  readonly #atMs: number;
  readonly #engine: Engine;
  readonly #registry: SnapshotRegistry;
  readonly #told: (() => void) | undefined;
  #closed = false;

  /** Pins `timestamp`, which the caller has checked. @param closed called once, when it is closed. */
  constructor(
    engine: Engine,
    registry: SnapshotRegistry,
    { timestamp, atMs }: { readonly timestamp: Timestamp; readonly atMs: number },
    closed?: () => void,
  ) {
    this.timestamp = timestamp;
    this.#atMs = atMs;
    this.#engine = engine;
    this.#registry = registry;
    this.#told = closed;
    registry.pin(timestamp);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen();
    return this.#engine.get(key, this.timestamp, this.#atMs);
  }

  has(key: Uint8Array): boolean {
    this.#assertOpen();
    return this.#engine.has(key, this.timestamp, this.#atMs);
  }

  expiryOf(key: Uint8Array): number | undefined {
    this.#assertOpen();
    return unlessPast(this.#engine.storedExpiry(key, this.timestamp), this.#atMs);
  }

  moment(): this {
    return this;
  }

  cursor(range: KeyRange, options?: CursorOptions): RangeCursor {
    this.#assertOpen();
    const { timestamp: asOf } = this;
    return this.#engine.cursor(range, { asOf, atMs: this.#atMs, reverse: options?.reverse === true });
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
  readonly #deadlines: Deadlines;
  /** When expiry is judged; undefined: at every call anew. */
  readonly #atMs: number | undefined;

  constructor(engine: Engine, deadlines: Deadlines, atMs?: number) {
    this.#engine = engine;
    this.#deadlines = deadlines;
    this.#atMs = atMs;
  }

  get timestamp(): Timestamp {
    return this.#engine.lastTimestamp;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#engine.get(key, this.#engine.lastTimestamp, this.#atMs);
  }

  has(key: Uint8Array): boolean {
    return this.#engine.has(key, this.#engine.lastTimestamp, this.#atMs);
  }

  expiryOf(key: Uint8Array): number | undefined {
    if (!this.#deadlines.isUsed) return undefined;
    const expiresAtMs = this.#engine.storedExpiry(key, this.#engine.lastTimestamp);
    return unlessPast(expiresAtMs, this.#atMs ?? this.#deadlines.nowMs());
  }

  moment(): ReadView {
    if (this.#atMs !== undefined || !this.#deadlines.isUsed) return this;
    return new LatestView(this.#engine, this.#deadlines, this.#deadlines.nowMs());
  }

  /** A cursor over one state, that of its creation. */
  cursor(range: KeyRange, options?: CursorOptions): RangeCursor {
    const { lastTimestamp: asOf } = this.#engine;
    return this.#engine.cursor(range, { asOf, atMs: this.#atMs, reverse: options?.reverse === true });
  }
}
