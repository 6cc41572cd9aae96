/** SQL types and values: representation, conversion, comparison, operators, functions and aggregates. */

export {
  type AggregateCall,
  type AggregateRequest,
  type AggregateState,
  isAggregate,
  type MemoryReservation,
  resolveAggregate,
} from './aggregate.js';
export { type CastContext, type CastFunction, canCast, castContext, castFunction } from './cast.js';
export {
  type Comparator,
  comparatorOf,
  comparisonOf,
  equalityOf,
  identityKeyOf,
  type SortOrder,
  sortComparatorOf,
} from './comparison.js';
export { fromJs, inferType, toJs } from './conversion.js';
export { badExpiry, negativeRange, parameterLabel, type RangeClause } from './data-exception.js';
export type { Evaluation, ScalarCall, ScalarEvaluator } from './function-signature.js';
export { hexDigits, parseHexDigits } from './bytea-text.js';
export { isBytes, isDate } from './foreign-object.js';
export { fitInteger } from './integer.js';
export { type LikeMatcherOptions, likeMatcher } from './like.js';
export { and3, not3, or3, type Truth } from './logic.js';
export { nearNames, suggestionText } from './near-names.js';
export { type BinaryRule, binaryRule, type UnaryRule, unaryRule } from './operator.js';
export { noSuchSignature, resolveFunction } from './scalar-function.js';
export {
  BIGINT,
  BOOLEAN,
  BYTEA,
  commonType,
  DATE,
  DOUBLE,
  INTEGER,
  isComparable,
  isNumeric,
  JSON_TEXT,
  JSONB,
  REAL,
  resolveType,
  SMALLINT,
  type SqlType,
  type SqlTypeName,
  sameType,
  TEXT,
  TIMESTAMP,
  TIMESTAMPTZ,
  type TypeCategory,
  typeText,
  UNKNOWN,
  UUID,
  VARCHAR,
  varchar,
} from './sql-type.js';
export type { Datum, EvaluationContext, SqlValue } from './value.js';
export { parseValue, valueText } from './value-text.js';
