/**
 * Keys of rows and index entries, built from rows in memory and taken apart again. The layout is that of
 * `rows/key-layout.ts`; what is here knows which column goes where.
 */

import { ByteReader, ByteWriter, CorruptionError, concatBytes } from '../../base/index.js';
import type { Index, Row, Table } from '../catalog/table.js';
import { appendKeyPart } from '../rows/key-layout.js';
import type { SqlValue } from '../values/index.js';

const writer = new ByteWriter(256);

/** The key of `row`. */
export function rowKey(table: Table, row: Row): Uint8Array {
  const { prefix } = table.primaryKey;
  writer.reset();
  writer.raw(prefix);
  appendRowParts(table, row);
  return writer.toBytes();
}

/** The key of the row whose primary key has these values, in the order of the key's columns. */
export function rowKeyOf(table: Table, keyValues: readonly SqlValue[]): Uint8Array {
  const { prefix, columns } = table.primaryKey;
  writer.reset();
  writer.raw(prefix);
  for (let i = 0; i < columns.length; i++) appendKeyPart(writer, columns[i]!.column.kind, keyValues[i]!);
  return writer.toBytes();
}

function appendRowParts(table: Table, row: Row): void {
  const { columns } = table.primaryKey;
  for (let i = 0; i < columns.length; i++) {
    const { column } = columns[i]!;
    appendKeyPart(writer, column.kind, row[column.position]!);
  }
}

/** An index entry under construction; one instance is refilled for every entry. */
export class IndexEntry {
  key: Uint8Array = new Uint8Array(0);
  value: Uint8Array = new Uint8Array(0);
  /** True when no other row may have an entry with this key. */
  exclusive = false;

  /** Builds the entry of `row` in `index`. */
  build(table: Table, index: Index, row: Row): void {
    writer.reset();
    writer.raw(index.prefix);
    let hasNull = false;
    for (let i = 0; i < index.columns.length; i++) {
      const { column, descending } = index.columns[i]!;
      const value = row[column.position]!;
      hasNull ||= value === null;
      appendKeyPart(writer, column.kind, value, descending);
    }
    const rowPartsAt = writer.length;
    this.exclusive = index.unique && !hasNull;
    if (!this.exclusive) appendRowParts(table, row);
    this.key = writer.toBytes();
    writer.reset();
    if (index.unique) appendRowParts(table, row);
    else writer.varint(rowPartsAt);
    this.value = writer.toBytes();
  }
}

/** The key of the row that an index entry points at. */
export function rowKeyOfEntry(table: Table, index: Index, entry: EntryBytes): Uint8Array {
  const { prefix } = table.primaryKey;
  if (index.unique) return concatBytes(prefix, entry.valueBytes.subarray(entry.valueStart, entry.valueEnd));
  const reader = new ByteReader(entry.valueBytes.subarray(entry.valueStart, entry.valueEnd), damagedEntry);
  const rowPartsAt = entry.keyStart + reader.varint();
  if (rowPartsAt > entry.keyEnd) throw damagedEntry(0, 'a place inside the key', `${rowPartsAt - entry.keyStart}`);
  return concatBytes(prefix, entry.keyBytes.subarray(rowPartsAt, entry.keyEnd));
}

/** Where a cursor shows its entry. */
export interface EntryBytes {
  readonly keyBytes: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueBytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
}

function damagedEntry(at: number, expected: string, found: string): CorruptionError {
  return CorruptionError.at('index entry', at, { expected, found });
}
