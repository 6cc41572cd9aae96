/**
 * JSON as a SQL value: always text. JSON keeps the text it was given; JSONB is canonical (keys sorted by code unit and
 * unique, no spaces, numbers as JavaScript prints them), so that equal documents are equal strings.
 */

import { LimitError, SqlSemanticError } from '../../base/index.js';
import { invalidText } from './data-exception.js';

/** Deepest nesting of arrays and objects. Also what stops a cyclic object. */
const JSON_DEPTH_MAX = 200;

/** Keys that would reach into the prototype chain of a plain object. */
const PROTOTYPE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Checks JSON text and brings it into the form of the type. Throws 22P02. */
export function jsonFromText(text: string, canonical: boolean): string {
  const value = parse(text, canonical ? 'jsonb' : 'json');
  checkDepth(value, 0);
  return canonical ? canonicalText(value, 0) : text;
}

/**
 * JSON text of a JavaScript value: what `JSON.stringify` would keep, in canonical form. Throws 22023 for what JSON has no
 * word for (undefined, functions, symbols, bigint, NaN, infinities), wherever it sits; LimitError for nesting or cycles.
 */
export function jsonFromJs(value: unknown): string {
  return canonicalText(value, 0);
}

/**
 * The JavaScript value of JSON text. Objects are plain, except those with a key such as `__proto__`: they have no
 * prototype, so that no own key of a plain object ever shadows one.
 */
export function jsonToJs(text: string): unknown {
  const value = parse(text, 'json');
  return mentionsPrototypeKey(text) ? withoutPrototypes(value) : value;
}

function parse(text: string, type: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    if (cause instanceof SyntaxError) throw invalidText(type, text);
    throw cause;
  }
}

/** May say yes needlessly (a string value, an escape), never no wrongly. */
function mentionsPrototypeKey(text: string): boolean {
  if (text.includes('\\u')) return true;
  for (const key of PROTOTYPE_KEYS) if (text.includes(key)) return true;
  return false;
}

function withoutPrototypes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  const keys = Object.keys(value);
  const bare = keys.some((key) => PROTOTYPE_KEYS.has(key));
  const copy = (bare ? Object.create(null) : {}) as Record<string, unknown>;
  for (const key of keys) copy[key] = withoutPrototypes((value as Record<string, unknown>)[key]);
  return copy;
}

function checkDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth >= JSON_DEPTH_MAX) throw tooDeep();
  for (const member of Object.values(value)) checkDepth(member, depth + 1);
}

function canonicalText(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.toWellFormed());
    case 'boolean':
      return String(value);
    case 'number':
      if (Number.isFinite(value)) return JSON.stringify(value + 0);
      throw noJson(String(value));
    case 'object':
      return value === null ? 'null' : objectText(value, depth);
    default:
      throw noJson(`a ${typeof value}`);
  }
}

function objectText(value: object, depth: number): string {
  if (depth >= JSON_DEPTH_MAX) throw tooDeep();
  if (hasToJson(value)) return canonicalText(value.toJSON(), depth + 1);
  if (Array.isArray(value)) return `[${value.map((member: unknown) => canonicalText(member, depth + 1)).join(',')}]`;
  if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) throw noJson(value.constructor.name);
  const entries: string[] = [];
  for (const key of Object.keys(value).toSorted()) {
    const member = (value as Record<string, unknown>)[key];
    // An optional property left undefined is an absent one, as in JSON.stringify.
    if (member !== undefined) entries.push(`${JSON.stringify(key.toWellFormed())}:${canonicalText(member, depth + 1)}`);
  }
  return `{${entries.join(',')}}`;
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

function noJson(found: string): SqlSemanticError {
  return new SqlSemanticError(`JSON has no representation of ${found}`, { sqlState: '22023', facts: { found } });
}

function tooDeep(): LimitError {
  return new LimitError(`JSON nested deeper than ${JSON_DEPTH_MAX} levels, or cyclic`, {
    sqlState: '54000',
    facts: { limit: 'JSON depth', max: JSON_DEPTH_MAX, unit: 'levels' },
  });
}
