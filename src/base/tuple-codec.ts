/**
 * Order-preserving encoding of tuples: comparing two encodings byte by byte compares the tuples part by part, with
 * null < false < true < numbers and bigints by value (NaN last) < strings by code point < bytes < nested tuples, and a
 * tuple before every longer tuple that starts with it. The idea is that of FoundationDB's tuple layer; numbers differ,
 * because ours order integers, fractions and bigints together.
 *
 *   tuple    := part*
 *   part     := 05                                   null
 *             | 08 | 09                              false, true
 *             | 0E | 21 | 22                         -Infinity, Infinity, NaN
 *             | 17-n  ~int[n]  ( FF | 00 ~frac )     negative; n = bytes of ⌊|x|⌋, 0 … 7; ~ complements every bit
 *             | 18+n   int[n]  [ FF frac ]           zero or positive
 *             | 0F  ~len  ~int[len]  FF              negative integer of more than 7 bytes
 *             | 20   len   int[len]                  positive integer of more than 7 bytes
 *             | 30  escaped UTF-8  00                string
 *             | 38  escaped bytes  00                bytes
 *             | 40  part*  00                        nested tuple
 *   int      := big-endian magnitude, no leading zero;  frac := the double in [0, 1) as 8 big-endian bytes
 *   escaped  := every 00 written as 00 FF
 *
 * No part starts with 00 or FF: everything that extends a tuple T lies in [T, T·FF), see {@link tuplePrefixRange}.
 * (Not in "all strings that start with T": 1.5 is 19 01 FF …, which starts with the encoding of 1.)
 */

import { ByteWriter } from './byte-writer.js';
import { utf8Decode } from './bytes.js';
import { CorruptionError, InvalidArgumentError } from './errors.js';
import type { KeyRange } from './range.js';

export type TuplePart = null | boolean | number | bigint | string | Uint8Array | readonly TuplePart[];
export type Tuple = readonly TuplePart[];

const TAG_NULL = 0x05;
const TAG_FALSE = 0x08;
const TAG_TRUE = 0x09;
const TAG_NEGATIVE_INFINITY = 0x0e;
const TAG_NEGATIVE_BIG = 0x0f;
const TAG_NEGATIVE = 0x17;
const TAG_POSITIVE = 0x18;
const TAG_POSITIVE_BIG = 0x20;
const TAG_INFINITY = 0x21;
const TAG_NAN = 0x22;
const TAG_STRING = 0x30;
const TAG_BYTES = 0x38;
const TAG_TUPLE = 0x40;
const END = 0x00;
const ESCAPE = 0xff;

/** Integers of up to 7 bytes carry their size in the tag. */
const SMALL_BYTES_MAX = 7;
/** Largest finite double; a bigint beyond it has no place between two doubles. */
const MAGNITUDE_MAX = BigInt(Number.MAX_VALUE);
/** Nesting a key deeper than this is a mistake, and would cost stack. */
const DEPTH_MAX = 32;

/** Appends the encoding of one part. Throws `InvalidArgumentError` for a value that no key can hold. */
export function appendTuplePart(writer: ByteWriter, part: TuplePart, depth = 0): void {
  switch (typeof part) {
    case 'string':
      return appendString(writer, part);
    case 'number':
      return appendNumber(writer, part);
    case 'boolean':
      return writer.u8(part ? TAG_TRUE : TAG_FALSE);
    case 'bigint':
      return appendBigInt(writer, part);
  }
  if (part === null) return writer.u8(TAG_NULL);
  if (part instanceof Uint8Array) return appendBytes(writer, part);
  if (Array.isArray(part)) return appendNested(writer, part as Tuple, depth + 1);
  const found = part === undefined ? 'undefined' : Object.prototype.toString.call(part);
  throw new InvalidArgumentError(
    `a key part must be null, a boolean, number, bigint, string, Uint8Array or array of these; found ${found}`,
    { facts: { found } },
  );
}

/** Appends all parts of a tuple. */
export function appendTuple(writer: ByteWriter, tuple: Tuple): void {
  for (let i = 0; i < tuple.length; i++) appendTuplePart(writer, tuple[i] as TuplePart);
}

const scratch = new ByteWriter(256);

export function encodeTuple(tuple: Tuple): Uint8Array {
  scratch.reset();
  appendTuple(scratch, tuple);
  return scratch.toBytes();
}

/** All keys that extend the encoded tuple `prefix` by zero or more parts. */
export function tuplePrefixRange(prefix: Uint8Array): KeyRange {
  const upper = new Uint8Array(prefix.length + 1);
  upper.set(prefix);
  upper[prefix.length] = 0xff;
  return { lower: prefix, upper };
}

function appendString(writer: ByteWriter, text: string): void {
  writer.u8(TAG_STRING);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0 || unit >= 0x80) return appendStringSlowly(writer, text, i);
    writer.u8(unit);
  }
  writer.u8(END);
}

/** The rest of a string from its first unit outside U+0001 … U+007F. */
function appendStringSlowly(writer: ByteWriter, text: string, from: number): void {
  if (!text.isWellFormed()) {
    throw new InvalidArgumentError('a string with a lone surrogate cannot be a key: it has no UTF-8 form', {
      facts: { found: JSON.stringify(text) },
    });
  }
  appendEscaped(writer, new TextEncoder().encode(text.slice(from)));
}

function appendBytes(writer: ByteWriter, bytes: Uint8Array): void {
  writer.u8(TAG_BYTES);
  appendEscaped(writer, bytes);
}

function appendEscaped(writer: ByteWriter, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    writer.u8(byte);
    if (byte === END) writer.u8(ESCAPE);
  }
  writer.u8(END);
}

function appendNested(writer: ByteWriter, tuple: Tuple, depth: number): void {
  if (depth > DEPTH_MAX) {
    throw new InvalidArgumentError(`a key is nested more than ${DEPTH_MAX} deep`, { facts: { max: DEPTH_MAX } });
  }
  writer.u8(TAG_TUPLE);
  for (let i = 0; i < tuple.length; i++) appendTuplePart(writer, tuple[i] as TuplePart, depth);
  writer.u8(END);
}

function appendNumber(writer: ByteWriter, value: number): void {
  const magnitude = Math.abs(value);
  if (magnitude > Number.MAX_SAFE_INTEGER || value !== value) return appendExtremeNumber(writer, value);
  const whole = Math.floor(magnitude);
  const fraction = magnitude - whole;
  const size = integerSize(whole);
  if (value >= 0) {
    writer.u8(TAG_POSITIVE + size);
    appendInteger(writer, whole, size, 0);
    if (fraction !== 0) appendFraction(writer, fraction, 0);
    return;
  }
  writer.u8(TAG_NEGATIVE - size);
  appendInteger(writer, whole, size, 0xff);
  if (fraction === 0) writer.u8(ESCAPE);
  else appendFraction(writer, fraction, 0xff);
}

function appendExtremeNumber(writer: ByteWriter, value: number): void {
  if (Number.isNaN(value)) writer.u8(TAG_NAN);
  else if (value === Infinity) writer.u8(TAG_INFINITY);
  else if (value === -Infinity) writer.u8(TAG_NEGATIVE_INFINITY);
  else appendBigInt(writer, BigInt(value));
}

function integerSize(whole: number): number {
  let size = 0;
  for (let rest = whole; rest >= 1; rest = Math.floor(rest / 0x100)) size++;
  return size;
}

/** Big-endian; `flip` is 0xff to complement. */
function appendInteger(writer: ByteWriter, whole: number, size: number, flip: number): void {
  let unit = 2 ** (8 * (size - 1));
  for (let i = 0; i < size; i++) {
    writer.u8((Math.floor(whole / unit) & 0xff) ^ flip);
    unit /= 0x100;
  }
}

const fractionView = new DataView(new ArrayBuffer(8));

function appendFraction(writer: ByteWriter, fraction: number, flip: number): void {
  writer.u8(0xff ^ flip);
  fractionView.setFloat64(0, fraction);
  for (let i = 0; i < 8; i++) writer.u8(fractionView.getUint8(i) ^ flip);
}

function appendBigInt(writer: ByteWriter, value: bigint): void {
  const magnitude = value < 0n ? -value : value;
  if (magnitude <= BigInt(Number.MAX_SAFE_INTEGER)) return appendNumber(writer, Number(value));
  if (magnitude > MAGNITUDE_MAX) {
    throw new InvalidArgumentError('a bigint in a key must lie within ±1.797e308', { facts: { found: `${value}` } });
  }
  const digits = magnitude.toString(16);
  const hex = digits.length % 2 === 0 ? digits : `0${digits}`;
  const size = hex.length / 2;
  const flip = value < 0n ? 0xff : 0;
  if (size <= SMALL_BYTES_MAX) {
    writer.u8(value < 0n ? TAG_NEGATIVE - size : TAG_POSITIVE + size);
  } else {
    writer.u8(value < 0n ? TAG_NEGATIVE_BIG : TAG_POSITIVE_BIG);
    writer.u8(size ^ flip);
  }
  for (let i = 0; i < hex.length; i += 2) writer.u8(Number.parseInt(hex.slice(i, i + 2), 16) ^ flip);
  if (value < 0n) writer.u8(ESCAPE);
}

/**
 * Decodes `bytes[start, end)`. Integers come back as numbers whenever a double holds them exactly, else as bigints; so
 * `1n` written is `1` read, which is the same key. Throws `CorruptionError` on bytes that `encodeTuple` cannot make.
 */
export function decodeTuple(bytes: Uint8Array, start = 0, end = bytes.length): TuplePart[] {
  const reader = new TupleReader(bytes, start, end);
  const parts: TuplePart[] = [];
  while (!reader.atEnd) parts.push(reader.next());
  return parts;
}

/** Reads the parts of an encoded tuple one after the other. */
export class TupleReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get atEnd(): boolean {
    return this.#at >= this.#end;
  }

  get position(): number {
    return this.#at;
  }

  next(depth = 0): TuplePart {
    const tag = this.#byte();
    if (tag === TAG_STRING) return this.#string();
    if (tag >= TAG_NEGATIVE - SMALL_BYTES_MAX && tag <= TAG_POSITIVE + SMALL_BYTES_MAX) return this.#number(tag);
    switch (tag) {
      case TAG_NULL:
        return null;
      case TAG_FALSE:
        return false;
      case TAG_TRUE:
        return true;
      case TAG_NEGATIVE_INFINITY:
        return -Infinity;
      case TAG_INFINITY:
        return Infinity;
      case TAG_NAN:
        return Number.NaN;
      case TAG_NEGATIVE_BIG:
      case TAG_POSITIVE_BIG:
        return this.#big(tag === TAG_NEGATIVE_BIG ? 0xff : 0);
      case TAG_BYTES:
        return this.#escaped();
      case TAG_TUPLE:
        return this.#nested(depth + 1);
    }
    throw this.#damaged(`a tuple tag`, `0x${tag.toString(16)}`);
  }

  #string(): string {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    let ascii = true;
    while (at < this.#end && bytes[at] !== END) {
      if (bytes[at]! >= 0x80) ascii = false;
      at++;
    }
    const escaped = at + 1 < this.#end && bytes[at + 1] === ESCAPE;
    if (!escaped && at < this.#end && ascii && at - start <= 24) {
      this.#at = at + 1;
      let text = '';
      for (let i = start; i < at; i++) text += String.fromCharCode(bytes[i]!);
      return text;
    }
    try {
      return utf8Decode(this.#escaped());
    } catch (cause) {
      if (cause instanceof TypeError) throw this.#damaged('UTF-8 text', 'other bytes');
      throw cause;
    }
  }

  #escaped(): Uint8Array {
    const start = this.#at;
    let escapes = 0;
    for (;;) {
      const byte = this.#byte();
      if (byte !== END) continue;
      if (this.#bytes[this.#at] !== ESCAPE || this.atEnd) break;
      escapes++;
      this.#at++;
    }
    const stop = this.#at - 1;
    if (escapes === 0) return this.#bytes.slice(start, stop);
    const plain = new Uint8Array(stop - start - escapes);
    for (let from = start, to = 0; from < stop; from++, to++) {
      plain[to] = this.#bytes[from]!;
      if (plain[to] === END) from++;
    }
    return plain;
  }

  #number(tag: number): number | bigint {
    const negative = tag <= TAG_NEGATIVE;
    const flip = negative ? 0xff : 0;
    const size = negative ? TAG_NEGATIVE - tag : tag - TAG_POSITIVE;
    let whole = 0;
    const wholeAt = this.#at;
    for (let i = 0; i < size; i++) whole = whole * 0x100 + (this.#byte() ^ flip);
    if (whole > Number.MAX_SAFE_INTEGER) {
      this.#at = wholeAt;
      return this.#integer(size, flip);
    }
    if (negative) {
      if (this.#byte() === ESCAPE) return -whole;
      return -(whole + this.#fraction(flip));
    }
    if (this.atEnd || this.#bytes[this.#at] !== 0xff) return whole;
    this.#at++;
    return whole + this.#fraction(flip);
  }

  #fraction(flip: number): number {
    for (let i = 0; i < 8; i++) fractionView.setUint8(i, this.#byte() ^ flip);
    return fractionView.getFloat64(0);
  }

  #big(flip: number): number | bigint {
    return this.#integer(this.#byte() ^ flip, flip);
  }

  #integer(size: number, flip: number): number | bigint {
    let hex = '0x';
    for (let i = 0; i < size; i++) hex += (this.#byte() ^ flip).toString(16).padStart(2, '0');
    if (flip !== 0) this.#byte();
    const value = flip === 0 ? BigInt(hex) : -BigInt(hex);
    const double = Number(value);
    return BigInt(double) === value ? double : value;
  }

  #nested(depth: number): TuplePart[] {
    if (depth > DEPTH_MAX) throw this.#damaged(`at most ${DEPTH_MAX} nested tuples`, 'more');
    const parts: TuplePart[] = [];
    for (;;) {
      if (this.atEnd) throw this.#damaged('the end of a nested tuple', 'the end of the key');
      if (this.#bytes[this.#at] === END) break;
      parts.push(this.next(depth));
    }
    this.#at++;
    return parts;
  }

  #byte(): number {
    if (this.atEnd) throw this.#damaged('more bytes', 'the end of the key');
    return this.#bytes[this.#at++]!;
  }

  #damaged(expected: string, found: string): CorruptionError {
    return CorruptionError.at('key', this.#at, { expected, found });
  }
}
