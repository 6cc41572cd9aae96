/** From a plain definition to the parts of a table, with every rule about names, keys and types checked. */

import { SqlSemanticError } from '../../base/index.js';
import { ROWS_INDEX_ID } from '../rows/key-layout.js';
import { ROW_COLUMNS_MAX } from '../rows/row-codec.js';
import { BIGINT, isComparable, nearNames, suggestionText, typeText } from '../values/index.js';
import type { Catalog } from './catalog.js';
import type { IndexParts, TableParts } from './table.js';
import { Table } from './table.js';
import type { ColumnSpecification, IndexDefinition, TableDefinition, UniqueSpecification } from './table-definition.js';

type ColumnParts = TableParts['columns'][number];

/** Hands out ids that were never used before. */
export type NewId = () => number;

/** Throws `SqlSemanticError`: 42P07, 42701, 42703, 42P16, 42611, 54011. */
export function buildTable(definition: TableDefinition, catalog: Catalog, newId: NewId): Table {
  const { name, primaryKey } = definition;
  checkColumns(definition);
  const columns = definition.columns.map((column) => columnParts(column, primaryKey, newId));
  if (primaryKey === undefined) columns.unshift(rowNumberColumn(newId()));
  const names = new NameChooser(catalog, name);
  const indexes: IndexParts[] = [];
  const addIndex = (specification: UniqueSpecification | undefined, suffix: string): void => {
    const positions = specification === undefined ? [0] : keyPositions(name, columns, specification.columns);
    const shown = suffix === 'pkey' ? [] : (specification?.columns ?? []);
    indexes.push({
      id: ROWS_INDEX_ID + indexes.length,
      name: names.choose(specification?.name, shown, suffix),
      unique: true,
      constraint: true,
      columns: positions.map((position) => ({ position, descending: false })),
    });
  };
  addIndex(primaryKey, 'pkey');
  for (const unique of definition.unique ?? []) addIndex(unique, 'key');
  return new Table({ id: newId(), name, columns, indexes, nextIndexId: indexes.length });
}

/** A copy of `table` with one more index; the entries of existing rows are the caller's business. */
export function withIndex(table: Table, definition: IndexDefinition, catalog: Catalog): Table {
  const parts = table.parts();
  const columnNames = definition.columns.map((column) => column.name);
  const positions = keyPositions(table.name, parts.columns, columnNames);
  const index: IndexParts = {
    id: parts.nextIndexId,
    name: new NameChooser(catalog, table.name).choose(definition.name, columnNames, 'idx'),
    unique: definition.unique ?? false,
    constraint: false,
    columns: positions.map((position, i) => ({ position, descending: definition.columns[i]!.descending ?? false })),
  };
  return new Table({ ...parts, indexes: [...parts.indexes, index], nextIndexId: parts.nextIndexId + 1 });
}

export function withoutIndex(table: Table, indexId: number): Table {
  const parts = table.parts();
  return new Table({ ...parts, indexes: parts.indexes.filter((index) => index.id !== indexId) });
}

/** Index and table names share one space; names that were not given are derived and numbered until they are free. */
class NameChooser {
  readonly #catalog: Catalog;
  readonly #table: string;
  readonly #chosen: Set<string>;

  constructor(catalog: Catalog, table: string) {
    this.#catalog = catalog;
    this.#table = table;
    this.#chosen = new Set([table]);
  }

  choose(given: string | undefined, columns: readonly string[], suffix: string): string {
    if (given !== undefined) {
      if (this.#isTaken(given)) throw duplicateRelation(given);
      this.#chosen.add(given);
      return given;
    }
    const base = [this.#table, ...columns, suffix].join('_');
    let name = base;
    for (let number = 1; this.#isTaken(name); number++) name = `${base}${number}`;
    this.#chosen.add(name);
    return name;
  }

  #isTaken(name: string): boolean {
    return this.#chosen.has(name) || this.#catalog.isTaken(name);
  }
}

export function duplicateRelation(name: string): SqlSemanticError {
  return new SqlSemanticError(`"${name}" already exists`, { sqlState: '42P07', facts: { name } });
}

function checkColumns({ name, columns }: TableDefinition): void {
  if (columns.length === 0) throw invalidTable(name, 'a table has at least one column');
  if (columns.length >= ROW_COLUMNS_MAX) {
    throw new SqlSemanticError(`table "${name}" has ${columns.length} columns, fewer than ${ROW_COLUMNS_MAX} fit`, {
      sqlState: '54011',
      facts: { table: name, found: columns.length, max: ROW_COLUMNS_MAX - 1 },
    });
  }
  const seen = new Set<string>();
  for (const column of columns) {
    if (seen.has(column.name)) {
      throw new SqlSemanticError(`column "${column.name}" is specified more than once`, {
        sqlState: '42701',
        facts: { table: name, columnName: column.name },
      });
    }
    seen.add(column.name);
    checkGenerated(name, column);
  }
}

function checkGenerated(table: string, { name, type, generated, defaultValue }: ColumnSpecification): void {
  if (generated === undefined) return;
  if (type.category !== 'integer') {
    throw invalidTable(table, `generated column "${name}" must be an integer, not ${typeText(type)}`);
  }
  if (defaultValue !== undefined) throw invalidTable(table, `column "${name}" is both generated and has a default`);
}

function columnParts(
  column: ColumnSpecification,
  primaryKey: UniqueSpecification | undefined,
  newId: NewId,
): ColumnParts {
  const { name, type, generated, defaultValue, nullable = true } = column;
  const inKey = primaryKey?.columns.includes(name) ?? false;
  return {
    name,
    type,
    nullable: nullable && !inKey && generated === undefined,
    hidden: false,
    defaultValue,
    generated,
    sequenceId: generated === undefined ? undefined : newId(),
  };
}

function rowNumberColumn(sequenceId: number): ColumnParts {
  return {
    name: 'row number',
    type: BIGINT,
    nullable: false,
    hidden: true,
    defaultValue: undefined,
    generated: 'always',
    sequenceId,
  };
}

/** Positions of the named columns, each of which must exist once and have an order. */
function keyPositions(table: string, columns: readonly ColumnParts[], names: readonly string[]): number[] {
  if (names.length === 0) throw invalidTable(table, 'a key has at least one column');
  return names.map((name, i) => {
    const position = columns.findIndex((column) => column.name === name && !column.hidden);
    if (position < 0) throw unknownKeyColumn(table, name, columns);
    if (names.indexOf(name) !== i) throw invalidTable(table, `column "${name}" appears twice in a key`);
    const { type } = columns[position]!;
    if (!isComparable(type)) throw invalidTable(table, `column "${name}" of type ${typeText(type)} cannot be in a key`);
    return position;
  });
}

function unknownKeyColumn(table: string, name: string, columns: readonly ColumnParts[]): SqlSemanticError {
  const near = nearNames(
    name,
    columns.filter((column) => !column.hidden).map((column) => column.name),
  );
  return new SqlSemanticError(`column "${name}" of table "${table}" does not exist${suggestionText(near)}`, {
    sqlState: '42703',
    facts: { table, columnName: name, near },
  });
}

function invalidTable(table: string, why: string): SqlSemanticError {
  return new SqlSemanticError(`table "${table}": ${why}`, { sqlState: '42P16', facts: { table } });
}
