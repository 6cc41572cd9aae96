/** Binary floating point: arithmetic, text and rounding. NaN equals itself and is the greatest number, as in PostgreSQL. */

import { divisionByZero, outOfRange } from './data-exception.js';
import { roundHalfAway } from './integer.js';
import type { SqlTypeName } from './sql-type.js';

/** Rounds to the precision of the type and removes negative zero. Throws 22003 when a finite number becomes infinite. */
export function fitFloat(value: number, type: SqlTypeName): number {
  if (type !== 'real') return value + 0;
  const rounded = Math.fround(value) + 0;
  if (!Number.isFinite(rounded) && Number.isFinite(value)) throw outOfRange('real', value);
  return rounded;
}

/** Decimal or exponent notation, `NaN`, `Infinity` and `-Infinity` in any case; undefined for anything else. */
export function parseFloatText(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  const unsigned = trimmed.startsWith('-') || trimmed.startsWith('+') ? trimmed.slice(1) : trimmed;
  if (trimmed === 'nan') return Number.NaN;
  if (unsigned === 'infinity' || unsigned === 'inf') return trimmed.startsWith('-') ? -Infinity : Infinity;
  const first = unsigned.charCodeAt(0);
  const decimal = (first >= 0x30 && first <= 0x39) || first === 0x2e;
  // Number() also reads 0x1f, 0b1 and 0o7, which are no SQL numbers.
  if (!decimal || unsigned.length > 400 || 'xbo'.includes(unsigned[1] ?? ' ')) return undefined;
  const value = Number(trimmed);
  return Number.isNaN(value) ? undefined : value;
}

/** Shortest text that reads back as the same number of its type, in PostgreSQL's notation: `0.1`, `1e+20`, `1e-05`. */
export function floatText(value: number, type: SqlTypeName): string {
  if (!Number.isFinite(value)) return String(value);
  const shortest = type === 'real' ? shortestSingle(value) : value;
  const magnitude = Math.abs(shortest);
  if (magnitude === 0 || (magnitude >= 1e-4 && magnitude < 1e15)) return String(shortest);
  const [mantissa, exponent] = shortest.toExponential().split('e') as [string, string];
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

/** The number with the fewest decimal digits that rounds to the given 32-bit float. */
function shortestSingle(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}

/** Rounds to `places` decimals (negative: tens, hundreds, …), ties away from zero, judged by the shortest decimal text. */
export function roundToPlaces(value: number, places: number): number {
  if (!Number.isFinite(value) || places > 330) return value;
  if (places < -330) return 0;
  const scaled = Number(shiftDecimal(value, places));
  if (!Number.isFinite(scaled)) return value;
  return Number(shiftDecimal(roundHalfAway(scaled), -places)) + 0;
}

function shiftDecimal(value: number, places: number): string {
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  return `${mantissa}e${Number(exponent) + places}`;
}

export type FloatOperation = (left: number, right: number) => number;

/** Throws 22003 when finite operands overflow and 22012 for a zero divisor. */
export function floatOperation(operator: '+' | '-' | '*' | '/' | '%', type: SqlTypeName): FloatOperation {
  switch (operator) {
    case '+':
      return (left, right) => finish(left + right, left, right, type);
    case '-':
      return (left, right) => finish(left - right, left, right, type);
    case '*':
      return (left, right) => finish(left * right, left, right, type);
    case '/':
      return (left, right) => {
        if (right === 0) throw divisionByZero();
        return finish(left / right, left, right, type);
      };
    case '%':
      return (left, right) => {
        if (right === 0) throw divisionByZero();
        return finish(left % right, left, right, type);
      };
  }
}

function finish(result: number, left: number, right: number, type: SqlTypeName): number {
  if (!Number.isFinite(result) && Number.isFinite(left) && Number.isFinite(right)) throw outOfRange(type, result);
  return fitFloat(result, type);
}
