/** Makers of frozen query nodes. */

import { assert } from '../../base/index.js';
import type { Expression } from './expression.js';
import type {
  DerivedTable,
  JoinedTable,
  NamedTable,
  OrderItem,
  Query,
  SelectAll,
  SelectExpression,
  SelectItem,
  SelectStatement,
  TableReference,
} from './select.js';
import type { SourceSpan } from './span.js';

export interface SelectParts {
  readonly distinct?: boolean;
  /** At least one. */
  readonly items: readonly SelectItem[];
  readonly from?: TableReference | undefined;
  readonly where?: Expression | undefined;
  readonly groupBy?: readonly Expression[];
  readonly having?: Expression | undefined;
  readonly orderBy?: readonly OrderItem[];
  readonly limit?: Expression | undefined;
  readonly offset?: Expression | undefined;
}

export function select(parts: SelectParts, span?: SourceSpan): SelectStatement {
  assert(parts.items.length >= 1, 'a SELECT has at least one output column');
  return Object.freeze({
    kind: 'select',
    distinct: parts.distinct ?? false,
    items: Object.freeze([...parts.items]),
    from: parts.from,
    where: parts.where,
    groupBy: Object.freeze([...(parts.groupBy ?? [])]),
    having: parts.having,
    orderBy: Object.freeze([...(parts.orderBy ?? [])]),
    limit: parts.limit,
    offset: parts.offset,
    span,
  } as const);
}

export function selectExpression(expression: Expression, alias?: string): SelectExpression {
  return Object.freeze({ kind: 'select-expression', expression, alias } as const);
}

export function selectAll(table?: string, span?: SourceSpan): SelectAll {
  return Object.freeze({ kind: 'select-all', table, span } as const);
}

export function orderItem(
  expression: Expression,
  direction: 'asc' | 'desc' = 'asc',
  nulls?: 'first' | 'last',
): OrderItem {
  return Object.freeze({ kind: 'order-item', expression, direction, nulls } as const);
}

export function table(name: string, alias?: string, span?: SourceSpan): NamedTable {
  return Object.freeze({ kind: 'table', name, alias, span } as const);
}

export interface JoinParts {
  readonly join: 'inner' | 'left' | 'cross';
  readonly left: TableReference;
  readonly right: TableReference;
  readonly on?: Expression | undefined;
}

export function join(parts: JoinParts, span?: SourceSpan): JoinedTable {
  assert((parts.join === 'cross') === (parts.on === undefined), 'every join but a cross join has a condition');
  const { left, right, on } = parts;
  return Object.freeze({ kind: 'join', join: parts.join, left, right, on, span } as const);
}

export function derivedTable(query: Query, alias: string, span?: SourceSpan): DerivedTable {
  return Object.freeze({ kind: 'derived-table', query, alias, span } as const);
}
