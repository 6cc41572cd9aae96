/**
 * Bounded little-endian decoder, the counterpart of `ByteWriter`. Every length is checked against the bytes that are
 * there before anything is allocated; the owner says which error a short or malformed input becomes.
 */

import { utf8Decode } from './bytes.js';

/** Builds the error for damage found `at` bytes into the reader's input. */
export type MalformedInput = (at: number, expected: string, found: string) => Error;

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #malformed: MalformedInput;
  #at: number;

  constructor(bytes: Uint8Array, malformed: MalformedInput, start = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#malformed = malformed;
    this.#at = start;
  }

  /** Bytes consumed so far. */
  get position(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#bytes[this.#take(1, 'one byte')]!;
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2, 'a 16-bit integer'), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4, 'a 32-bit integer'), true);
  }

  u64(): number {
    const at = this.#take(8, 'a 64-bit integer');
    const value = this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
    if (!Number.isSafeInteger(value)) throw this.#malformed(at, 'an integer below 2^53', String(value));
    return value;
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8, 'a 64-bit float'), true);
  }

  varint(): number {
    const start = this.#at;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.#bytes[this.#take(1, 'a varint')]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 0x80;
    }
    throw this.#malformed(start, 'a varint below 2^53', 'a longer one');
  }

  /** View of the next `length` bytes. */
  raw(length: number): Uint8Array {
    const at = this.#take(length, `${length} bytes`);
    return this.#bytes.subarray(at, at + length);
  }

  /** View of a varint-length-prefixed byte string. */
  lengthPrefixed(): Uint8Array {
    return this.raw(this.varint());
  }

  text(): string {
    const at = this.#at;
    try {
      return utf8Decode(this.lengthPrefixed());
    } catch (cause) {
      if (cause instanceof TypeError) throw this.#malformed(at, 'UTF-8 text', 'other bytes');
      throw cause;
    }
  }

  /** Throws unless everything was consumed. */
  end(): void {
    if (this.remaining !== 0) throw this.#malformed(this.#at, 'the end', `${this.remaining} more bytes`);
  }

  #take(length: number, what: string): number {
    if (length > this.remaining) throw this.#malformed(this.#at, what, `only ${this.remaining} bytes`);
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
