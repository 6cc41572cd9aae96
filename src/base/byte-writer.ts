/** Growable little-endian encoder. One instance is reused for many records; `bytes()` is a view until the next write. */

import { assert } from './assert.js';
import { EMPTY_BYTES, utf8Encode } from './bytes.js';

const KEPT_BYTES_MAX = 4 * 1024 * 1024;
/** Below this many bytes a loop beats the call into `TypedArray.set`. */
const LOOP_COPY_MAX = 32;

export class ByteWriter {
  #buffer: Uint8Array;
  #view: DataView;
  #length = 0;
  /** What `bytes` returned last, for records of one length that follow one another; of `#buffer`. */
  #seen: Uint8Array = EMPTY_BYTES;

  constructor(initialBytes = 256) {
    this.#buffer = new Uint8Array(initialBytes);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that it has room for, those written included. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /** View of what was written; valid until the next write or `reset`. */
  bytes(): Uint8Array {
    if (this.#seen.length !== this.#length) this.#seen = this.#buffer.subarray(0, this.#length);
    return this.#seen;
  }

  /** Copy of what was written. */
  toBytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  /** Forgets everything (or everything after `length`) and keeps the memory, unless one large record made it grow a lot. */
  reset(length = 0): void {
    assert(length <= this.#length, 'a writer is only ever shortened');
    this.#length = length;
    if (length === 0 && this.#buffer.length > KEPT_BYTES_MAX) {
      this.#buffer = new Uint8Array(KEPT_BYTES_MAX);
      this.#view = new DataView(this.#buffer.buffer);
      this.#seen = EMPTY_BYTES;
    }
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.#length, value, true);
    this.#length += 2;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** Non-negative safe integer as 8 bytes. */
  u64(value: number): void {
    this.#reserve(8);
    this.#view.setUint32(this.#length, value >>> 0, true);
    this.#view.setUint32(this.#length + 4, Math.floor(value / 2 ** 32), true);
    this.#length += 8;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** Unsigned LEB128 of a non-negative safe integer: 1 … 8 bytes. */
  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  raw(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#reserve(length);
    const buffer = this.#buffer;
    const at = this.#length;
    if (length <= LOOP_COPY_MAX) for (let i = 0; i < length; i++) buffer[at + i] = bytes[i]!;
    else buffer.set(bytes, at);
    this.#length = at + length;
  }

  /** Varint length, then the bytes. */
  lengthPrefixed(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** The same for a range of a larger buffer, without a view of it where the range is short. */
  lengthPrefixedRange(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.varint(length);
    this.#reserve(length);
    const buffer = this.#buffer;
    const at = this.#length;
    if (length <= LOOP_COPY_MAX) for (let i = 0; i < length; i++) buffer[at + i] = bytes[start + i]!;
    else buffer.set(bytes.subarray(start, end), at);
    this.#length = at + length;
  }

  text(value: string): void {
    this.lengthPrefixed(utf8Encode(value));
  }

  /** Overwrites four bytes written earlier, such as a checksum that covers what follows it. */
  patchU32(at: number, value: number): void {
    assert(at + 4 <= this.#length, 'a patch lies inside what was written');
    this.#view.setUint32(at, value, true);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
    this.#seen = EMPTY_BYTES;
  }
}
