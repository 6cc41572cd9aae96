/** Values as text and back: the input and output functions of every type, shared by literals, casts and parameters. */

import { hexText, parseHex } from './bytea-text.js';
import { dateText, parseDate, parseTimestamp, timestampText } from './calendar.js';
import { invalidText, outOfRange, stringTooLong } from './data-exception.js';
import { fitFloat, floatText, parseFloatText } from './float.js';
import { fitInteger, parseInteger } from './integer.js';
import { jsonFromText } from './json-value.js';
import { type SqlType, typeText } from './sql-type.js';
import { parseUuid } from './uuid-text.js';
import type { Datum } from './value.js';

/** Characters (code points), which is what VARCHAR(n) and LENGTH count. */
export function characterCount(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    // A high surrogate is half a character; well-formed text has its other half next.
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800) count--;
  }
  return count;
}

/** Throws 22001 when `text` is longer than the VARCHAR(n) allows. */
export function checkLength(text: string, type: SqlType): string {
  if (type.length === undefined || text.length <= type.length) return text;
  const length = characterCount(text);
  if (length > type.length) throw stringTooLong(typeText(type), length, type.length);
  return text;
}

/** The first `length` characters. */
export function firstCharacters(text: string, length: number): string {
  if (text.length <= length) return text;
  let units = 0;
  for (let i = 0; i < length && units < text.length; i++) {
    units += (text.charCodeAt(units) & 0xfc00) === 0xd800 ? 2 : 1;
  }
  return text.slice(0, units);
}

const BOOLEAN_WORDS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['t', true],
  ['yes', true],
  ['y', true],
  ['on', true],
  ['1', true],
  ['false', false],
  ['f', false],
  ['no', false],
  ['n', false],
  ['off', false],
  ['0', false],
]);

/** Reads a value of `type` from text. Throws 22P02, 22007, 22008, 22003 or 22001 as fits. */
export function parseValue(text: string, type: SqlType): Datum {
  switch (type.name) {
    case 'boolean':
      return BOOLEAN_WORDS.get(text.trim().toLowerCase()) ?? fail(type, text);
    case 'smallint':
    case 'integer':
    case 'bigint':
      return fitInteger(parseInteger(text) ?? fail(type, text), type.name);
    case 'real':
    case 'double precision':
      return parseFloat64(text, type);
    case 'text':
    case 'varchar':
    case 'unknown':
      return checkLength(text, type);
    case 'bytea':
      return parseHex(text) ?? fail(type, text);
    case 'date':
      return parseDate(text);
    case 'timestamp':
    case 'timestamptz':
      return parseTimestamp(text, type.name);
    case 'json':
    case 'jsonb':
      return jsonFromText(text, type.name === 'jsonb');
    case 'uuid':
      return parseUuid(text) ?? fail(type, text);
  }
}

function parseFloat64(text: string, type: SqlType): number {
  const value = parseFloatText(text) ?? fail(type, text);
  if (!Number.isFinite(value) && text.trim().toLowerCase().includes('e')) throw outOfRange(type.name, text);
  return fitFloat(value, type.name);
}

function fail(type: SqlType, text: string): never {
  throw invalidText(typeText(type), text);
}

/** The text of a value of `type`, which `parseValue` reads back. */
export function valueText(value: Datum, type: SqlType): string {
  switch (type.name) {
    case 'real':
    case 'double precision':
      return floatText(value as number, type.name);
    case 'bytea':
      return hexText(value as Uint8Array);
    case 'date':
      return dateText(value as number);
    case 'timestamp':
    case 'timestamptz':
      return timestampText(value as number, type.name === 'timestamptz');
    default:
      return typeof value === 'string' ? value : String(value);
  }
}
