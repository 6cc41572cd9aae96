/**
 * The bytes of one stored column value. A column's kind follows from its SQL type; several types share a kind, so that
 * widening a type inside its kind rewrites nothing. Where a value ends is the row's business (`row-codec.ts`).
 *
 *   boolean  := 00 | 01
 *   integer  := little-endian two's complement in the fewest of 1, 2, 4, 6 or 8 bytes
 *   float    := IEEE 754 double, little-endian
 *   text     := UTF-8
 *   bytes    := the bytes themselves
 *   uuid     := 16 bytes, in the order they are printed
 */

import { CorruptionError, InvariantError, unreachable } from '../../base/index.js';
import type { Datum, SqlType, SqlValue } from '../values/index.js';
import type { RowBuffer } from './row-buffer.js';
import { UUID_BYTES, uuidBytes, uuidText } from './uuid.js';

export const ColumnKind = {
  Boolean: 1,
  Integer: 2,
  Float: 3,
  Text: 4,
  Bytes: 5,
  Uuid: 6,
} as const;
export type ColumnKind = (typeof ColumnKind)[keyof typeof ColumnKind];

/** The kind that values of a column type are stored as. */
export function columnKind(type: SqlType): ColumnKind {
  switch (type.category) {
    case 'boolean':
      return ColumnKind.Boolean;
    case 'integer':
    case 'time':
      return ColumnKind.Integer;
    case 'float':
      return ColumnKind.Float;
    case 'string':
    case 'json':
      return ColumnKind.Text;
    case 'bytes':
      return ColumnKind.Bytes;
    case 'uuid':
      return ColumnKind.Uuid;
    case 'unknown':
      throw new InvariantError('invariant broken: a column has a known type');
  }
  unreachable(type.category);
}

/** Appends `value`, which is not null and of the representation that `SqlValue` documents for the column's type. */
export function writeColumnValue(buffer: RowBuffer, kind: ColumnKind, value: Datum): void {
  switch (kind) {
    case ColumnKind.Boolean:
      return buffer.u8(value === true ? 1 : 0);
    case ColumnKind.Integer:
      return writeInteger(buffer, value as number | bigint);
    case ColumnKind.Float:
      return writeFloat(buffer, value as number);
    case ColumnKind.Text:
      return buffer.text(value as string);
    case ColumnKind.Bytes:
      return buffer.raw(value as Uint8Array);
    case ColumnKind.Uuid:
      return buffer.raw(uuidBytes(value as string));
  }
  unreachable(kind);
}

/** Reads the value of `kind` in `bytes[start, end)`. Allocates nothing but the value. */
export function readColumnValue(kind: ColumnKind, bytes: Uint8Array, start: number, end: number): SqlValue {
  switch (kind) {
    case ColumnKind.Boolean:
      return bytes[start] === 1;
    case ColumnKind.Integer:
      return readInteger(bytes, start, end);
    case ColumnKind.Float:
      return readFloat(bytes, start, end);
    case ColumnKind.Text:
      return readText(bytes, start, end);
    case ColumnKind.Bytes:
      return bytes.slice(start, end);
    case ColumnKind.Uuid:
      if (end - start !== UUID_BYTES) throw damagedColumn('a UUID of 16 bytes', end - start);
      return uuidText(bytes, start);
  }
  unreachable(kind);
}

const INT32_MAX = 0x7fffffff;
const INT48_MAX = 0x7fffffffffff;
const UINT32_SPAN = 0x100000000;

function writeInteger(buffer: RowBuffer, value: number | bigint): void {
  if (typeof value === 'bigint') return writeBigInt(buffer, value);
  const magnitude = value < 0 ? -value - 1 : value;
  if (magnitude <= 0x7f) return buffer.little(value, 1);
  if (magnitude <= 0x7fff) return buffer.little(value, 2);
  if (magnitude <= INT32_MAX) return buffer.little(value, 4);
  buffer.little((value % UINT32_SPAN) | 0, 4);
  buffer.little(Math.floor(value / UINT32_SPAN), magnitude <= INT48_MAX ? 2 : 4);
}

function writeBigInt(buffer: RowBuffer, value: bigint): void {
  buffer.little(Number(BigInt.asIntN(32, value)), 4);
  buffer.little(Number(BigInt.asIntN(32, value >> 32n)), 4);
}

function readInteger(bytes: Uint8Array, start: number, end: number): number | bigint {
  switch (end - start) {
    case 1:
      return (bytes[start]! << 24) >> 24;
    case 2:
      return ((bytes[start]! | (bytes[start + 1]! << 8)) << 16) >> 16;
    case 4:
      return readInt32(bytes, start);
    case 6: {
      const high = ((bytes[start + 4]! | (bytes[start + 5]! << 8)) << 16) >> 16;
      return high * UINT32_SPAN + (readInt32(bytes, start) >>> 0);
    }
    case 8:
      return readInt64(bytes, start);
  }
  throw damagedColumn('an integer of 1, 2, 4, 6 or 8 bytes', end - start);
}

function readInt32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** A number when a double holds it exactly, else a bigint. */
function readInt64(bytes: Uint8Array, at: number): number | bigint {
  const low = readInt32(bytes, at) >>> 0;
  const high = readInt32(bytes, at + 4);
  const value = high * UINT32_SPAN + low;
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low);
}

const floatScratch = new DataView(new ArrayBuffer(8));

function writeFloat(buffer: RowBuffer, value: number): void {
  floatScratch.setFloat64(0, value, true);
  buffer.little(floatScratch.getInt32(0, true), 4);
  buffer.little(floatScratch.getInt32(4, true), 4);
}

function readFloat(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== 8) throw damagedColumn('a float of 8 bytes', end - start);
  floatScratch.setInt32(0, readInt32(bytes, start), true);
  floatScratch.setInt32(4, readInt32(bytes, start + 4), true);
  return floatScratch.getFloat64(0, true);
}

/** Node's own decoder: 42 ns for any short string against 75 ns for `TextDecoder`, and no view to allocate. */
type Utf8Slice = (this: Uint8Array, start: number, end: number) => string;
const utf8Slice = Reflect.get(Buffer.prototype, 'utf8Slice') as Utf8Slice;

/** Below this, appending characters one by one is faster than a call into C++ (16 against 42 ns for three). */
const CHARACTER_LOOP_MAX = 6;

function readText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > CHARACTER_LOOP_MAX) return utf8Slice.call(bytes, start, end);
  let text = '';
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte >= 0x80) return utf8Slice.call(bytes, start, end);
    text += String.fromCharCode(byte);
  }
  return text;
}

function damagedColumn(expected: string, foundBytes: number): CorruptionError {
  return CorruptionError.at('row', 0, { expected, found: `${foundBytes} bytes` });
}
