/**
 * Tables as the rest of the SQL layer sees them: immutable descriptions, built from a catalog record, with everything
 * that row and key codecs need worked out once.
 */

import { assert } from '../../base/index.js';
import { type ColumnKind, columnKind } from '../rows/column-value.js';
import { indexPrefix, ROWS_INDEX_ID } from '../rows/key-layout.js';
import type { RowProjection } from '../rows/row-codec.js';
import type { SqlType, SqlValue } from '../values/index.js';

/** A row in memory: one value per column of the table, in column order, hidden columns included. */
export type Row = SqlValue[];

/** What a column gets when an INSERT leaves it out: a value, or the result of a function without arguments. */
export type ColumnDefault =
  | { readonly kind: 'constant'; readonly value: SqlValue }
  | { readonly kind: 'call'; readonly name: string };

/** `always`: a statement may not give a value. */
export type Generated = 'always' | 'by-default';

export interface Column {
  readonly name: string;
  readonly type: SqlType;
  readonly nullable: boolean;
  /** Not part of `*` and not to be named: the row number of a table without primary key. */
  readonly hidden: boolean;
  /** Undefined: null. */
  readonly defaultValue: ColumnDefault | undefined;
  readonly generated: Generated | undefined;
  /** The sequence that numbers a generated column. */
  readonly sequenceId: number | undefined;
  /** Index in `Table.columns`, in a `Row` and in the stored row. Never changes. */
  readonly position: number;
  readonly kind: ColumnKind;
}

export interface IndexedColumn {
  readonly column: Column;
  readonly descending: boolean;
}

export interface Index {
  /** Unique within the table; 0 is the primary key, whose entries are the rows themselves. */
  readonly id: number;
  /** Unique in the database. */
  readonly name: string;
  readonly unique: boolean;
  /** True when PRIMARY KEY or UNIQUE made it: it goes with its table only. */
  readonly constraint: boolean;
  readonly columns: readonly IndexedColumn[];
  /** What every key of the index begins with. */
  readonly prefix: Uint8Array;
}

export interface TableParts {
  readonly id: number;
  readonly name: string;
  readonly columns: readonly Omit<Column, 'position' | 'kind'>[];
  readonly indexes: readonly IndexParts[];
  readonly nextIndexId: number;
}

export interface IndexParts {
  readonly id: number;
  readonly name: string;
  readonly unique: boolean;
  readonly constraint: boolean;
  readonly columns: readonly { readonly position: number; readonly descending: boolean }[];
}

export class Table {
  /** Never reused, not even after DROP TABLE. */
  readonly id: number;
  readonly name: string;
  readonly columns: readonly Column[];
  /** The columns that `*` stands for. */
  readonly visibleColumns: readonly Column[];
  readonly primaryKey: Index;
  /** All indexes but the primary key. */
  readonly indexes: readonly Index[];
  readonly nextIndexId: number;
  readonly kinds: readonly ColumnKind[];
  /** Reads a stored row into a `Row`. */
  readonly wholeRow: RowProjection;
  readonly #byName: ReadonlyMap<string, Column>;

  constructor(parts: TableParts) {
    this.id = parts.id;
    this.name = parts.name;
    this.nextIndexId = parts.nextIndexId;
    this.columns = parts.columns.map((column, position) =>
      Object.freeze({ ...column, position, kind: columnKind(column.type) }),
    );
    this.visibleColumns = this.columns.filter((column) => !column.hidden);
    this.kinds = this.columns.map((column) => column.kind);
    const positions = this.columns.map((column) => column.position);
    this.wholeRow = { columns: positions, kinds: this.kinds, targets: positions };
    this.#byName = new Map(this.visibleColumns.map((column) => [column.name, column]));
    const [primaryKey, ...indexes] = parts.indexes.map((index) => this.#index(index));
    assert(primaryKey?.id === ROWS_INDEX_ID, 'the first index of a table is its primary key');
    this.primaryKey = primaryKey;
    this.indexes = indexes;
  }

  /** The visible column of this name. */
  column(name: string): Column | undefined {
    return this.#byName.get(name);
  }

  /** True when the primary key is the hidden row number. */
  get keyIsHidden(): boolean {
    return this.primaryKey.columns[0]!.column.hidden;
  }

  /** The parts this table would be built from again, for a changed copy. */
  parts(): TableParts {
    return {
      id: this.id,
      name: this.name,
      columns: this.columns,
      nextIndexId: this.nextIndexId,
      indexes: [this.primaryKey, ...this.indexes].map(({ id, name, unique, constraint, columns }) => ({
        id,
        name,
        unique,
        constraint,
        columns: columns.map(({ column, descending }) => ({ position: column.position, descending })),
      })),
    };
  }

  #index({ id, name, unique, constraint, columns }: IndexParts): Index {
    return Object.freeze({
      id,
      name,
      unique,
      constraint,
      columns: columns.map(({ position, descending }) => {
        const column = this.columns[position];
        assert(column !== undefined, 'an index names columns of its table');
        return { column, descending };
      }),
      prefix: indexPrefix(this.id, id),
    });
  }
}
