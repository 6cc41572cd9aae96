/** The errors of values: what the SQL standard calls data exceptions (class 22), and type mismatches (class 42). */

import { LimitError, SqlSemanticError } from '../../base/index.js';

/** A number outside the range of its type: 22003. */
export function outOfRange(type: string, found: unknown): SqlSemanticError {
  return new SqlSemanticError(`${type} out of range: ${preview(found)}`, {
    sqlState: '22003',
    facts: { type, found },
  });
}

/** 22012. */
export function divisionByZero(): SqlSemanticError {
  return new SqlSemanticError('division by zero', { sqlState: '22012' });
}

/** Text that does not spell a value of the type: 22P02, or 22007 for dates and times. */
export function invalidText(type: string, text: string, sqlState = '22P02'): SqlSemanticError {
  return new SqlSemanticError(`invalid input for type ${type}: ${preview(text)}`, {
    sqlState,
    facts: { type, found: text },
  });
}

/** A date or time that the calendar or the supported range does not have: 22008. */
export function dateOutOfRange(type: string, found: unknown): SqlSemanticError {
  return new SqlSemanticError(`${type} out of range: ${preview(found)}`, {
    sqlState: '22008',
    facts: { type, found },
  });
}

/** `USING TTL` of no seconds or less, or `USING EXPIRY` of a moment that is past: 22023. */
export function badExpiry(unit: 'ttl' | 'moment', found: number, cause: Error): SqlSemanticError {
  const [clause, expected] =
    unit === 'ttl' ? ['USING TTL', 'a number of seconds above 0'] : ['USING EXPIRY', 'a moment to come'];
  const text = unit === 'moment' && Math.abs(found) <= 8.64e15 ? new Date(found).toISOString() : String(found);
  return new SqlSemanticError(`${clause} takes ${expected}, found ${text}`, {
    sqlState: '22023',
    facts: { clause, expected, found },
    cause,
  });
}

export type RangeClause = 'LIMIT' | 'OFFSET';

/** A negative LIMIT (2201W) or OFFSET (2201X). */
export function negativeRange(clause: RangeClause, facts: Readonly<Record<string, unknown>>): SqlSemanticError {
  const subject = facts['parameter'] === undefined ? '' : `${parameterLabel(facts['parameter'])}: `;
  return new SqlSemanticError(`${subject}${clause} must not be negative`, {
    sqlState: clause === 'LIMIT' ? '2201W' : '2201X',
    facts: { clause, ...facts },
  });
}

/** `parameter $1`, `parameter :name`. */
export function parameterLabel(key: unknown): string {
  return typeof key === 'number' ? `parameter $${key}` : `parameter :${String(key)}`;
}

/** A string longer than its VARCHAR(n): 22001. Lengths in characters. */
export function stringTooLong(type: string, length: number, max: number): SqlSemanticError {
  return new SqlSemanticError(`value too long for type ${type}: ${length} characters`, {
    sqlState: '22001',
    facts: { type, found: length, max },
  });
}

/** A JavaScript value that cannot stand for the type: 42804. `subject` says whose it is: `parameter $1`, `column "age"`. */
export function unfitValue(subject: string, type: string, found: unknown): SqlSemanticError {
  const kind = describe(found);
  const hint = Array.isArray(found) ? '; a list takes one parameter per value: IN ($1, $2), or IN (${a}, ${b})' : '';
  return new SqlSemanticError(`${subject}: expected a value for type ${type}, found ${kind}${hint}`, {
    sqlState: '42804',
    facts: { subject, type, found: kind },
  });
}

/** Longest text an expression may build, in UTF-16 code units; the engine itself fails near 2^29. */
export const TEXT_UNITS_MAX = 2 ** 28;

/** Refuses to build a text that the engine could not hold. */
export function checkTextUnits(units: number): void {
  if (units > TEXT_UNITS_MAX) throw LimitError.exceeded('text of an expression', units, TEXT_UNITS_MAX, 'code units');
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'bigint') return `the bigint ${preview(value)}`;
  if (typeof value === 'object') return `an instance of ${value.constructor?.name ?? 'an object without prototype'}`;
  return `a ${typeof value}`;
}

function preview(value: unknown): string {
  const text = typeof value === 'string' ? `"${value.slice(0, 64)}"` : String(value).slice(0, 64);
  return typeof value === 'string' && value.length > 64 ? `${text}…` : text;
}
