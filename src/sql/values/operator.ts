/** Unary and binary operators: for the types of the operands, the types they are brought to, the result and the work. */

import { assert } from '../../base/index.js';
import type { ArithmeticOperator, BinaryOperator, ComparisonOperator } from '../ast/index.js';
import { checkDays } from './calendar.js';
import { comparisonOf } from './comparison.js';
import { checkTextUnits } from './data-exception.js';
import { floatOperation } from './float.js';
import { fitInteger, integerOperation } from './integer.js';
import {
  BIGINT,
  BOOLEAN,
  BYTEA,
  commonType,
  DATE,
  DOUBLE,
  INTEGER,
  isComparable,
  isNumeric,
  REAL,
  type SqlType,
  TEXT,
} from './sql-type.js';
import type { Datum } from './value.js';

export interface BinaryRule {
  /** The types that the operands must be cast to (implicitly) before `evaluate`. */
  readonly left: SqlType;
  readonly right: SqlType;
  readonly result: SqlType;
  /** Never called with NULL: a NULL operand makes the result NULL. */
  readonly evaluate: (left: Datum, right: Datum) => Datum;
}

export interface UnaryRule {
  readonly operand: SqlType;
  readonly result: SqlType;
  readonly evaluate: (operand: Datum) => Datum;
}

/** The rule for `left operator right`; undefined when the operator does not exist for these types (42883). */
export function binaryRule(operator: BinaryOperator, left: SqlType, right: SqlType): BinaryRule | undefined {
  switch (operator) {
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmeticRule(operator, left, right);
    case '||':
      return concatenationRule(left, right);
    default:
      return comparisonRule(operator, left, right);
  }
}

function comparisonRule(operator: ComparisonOperator, left: SqlType, right: SqlType): BinaryRule | undefined {
  const type = commonType(left, right);
  if (type === undefined || !isComparable(type)) return undefined;
  return { left: type, right: type, result: BOOLEAN, evaluate: comparisonOf(operator, type) };
}

function arithmeticRule(operator: ArithmeticOperator, left: SqlType, right: SqlType): BinaryRule | undefined {
  const dates = dateRule(operator, left, right);
  if (dates !== undefined) return dates;
  const type = arithmeticType(left, right);
  if (type === undefined) return undefined;
  const evaluate =
    type.category === 'integer' ? integerOperation(operator, type.name) : floatOperation(operator, type.name);
  return { left: type, right: type, result: type, evaluate: evaluate as BinaryRule['evaluate'] };
}

/** An untyped operand takes the type of the other one; two untyped ones have none. */
function arithmeticType(left: SqlType, right: SqlType): SqlType | undefined {
  if (left.name === 'unknown' && right.name === 'unknown') return undefined;
  const type = left.name === 'real' && right.name === 'real' ? REAL : commonType(left, right);
  return type !== undefined && isNumeric(type) ? type : undefined;
}

function isDayCount(type: SqlType): boolean {
  return type.name === 'integer' || type.name === 'smallint';
}

/** `date + days`, `days + date`, `date - days`, and `date - date` in days. */
function dateRule(operator: ArithmeticOperator, left: SqlType, right: SqlType): BinaryRule | undefined {
  if (operator === '+' && left.name === 'date' && isDayCount(right))
    return { left: DATE, right: INTEGER, result: DATE, evaluate: addDays };
  if (operator === '+' && isDayCount(left) && right.name === 'date')
    return { left: INTEGER, right: DATE, result: DATE, evaluate: addDays };
  if (operator !== '-' || left.name !== 'date') return undefined;
  if (isDayCount(right))
    return { left: DATE, right: INTEGER, result: DATE, evaluate: (date, count) => addDays(date, -(count as number)) };
  if (right.name !== 'date' && right.name !== 'unknown') return undefined;
  return { left: DATE, right: DATE, result: INTEGER, evaluate: (a, b) => (a as number) - (b as number) };
}

function addDays(left: Datum, right: Datum): number {
  return checkDays((left as number) + (right as number));
}

function isTextual(type: SqlType): boolean {
  return type.category === 'string' || type.name === 'unknown';
}

/** `||` joins bytes with bytes, and text with anything: the other operand becomes its text. */
function concatenationRule(left: SqlType, right: SqlType): BinaryRule | undefined {
  if (left.name === 'bytea' && (right.name === 'bytea' || right.name === 'unknown')) return joinBytes;
  if (right.name === 'bytea' && left.name === 'unknown') return joinBytes;
  return isTextual(left) || isTextual(right) ? joinText : undefined;
}

const joinText: BinaryRule = {
  left: TEXT,
  right: TEXT,
  result: TEXT,
  evaluate: (left, right) => {
    assert(typeof left === 'string' && typeof right === 'string', 'operands of || are text by now');
    checkTextUnits(left.length + right.length);
    return left + right;
  },
};

const joinBytes: BinaryRule = {
  left: BYTEA,
  right: BYTEA,
  result: BYTEA,
  evaluate: (left, right) => {
    const [head, tail] = [left as Uint8Array, right as Uint8Array];
    const joined = new Uint8Array(head.length + tail.length);
    joined.set(head);
    joined.set(tail, head.length);
    return joined;
  },
};

/** The rule for a sign or NOT; undefined when it does not exist for the type. */
export function unaryRule(operator: '-' | '+' | 'not', operand: SqlType): UnaryRule | undefined {
  if (operator === 'not') {
    if (operand.category !== 'boolean' && operand.name !== 'unknown') return undefined;
    return { operand: BOOLEAN, result: BOOLEAN, evaluate: (value) => !value };
  }
  const type = operand.name === 'unknown' ? DOUBLE : operand;
  if (!isNumeric(type)) return undefined;
  return { operand: type, result: type, evaluate: operator === '+' ? (value) => value : negationOf(type) };
}

function negationOf(type: SqlType): (value: Datum) => Datum {
  if (type.category === 'float') return (value) => -(value as number) + 0;
  if (type.name !== BIGINT.name) return (value) => fitInteger(-(value as number), type.name);
  // Unlike numbers, a bigint beyond 2^53 may lose its partner at the end of the range: -(-2^63).
  return (value) => (typeof value === 'bigint' ? fitInteger(-value, type.name) : -(value as number) + 0);
}
