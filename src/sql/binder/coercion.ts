/** Bringing a bound expression to a type: settling parameters, reading literals, inserting casts, folding constants. */

import { SqlSemanticError } from '../../base/index.js';
import type { SourceSpan } from '../ast/index.js';
import {
  type CastContext,
  castFunction,
  commonType,
  type Datum,
  parseValue,
  type SqlType,
  type SqlValue,
  sameType,
  TEXT,
  typeText,
} from '../values/index.js';
import type { BoundConstant, BoundExpression } from './bound-expression.js';

export function constant(value: SqlValue, type: SqlType, span?: SourceSpan): BoundConstant {
  return { kind: 'constant', type, value, span };
}

/** `convert(value)` as a constant of `type`; a value that the type does not have is reported where `literal` stands. */
function converted({ value, span }: BoundConstant, type: SqlType, convert: (value: Datum) => SqlValue): BoundConstant {
  try {
    return constant(value === null ? null : convert(value), type, span);
  } catch (error) {
    if (span === undefined || !(error instanceof SqlSemanticError)) throw error;
    const { message, sqlState = '22000', facts } = error;
    throw new SqlSemanticError(message, { sqlState, facts: { ...facts, ...span }, cause: error });
  }
}

/** `expression` as a value of `type`; undefined when there is no such cast in this context. */
export function tryCoerce(
  expression: BoundExpression,
  type: SqlType,
  context: CastContext = 'implicit',
): BoundExpression | undefined {
  if (expression.type.name === 'unknown') settleUnknown(expression, type);
  const from = expression.type;
  if (sameType(from, type)) return expression;
  if (from.name === 'unknown' && expression.kind === 'constant' && type.length === undefined) {
    return converted(expression, type, (value) => parseValue(value as string, type));
  }
  if (context === 'implicit' && keepsRepresentation(from, type)) return expression;
  const cast = castFunction(from, type, context);
  if (cast === undefined) return undefined;
  if (expression.kind === 'constant') {
    return converted(expression, type, cast);
  }
  return { kind: 'cast', type, operand: expression, cast };
}

/** A parameter takes the type it is wanted in; VARCHAR(n) is left to the cast, which cuts or refuses as it should. */
function settleUnknown(expression: BoundExpression, type: SqlType): void {
  if (expression.kind === 'parameter') expression.binding.type = type.length === undefined ? type : TEXT;
}

/**
 * True when every value of `from` is, unchanged, a value of `to` as well. Columns that need no cast stay plain slots,
 * which is what lets a comparison with them become a key range.
 */
function keepsRepresentation(from: SqlType, to: SqlType): boolean {
  if (to.length !== undefined) return false;
  if (from.category === to.category) {
    if (from.category === 'integer') return INTEGER_WIDTH[from.name]! <= INTEGER_WIDTH[to.name]!;
    if (from.category === 'time') return from.name === 'timestamp' && to.name === 'timestamptz';
    return from.category === 'string' || (from.name === 'real' && to.category === 'float');
  }
  return to.name === 'double precision' && (from.name === 'smallint' || from.name === 'integer');
}

const INTEGER_WIDTH: Readonly<Record<string, number>> = { smallint: 1, integer: 2, bigint: 3 };

/** `expression` as `type`. Throws `SqlSemanticError` 42804; `place` says what needs the type. */
export function coerce(
  expression: BoundExpression,
  type: SqlType,
  place: { readonly what: string; readonly context?: CastContext; readonly span?: SourceSpan | undefined },
): BoundExpression {
  const coerced = tryCoerce(expression, type, place.context);
  if (coerced !== undefined) return coerced;
  const found = typeText(expression.type);
  throw new SqlSemanticError(`${place.what} must be ${typeText(type)}, found ${found}`, {
    sqlState: '42804',
    facts: { expected: typeText(type), found, ...place.span },
  });
}

/** Operands are compared and combined at any length: VARCHAR(n) bounds only what is stored or cast. */
export function unbounded(type: SqlType): SqlType {
  return type.length === undefined ? type : TEXT;
}

/** The type in which all of `expressions` meet. Throws 42804 when there is none. */
export function meetingType(
  expressions: readonly BoundExpression[],
  place: { readonly what: string; readonly span?: SourceSpan | undefined },
): SqlType {
  let type = expressions[0]!.type;
  for (let i = 1; i < expressions.length; i++) {
    const next = expressions[i]!.type;
    if (type.name === 'unknown' && next.name === 'unknown') continue;
    const common = commonType(type, next);
    if (common === undefined) {
      throw new SqlSemanticError(`${place.what}: ${typeText(type)} and ${typeText(next)} have no common type`, {
        sqlState: '42804',
        facts: { left: typeText(type), right: typeText(next), ...place.span },
      });
    }
    type = common;
  }
  return unbounded(type);
}
