/** Makers of frozen expression nodes. The last parameter is always the optional place in the text. */

import { assert } from '../../base/index.js';
import type {
  BetweenExpression,
  BinaryExpression,
  BinaryOperator,
  CallExpression,
  CaseBranch,
  CaseExpression,
  CastExpression,
  ColumnExpression,
  ExistsExpression,
  Expression,
  InListExpression,
  InSubqueryExpression,
  IsDistinctExpression,
  IsTestExpression,
  LikeExpression,
  LiteralExpression,
  LogicalExpression,
  ParameterExpression,
  SubqueryExpression,
  TypeName,
  UnaryExpression,
  UnaryOperator,
} from './expression.js';
import type { SelectStatement } from './select.js';
import type { SourceSpan } from './span.js';

/** An integer within the range of BIGINT is the binder's business; a bigint that is safe becomes a number. */
export function integerLiteral(value: number | bigint, span?: SourceSpan): LiteralExpression {
  assert(typeof value === 'bigint' || Number.isSafeInteger(value), 'an integer literal is a safe integer or a bigint');
  return Object.freeze({ kind: 'literal', literalType: 'integer', value: narrowInteger(value), span } as const);
}

function narrowInteger(value: number | bigint): number | bigint {
  if (typeof value === 'number') return value === 0 ? 0 : value;
  const narrowed = Number(value);
  return Number.isSafeInteger(narrowed) ? narrowed : value;
}

export function floatLiteral(value: number, span?: SourceSpan): LiteralExpression {
  return Object.freeze({ kind: 'literal', literalType: 'float', value, span } as const);
}

export function stringLiteral(value: string, span?: SourceSpan): LiteralExpression {
  return Object.freeze({ kind: 'literal', literalType: 'string', value, span } as const);
}

export function booleanLiteral(value: boolean, span?: SourceSpan): LiteralExpression {
  return Object.freeze({ kind: 'literal', literalType: 'boolean', value, span } as const);
}

/** Copies nothing: the bytes must not change afterwards. */
export function bytesLiteral(value: Uint8Array, span?: SourceSpan): LiteralExpression {
  return Object.freeze({ kind: 'literal', literalType: 'bytes', value, span } as const);
}

export function nullLiteral(span?: SourceSpan): LiteralExpression {
  return Object.freeze({ kind: 'literal', literalType: 'null', value: null, span } as const);
}

/** `key`: 1-based position, or name. */
export function parameter(key: number | string, span?: SourceSpan): ParameterExpression {
  return Object.freeze({ kind: 'parameter', key, span } as const);
}

export function column(name: string, table?: string, span?: SourceSpan): ColumnExpression {
  return Object.freeze({ kind: 'column', table, name, span } as const);
}

export function unary(operator: UnaryOperator, operand: Expression, span?: SourceSpan): UnaryExpression {
  return Object.freeze({ kind: 'unary', operator, operand, span } as const);
}

export function not(operand: Expression, span?: SourceSpan): UnaryExpression {
  return unary('not', operand, span);
}

export function binary(
  operator: BinaryOperator,
  left: Expression,
  right: Expression,
  span?: SourceSpan,
): BinaryExpression {
  return Object.freeze({ kind: 'binary', operator, left, right, span } as const);
}

/** At least two operands. */
export function logical(operator: 'and' | 'or', operands: readonly Expression[], span?: SourceSpan): LogicalExpression {
  assert(operands.length >= 2, 'a logical node joins at least two operands');
  return Object.freeze({ kind: 'logical', operator, operands: Object.freeze([...operands]), span } as const);
}

/** AND of any number of conditions: none gives undefined, one gives itself, nested ANDs are flattened. */
export function conjunction(conditions: readonly Expression[]): Expression | undefined {
  const operands = conditions.flatMap((condition) =>
    condition.kind === 'logical' && condition.operator === 'and' ? condition.operands : [condition],
  );
  return operands.length < 2 ? operands[0] : logical('and', operands);
}

export function isTest(
  operand: Expression,
  test: IsTestExpression['test'],
  negated = false,
  span?: SourceSpan,
): IsTestExpression {
  return Object.freeze({ kind: 'is-test', operand, test, negated, span } as const);
}

export function isDistinct(
  left: Expression,
  right: Expression,
  negated = false,
  span?: SourceSpan,
): IsDistinctExpression {
  return Object.freeze({ kind: 'is-distinct', left, right, negated, span } as const);
}

/** At least one list member: SQL has no empty list, so a caller with nothing to compare must decide what it means. */
export function inList(
  operand: Expression,
  list: readonly Expression[],
  negated = false,
  span?: SourceSpan,
): InListExpression {
  assert(list.length >= 1, 'an IN list has at least one member');
  return Object.freeze({ kind: 'in-list', operand, list: Object.freeze([...list]), negated, span } as const);
}

export function inSubquery(
  operand: Expression,
  query: SelectStatement,
  negated = false,
  span?: SourceSpan,
): InSubqueryExpression {
  return Object.freeze({ kind: 'in-subquery', operand, query, negated, span } as const);
}

export function between(
  operand: Expression,
  bounds: { readonly low: Expression; readonly high: Expression },
  negated = false,
  span?: SourceSpan,
): BetweenExpression {
  return Object.freeze({ kind: 'between', operand, low: bounds.low, high: bounds.high, negated, span } as const);
}

export interface LikeOptions {
  readonly escape?: Expression | undefined;
  readonly caseInsensitive?: boolean;
  readonly negated?: boolean;
}

export function like(
  operand: Expression,
  pattern: Expression,
  options: LikeOptions = {},
  span?: SourceSpan,
): LikeExpression {
  const { escape, caseInsensitive = false, negated = false } = options;
  return Object.freeze({ kind: 'like', operand, pattern, escape, caseInsensitive, negated, span } as const);
}

export interface CaseParts {
  readonly operand?: Expression | undefined;
  /** At least one. */
  readonly branches: readonly CaseBranch[];
  readonly otherwise?: Expression | undefined;
}

export function caseExpression(parts: CaseParts, span?: SourceSpan): CaseExpression {
  assert(parts.branches.length >= 1, 'a CASE has at least one branch');
  const branches = Object.freeze(parts.branches.map(({ when, result }) => Object.freeze({ when, result })));
  return Object.freeze({ kind: 'case', operand: parts.operand, branches, otherwise: parts.otherwise, span } as const);
}

export function cast(operand: Expression, type: TypeName, span?: SourceSpan): CastExpression {
  return Object.freeze({ kind: 'cast', operand, type, span } as const);
}

/** `name` in lower case with single spaces. */
export function typeName(name: string, typeArguments: readonly number[] = [], span?: SourceSpan): TypeName {
  return Object.freeze({ kind: 'type-name', name, arguments: Object.freeze([...typeArguments]), span } as const);
}

export interface CallOptions {
  readonly distinct?: boolean;
  readonly star?: boolean;
}

export function call(
  name: string,
  callArguments: readonly Expression[],
  options: CallOptions = {},
  span?: SourceSpan,
): CallExpression {
  const { distinct = false, star = false } = options;
  assert(!star || callArguments.length === 0, 'f(*) has no other argument');
  return Object.freeze({
    kind: 'call',
    name,
    arguments: Object.freeze([...callArguments]),
    distinct,
    star,
    span,
  } as const);
}

export function subquery(query: SelectStatement, span?: SourceSpan): SubqueryExpression {
  return Object.freeze({ kind: 'subquery', query, span } as const);
}

export function exists(query: SelectStatement, span?: SourceSpan): ExistsExpression {
  return Object.freeze({ kind: 'exists', query, span } as const);
}
