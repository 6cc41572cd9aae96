/** A whole SELECT: its clauses in the order in which SQL gives them meaning, and the logical plan that results. */

import { SqlSemanticError } from '../../base/index.js';
import type { Expression, OrderItem, SelectStatement } from '../ast/index.js';
import type { ComputedSlot, LogicalNode, SortKey } from '../plan/logical-plan.js';
import { BIGINT, isComparable, negativeRange, type RangeClause, typeText } from '../values/index.js';
import { Aggregation } from './aggregation.js';
import type { BoundExpression, BoundSlot } from './bound-expression.js';
import type { BoundQuery, OutputColumn } from './bound-query.js';
import { coerce } from './coercion.js';
import { ExpressionBinder } from './expression-binder.js';
import { expressionIdentity, expressionText } from './expression-text.js';
import { conjunctsOf } from './expression-traversal.js';
import { bindFrom } from './from-binder.js';
import { Scope } from './scope.js';
import { type BoundItem, bindItems } from './select-items.js';
import type { StatementContext } from './statement-context.js';

interface SortItem {
  readonly expression: BoundExpression;
  readonly order: OrderItem;
}

export function bindSelect(context: StatementContext, select: SelectStatement, parent: Scope | undefined): BoundQuery {
  const empty = new Scope([], parent);
  const from = select.from === undefined ? undefined : bindFrom(context, select.from, empty);
  const scope = empty.with(from?.sources ?? []);
  let node: LogicalNode = from?.node ?? { kind: 'single-row' };
  if (select.where !== undefined) {
    const condition = new ExpressionBinder(context, scope, { clause: 'WHERE' }).condition(select.where);
    node = { kind: 'filter', input: node, conditions: conjunctsOf(condition) };
  }
  const clauses = bindClauses(context, select, scope);
  if (clauses.aggregation.isNeeded) node = clauses.aggregation.node(node);
  if (clauses.having !== undefined) {
    node = { kind: 'filter', input: node, conditions: conjunctsOf(clauses.having) };
  }
  const shaped = shape(context, select, node, clauses);
  return { ...shaped, node: limited(context, select, shaped.node), outerSlots: scope.outerSlots };
}

interface Clauses {
  readonly items: readonly BoundItem[];
  readonly sort: readonly SortItem[];
  readonly having: BoundExpression | undefined;
  readonly aggregation: Aggregation;
}

/** Everything that may hold aggregates, already rewritten to what grouping leaves. */
function bindClauses(context: StatementContext, select: SelectStatement, scope: Scope): Clauses {
  const aggregation = new Aggregation(context, scope);
  const binder = new ExpressionBinder(context, scope, { clause: 'SELECT', aggregates: aggregation });
  const items = bindItems(select.items, scope, binder);
  for (const expression of select.groupBy) {
    const bound = bindGroupKey(context, expression, { select, items, scope });
    aggregation.addKey(bound, expression.span);
  }
  if (select.having !== undefined) aggregation.requireGroups();
  const having = select.having && havingBinder(context, scope, aggregation).condition(select.having);
  const sort = select.orderBy.map((order) => ({ order, expression: bindSortKey(order.expression, items, binder) }));
  if (!aggregation.isNeeded) return { items, sort, having, aggregation };
  const rewritten = aggregation.rewrite([
    ...items.map(({ expression }) => expression),
    ...sort.map(({ expression }) => expression),
    ...(having === undefined ? [] : [having]),
  ]);
  return {
    items: items.map(({ name }, i) => ({ name, expression: rewritten[i]! })),
    sort: sort.map(({ order }, i) => ({ order, expression: rewritten[items.length + i]! })),
    having: having && rewritten[rewritten.length - 1],
    aggregation,
  };
}

function havingBinder(context: StatementContext, scope: Scope, aggregates: Aggregation): ExpressionBinder {
  return new ExpressionBinder(context, scope, { clause: 'HAVING', aggregates });
}

/** A name in GROUP BY means a column of FROM before an output column; an integer means the n-th output column. */
function bindGroupKey(
  context: StatementContext,
  expression: Expression,
  { select, items, scope }: { select: SelectStatement; items: readonly BoundItem[]; scope: Scope },
): BoundExpression {
  const position = positionOf(expression);
  if (position !== undefined) return itemAt(items, position, expression, 'GROUP BY');
  refuseConstant(expression, 'GROUP BY');
  if (expression.kind === 'column' && expression.table === undefined && !scope.hasColumn(expression.name)) {
    const item = items.find(({ name }) => name === expression.name);
    const isOutput = select.items.some(
      (written) => written.kind === 'select-expression' && written.alias === item?.name,
    );
    if (item !== undefined && isOutput) return item.expression;
  }
  return new ExpressionBinder(context, scope, { clause: 'GROUP BY' }).bind(expression);
}

/** A name in ORDER BY means an output column before a column of FROM; an integer means the n-th output column. */
function bindSortKey(expression: Expression, items: readonly BoundItem[], binder: ExpressionBinder): BoundExpression {
  const position = positionOf(expression);
  if (position !== undefined) return itemAt(items, position, expression, 'ORDER BY');
  refuseConstant(expression, 'ORDER BY');
  if (expression.kind === 'column' && expression.table === undefined) {
    const matches = items.filter(({ name }) => name === expression.name);
    const different = new Set(matches.map((item) => expressionIdentity(item.expression)));
    if (different.size === 1) return matches[0]!.expression;
    if (different.size > 1) {
      throw new SqlSemanticError(`ORDER BY "${expression.name}" is ambiguous`, {
        sqlState: '42702',
        facts: { columnName: expression.name, ...expression.span },
      });
    }
  }
  return binder.bind(expression);
}

function positionOf(expression: Expression): number | undefined {
  if (expression.kind !== 'literal' || expression.literalType !== 'integer') return undefined;
  return Number(expression.value);
}

/** One value for all rows orders and groups nothing: somebody wanted a column. Throws 42601. */
function refuseConstant(expression: Expression, clause: string): void {
  if (!isConstant(expression)) return;
  throw new SqlSemanticError(
    `${clause} takes a column, an expression over columns or a position such as 1, not a constant or parameter`,
    { sqlState: '42601', facts: { clause, ...expression.span } },
  );
}

function isConstant(expression: Expression): boolean {
  if (expression.kind === 'unary' || expression.kind === 'cast') return isConstant(expression.operand);
  return expression.kind === 'literal' || expression.kind === 'parameter';
}

function itemAt(items: readonly BoundItem[], position: number, at: Expression, clause: string): BoundExpression {
  const item = items[position - 1];
  if (item !== undefined) return item.expression;
  throw new SqlSemanticError(`${clause} position ${position} is not in the select list of ${items.length}`, {
    sqlState: '42P10',
    facts: { position, max: items.length, ...at.span },
  });
}

/** Computes what is not in a slot yet, then DISTINCT and ORDER BY over slots. */
function shape(
  context: StatementContext,
  select: SelectStatement,
  input: LogicalNode,
  { items, sort }: Clauses,
): { node: LogicalNode; outputs: OutputColumn[] } {
  const computed = new Map<string, ComputedSlot>();
  const slotOf = (expression: BoundExpression): BoundSlot => {
    if (expression.kind === 'slot') return expression;
    const identity = expressionIdentity(expression);
    let entry = computed.get(identity);
    if (entry === undefined) computed.set(identity, (entry = { slot: context.newSlot(), expression }));
    const { type } = expression;
    return { kind: 'slot', type, slot: entry.slot, nullable: true, label: expressionText(expression) };
  };
  const outputs = items.map(({ name, expression }): OutputColumn => {
    const { type, slot, nullable } = slotOf(expression);
    return { name, type, slot, nullable };
  });
  const outputCount = computed.size;
  const keys = sort.map(({ expression, order }) => sortKey(slotOf(expression), order));
  if (select.distinct) checkDistinct(outputs, keys, select, computed.size > outputCount);
  let node = input;
  if (computed.size > 0) node = { kind: 'project', input: node, computed: [...computed.values()] };
  if (select.distinct) node = { kind: 'distinct', input: node, slots: outputs };
  if (keys.length > 0) node = { kind: 'sort', input: node, keys };
  return { node, outputs };
}

function sortKey({ slot, type, nullable, label }: BoundSlot, order: OrderItem): SortKey {
  if (!isComparable(type)) {
    throw new SqlSemanticError(`ORDER BY cannot compare values of type ${typeText(type)}`, {
      sqlState: '42883',
      facts: { type: typeText(type), ...order.expression.span },
    });
  }
  const descending = order.direction === 'desc';
  const nullsFirst = order.nulls === undefined ? descending : order.nulls === 'first';
  return { slot, type, nullable, label, descending, nullsFirst };
}

function checkDistinct(
  outputs: readonly OutputColumn[],
  keys: readonly SortKey[],
  select: SelectStatement,
  sortsByMore: boolean,
): void {
  const json = outputs.find(({ type }) => !isComparable(type));
  if (json !== undefined) {
    throw new SqlSemanticError(`SELECT DISTINCT cannot compare values of type ${typeText(json.type)}`, {
      sqlState: '42883',
      facts: { columnName: json.name, type: typeText(json.type) },
    });
  }
  const slots = new Set(outputs.map(({ slot }) => slot));
  if (sortsByMore || keys.some(({ slot }) => !slots.has(slot))) {
    throw new SqlSemanticError('with SELECT DISTINCT, ORDER BY expressions must be in the select list', {
      sqlState: '42P10',
      facts: { ...select.span },
    });
  }
}

function limited(context: StatementContext, { limit, offset }: SelectStatement, input: LogicalNode): LogicalNode {
  if (limit === undefined && offset === undefined) return input;
  const bind = (expression: Expression, clause: RangeClause): BoundExpression => {
    const bound = new ExpressionBinder(context, new Scope([], undefined), { clause }).bind(expression);
    const count = coerce(bound, BIGINT, { what: `argument of ${clause}`, span: expression.span });
    if (count.kind === 'constant' && count.value !== null && Number(count.value) < 0) {
      throw negativeRange(clause, { ...expression.span });
    }
    return count;
  };
  return {
    kind: 'limit',
    input,
    limit: limit && bind(limit, 'LIMIT'),
    offset: offset && bind(offset, 'OFFSET'),
  };
}
