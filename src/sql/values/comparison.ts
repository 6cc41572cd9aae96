/**
 * Equality and order of values of one type. Text and UUIDs are ordered by code point, which is the order of their UTF-8
 * bytes and so of index keys; FALSE < TRUE; NaN equals NaN and follows every number; bytes as unsigned, prefix first.
 */

import { compareBytes, equalBytes } from '../../base/index.js';
import type { ComparisonOperator } from '../ast/index.js';
import { hexDigits } from './bytea-text.js';
import type { SqlType } from './sql-type.js';
import type { Datum, SqlValue } from './value.js';

/** Negative, zero or positive; never called with NULL. */
export type Comparator = (left: Datum, right: Datum) => number;

/** By code point: UTF-16 code units sort alike, except that surrogates stand for characters above U+FFFF. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i++) {
    const a = left.charCodeAt(i);
    const b = right.charCodeAt(i);
    if (a !== b) return a >= 0xd800 && b >= 0xd800 ? liftSurrogate(a) - liftSurrogate(b) : a - b;
  }
  return left.length - right.length;
}

/** Moves surrogates above U+E000 … U+FFFF. */
function liftSurrogate(unit: number): number {
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

function compareNumbers(left: Datum, right: Datum): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareFloats(left: Datum, right: Datum): number {
  if (left < right) return -1;
  if (left > right) return 1;
  if (left === right) return 0;
  return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
}

/** The order of two values of `type`, which must be comparable (`isComparable`). */
export function comparatorOf(type: SqlType): Comparator {
  switch (type.category) {
    case 'boolean':
    case 'integer':
    case 'time':
      return compareNumbers;
    case 'float':
      return compareFloats;
    case 'bytes':
      return compareBytes as Comparator;
    default:
      return compareText as Comparator;
  }
}

/** Whether two values of `type` are equal; cheaper than comparing. Never called with NULL. */
export function equalityOf(type: SqlType): (left: Datum, right: Datum) => boolean {
  switch (type.category) {
    case 'float':
      return (left, right) => left === right || (left !== left && right !== right);
    case 'bytes':
      return equalBytes as (left: Datum, right: Datum) => boolean;
    default:
      return (left, right) => left === right;
  }
}

/** What a comparison operator makes of two values of `type`. Never called with NULL. */
export function comparisonOf(operator: ComparisonOperator, type: SqlType): (left: Datum, right: Datum) => boolean {
  const compare = comparatorOf(type);
  const equal = equalityOf(type);
  switch (operator) {
    case '=':
      return equal;
    case '<>':
      return (left, right) => !equal(left, right);
    case '<':
      return (left, right) => compare(left, right) < 0;
    case '<=':
      return (left, right) => compare(left, right) <= 0;
    case '>':
      return (left, right) => compare(left, right) > 0;
    case '>=':
      return (left, right) => compare(left, right) >= 0;
  }
}

export interface SortOrder {
  readonly descending: boolean;
  /** PostgreSQL's default: NULLs last when ascending, first when descending. */
  readonly nullsFirst: boolean;
}

/** The total order of ORDER BY over values of `type` and NULL. */
export function sortComparatorOf(type: SqlType, order: SortOrder): (left: SqlValue, right: SqlValue) => number {
  const compare = comparatorOf(type);
  const sign = order.descending ? -1 : 1;
  const nullSign = order.nullsFirst ? -1 : 1;
  return (left, right) => {
    if (left === null) return right === null ? 0 : nullSign;
    if (right === null) return -nullSign;
    return sign * compare(left, right);
  };
}

/**
 * A key for `Map` and `Set` under which two values of `type` (NULL included) meet exactly when they are not distinct.
 * Only meaningful among values of that one type.
 */
export function identityKeyOf(type: SqlType): (value: SqlValue) => unknown {
  if (type.category !== 'bytes') return (value) => value;
  return (value) => (value === null ? null : hexDigits(value as Uint8Array));
}
