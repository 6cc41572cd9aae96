/** Runs SELECT by definition: build every combination of rows, filter, group, project, sort, cut. No plan, no index. */

import type { Expression, OrderItem, SelectItem, SelectStatement, TableReference } from '../../../src/sql/ast/index.js';
import { type Cell, evaluate, hasAggregate, type Row, type Scope } from './reference-expression.js';
import { compare, type ReferenceValue, sameRow, SqlFault, truth } from './reference-value.js';

export interface ReferenceResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly ReferenceValue[])[];
}

/** The tables of a database, as the query sees them. */
export type TableSource = (name: string) => {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly ReferenceValue[])[];
};

export interface QueryContext {
  readonly tables: TableSource;
  readonly parameters: readonly ReferenceValue[];
  readonly outer?: Scope | undefined;
}

interface Relation {
  /** Names in order, also when there are no rows. */
  readonly header: readonly Omit<Cell, 'value'>[];
  readonly rows: readonly Row[];
}

interface Projected {
  readonly scope: Scope;
  readonly output: readonly ReferenceValue[];
}

export function runSelect(select: SelectStatement, context: QueryContext): ReferenceResult {
  const relation = select.from === undefined ? { header: [], rows: [[]] } : fromClause(select.from, context);
  const scopeOf = (row: Row, group?: readonly Row[]): Scope => scope(context, row, group);
  const filtered = relation.rows.filter(
    (row) => select.where === undefined || truth(evaluate(select.where, scopeOf(row))),
  );
  const scopes = isGrouped(select) ? groups(select, filtered, scopeOf) : filtered.map((row) => scopeOf(row));
  const items = select.items.flatMap((item) => expand(item, relation));
  const projected = scopes
    .filter((each) => select.having === undefined || truth(evaluate(select.having, each)))
    .map((each): Projected => ({ scope: each, output: items.map((item) => evaluate(item.expression, each)) }));
  const kept = select.distinct ? distinct(projected) : projected;
  const sorted = kept.toSorted((a, b) => compareByOrder(select.orderBy, items, a, b));
  const offset = count(select.offset, context) ?? 0;
  const limit = count(select.limit, context) ?? sorted.length;
  return {
    columns: items.map(({ label }) => label),
    rows: sorted.slice(offset, offset + limit).map(({ output }) => output),
  };
}

function scope(context: QueryContext, row: Row, group?: readonly Row[]): Scope {
  const { parameters, outer } = context;
  const query = (select: SelectStatement, around: Scope): ReferenceResult['rows'] =>
    runSelect(select, { ...context, outer: around }).rows;
  return { row, group, outer, parameters, query };
}

function isGrouped(select: SelectStatement): boolean {
  const written = select.items.flatMap((item) => (item.kind === 'select-expression' ? [item.expression] : []));
  return select.groupBy.length > 0 || select.having !== undefined || written.some(hasAggregate);
}

/** One scope per group; without GROUP BY all rows are one group, even when there are none. */
function groups(
  select: SelectStatement,
  rows: readonly Row[],
  scopeOf: (row: Row, group?: readonly Row[]) => Scope,
): Scope[] {
  if (select.groupBy.length === 0) return [scopeOf(rows[0] ?? [], rows)];
  const found: { key: readonly ReferenceValue[]; members: Row[] }[] = [];
  for (const row of rows) {
    const key = select.groupBy.map((expression) => evaluate(expression, scopeOf(row)));
    const group = found.find((other) => sameRow(other.key, key));
    if (group === undefined) found.push({ key, members: [row] });
    else group.members.push(row);
  }
  return found.map(({ members }) => scopeOf(members[0]!, members));
}

function fromClause(reference: TableReference, context: QueryContext): Relation {
  switch (reference.kind) {
    case 'table':
      return relationOf(context.tables(reference.name), reference.alias ?? reference.name);
    case 'derived-table':
      return relationOf(runSelect(reference.query, context), reference.alias);
    case 'join': {
      const left = fromClause(reference.left, context);
      const right = fromClause(reference.right, context);
      const { on } = reference;
      const absent = right.header.map((name): Cell => ({ ...name, value: null }));
      const rows = left.rows.flatMap((l) => {
        const pairs = right.rows
          .map((r): Row => [...l, ...r])
          .filter((row) => on === undefined || truth(evaluate(on, scope(context, row))));
        return pairs.length === 0 && reference.join === 'left' ? [[...l, ...absent]] : pairs;
      });
      return { header: [...left.header, ...right.header], rows };
    }
  }
}

function relationOf({ columns, rows }: ReferenceResult, table: string): Relation {
  return {
    header: columns.map((column) => ({ table, column })),
    rows: rows.map((row) => row.map((value, index): Cell => ({ table, column: columns[index]!, value }))),
  };
}

interface OutputItem {
  readonly expression: Expression;
  readonly label: string;
}

function expand(item: SelectItem, { header }: Relation): OutputItem[] {
  if (item.kind === 'select-expression') {
    return [{ expression: item.expression, label: item.alias ?? labelOf(item.expression) }];
  }
  return header
    .filter(({ table }) => item.table === undefined || item.table === table)
    .map(({ table, column }) => ({
      expression: { kind: 'column', table, name: column, span: undefined },
      label: column,
    }));
}

function labelOf(expression: Expression): string {
  return expression.kind === 'column' || expression.kind === 'call' ? expression.name : '?column?';
}

function distinct(rows: readonly Projected[]): Projected[] {
  return rows.filter(({ output }, index) => rows.findIndex((other) => sameRow(other.output, output)) === index);
}

function compareByOrder(order: readonly OrderItem[], items: readonly OutputItem[], a: Projected, b: Projected): number {
  for (const { expression, direction, nulls } of order) {
    const [left, right] = [a, b].map((row) => orderKey(expression, items, row)) as [ReferenceValue, ReferenceValue];
    const nullsFirst = nulls === undefined ? direction === 'desc' : nulls === 'first';
    if (left === null && right === null) continue;
    if (left === null) return nullsFirst ? -1 : 1;
    if (right === null) return nullsFirst ? 1 : -1;
    const difference = compare(left, right)!;
    if (difference !== 0) return direction === 'desc' ? -difference : difference;
  }
  return 0;
}

/** The n-th output column, an output column by name, or an expression over the row. */
function orderKey(
  expression: Expression,
  items: readonly OutputItem[],
  { scope: own, output }: Projected,
): ReferenceValue {
  if (expression.kind === 'literal' && expression.literalType === 'integer')
    return output[Number(expression.value) - 1]!;
  if (expression.kind === 'column' && expression.table === undefined) {
    const index = items.findIndex(({ label }) => label === expression.name);
    if (index >= 0) return output[index]!;
  }
  return evaluate(expression, own);
}

function count(expression: Expression | undefined, context: QueryContext): number | undefined {
  if (expression === undefined) return undefined;
  const value = evaluate(expression, scope(context, []));
  if (value === null) return undefined;
  if (value.kind !== 'integer' || value.value < 0) throw new SqlFault('2201W', 'LIMIT and OFFSET are not negative');
  return value.value;
}
