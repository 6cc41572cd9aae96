/** INSERT, UPDATE, DELETE and RETURNING. */

import { SqlSemanticError } from '../../base/index.js';
import type {
  AssignedValue,
  DeleteStatement,
  ExpiryClause,
  Expression,
  InsertStatement,
  Name,
  SelectItem,
  UpdateStatement,
} from '../ast/index.js';
import type { Column, Table } from '../catalog/table.js';
import type { LogicalNode, ScanNode } from '../plan/logical-plan.js';
import { DOUBLE, nearNames, TIMESTAMPTZ } from '../values/index.js';
import type { BoundExpression, BoundSlot, Slot } from './bound-expression.js';
import type { BoundQuery } from './bound-query.js';
import type {
  BoundDelete,
  BoundExpiry,
  BoundInsert,
  BoundReturning,
  BoundUpdate,
  NewRowExpressions,
} from './bound-statement.js';
import { coerce } from './coercion.js';
import { ExpressionBinder } from './expression-binder.js';
import { conjunctsOf } from './expression-traversal.js';
import { bindTable } from './from-binder.js';
import { Scope, unknownColumn } from './scope.js';
import { bindItems } from './select-items.js';
import type { StatementContext } from './statement-context.js';

export function bindInsert(context: StatementContext, statement: InsertStatement): BoundInsert {
  const { scan, source } = bindTable(context, statement.table);
  const { table, slots } = scan;
  const targets = statement.columns === undefined ? table.visibleColumns : targetColumns(table, statement.columns);
  const scope = new Scope([source], undefined);
  const returning = bindReturning(context, statement.returning, scope);
  const expiry = bindExpiry(context, statement.expiry);
  const { source: given } = statement;
  if (given.kind === 'insert-query') {
    const query = context.bindQuery(context, given.query, undefined);
    return { kind: 'insert', table, slots, source: fromQuery(table, targets, statement, query), expiry, returning };
  }
  const binder = new ExpressionBinder(context, new Scope([], undefined), { clause: 'VALUES' });
  const values = given.kind === 'insert-defaults' ? [[]] : given.rows;
  const exact = statement.columns !== undefined;
  const rows = values.map((row) => {
    if (given.kind === 'insert-values') checkCount(row.length, targets.length, exact, statement);
    return newRow(table, targets, (column, i) => (i < row.length ? bindValue(binder, row[i]!, column) : undefined));
  });
  return { kind: 'insert', table, slots, source: { kind: 'values', rows }, expiry, returning };
}

/** Columns have no meaning there: all rows of a statement end together. */
function bindExpiry(context: StatementContext, clause: ExpiryClause | undefined): BoundExpiry | undefined {
  if (clause === undefined) return undefined;
  const { unit, value } = clause;
  const what = unit === 'ttl' ? 'USING TTL' : 'USING EXPIRY';
  const bound = new ExpressionBinder(context, new Scope([], undefined), { clause: what }).bind(value);
  const type = unit === 'ttl' ? DOUBLE : TIMESTAMPTZ;
  return { unit, expression: coerce(bound, type, { what, context: 'assignment', span: value.span }) };
}

function fromQuery(
  table: Table,
  targets: readonly Column[],
  statement: InsertStatement,
  query: BoundQuery,
): BoundInsert['source'] {
  const { outputs } = query;
  checkCount(outputs.length, targets.length, statement.columns !== undefined, statement);
  const row = newRow(table, targets, (column, i) => {
    if (i >= outputs.length) return undefined;
    const { type, slot, nullable, name: label } = outputs[i]!;
    const value: BoundSlot = { kind: 'slot', type, slot, nullable, label };
    return coerce(value, column.type, { what: `column "${column.name}"`, context: 'assignment' });
  });
  return { kind: 'query', query, row };
}

/** Fewer values than columns are fine where the statement lists no columns: the rest gets defaults. */
function checkCount(found: number, wanted: number, exact: boolean, { span }: InsertStatement): void {
  if (found === wanted || (!exact && found < wanted)) return;
  throw new SqlSemanticError(`INSERT has ${found} values for ${wanted} columns`, {
    sqlState: '42601',
    facts: { found, expected: wanted, ...span },
  });
}

function newRow(
  table: Table,
  targets: readonly Column[],
  valueFor: (column: Column, index: number) => BoundExpression | undefined,
): NewRowExpressions {
  const row = new Array<BoundExpression | undefined>(table.columns.length).fill(undefined);
  for (const [i, column] of targets.entries()) row[column.position] = valueFor(column, i);
  return row;
}

function targetColumns(table: Table, names: readonly Name[]): Column[] {
  const seen = new Set<string>();
  return names.map((name) => {
    if (seen.has(name.text)) {
      throw new SqlSemanticError(`column "${name.text}" is specified more than once`, {
        sqlState: '42701',
        facts: { columnName: name.text, ...name.span },
      });
    }
    seen.add(name.text);
    return targetColumn(table, name);
  });
}

function targetColumn(table: Table, { text, span }: Name): Column {
  const column = table.column(text);
  if (column !== undefined) return column;
  const names = table.visibleColumns.map(({ name }) => name);
  throw unknownColumn(`${table.name}.${text}`, nearNames(text, names), span);
}

/** Undefined for DEFAULT. */
function bindValue(binder: ExpressionBinder, value: AssignedValue, column: Column): BoundExpression | undefined {
  if (value.kind === 'default') return undefined;
  return coerce(binder.bind(value), column.type, {
    what: `column "${column.name}"`,
    context: 'assignment',
    span: value.span,
  });
}

export function bindUpdate(context: StatementContext, statement: UpdateStatement): BoundUpdate {
  const { scan, source } = bindTable(context, statement.table);
  const { table, slots } = scan;
  const scope = new Scope([source], undefined);
  const binder = new ExpressionBinder(context, scope, { clause: 'SET' });
  targetColumns(
    table,
    statement.assignments.map(({ column }) => column),
  );
  const assignments = statement.assignments.map(({ column: name, value }) => {
    const column = targetColumn(table, name);
    return { position: column.position, expression: bindValue(binder, value, column) };
  });
  return {
    kind: 'update',
    table,
    slots,
    input: filtered(context, scan, statement.where, scope),
    assignments,
    expiry: bindExpiry(context, statement.expiry),
    returning: bindReturning(context, statement.returning, scope),
  };
}

export function bindDelete(context: StatementContext, statement: DeleteStatement): BoundDelete {
  const { scan, source } = bindTable(context, statement.table);
  const scope = new Scope([source], undefined);
  return {
    kind: 'delete',
    table: scan.table,
    slots: scan.slots,
    input: filtered(context, scan, statement.where, scope),
    returning: bindReturning(context, statement.returning, scope),
  };
}

function filtered(context: StatementContext, scan: ScanNode, where: Expression | undefined, scope: Scope): LogicalNode {
  if (where === undefined) return scan;
  const condition = new ExpressionBinder(context, scope, { clause: 'WHERE' }).condition(where);
  return { kind: 'filter', input: scan, conditions: conjunctsOf(condition) };
}

function bindReturning(
  context: StatementContext,
  items: readonly SelectItem[],
  scope: Scope,
): BoundReturning | undefined {
  if (items.length === 0) return undefined;
  const bound = bindItems(items, scope, new ExpressionBinder(context, scope, { clause: 'RETURNING' }));
  const computed: { slot: Slot; expression: BoundExpression }[] = [];
  const outputs = bound.map(({ name, expression }) => {
    if (expression.kind === 'slot') return { name, type: expression.type, slot: expression.slot, nullable: true };
    const slot = context.newSlot();
    computed.push({ slot, expression });
    return { name, type: expression.type, slot, nullable: true };
  });
  return { computed, outputs };
}
