/** A cursor over versions whose separated values show as values: each is read when somebody asks for it. */

import { concatBytes, EMPTY_BYTES } from '../../base/index.js';
import { type EntryCursor, EntryKind, pointsToValue, type Timestamp } from '../entry.js';
import { expiryBytesOf } from '../format/expiring-value.js';
import type { ValueReader } from '../values/value-reader.js';

export class ResolvedCursor implements EntryCursor {
  readonly #source: EntryCursor;
  readonly #values: ValueReader;
  /** Of the entry that the source stands on, once it was read. */
  #value: Uint8Array | undefined;

  constructor(source: EntryCursor, values: ValueReader) {
    this.#source = source;
    this.#values = values;
  }

  get valid(): boolean {
    return this.#source.valid;
  }

  get keyBytes(): Uint8Array {
    return this.#source.keyBytes;
  }

  get keyStart(): number {
    return this.#source.keyStart;
  }

  get keyEnd(): number {
    return this.#source.keyEnd;
  }

  get timestamp(): Timestamp {
    return this.#source.timestamp;
  }

  get kind(): EntryKind {
    const { kind } = this.#source;
    return kind === EntryKind.ValuePointer
      ? EntryKind.Put
      : kind === EntryKind.ExpiringPointer
        ? EntryKind.ExpiringPut
        : kind;
  }

  get repeats(): boolean {
    return this.#source.repeats;
  }

  get valueBytes(): Uint8Array {
    return this.#points ? this.#read() : this.#source.valueBytes;
  }

  get valueStart(): number {
    return this.#points ? 0 : this.#source.valueStart;
  }

  get valueEnd(): number {
    return this.#points ? this.#read().length : this.#source.valueEnd;
  }

  seekToStart(): void {
    this.#value = undefined;
    this.#source.seekToStart();
  }

  seek(key: Uint8Array, timestamp: Timestamp): void {
    this.#value = undefined;
    this.#source.seek(key, timestamp);
  }

  next(): void {
    this.#value = undefined;
    this.#source.next();
  }

  close(): void {
    this.#value = EMPTY_BYTES;
    this.#source.close();
  }

  get #points(): boolean {
    return pointsToValue(this.#source.kind);
  }

  #read(): Uint8Array {
    if (this.#value !== undefined) return this.#value;
    const { kind, valueBytes, valueStart } = this.#source;
    const pointerAt = valueStart + expiryBytesOf(kind);
    const value = this.#values.read(this.#source, pointerAt);
    const before = valueBytes.subarray(valueStart, pointerAt);
    return (this.#value = before.length === 0 ? value : concatBytes(before, value));
  }
}
