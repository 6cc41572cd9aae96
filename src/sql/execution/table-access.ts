/**
 * The one place where rows are written: fills in defaults, checks constraints and keeps every index in step with its
 * table. SQL statements and programs that work with rows directly go through here alike.
 *
 * Rows are arrays of `SqlValue`s, one per column of the table in column order (`fromJs` and `toJs` convert to and from
 * JavaScript values). A change of one row checks all constraints before it writes, so a failed call leaves nothing behind.
 * Whoever writes rows conflicts with whoever changes the schema meanwhile, in every isolation level. A row and its index
 * entries end together. Who takes over a unique value of a row that has ended writes its entry, and not the row; so whoever
 * changes a row that has an end makes the commit depend on the entries.
 */

import type { ReadView, WriteView } from '../../mvcc/index.js';
import type { Catalog } from '../catalog/catalog.js';
import type { SchemaStore } from '../catalog/schema-store.js';
import type { Sequences } from '../catalog/sequences.js';
import type { Column, Index, Row, Table } from '../catalog/table.js';
import type { IndexDefinition, TableDefinition } from '../catalog/table-definition.js';
import { encodeRow, readRow } from '../rows/row-codec.js';
import { equalityOf, type EvaluationContext, fitInteger, resolveFunction, type SqlValue } from '../values/index.js';
import { duplicateKey, generatedAlways, nullInColumn } from './constraint-violation.js';
import type { RowExpiry } from './row-expiry.js';
import { TableChanges } from './table-changes.js';
import { IndexEntry, rowKey, rowKeyOf } from './table-keys.js';

/** Values for a new row; `undefined` asks for the column's default. */
export type NewRow = readonly (SqlValue | undefined)[];

/** One row on its way to another. */
interface RowChange {
  readonly oldRow: Row;
  readonly oldKey: Uint8Array;
  readonly newRow: Row;
  readonly newKey: Uint8Array;
  /** It gets another primary key. */
  readonly moved: boolean;
  readonly expiresAtMs: number | undefined;
  /** The old one ends. */
  readonly ends: boolean;
  /** It is to end at another time than before. */
  readonly postponed: boolean;
}

export class TableAccess {
  readonly #schema: SchemaStore;
  readonly #sequences: Sequences;
  readonly #changes: TableChanges;
  readonly #entry = new IndexEntry();

  constructor(schema: SchemaStore, sequences: Sequences) {
    this.#schema = schema;
    this.#sequences = sequences;
    this.#changes = new TableChanges(schema, this);
  }

  /** The schema that `view` sees. */
  catalog(view: ReadView): Catalog {
    return this.#schema.catalog(view);
  }

  /** The table of this name as `view` sees it. Throws `SqlSemanticError` 42P01 when there is none. */
  resolve(view: ReadView, name: string): Table {
    return this.#schema.catalog(view).resolve(name);
  }

  /** The row whose primary key has these values (in the order of the key's columns); undefined when there is none. */
  getByKey(view: ReadView, table: Table, keyValues: readonly SqlValue[]): Row | undefined {
    const stored = view.get(rowKeyOf(table, keyValues));
    return stored === undefined ? undefined : this.decode(table, stored);
  }

  /** When the row of this key ends, in milliseconds since the epoch; undefined when it does not, or there is none. */
  expiryByKey(view: ReadView, table: Table, keyValues: readonly SqlValue[]): number | undefined {
    return view.expiryOf(rowKeyOf(table, keyValues));
  }

  /** The row in the bytes that a row key holds. */
  decode(table: Table, stored: Uint8Array): Row {
    const row: Row = new Array<SqlValue>(table.columns.length);
    readRow(table.wholeRow, stored, 0, stored.length, row);
    return row;
  }

  /**
   * Adds a row and returns it with defaults and generated values in place. Throws `ConstraintError` (23502, 23505) and
   * `SqlSemanticError` 428C9 for a value given to a column that is GENERATED ALWAYS.
   */
  insert(tx: WriteView, table: Table, values: NewRow, context: EvaluationContext, expiry?: RowExpiry): Row {
    const row = this.#complete(table, values, context);
    checkNulls(table, row);
    const key = rowKey(table, row);
    if (!table.keyIsHidden && tx.has(key)) throw duplicateKey(table, table.primaryKey);
    for (let i = 0; i < table.indexes.length; i++) this.#checkUnique(tx, table, table.indexes[i]!, row);
    this.#schema.guard(tx);
    const expiresAtMs = expiry ?? undefined;
    tx.put(key, encodeRow(table.kinds, row), expiresAtMs);
    for (let i = 0; i < table.indexes.length; i++) this.#putEntry(tx, table, table.indexes[i]!, row, expiresAtMs);
    return row;
  }

  /**
   * Replaces `oldRow`, which is in the table, by `newRow`, which ends when that was to end, or by `expiry`. Throws
   * `ConstraintError` (23502, 23505).
   */
  update(tx: WriteView, table: Table, oldRow: Row, newRow: Row, expiry?: RowExpiry): Row {
    checkNulls(table, newRow);
    const change = this.#change(tx, table, oldRow, newRow, expiry);
    this.#checkMoved(tx, table, change, false);
    this.#removeMoved(tx, table, change);
    this.#putMoved(tx, table, change);
    return newRow;
  }

  /**
   * Replaces each of the rows `before`, which are different rows of the table, by the one at the same place of `after`.
   * Constraints hold of the outcome alone: rows may take over each other's keys. Throws `ConstraintError` (23502, 23505); a
   * part of the rows may have changed then, and the caller goes back to a savepoint.
   */
  updateAll(
    tx: WriteView,
    table: Table,
    { before, after }: { readonly before: readonly Row[]; readonly after: readonly Row[] },
    expiry?: RowExpiry,
  ): void {
    for (let i = 0; i < after.length; i++) checkNulls(table, after[i]!);
    const changes = after.map((newRow, i) => this.#change(tx, table, before[i]!, newRow, expiry));
    for (const change of changes) this.#removeMoved(tx, table, change);
    for (const change of changes) {
      this.#checkMoved(tx, table, change, true);
      this.#putMoved(tx, table, change);
    }
  }

  /** Removes `row`, which is in the table. */
  delete(tx: WriteView, table: Table, row: Row): void {
    this.#schema.guard(tx);
    const key = rowKey(table, row);
    const ends = table.indexes.some(isUnique) && tx.expiryOf(key, true) !== undefined;
    for (let i = 0; i < table.indexes.length; i++) this.#deleteEntry(tx, table, table.indexes[i]!, row, ends);
    tx.delete(key);
  }

  /** What an INSERT that leaves the column out gives it. */
  defaultOf(column: Column, context: EvaluationContext): SqlValue {
    if (column.sequenceId !== undefined) {
      return fitInteger(this.#sequences.next(column.sequenceId), column.type.name);
    }
    const { defaultValue } = column;
    if (defaultValue === undefined) return null;
    if (defaultValue.kind === 'constant') return defaultValue.value;
    return resolveFunction(defaultValue.name, []).evaluate([], context);
  }

  /** Throws `SqlSemanticError`: 42P07 when the name is taken, 42701, 42703, 42P16 for a definition without sense. */
  createTable(tx: WriteView, definition: TableDefinition): Table {
    return this.#changes.createTable(tx, definition);
  }

  /** Creates an index and enters the rows that are there. Throws as `createTable`, and `ConstraintError` 23505. */
  createIndex(tx: WriteView, definition: IndexDefinition): Index {
    return this.#changes.createIndex(tx, definition);
  }

  /** Drops a table with its rows and indexes. Throws `SqlSemanticError` 42P01 when there is none. */
  dropTable(tx: WriteView, name: string): void {
    this.#changes.dropTable(tx, name);
  }

  /** Throws `SqlSemanticError`: 42704 when there is no such index, 2BP01 when it carries a primary key. */
  dropIndex(tx: WriteView, name: string): void {
    this.#changes.dropIndex(tx, name);
  }

  /** Adds the entries of one row to an index that is being built. Throws `ConstraintError` 23505. */
  addToIndex(tx: WriteView, table: Table, index: Index, row: Row): void {
    this.#checkUnique(tx, table, index, row);
    this.#putEntry(tx, table, index, row, tx.expiryOf(rowKey(table, row), true));
  }

  #complete(table: Table, values: NewRow, context: EvaluationContext): Row {
    const { columns } = table;
    const row: Row = new Array<SqlValue>(columns.length);
    for (let i = 0; i < columns.length; i++) {
      const value = values[i];
      row[i] = value === undefined ? this.defaultOf(columns[i]!, context) : value;
      if (value !== undefined && columns[i]!.generated === 'always') throw generatedAlways(table, columns[i]!);
    }
    this.#noteGenerated(table, row);
    return row;
  }

  /** Keeps generated columns ahead of values that were given by hand. */
  #noteGenerated(table: Table, row: Row): void {
    for (let i = 0; i < table.columns.length; i++) {
      const { sequenceId } = table.columns[i]!;
      const value = row[i]!;
      if (sequenceId !== undefined && value !== null) this.#sequences.note(sequenceId, value as number | bigint);
    }
  }

  #change(tx: WriteView, table: Table, oldRow: Row, newRow: Row, expiry: RowExpiry): RowChange {
    const oldKey = rowKey(table, oldRow);
    const moved = differs(table.primaryKey, oldRow, newRow);
    const before = tx.expiryOf(oldKey, true);
    const expiresAtMs = expiry === undefined ? before : (expiry ?? undefined);
    const newKey = moved ? rowKey(table, newRow) : oldKey;
    const ends = before !== undefined;
    return { oldRow, oldKey, newRow, newKey, moved, expiresAtMs, ends, postponed: expiresAtMs !== before };
  }

  /**
   * Throws when a key that `newRow` has and `oldRow` has not is taken. Once the moved keys are `removed`, another row may
   * have taken those too that both have: the entries of a row whose primary key changes.
   */
  #checkMoved(tx: WriteView, table: Table, { oldRow, newRow, newKey, moved }: RowChange, removed: boolean): void {
    if (moved && tx.has(newKey)) throw duplicateKey(table, table.primaryKey);
    for (const index of table.indexes) {
      if (!index.unique) continue;
      if ((moved && removed) || differs(index, oldRow, newRow)) this.#checkUnique(tx, table, index, newRow);
    }
  }

  /** Removes the keys of `oldRow` that `newRow` does not have. */
  #removeMoved(tx: WriteView, table: Table, { oldRow, oldKey, newRow, moved, ends }: RowChange): void {
    for (const index of table.indexes) {
      if (moved || differs(index, oldRow, newRow)) this.#deleteEntry(tx, table, index, oldRow, ends);
    }
    if (moved) tx.delete(oldKey);
  }

  /** Writes `newRow` and those of its entries that `oldRow` does not have, or that are to end at another time. */
  #putMoved(tx: WriteView, table: Table, change: RowChange): void {
    const { oldRow, newRow, newKey, moved, expiresAtMs, ends, postponed } = change;
    this.#schema.guard(tx);
    for (const index of table.indexes) {
      if (!moved && !postponed && !differs(index, oldRow, newRow)) continue;
      this.#putEntry(tx, table, index, newRow, expiresAtMs);
      if (ends && this.#entry.exclusive) tx.guard(this.#entry.key);
    }
    tx.put(newKey, encodeRow(table.kinds, newRow), expiresAtMs);
    this.#noteGenerated(table, newRow);
  }

  #checkUnique(tx: WriteView, table: Table, index: Index, row: Row): void {
    if (!index.unique) return;
    this.#entry.build(table, index, row);
    if (this.#entry.exclusive && tx.has(this.#entry.key)) throw duplicateKey(table, index);
  }

  #putEntry(tx: WriteView, table: Table, index: Index, row: Row, expiresAtMs: number | undefined): void {
    this.#entry.build(table, index, row);
    tx.put(this.#entry.key, this.#entry.value, expiresAtMs);
  }

  /** @param ends the row does. */
  #deleteEntry(tx: WriteView, table: Table, index: Index, row: Row, ends: boolean): void {
    this.#entry.build(table, index, row);
    if (ends && this.#entry.exclusive) tx.guard(this.#entry.key);
    tx.delete(this.#entry.key);
  }
}

function isUnique(index: Index): boolean {
  return index.unique;
}

function checkNulls(table: Table, row: Row): void {
  for (let i = 0; i < row.length; i++) {
    if (row[i] === null && !table.columns[i]!.nullable) throw nullInColumn(table, table.columns[i]!);
  }
}

/** True when two rows differ in a column of the index. */
function differs(index: Index, a: Row, b: Row): boolean {
  return index.columns.some(({ column: { position, type } }) => {
    const left = a[position]!;
    const right = b[position]!;
    if (left === null || right === null) return left !== right;
    return !equalityOf(type)(left, right);
  });
}
