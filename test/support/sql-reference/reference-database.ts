/** A database of arrays that runs statements by definition: the oracle of the SQL property tests. */

import type {
  AssignedValue,
  CreateIndexStatement,
  CreateTableStatement,
  DeleteStatement,
  InsertStatement,
  SelectItem,
  Statement,
  UpdateStatement,
} from '../../../src/sql/ast/index.js';
import { type Cell, evaluate, type Row } from './reference-expression.js';
import { type QueryContext, type ReferenceResult, runSelect } from './reference-query.js';
import {
  boolean,
  convert,
  float,
  integer,
  kindOf,
  type ReferenceKind,
  type ReferenceValue,
  same,
  SqlFault,
  text,
  truth,
} from './reference-value.js';

interface ReferenceColumn {
  readonly name: string;
  readonly kind: ReferenceKind;
  readonly notNull: boolean;
  readonly defaultValue: ReferenceValue;
}

interface ReferenceTable {
  readonly columns: readonly ReferenceColumn[];
  /** Sets of column positions whose values no two rows share, unless one of them is NULL. */
  readonly keys: (readonly number[])[];
  rows: (readonly ReferenceValue[])[];
}

export interface ReferenceOutcome extends ReferenceResult {
  /** Rows returned, or changed. */
  readonly count: number;
}

export class ReferenceDatabase {
  readonly #tables = new Map<string, ReferenceTable>();

  /** Throws `SqlFault` with the SQLSTATE that the standard or PostgreSQL gives; then nothing has changed. */
  run(statement: Statement, parameters: readonly unknown[] = []): ReferenceOutcome {
    const context: QueryContext = {
      parameters: parameters.map(fromParameter),
      tables: (name) => {
        const table = this.#table(name);
        return { columns: table.columns.map((column) => column.name), rows: table.rows };
      },
    };
    switch (statement.kind) {
      case 'select': {
        const result = runSelect(statement, context);
        return { ...result, count: result.rows.length };
      }
      case 'insert':
        return this.#insert(statement, context);
      case 'update':
        return this.#update(statement, context);
      case 'delete':
        return this.#delete(statement, context);
      case 'create-table':
        return this.#createTable(statement);
      case 'create-index':
        return this.#createIndex(statement);
      default:
        throw new Error(`the reference evaluator does not run ${statement.kind}`);
    }
  }

  #table(name: string): ReferenceTable {
    const table = this.#tables.get(name);
    if (table === undefined) throw new SqlFault('42P01', `table ${name} does not exist`);
    return table;
  }

  #createTable(statement: CreateTableStatement): ReferenceOutcome {
    const position = (name: string): number => statement.columns.findIndex((column) => column.name.text === name);
    const primary = [
      ...statement.constraints
        .filter(({ constraint }) => constraint === 'primary-key')
        .flatMap(({ columns }) => columns),
      ...statement.columns.filter(({ primaryKey }) => primaryKey).map(({ name }) => name),
    ].map(({ text: name }) => position(name));
    const uniques = statement.columns.flatMap(({ unique }, index) => (unique ? [[index]] : []));
    this.#tables.set(statement.table.text, {
      columns: statement.columns.map((column, index) => ({
        name: column.name.text,
        kind: kindOf(column.type.name),
        notNull: column.notNull || primary.includes(index),
        defaultValue: column.defaultValue === undefined ? null : constant(column.defaultValue),
      })),
      keys: primary.length === 0 ? uniques : [primary, ...uniques],
      rows: [],
    });
    return { columns: [], rows: [], count: 0 };
  }

  #createIndex(statement: CreateIndexStatement): ReferenceOutcome {
    const table = this.#table(statement.table.text);
    if (statement.unique) {
      table.keys.push(
        statement.columns.map(({ name }) => table.columns.findIndex((column) => column.name === name.text)),
      );
      check(table, table.rows);
    }
    return { columns: [], rows: [], count: 0 };
  }

  #insert(statement: InsertStatement, context: QueryContext): ReferenceOutcome {
    const table = this.#table(statement.table.name);
    const names = statement.columns?.map((name) => name.text) ?? table.columns.map((column) => column.name);
    const given =
      statement.source.kind === 'insert-query'
        ? runSelect(statement.source.query, context).rows
        : statement.source.kind === 'insert-defaults'
          ? [[]]
          : statement.source.rows;
    const valueOf = (given: AssignedValue | ReferenceValue | undefined, column: ReferenceColumn): ReferenceValue => {
      if (given === undefined) return column.defaultValue;
      return isTree(given) ? this.#assigned(given, column, [], context) : given;
    };
    const added = given.map((values) =>
      table.columns.map((column) => convert(valueOf(values[names.indexOf(column.name)], column), column.kind)),
    );
    const rows = [...table.rows, ...added];
    check(table, rows);
    table.rows = rows;
    return this.#returned(statement, table, added, context);
  }

  #update(statement: UpdateStatement, context: QueryContext): ReferenceOutcome {
    const table = this.#table(statement.table.name);
    const changed: (readonly ReferenceValue[])[] = [];
    const rows = table.rows.map((row) => {
      const cells = this.#cells(statement, table, row);
      if (!holds(statement, cells, context)) return row;
      const after = table.columns.map((column, index) => {
        const assignment = statement.assignments.find((each) => each.column.text === column.name);
        return assignment === undefined
          ? row[index]!
          : convert(this.#assigned(assignment.value, column, cells, context), column.kind);
      });
      changed.push(after);
      return after;
    });
    check(table, rows);
    table.rows = rows;
    return this.#returned(statement, table, changed, context);
  }

  #delete(statement: DeleteStatement, context: QueryContext): ReferenceOutcome {
    const table = this.#table(statement.table.name);
    const gone = table.rows.filter((row) => holds(statement, this.#cells(statement, table, row), context));
    table.rows = table.rows.filter((row) => !gone.includes(row));
    return this.#returned(statement, table, gone, context);
  }

  #cells(
    statement: InsertStatement | UpdateStatement | DeleteStatement,
    table: ReferenceTable,
    row: readonly ReferenceValue[],
  ): Row {
    const owner = statement.table.alias ?? statement.table.name;
    return table.columns.map((column, index): Cell => ({ table: owner, column: column.name, value: row[index]! }));
  }

  #assigned(value: AssignedValue, column: ReferenceColumn, row: Row, context: QueryContext): ReferenceValue {
    return value.kind === 'default' ? column.defaultValue : evaluate(value, scopeOf(row, context));
  }

  #returned(
    statement: InsertStatement | UpdateStatement | DeleteStatement,
    table: ReferenceTable,
    rows: readonly (readonly ReferenceValue[])[],
    context: QueryContext,
  ): ReferenceOutcome {
    if (statement.returning.length === 0) return { columns: [], rows: [], count: rows.length };
    const columns = table.columns.map((column) => column.name);
    const select = returningQuery(statement.returning, statement.table);
    return { ...runSelect(select, { ...context, tables: () => ({ columns, rows }) }), count: rows.length };
  }
}

type SelectOver = Parameters<typeof runSelect>[0];

/** RETURNING is a SELECT over the rows that changed. */
function returningQuery(items: readonly SelectItem[], from: NonNullable<SelectOver['from']>): SelectOver {
  const absent = { where: undefined, having: undefined, limit: undefined, offset: undefined, span: undefined };
  return { kind: 'select', distinct: false, items, from, groupBy: [], orderBy: [], ...absent };
}

function scopeOf(row: Row, context: QueryContext): Parameters<typeof evaluate>[1] {
  const query = (select: SelectOver, outer: Parameters<typeof evaluate>[1]): ReferenceResult['rows'] =>
    runSelect(select, { ...context, outer }).rows;
  return { row, group: undefined, outer: undefined, parameters: context.parameters, query };
}

function holds(statement: UpdateStatement | DeleteStatement, row: Row, context: QueryContext): boolean {
  return statement.where === undefined || truth(evaluate(statement.where, scopeOf(row, context))) === true;
}

function constant(expression: Parameters<typeof evaluate>[0]): ReferenceValue {
  return evaluate(expression, scopeOf([], { parameters: [], tables: () => ({ columns: [], rows: [] }) }));
}

function isTree(value: AssignedValue | ReferenceValue): value is AssignedValue {
  return value !== null && 'span' in value;
}

function fromParameter(value: unknown): ReferenceValue {
  if (typeof value === 'number') return Number.isInteger(value) ? integer(value) : float(value);
  if (typeof value === 'string') return text(value);
  return typeof value === 'boolean' ? boolean(value) : null;
}

/** NOT NULL and keys, over the table as it would be. */
function check(table: ReferenceTable, rows: readonly (readonly ReferenceValue[])[]): void {
  for (const row of rows) {
    const missing = table.columns.find((column, index) => column.notNull && row[index] === null);
    if (missing !== undefined) throw new SqlFault('23502', `column ${missing.name} must not be NULL`);
  }
  for (const key of table.keys) {
    for (const [index, row] of rows.entries()) {
      const known = key.every((position) => row[position] !== null);
      const twin = rows
        .slice(index + 1)
        .some((other) => key.every((position) => same(row[position]!, other[position]!)));
      if (known && twin) throw new SqlFault('23505', 'a key occurs twice');
    }
  }
}
