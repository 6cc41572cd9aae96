/** Query nodes. `SelectStatement` is the only query now; set operations will join it in `Query`. */

import type { Expression } from './expression.js';
import type { SourceSpan } from './span.js';

/** Whatever yields rows. UNION, EXCEPT and INTERSECT become further members, told apart by `kind`. */
export type Query = SelectStatement;

export interface SelectStatement {
  readonly kind: 'select';
  readonly distinct: boolean;
  readonly items: readonly SelectItem[];
  /** `FROM a, b` is a cross join. Undefined: one row without columns. */
  readonly from: TableReference | undefined;
  readonly where: Expression | undefined;
  readonly groupBy: readonly Expression[];
  readonly having: Expression | undefined;
  readonly orderBy: readonly OrderItem[];
  readonly limit: Expression | undefined;
  readonly offset: Expression | undefined;
  readonly span: SourceSpan | undefined;
}

export type SelectItem = SelectExpression | SelectAll;

export interface SelectExpression {
  readonly kind: 'select-expression';
  readonly expression: Expression;
  readonly alias: string | undefined;
}

/** `*`, or `table.*` with a table name or alias. */
export interface SelectAll {
  readonly kind: 'select-all';
  readonly table: string | undefined;
  readonly span: SourceSpan | undefined;
}

export interface OrderItem {
  readonly kind: 'order-item';
  /** A bare integer literal means the n-th output column; a bare name prefers an output alias. */
  readonly expression: Expression;
  readonly direction: 'asc' | 'desc';
  /** As written; undefined: last when ascending, first when descending. */
  readonly nulls: 'first' | 'last' | undefined;
}

export type TableReference = NamedTable | JoinedTable | DerivedTable;

export interface NamedTable {
  readonly kind: 'table';
  readonly name: string;
  readonly alias: string | undefined;
  readonly span: SourceSpan | undefined;
}

export interface JoinedTable {
  readonly kind: 'join';
  readonly join: 'inner' | 'left' | 'cross';
  readonly left: TableReference;
  readonly right: TableReference;
  /** Undefined exactly for `cross`. */
  readonly on: Expression | undefined;
  readonly span: SourceSpan | undefined;
}

/** `(SELECT …) AS alias`. */
export interface DerivedTable {
  readonly kind: 'derived-table';
  readonly query: Query;
  readonly alias: string;
  readonly span: SourceSpan | undefined;
}
