/**
 * The one place where rows are written: fills in defaults, checks constraints and keeps every index in step with its
 * table. SQL statements and programs that work with rows directly go through here alike.
 *
 * Rows are arrays of `SqlValue`s, one per column of the table in column order (`fromJs` and `toJs` convert to and from
 * JavaScript values). A change of one row checks all constraints before it writes, so a failed call leaves nothing behind.
 * Whoever writes rows conflicts with whoever changes the schema meanwhile, in every isolation level.
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
import { TableChanges } from './table-changes.js';
import { IndexEntry, rowKey, rowKeyOf } from './table-keys.js';

/** Values for a new row; `undefined` asks for the column's default. */
export type NewRow = readonly (SqlValue | undefined)[];

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
  insert(tx: WriteView, table: Table, values: NewRow, context: EvaluationContext): Row {
    const row = this.#complete(table, values, context);
    checkNulls(table, row);
    const key = rowKey(table, row);
    if (!table.keyIsHidden && tx.has(key)) throw duplicateKey(table, table.primaryKey);
    for (let i = 0; i < table.indexes.length; i++) this.#checkUnique(tx, table, table.indexes[i]!, row);
    this.#schema.guard(tx);
    tx.put(key, encodeRow(table.kinds, row));
    for (let i = 0; i < table.indexes.length; i++) this.#putEntry(tx, table, table.indexes[i]!, row);
    return row;
  }

  /** Replaces `oldRow`, which is in the table, by `newRow`. Throws `ConstraintError` (23502, 23505). */
  update(tx: WriteView, table: Table, oldRow: Row, newRow: Row): Row {
    checkNulls(table, newRow);
    this.#checkMoved(tx, table, oldRow, newRow, false);
    this.#removeMoved(tx, table, oldRow, newRow);
    this.#putMoved(tx, table, oldRow, newRow);
    return newRow;
  }

  /**
   * Replaces each of `oldRows`, which are different rows of the table, by the new row at the same place. Constraints hold
   * of the outcome alone: rows may take over each other's keys. Throws `ConstraintError` (23502, 23505); a part of the
   * rows may have changed then, and the caller goes back to a savepoint.
   */
  updateAll(tx: WriteView, table: Table, oldRows: readonly Row[], newRows: readonly Row[]): void {
    for (let i = 0; i < newRows.length; i++) checkNulls(table, newRows[i]!);
    for (let i = 0; i < newRows.length; i++) this.#removeMoved(tx, table, oldRows[i]!, newRows[i]!);
    for (let i = 0; i < newRows.length; i++) {
      this.#checkMoved(tx, table, oldRows[i]!, newRows[i]!, true);
      this.#putMoved(tx, table, oldRows[i]!, newRows[i]!);
    }
  }

  /** Removes `row`, which is in the table. */
  delete(tx: WriteView, table: Table, row: Row): void {
    this.#schema.guard(tx);
    for (let i = 0; i < table.indexes.length; i++) this.#deleteEntry(tx, table, table.indexes[i]!, row);
    tx.delete(rowKey(table, row));
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
    this.#putEntry(tx, table, index, row);
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

  /**
   * Throws when a key that `newRow` has and `oldRow` has not is taken. Once the moved keys are `removed`, another row may
   * have taken those too that both have: the entries of a row whose primary key changes.
   */
  #checkMoved(tx: WriteView, table: Table, oldRow: Row, newRow: Row, removed: boolean): void {
    const moved = differs(table.primaryKey, oldRow, newRow);
    if (moved && tx.has(rowKey(table, newRow))) throw duplicateKey(table, table.primaryKey);
    for (const index of table.indexes) {
      if (!index.unique) continue;
      if ((moved && removed) || differs(index, oldRow, newRow)) this.#checkUnique(tx, table, index, newRow);
    }
  }

  /** Removes the keys of `oldRow` that `newRow` does not have. */
  #removeMoved(tx: WriteView, table: Table, oldRow: Row, newRow: Row): void {
    const moved = differs(table.primaryKey, oldRow, newRow);
    for (const index of table.indexes) {
      if (moved || differs(index, oldRow, newRow)) this.#deleteEntry(tx, table, index, oldRow);
    }
    if (moved) tx.delete(rowKey(table, oldRow));
  }

  /** Writes `newRow` and those of its entries that `oldRow` does not have. */
  #putMoved(tx: WriteView, table: Table, oldRow: Row, newRow: Row): void {
    this.#schema.guard(tx);
    const moved = differs(table.primaryKey, oldRow, newRow);
    for (const index of table.indexes) {
      if (moved || differs(index, oldRow, newRow)) this.#putEntry(tx, table, index, newRow);
    }
    tx.put(rowKey(table, newRow), encodeRow(table.kinds, newRow));
    this.#noteGenerated(table, newRow);
  }

  #checkUnique(tx: WriteView, table: Table, index: Index, row: Row): void {
    if (!index.unique) return;
    this.#entry.build(table, index, row);
    if (this.#entry.exclusive && tx.has(this.#entry.key)) throw duplicateKey(table, index);
  }

  #putEntry(tx: WriteView, table: Table, index: Index, row: Row): void {
    this.#entry.build(table, index, row);
    tx.put(this.#entry.key, this.#entry.value);
  }

  #deleteEntry(tx: WriteView, table: Table, index: Index, row: Row): void {
    this.#entry.build(table, index, row);
    tx.delete(this.#entry.key);
  }
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
