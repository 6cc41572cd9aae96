/** DDL inside a transaction: schema records and the rows and index entries that come or go with them. */

import { SqlSemanticError } from '../../base/index.js';
import type { WriteView } from '../../mvcc/index.js';
import type { SchemaStore } from '../catalog/schema-store.js';
import { buildTable, duplicateRelation, withIndex, withoutIndex } from '../catalog/table-builder.js';
import type { IndexDefinition, TableDefinition } from '../catalog/table-definition.js';
import type { Index, Table } from '../catalog/table.js';
import { indexRange, tableRange } from '../rows/key-layout.js';
import type { TableAccess } from './table-access.js';

export class TableChanges {
  readonly #schema: SchemaStore;
  readonly #rows: TableAccess;

  constructor(schema: SchemaStore, rows: TableAccess) {
    this.#schema = schema;
    this.#rows = rows;
  }

  /** Throws `SqlSemanticError`: 42P07 when the name is taken, 42701, 42703, 42P16 for a definition without sense. */
  createTable(tx: WriteView, definition: TableDefinition): Table {
    const catalog = this.#schema.catalog(tx);
    if (catalog.isTaken(definition.name)) throw duplicateRelation(definition.name);
    const table = buildTable(definition, catalog, () => this.#schema.newId());
    this.#schema.put(tx, table);
    return table;
  }

  /** Creates an index and enters the rows that are there. Throws as `createTable`, and `ConstraintError` 23505. */
  createIndex(tx: WriteView, definition: IndexDefinition): Index {
    const catalog = this.#schema.catalog(tx);
    const before = catalog.resolve(definition.table);
    const table = withIndex(before, definition, catalog);
    const index = table.indexes[table.indexes.length - 1]!;
    this.#enterRows(tx, table, index);
    // Rows that come while the index is being built would be missing in it.
    tx.guardRange(indexRange(table.primaryKey.prefix));
    this.#schema.put(tx, table);
    return index;
  }

  /** Throws `SqlSemanticError` 42P01 when there is no such table. */
  dropTable(tx: WriteView, name: string): void {
    const table = this.#schema.catalog(tx).resolve(name);
    tx.clear(tableRange(table.id));
    // Rows that come meanwhile would stay behind without a table.
    tx.guardRange(tableRange(table.id));
    this.#schema.remove(tx, table);
  }

  /** Throws `SqlSemanticError`: 42704 when there is no such index, 2BP01 when it carries a constraint. */
  dropIndex(tx: WriteView, name: string): void {
    const { table, index } = this.#schema.catalog(tx).resolveIndex(name);
    if (index.constraint) {
      const what = index === table.primaryKey ? 'the primary key' : 'a UNIQUE constraint';
      throw new SqlSemanticError(`index "${name}" is ${what} of table "${table.name}" and goes only with it`, {
        sqlState: '2BP01',
        facts: { index: name, table: table.name },
      });
    }
    tx.clear(indexRange(index.prefix));
    tx.guardRange(indexRange(index.prefix));
    this.#schema.put(tx, withoutIndex(table, index.id));
  }

  #enterRows(tx: WriteView, table: Table, index: Index): void {
    const cursor = tx.cursor(indexRange(table.primaryKey.prefix));
    try {
      while (cursor.next()) this.#rows.addToIndex(tx, table, index, this.#rows.decode(table, cursor.value()));
    } finally {
      cursor.close();
    }
  }
}
