/**
 * Expression nodes: small, frozen, told apart by `kind`. Names are already folded (lower case unless quoted). Every
 * node has the same fields in the same order whether it was parsed or built by a factory; `span` is undefined for
 * nodes that never were text. Factories are in `expression-factory.ts`.
 */

import type { SelectStatement } from './select.js';
import type { SourceSpan } from './span.js';

export type Expression =
  | LiteralExpression
  | ParameterExpression
  | ColumnExpression
  | UnaryExpression
  | BinaryExpression
  | LogicalExpression
  | IsTestExpression
  | IsDistinctExpression
  | InListExpression
  | InSubqueryExpression
  | BetweenExpression
  | LikeExpression
  | CaseExpression
  | CastExpression
  | CallExpression
  | SubqueryExpression
  | ExistsExpression;

/**
 * A constant. `integer`: a number when safe, else a bigint; `float`: a number; `bytes`: `X'…'`; the rest as named.
 * `DATE '…'`, `TIMESTAMP '…'` and the like are a `CastExpression` over a string literal.
 */
export type LiteralExpression =
  | LiteralOf<'integer', number | bigint>
  | LiteralOf<'float', number>
  | LiteralOf<'string', string>
  | LiteralOf<'boolean', boolean>
  | LiteralOf<'bytes', Uint8Array>
  | LiteralOf<'null', null>;

export interface LiteralOf<Type extends string, Value> {
  readonly kind: 'literal';
  readonly literalType: Type;
  readonly value: Value;
  readonly span: SourceSpan | undefined;
}

/** `$3` and the third `?` have `key` 3 (1-based); `:name` has `key` "name". */
export interface ParameterExpression {
  readonly kind: 'parameter';
  readonly key: number | string;
  readonly span: SourceSpan | undefined;
}

/** `name` or `table.name`, where `table` is a table name or alias. */
export interface ColumnExpression {
  readonly kind: 'column';
  readonly table: string | undefined;
  readonly name: string;
  readonly span: SourceSpan | undefined;
}

export type UnaryOperator = '-' | '+' | 'not';

export interface UnaryExpression {
  readonly kind: 'unary';
  readonly operator: UnaryOperator;
  readonly operand: Expression;
  readonly span: SourceSpan | undefined;
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';
export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | '||';

export interface BinaryExpression {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
  /** Of the operator. */
  readonly span: SourceSpan | undefined;
}

/** `a AND b AND c`: a chain is one node with at least two operands, so that long conditions stay shallow. */
export interface LogicalExpression {
  readonly kind: 'logical';
  readonly operator: 'and' | 'or';
  readonly operands: readonly Expression[];
  readonly span: SourceSpan | undefined;
}

/** `operand IS [NOT] NULL | TRUE | FALSE | UNKNOWN`; never yields NULL. */
export interface IsTestExpression {
  readonly kind: 'is-test';
  readonly operand: Expression;
  readonly test: 'null' | 'true' | 'false' | 'unknown';
  readonly negated: boolean;
  readonly span: SourceSpan | undefined;
}

/** `left IS [NOT] DISTINCT FROM right`; `negated` is the NOT. Never yields NULL. */
export interface IsDistinctExpression {
  readonly kind: 'is-distinct';
  readonly left: Expression;
  readonly right: Expression;
  readonly negated: boolean;
  readonly span: SourceSpan | undefined;
}

export interface InListExpression {
  readonly kind: 'in-list';
  readonly operand: Expression;
  /** At least one. */
  readonly list: readonly Expression[];
  readonly negated: boolean;
  readonly span: SourceSpan | undefined;
}

export interface InSubqueryExpression {
  readonly kind: 'in-subquery';
  readonly operand: Expression;
  readonly query: SelectStatement;
  readonly negated: boolean;
  readonly span: SourceSpan | undefined;
}

/** `low <= operand AND operand <= high`, with `operand` evaluated once. */
export interface BetweenExpression {
  readonly kind: 'between';
  readonly operand: Expression;
  readonly low: Expression;
  readonly high: Expression;
  readonly negated: boolean;
  readonly span: SourceSpan | undefined;
}

export interface LikeExpression {
  readonly kind: 'like';
  readonly operand: Expression;
  readonly pattern: Expression;
  /** `ESCAPE` operand: undefined means backslash. */
  readonly escape: Expression | undefined;
  /** ILIKE. */
  readonly caseInsensitive: boolean;
  readonly negated: boolean;
  readonly span: SourceSpan | undefined;
}

export interface CaseBranch {
  readonly when: Expression;
  readonly result: Expression;
}

/** With `operand`, each `when` is compared with it; without, each `when` is a condition. */
export interface CaseExpression {
  readonly kind: 'case';
  readonly operand: Expression | undefined;
  readonly branches: readonly CaseBranch[];
  /** ELSE; undefined means NULL. */
  readonly otherwise: Expression | undefined;
  readonly span: SourceSpan | undefined;
}

/** `CAST(operand AS type)`, `operand::type` and `type 'text'` alike. */
export interface CastExpression {
  readonly kind: 'cast';
  readonly operand: Expression;
  readonly type: TypeName;
  readonly span: SourceSpan | undefined;
}

/**
 * A type as written, in lower case with single spaces: `varchar`, `double precision`, `timestamp with time zone`.
 * What it means (and whether it exists) is decided by `resolveType` in `values/`.
 */
export interface TypeName {
  readonly kind: 'type-name';
  readonly name: string;
  /** `varchar(20)` has [20]. */
  readonly arguments: readonly number[];
  readonly span: SourceSpan | undefined;
}

/** Scalar function or aggregate; which one, the binder knows. `EXTRACT(f FROM x)` is `extract('f', x)`. */
export interface CallExpression {
  readonly kind: 'call';
  readonly name: string;
  /** Empty when `star`. */
  readonly arguments: readonly Expression[];
  /** `count(DISTINCT x)`. */
  readonly distinct: boolean;
  /** `count(*)`. */
  readonly star: boolean;
  readonly span: SourceSpan | undefined;
}

/** A query that yields one value: `(SELECT max(x) FROM t)`. */
export interface SubqueryExpression {
  readonly kind: 'subquery';
  readonly query: SelectStatement;
  readonly span: SourceSpan | undefined;
}

/** `NOT EXISTS` is a unary `not` over this. */
export interface ExistsExpression {
  readonly kind: 'exists';
  readonly query: SelectStatement;
  readonly span: SourceSpan | undefined;
}
