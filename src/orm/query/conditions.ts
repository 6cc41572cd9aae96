/** The operators that queries are written with: `age: gte(18)`, `or({ … }, { … })`. */

import {
  ComparisonCondition,
  type Condition,
  LogicalCondition,
  MembershipCondition,
  NegatedCondition,
  NullCondition,
  PatternCondition,
  RangeCondition,
} from './operator.js';
import type { Where, WhereOf } from './where.js';

export const gt = <V>(value: V): Condition<V> => new ComparisonCondition('>', value);
export const gte = <V>(value: V): Condition<V> => new ComparisonCondition('>=', value);
export const lt = <V>(value: V): Condition<V> => new ComparisonCondition('<', value);
export const lte = <V>(value: V): Condition<V> => new ComparisonCondition('<=', value);
/** Not equal. A NULL column is not "not equal", as in SQL; `ne(null)` means `isNotNull()`. */
export const ne = <V>(value: V): Condition<NonNullable<V>> =>
  new ComparisonCondition('<>', value) as Condition<unknown> as Condition<NonNullable<V>>;
/** Equal to one of the values; of none when the list is empty. */
export const oneOf = <V>(values: readonly V[]): Condition<V> => new MembershipCondition(values, false);
/** Equal to none of the values, and not NULL. */
export const notOneOf = <V>(values: readonly V[]): Condition<V> => new MembershipCondition(values, true);
/** `%` any text, `_` one character, backslash escapes. */
export const like = (pattern: string, options: { readonly caseInsensitive?: boolean } = {}): Condition<string> =>
  new PatternCondition(pattern, options.caseInsensitive ?? false);
/** Both bounds included. */
export const between = <V>(low: V, high: V): Condition<V> => new RangeCondition(low, high);
export const isNull = (): Condition<never> => new NullCondition(false);
export const isNotNull = (): Condition<never> => new NullCondition(true);

/** All hold. Over where-objects it is a `where`; over conditions of one property it belongs to that property. */
export function and<V>(...conditions: readonly Condition<V>[]): Condition<V>;
export function and<T>(...conditions: readonly Where<T>[]): Condition<WhereOf<T>>;
export function and(...conditions: readonly unknown[]): Condition {
  return new LogicalCondition('and', conditions);
}

/** At least one holds. */
export function or<V>(...conditions: readonly Condition<V>[]): Condition<V>;
export function or<T>(...conditions: readonly Where<T>[]): Condition<WhereOf<T>>;
export function or(...conditions: readonly unknown[]): Condition {
  return new LogicalCondition('or', conditions);
}

/** Does not hold. What is unknown because of a NULL stays unknown, and is not found either way. */
export function not<V>(condition: Condition<V>): Condition<V>;
export function not<T>(condition: Where<T>): Condition<WhereOf<T>>;
export function not(condition: unknown): Condition {
  return new NegatedCondition(condition);
}
