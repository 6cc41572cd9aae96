/**
 * Exact integers. SMALLINT and INTEGER are numbers; a BIGINT is a number while safe and a bigint beyond. The fast path
 * of BIGINT is number arithmetic: a result that is a safe integer is exact, anything else is computed again in bigints.
 */

import { divisionByZero, outOfRange } from './data-exception.js';
import type { SqlTypeName } from './sql-type.js';

export type IntegerValue = number | bigint;
export type IntegerOperation = (left: IntegerValue, right: IntegerValue) => IntegerValue;

const SMALLINT_MAX = 2 ** 15 - 1;
const INTEGER_MAX = 2 ** 31 - 1;
const BIGINT_MAX = 2n ** 63n - 1n;
const BIGINT_MIN = -(2n ** 63n);

/** Brings an integer of any size into the representation of `type`. Throws 22003 when the type cannot hold it. */
export function fitInteger(value: IntegerValue, type: SqlTypeName): IntegerValue {
  if (type === 'bigint')
    return typeof value === 'number' && Number.isSafeInteger(value) ? value + 0 : fitBigint(BigInt(value));
  const max = type === 'smallint' ? SMALLINT_MAX : INTEGER_MAX;
  if (value > max || value < -max - 1) throw outOfRange(type, value);
  return Number(value) + 0;
}

function fitBigint(value: bigint): IntegerValue {
  if (value > BIGINT_MAX || value < BIGINT_MIN) throw outOfRange('bigint', value);
  const narrowed = Number(value);
  return Number.isSafeInteger(narrowed) ? narrowed : value;
}

/** Rounds half away from zero, as a decimal number would be, then fits. Throws 22003 for NaN and infinities too. */
export function integerFromFloat(value: number, type: SqlTypeName): IntegerValue {
  const rounded = roundHalfAway(value);
  if (!Number.isFinite(rounded)) throw outOfRange(type, value);
  return fitInteger(Number.isSafeInteger(rounded) ? rounded : BigInt(rounded), type);
}

/** Nearest integer, ties away from zero. `Math.round` alone would send -2.5 to -2. */
export function roundHalfAway(value: number): number {
  return (value < 0 ? -Math.round(-value) : Math.round(value)) + 0;
}

/** Digits with an optional sign and surrounding blanks; undefined for anything else. */
export function parseInteger(text: string): IntegerValue | undefined {
  const digits = text.trim();
  const start = digits.startsWith('-') || digits.startsWith('+') ? 1 : 0;
  if (digits.length === start || digits.length > 40) return undefined;
  for (let i = start; i < digits.length; i++) {
    const unit = digits.charCodeAt(i);
    if (unit < 0x30 || unit > 0x39) return undefined;
  }
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value + 0 : BigInt(digits.startsWith('+') ? digits.slice(1) : digits);
}

function addSmall(type: SqlTypeName): IntegerOperation {
  return (left, right) => fitInteger((left as number) + (right as number), type);
}

function subtractSmall(type: SqlTypeName): IntegerOperation {
  return (left, right) => fitInteger((left as number) - (right as number), type);
}

function multiplySmall(type: SqlTypeName): IntegerOperation {
  return (left, right) => fitInteger((left as number) * (right as number), type);
}

const addBig: IntegerOperation = (left, right) => {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return fitBigint(BigInt(left) + BigInt(right));
};

const subtractBig: IntegerOperation = (left, right) => {
  if (typeof left === 'number' && typeof right === 'number') {
    const difference = left - right;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return fitBigint(BigInt(left) - BigInt(right));
};

const multiplyBig: IntegerOperation = (left, right) => {
  if (typeof left === 'number' && typeof right === 'number') {
    const product = left * right;
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return fitBigint(BigInt(left) * BigInt(right));
};

function divide(type: SqlTypeName): IntegerOperation {
  return (left, right) => {
    if (right === 0) throw divisionByZero();
    if (typeof left === 'number' && typeof right === 'number') return fitInteger(Math.trunc(left / right), type);
    return fitBigint(BigInt(left) / BigInt(right));
  };
}

const remainder: IntegerOperation = (left, right) => {
  if (right === 0) throw divisionByZero();
  if (typeof left === 'number' && typeof right === 'number') return (left % right) + 0;
  return fitBigint(BigInt(left) % BigInt(right));
};

/**
 * The operation on two integers of `type`, with the result in `type`: division truncates toward zero, the remainder
 * has the sign of the left operand, overflow throws 22003 and a zero divisor 22012.
 */
export function integerOperation(operator: '+' | '-' | '*' | '/' | '%', type: SqlTypeName): IntegerOperation {
  const big = type === 'bigint';
  switch (operator) {
    case '+':
      return big ? addBig : addSmall(type);
    case '-':
      return big ? subtractBig : subtractSmall(type);
    case '*':
      return big ? multiplyBig : multiplySmall(type);
    case '/':
      return divide(type);
    case '%':
      return remainder;
  }
}
