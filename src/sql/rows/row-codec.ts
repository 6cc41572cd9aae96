/**
 * Rows as bytes. Any column can be read without touching the others, and a row written before a column was added reads
 * as if the column were null, so that adding a nullable column rewrites nothing.
 *
 *   row    := width:u8 count:u16 nulls[⌈count/8⌉] end[count] data
 *   width  := 01 | 02 | 04            bytes per `end`, the fewest that fit
 *   count  := columns in this row, little-endian; a column at or past it is null
 *   nulls  := bit i%8 of byte i/8 is set when column i is null
 *   end    := where column i's value ends, from the start of `data`; it starts where column i−1's ends
 *   data   := the values of `column-value.ts`, one after the other; a null takes no bytes
 *
 * Reading is hot: functions work on `(bytes, start, end)` of a cursor and allocate nothing but values.
 */

import { assert, CorruptionError } from '../../base/index.js';
import type { SqlValue } from '../values/index.js';
import { type ColumnKind, readColumnValue, writeColumnValue } from './column-value.js';
import { RowBuffer } from './row-buffer.js';

const HEADER_BYTES = 3;

/** More columns than any table may have. */
export const ROW_COLUMNS_MAX = 1600;

/** What a reader must know to read some columns of a row: parallel arrays, in the order the values are wanted. */
export interface RowProjection {
  /** Position of the column in the stored row. */
  readonly columns: readonly number[];
  readonly kinds: readonly ColumnKind[];
  /** Where in the target array the value goes. */
  readonly targets: readonly number[];
}

const scratch = new RowBuffer();
const ends = new Uint32Array(ROW_COLUMNS_MAX);

/**
 * Encodes `values`, as `SqlValue` documents them. The result is a view, valid until the next call: whoever stores a row
 * copies it anyway, and one more copy would cost 50 ns on top of 120.
 */
export function encodeRow(kinds: readonly ColumnKind[], values: readonly SqlValue[]): Uint8Array {
  const count = values.length;
  assert(count <= ROW_COLUMNS_MAX && count <= kinds.length, 'a row has no more values than its table has columns');
  const endsAt = HEADER_BYTES + ((count + 7) >> 3);
  // Most rows are short: the values go where they belong when ends take one byte, and are moved when they take more.
  const shortDataAt = endsAt + count;
  scratch.length = 0;
  scratch.reserve(shortDataAt);
  scratch.bytes.fill(0, HEADER_BYTES, endsAt);
  scratch.length = shortDataAt;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (value === null) scratch.bytes[HEADER_BYTES + (i >> 3)]! |= 1 << (i & 7);
    else writeColumnValue(scratch, kinds[i]!, value);
    ends[i] = scratch.length - shortDataAt;
  }
  const dataBytes = scratch.length - shortDataAt;
  const width = dataBytes < 0x100 ? 1 : dataBytes < 0x10000 ? 2 : 4;
  if (width !== 1) moveData(shortDataAt, endsAt + count * width, dataBytes);
  const row = scratch.bytes;
  row[0] = width;
  row[1] = count & 0xff;
  row[2] = count >> 8;
  for (let i = 0; i < count; i++) writeEnd(row, endsAt + i * width, width, ends[i]!);
  return row.subarray(0, scratch.length);
}

function moveData(from: number, to: number, length: number): void {
  scratch.reserve(to - from);
  scratch.bytes.copyWithin(to, from, from + length);
  scratch.length = to + length;
}

function writeEnd(row: Uint8Array, at: number, width: number, end: number): void {
  row[at] = end & 0xff;
  if (width === 1) return;
  row[at + 1] = (end >> 8) & 0xff;
  if (width === 2) return;
  row[at + 2] = (end >> 16) & 0xff;
  row[at + 3] = end >>> 24;
}

function readEnd(bytes: Uint8Array, at: number, width: number): number {
  if (width === 1) return bytes[at]!;
  if (width === 2) return bytes[at]! | (bytes[at + 1]! << 8);
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** Reads the projected columns of the row in `bytes[start, end)` into `target`. Throws `CorruptionError` on damage. */
export function readRow(
  projection: RowProjection,
  bytes: Uint8Array,
  start: number,
  end: number,
  target: unknown[],
): void {
  const { columns, kinds, targets } = projection;
  const width = bytes[start]!;
  const count = bytes[start + 1]! | (bytes[start + 2]! << 8);
  const nullsAt = start + HEADER_BYTES;
  const endsAt = nullsAt + ((count + 7) >> 3);
  const dataAt = endsAt + count * width;
  if (dataAt > end || (width !== 1 && width !== 2 && width !== 4)) throw damagedHeader(bytes, start, end);
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!;
    if (column >= count || (bytes[nullsAt + (column >> 3)]! & (1 << (column & 7))) !== 0) {
      target[targets[i]!] = null;
      continue;
    }
    const endAt = endsAt + column * width;
    const from = column === 0 ? dataAt : dataAt + readEnd(bytes, endAt - width, width);
    const to = dataAt + readEnd(bytes, endAt, width);
    if (from > to || to > end) throw damagedHeader(bytes, start, end);
    target[targets[i]!] = readColumnValue(kinds[i]!, bytes, from, to);
  }
}

function damagedHeader(bytes: Uint8Array, start: number, end: number): CorruptionError {
  const header = Array.from(bytes.subarray(start, Math.min(end, start + HEADER_BYTES)));
  return CorruptionError.at('row', 0, {
    expected: 'a row header whose columns lie inside the row',
    found: `header ${header.join(' ')} in ${end - start} bytes`,
  });
}
