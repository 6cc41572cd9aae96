/** The API edge: JavaScript values in (parameters, ORM properties) and out (result rows). */

import { SqlSemanticError } from '../../base/index.js';
import { checkDays, checkMs, daysFromMs, MS_PER_DAY } from './calendar.js';
import { outOfRange, unfitValue } from './data-exception.js';
import { fitFloat } from './float.js';
import { isBytes, isDate } from './foreign-object.js';
import { fitInteger } from './integer.js';
import { jsonFromJs, jsonToJs } from './json-value.js';
import {
  BIGINT,
  BOOLEAN,
  BYTEA,
  DOUBLE,
  INTEGER,
  JSONB,
  type SqlType,
  TIMESTAMPTZ,
  TEXT,
  typeText,
  UNKNOWN,
} from './sql-type.js';
import type { Datum, SqlValue } from './value.js';
import { checkLength, parseValue } from './value-text.js';

/**
 * The SQL value of a JavaScript value for a place of type `type`. `null` and `undefined` are NULL. Expected are the
 * JavaScript types that `toJs` yields; beyond them, integers may come as bigint or number alike, floats as bigint, and
 * every type but JSON, BYTEA and BOOLEAN takes a string in its SQL text form. A string for JSON is a JSON string.
 * Dates and bytes may come from another realm, such as a `node:vm` context.
 * Throws SqlSemanticError: 42804 for a wrong JavaScript type, 22xxx for a value the type cannot hold. `subject` names
 * the owner of the value in messages: `parameter $1`, `column "age"`.
 */
export function fromJs(value: unknown, type: SqlType, subject: string): SqlValue {
  if (value === null || value === undefined) return null;
  switch (type.category) {
    case 'boolean':
      return typeof value === 'boolean' ? value : refuse(value, type, subject);
    case 'integer':
      return integerFromJs(value, type, subject);
    case 'float':
      return floatFromJs(value, type, subject);
    case 'string':
      return typeof value === 'string' ? checkLength(wellFormed(value, subject), type) : refuse(value, type, subject);
    case 'bytes':
      // Copied: a value never changes, whatever the caller does with its buffer.
      return isBytes(value) ? new Uint8Array(value) : refuse(value, type, subject);
    case 'time':
      return timeFromJs(value, type, subject);
    case 'json':
      return jsonFromJs(value);
    case 'uuid':
      return typeof value === 'string' ? parseValue(value, type) : refuse(value, type, subject);
    case 'unknown':
      return fromJs(value, inferType(value, subject), subject);
  }
}

function integerFromJs(value: unknown, type: SqlType, subject: string): Datum {
  if (typeof value === 'bigint') return fitInteger(value, type.name);
  if (typeof value === 'string') return parseValue(value, type);
  if (typeof value !== 'number') return refuse(value, type, subject);
  if (!Number.isInteger(value)) {
    throw Number.isFinite(value) ? unfitValue(subject, typeText(type), value) : outOfRange(type.name, value);
  }
  return fitInteger(Number.isSafeInteger(value) ? value : BigInt(value), type.name);
}

function floatFromJs(value: unknown, type: SqlType, subject: string): Datum {
  if (typeof value === 'string') return parseValue(value, type);
  if (typeof value !== 'number' && typeof value !== 'bigint') return refuse(value, type, subject);
  return fitFloat(Number(value), type.name);
}

function timeFromJs(value: unknown, type: SqlType, subject: string): Datum {
  if (typeof value === 'string') return parseValue(value, type);
  if (!isDate(value)) return refuse(value, type, subject);
  const ms = checkMs(type.name, value.getTime());
  return type.name === 'date' ? checkDays(daysFromMs(ms)) : ms;
}

function wellFormed(text: string, subject: string): string {
  if (text.isWellFormed()) return text;
  throw new SqlSemanticError(`${subject}: the string has an unpaired surrogate and no UTF-8 form`, {
    sqlState: '22021',
    facts: { subject },
  });
}

function refuse(value: unknown, type: SqlType, subject: string): never {
  throw unfitValue(subject, typeText(type), value);
}

/** The type a JavaScript value has by itself, where the statement does not say; UNKNOWN for null and undefined. */
export function inferType(value: unknown, subject: string): SqlType {
  switch (typeof value) {
    case 'boolean':
      return BOOLEAN;
    case 'number':
      if (!Number.isInteger(value)) return DOUBLE;
      if (Math.abs(value) < 2 ** 31) return INTEGER;
      return Number.isSafeInteger(value) ? BIGINT : DOUBLE;
    case 'bigint':
      return BIGINT;
    case 'string':
      return TEXT;
    case 'undefined':
      return UNKNOWN;
    case 'object':
      if (value === null) return UNKNOWN;
      if (isDate(value)) return TIMESTAMPTZ;
      return isBytes(value) ? BYTEA : JSONB;
    default:
      throw unfitValue(subject, 'unknown', value);
  }
}

/** The JavaScript value of a SQL value, as the caller sees it. Bytes and objects are the caller's own. */
export function toJs(value: SqlValue, type: SqlType): unknown {
  if (value === null) return null;
  switch (type.name) {
    case 'date':
      return new Date((value as number) * MS_PER_DAY);
    case 'timestamp':
    case 'timestamptz':
      return new Date(value as number);
    case 'bytea':
      return new Uint8Array(value as Uint8Array);
    case 'json':
    case 'jsonb':
      return jsonToJs(value as string);
    default:
      return value;
  }
}
