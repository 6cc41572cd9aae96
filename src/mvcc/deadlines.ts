/**
 * When values end, in the order of time: what the sweep goes by. Written by the commits that put the values, into a region of
 * the store that nobody else writes to:
 *
 *   deadline := 06 02 expiresAt:u48 key → empty         the value of the key may end then
 *   swept    := 06 01                   → expiresAt:u48  whatever ends by then has ended, whatever a clock may show
 *
 * Integers are big-endian. Invariant: where the newest version of a key expires and has not been swept, the key has a deadline
 * that is not later. A deadline may be of a value that has been replaced or removed since: it is looked at when it is due.
 */

import { type BoundedRange, concatBytes, EMPTY_BYTES, equalBytes } from '../base/index.js';
import { type Engine, EntryKind, EXPIRY_MS_END, expiryAt, type Timestamp, type WriteBatch } from '../storage/index.js';

const REGION = 0x06;
const SWEPT_KEY = new Uint8Array([REGION, 0x01]);
const DEADLINES = new Uint8Array([REGION, 0x02]);
const REGION_RANGE = { lower: new Uint8Array([REGION]), upper: new Uint8Array([REGION + 1]) };
const MOMENT_BYTES = 6;
const KEY_AT = DEADLINES.length + MOMENT_BYTES;

export interface Deadline {
  readonly expiresAtMs: number;
  readonly key: Uint8Array;
}

export function deadlineKey(expiresAtMs: number, key: Uint8Array): Uint8Array {
  return concatBytes(DEADLINES, encodeMoment(expiresAtMs), key);
}

/** True for the keys that `deadlineKey` makes. */
export function isDeadline(stored: Uint8Array): boolean {
  return stored.length >= KEY_AT && stored[0] === DEADLINES[0] && stored[1] === DEADLINES[1];
}

export function decodeDeadline(stored: Uint8Array): Deadline {
  return { expiresAtMs: decodeMoment(stored, DEADLINES.length), key: stored.slice(KEY_AT) };
}

/** True for the key of what `sweptRecord` makes. */
export function isSweptKey(stored: Uint8Array): boolean {
  return equalBytes(stored, SWEPT_KEY);
}

/** `expiresAtMs` of a value that has not expired at `atMs`; undefined otherwise. */
export function unlessPast(expiresAtMs: number | undefined, atMs: number): number | undefined {
  return expiresAtMs !== undefined && expiresAtMs > atMs ? expiresAtMs : undefined;
}

/** The deadlines from `fromMs` on that are before `beforeMs`. */
export function deadlineRange(fromMs: number, beforeMs: number = EXPIRY_MS_END - 1): BoundedRange {
  return { lower: deadlineKey(fromMs, EMPTY_BYTES), upper: deadlineKey(beforeMs, EMPTY_BYTES) };
}

/** The record by which a sweep says that it judged by `nowMs`. */
export function sweptRecord(nowMs: number): { readonly key: Uint8Array; readonly value: Uint8Array } {
  return { key: SWEPT_KEY, value: encodeMoment(Math.floor(nowMs)) };
}

/** One per open store. */
export class Deadlines {
  readonly #engine: Engine;
  #isUsed: boolean;
  /** Sweeps that may remove deadlines and are not published yet. */
  sweepsInFlight = 0;
  /** Told of the earliest deadline of every commit that enters some. */
  onEntered: (expiresAtMs: number) => void = () => undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    // Mostly there is nothing, and then no cursor either: the first ones that a process opens shape what it compiles of them.
    this.#isUsed = engine.mayHold(REGION_RANGE) && this.first(0) !== undefined;
    // By then somebody may have acted on what had expired: taken over a unique name, for one.
    if (this.#isUsed) engine.clock.notBefore(engine.timeOf(engine.lastTimestamp));
    if (engine.mayHold(REGION_RANGE)) engine.clock.notBefore(this.#sweptAsOf(engine.lastTimestamp));
  }

  /** False while nothing that is published or in flight expires; once true it stays so. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** The moment by which a view that begins now judges what has expired. Nothing costs a look at the clock while nothing expires. */
  nowMs(): number {
    return this.#isUsed ? this.#engine.clock.nowMs() : 0;
  }

  /**
   * The same for a view of the past: that of the commit, or `atMs`. Never before the sweeps that the view sees, so that what
   * one has removed in part is gone as a whole.
   */
  momentOf(timestamp: Timestamp, atMs: number = this.#engine.timeOf(timestamp)): number {
    return Math.max(atMs, this.#sweptAsOf(timestamp));
  }

  /** The first published deadline from `fromMs` on. */
  first(fromMs: number): number | undefined {
    if (!this.#engine.mayHold(REGION_RANGE)) return undefined;
    const engine = this.#engine;
    const cursor = engine.cursor(deadlineRange(fromMs), { asOf: engine.lastTimestamp });
    const found = cursor.next() ? decodeMoment(cursor.keyBytes, cursor.keyStart + DEADLINES.length) : undefined;
    cursor.close();
    return found;
  }

  /** Adds to a batch that is about to be committed the deadlines of what expires in it, where a key has none that will do. */
  enter(batch: WriteBatch): void {
    this.#isUsed = true;
    const missing: Deadline[] = [];
    let earliestMs = Number.POSITIVE_INFINITY;
    batch.forEach((kind, bytes, keyStart, keyEnd, valueStart) => {
      if (kind !== EntryKind.ExpiringPut) return;
      const expiresAtMs = expiryAt(bytes, valueStart);
      const key = bytes.slice(keyStart, keyEnd);
      if (!this.#hasDeadline(key, expiresAtMs)) missing.push({ expiresAtMs, key });
    });
    for (const { expiresAtMs, key } of missing) {
      batch.put(deadlineKey(expiresAtMs, key), EMPTY_BYTES);
      if (expiresAtMs < earliestMs) earliestMs = expiresAtMs;
    }
    if (missing.length > 0) this.onEntered(earliestMs);
  }

  /** Whether a value that ends no later is there: its deadline leads the sweep to the new one, and is moved on then. */
  #hasDeadline(key: Uint8Array, expiresAtMs: number): boolean {
    if (this.sweepsInFlight > 0) return false;
    const knownMs = this.#engine.storedExpiry(key, this.#engine.lastTimestamp);
    return knownMs !== undefined && knownMs <= expiresAtMs;
  }

  #sweptAsOf(timestamp: Timestamp): number {
    // By a cursor: tables that have nothing of the region are not even opened.
    const cursor = this.#engine.cursor({ lower: SWEPT_KEY, upper: DEADLINES }, { asOf: timestamp });
    const sweptMs = cursor.next() ? decodeMoment(cursor.valueBytes, cursor.valueStart) : 0;
    cursor.close();
    return sweptMs;
  }
}

function encodeMoment(ms: number): Uint8Array {
  const bytes = new Uint8Array(MOMENT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(ms / 2 ** 32));
  view.setUint32(2, ms >>> 0);
  return bytes;
}

function decodeMoment(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}
