/**
 * Keys of SQL tables and indexes, in region 04 of the key space.
 *
 *   row key     := 04 id(table) 00 part*            the primary key's columns
 *   entry key   := 04 id(table) id(index) part* [rowPart*]
 *                  the index's columns; then, unless the index is unique and no column is null, the primary key's
 *   part        := a part of the base layer's tuple encoding, or, in a DESC column, its complement then FF
 *   rowPart     := the part that the row's own key has
 *   entry value := unique index: rowPart*
 *                  other index:  varint             where in the key the first rowPart begins
 *   id          := 00 … F7                          the number itself
 *                | F7+n big-endian[n]               n = 1 … 7 bytes of a larger number, no leading zero
 *
 * Ids and tuples both keep their order under byte comparison. Index 0 is the table itself.
 * Everything that extends a list of parts P lies in [P, P·FF), because no part begins with FF.
 */

import { appendTuplePart, type BoundedRange, ByteWriter, concatBytes, type TuplePart } from '../../base/index.js';
import type { SqlValue } from '../values/index.js';
import { ColumnKind } from './column-value.js';
import { uuidBytes } from './uuid.js';

export const SQL_REGION = 0x04;
/** The index id of the rows themselves. */
export const ROWS_INDEX_ID = 0;

const INLINE_ID_MAX = 0xf7;

/** Appends a table, index or sequence id in its order-preserving form. */
export function appendId(writer: ByteWriter, id: number): void {
  if (id <= INLINE_ID_MAX) return writer.u8(id);
  let unit = 1;
  let size = 1;
  for (; id / unit >= 0x100; unit *= 0x100) size++;
  writer.u8(INLINE_ID_MAX + size);
  for (; unit >= 1; unit /= 0x100) writer.u8(Math.floor(id / unit) & 0xff);
}

/** Reads an id at `at`; undefined where there is none. */
function idAt(key: Uint8Array, at: number): { readonly id: number; readonly end: number } | undefined {
  const first = key[at];
  if (first === undefined || first <= INLINE_ID_MAX)
    return first === undefined ? undefined : { id: first, end: at + 1 };
  const end = at + 1 + first - INLINE_ID_MAX;
  if (first === 0xff || end > key.length) return undefined;
  return { id: key.subarray(at + 1, end).reduce((id, byte) => id * 0x100 + byte, 0), end };
}

/** Which table and index a stored key belongs to, and where its parts begin; undefined for other keys. */
export function splitSqlKey(
  key: Uint8Array,
): { readonly tableId: number; readonly indexId: number; readonly partsStart: number } | undefined {
  const table = key[0] === SQL_REGION ? idAt(key, 1) : undefined;
  const index = table && idAt(key, table.end);
  return table && index && { tableId: table.id, indexId: index.id, partsStart: index.end };
}

/** What every key of one index (or of the rows, index 0) begins with. */
export function indexPrefix(tableId: number, indexId: number): Uint8Array {
  const writer = new ByteWriter(16);
  writer.u8(SQL_REGION);
  appendId(writer, tableId);
  appendId(writer, indexId);
  return writer.toBytes();
}

/** All keys of one index. */
export function indexRange(prefix: Uint8Array): BoundedRange {
  return { lower: prefix, upper: afterExtensions(prefix) };
}

/** All keys of a table: its rows and the entries of every index. */
export function tableRange(tableId: number): BoundedRange {
  const writer = new ByteWriter(16);
  writer.u8(SQL_REGION);
  appendId(writer, tableId);
  return indexRange(writer.bytes().slice());
}

const LAST = Uint8Array.of(0xff);

/** The bound above every key that extends `parts` (a prefix and whole parts) by further parts. */
export function afterExtensions(parts: Uint8Array): Uint8Array {
  return concatBytes(parts, LAST);
}

/** Appends one column of a key. `value` is null or of the representation its kind asks for. */
export function appendKeyPart(writer: ByteWriter, kind: ColumnKind, value: SqlValue, descending = false): void {
  const start = writer.length;
  appendTuplePart(writer, keyPart(kind, value));
  if (!descending) return;
  const bytes = writer.bytes();
  for (let at = start; at < bytes.length; at++) bytes[at]! ^= 0xff;
  writer.u8(0xff);
}

function keyPart(kind: ColumnKind, value: SqlValue): TuplePart {
  return kind === ColumnKind.Uuid && value !== null ? uuidBytes(value as string) : value;
}
