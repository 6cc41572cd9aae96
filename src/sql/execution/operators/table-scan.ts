/**
 * Reading tables: by exact keys, by ranges of rows, or by ranges of index entries with the rows fetched one by one.
 * Columns that the filter needs are decoded first, the others only for rows that pass it.
 */

import type { KeyRange } from '../../../base/index.js';
import { CorruptionError } from '../../../base/index.js';
import type { RangeCursor, ReadView } from '../../../mvcc/index.js';
import type { Index, Table } from '../../catalog/table.js';
import { type RowProjection, readRow } from '../../rows/row-codec.js';
import { contextOf, type Frame, type Test } from '../frame.js';
import type { KeyRanges } from '../key-ranges.js';
import { type EntryBytes, rowKeyOfEntry } from '../table-keys.js';
import type { Operator, RowSource } from './operator.js';

export interface TableScanParts {
  readonly table: Table;
  readonly index: Index;
  readonly ranges: KeyRanges;
  /** True when `ranges` makes exact keys, each of one row. */
  readonly isPoint: boolean;
  readonly reverse: boolean;
  /** What `test` needs, or everything when there is none. */
  readonly early: RowProjection;
  readonly test: Test | undefined;
  readonly late: RowProjection | undefined;
}

export class TableScanOperator implements Operator {
  readonly #parts: TableScanParts;
  readonly #isIndex: boolean;

  constructor(parts: TableScanParts) {
    this.#parts = parts;
    this.#isIndex = parts.index !== parts.table.primaryKey;
  }

  open(frame: Frame): RowSource {
    const parts = this.#parts;
    if (parts.isPoint) return new PointSource(frame, parts, parts.ranges.keys(frame), this.#isIndex);
    const ranges = parts.ranges.ranges(frame);
    return this.#isIndex ? new IndexSource(frame, parts, ranges) : new RangeSource(frame, parts, ranges);
  }
}

/** Decodes a stored row into the frame; false when the filter refuses it. */
function accept(frame: Frame, parts: TableScanParts, bytes: Uint8Array, start: number, end: number): boolean {
  readRow(parts.early, bytes, start, end, frame);
  if (parts.test === undefined) return true;
  if (!parts.test(frame)) return false;
  if (parts.late !== undefined) readRow(parts.late, bytes, start, end, frame);
  return true;
}

class PointSource implements RowSource {
  readonly #frame: Frame;
  readonly #parts: TableScanParts;
  readonly #view: ReadView;
  readonly #keys: readonly Uint8Array[];
  readonly #isIndex: boolean;
  #at = 0;

  constructor(frame: Frame, parts: TableScanParts, keys: readonly Uint8Array[], isIndex: boolean) {
    this.#frame = frame;
    this.#parts = parts;
    this.#view = contextOf(frame).view;
    this.#keys = keys;
    this.#isIndex = isIndex;
  }

  next(): boolean {
    while (this.#at < this.#keys.length) {
      const key = this.#keys[this.#at++]!;
      const row = this.#isIndex ? this.#throughIndex(key) : this.#view.get(key);
      if (row !== undefined && accept(this.#frame, this.#parts, row, 0, row.length)) return true;
    }
    return false;
  }

  close(): void {
    this.#at = this.#keys.length;
  }

  #throughIndex(key: Uint8Array): Uint8Array | undefined {
    const value = this.#view.get(key);
    if (value === undefined) return undefined;
    const { table, index } = this.#parts;
    const entry = {
      keyBytes: key,
      keyStart: 0,
      keyEnd: key.length,
      valueBytes: value,
      valueStart: 0,
      valueEnd: value.length,
    };
    return fetchRow(this.#view, table, index, entry);
  }
}

/** The row of an index entry. An entry without row is damage: both are written by one commit. */
function fetchRow(view: ReadView, table: Table, index: Index, entry: EntryBytes): Uint8Array {
  const row = view.get(rowKeyOfEntry(table, index, entry));
  if (row !== undefined) return row;
  throw CorruptionError.at(`index ${index.name}`, 0, { expected: `a row of ${table.name}`, found: 'none' });
}

/** One cursor after the other over disjoint ranges. */
class CursorChain {
  readonly #view: ReadView;
  readonly #ranges: readonly KeyRange[];
  readonly #reverse: boolean;
  #at = 0;
  cursor: RangeCursor | undefined;

  constructor(view: ReadView, ranges: readonly KeyRange[], reverse: boolean) {
    this.#view = view;
    this.#ranges = ranges;
    this.#reverse = reverse;
  }

  /** Moves `cursor` to the next entry; false at the end of the last range. */
  next(): boolean {
    for (;;) {
      if (this.cursor === undefined) {
        if (this.#at === this.#ranges.length) return false;
        this.cursor = this.#view.cursor(this.#ranges[this.#at++]!, { reverse: this.#reverse });
      }
      if (this.cursor.next()) return true;
      this.close();
    }
  }

  close(): void {
    this.cursor?.close();
    this.cursor = undefined;
  }
}

class RangeSource implements RowSource {
  readonly #frame: Frame;
  readonly #parts: TableScanParts;
  readonly #chain: CursorChain;

  constructor(frame: Frame, parts: TableScanParts, ranges: readonly KeyRange[]) {
    this.#frame = frame;
    this.#parts = parts;
    this.#chain = new CursorChain(contextOf(frame).view, ranges, parts.reverse);
  }

  next(): boolean {
    const chain = this.#chain;
    while (chain.next()) {
      const cursor = chain.cursor!;
      if (accept(this.#frame, this.#parts, cursor.valueBytes, cursor.valueStart, cursor.valueEnd)) return true;
    }
    return false;
  }

  close(): void {
    this.#chain.close();
  }
}

class IndexSource implements RowSource {
  readonly #frame: Frame;
  readonly #parts: TableScanParts;
  readonly #view: ReadView;
  readonly #chain: CursorChain;

  constructor(frame: Frame, parts: TableScanParts, ranges: readonly KeyRange[]) {
    this.#frame = frame;
    this.#parts = parts;
    this.#view = contextOf(frame).view;
    this.#chain = new CursorChain(this.#view, ranges, parts.reverse);
  }

  next(): boolean {
    const { table, index } = this.#parts;
    while (this.#chain.next()) {
      const row = fetchRow(this.#view, table, index, this.#chain.cursor!);
      if (accept(this.#frame, this.#parts, row, 0, row.length)) return true;
    }
    return false;
  }

  close(): void {
    this.#chain.close();
  }
}
