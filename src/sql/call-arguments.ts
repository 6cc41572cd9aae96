/** What callers pass along with a statement, checked where it comes in: not all of them are compiled by TypeScript. */

import { checkOptionNames, InvalidArgumentError, kindOf } from '../base/index.js';
import type { Statement } from './ast/index.js';
import type { SqlParameters } from './binder/parameters.js';
import type { QueryOptions } from './execution/result.js';
import { isDate } from './values/index.js';

export const NO_PARAMETERS: SqlParameters = [];
export const NO_OPTIONS: QueryOptions = {};

const OPTION_NAMES: readonly (keyof QueryOptions)[] = ['rowMode'];

/** Throws `InvalidArgumentError` unless `text` is a string. */
export function checkText(text: unknown): void {
  if (typeof text !== 'string') throw notA('a SQL text must be a string', text);
}

/** Throws `InvalidArgumentError` for anything but a text or a tree made by the factories of this layer. */
export function checkStatement(statement: string | Statement): void {
  if (typeof statement === 'string') return;
  if (typeof statement !== 'object' || statement === null || typeof statement.kind !== 'string') {
    throw notA('a SQL statement must be a string', statement);
  }
}

/** Throws `InvalidArgumentError` for parameters or options of the wrong shape, and for unknown options. */
export function checkCall(parameters: SqlParameters, options: QueryOptions): void {
  if (parameters !== NO_PARAMETERS) checkParameters(parameters);
  if (options !== NO_OPTIONS) checkOptions(options);
}

function checkParameters(parameters: unknown): void {
  if (Array.isArray(parameters)) return;
  const isRecord = typeof parameters === 'object' && parameters !== null && !isOneValue(parameters);
  if (!isRecord) throw notA('SQL parameters must be an array of values, or an object of values by name', parameters);
}

/** Objects that are values rather than records of values. */
function isOneValue(value: object): boolean {
  return ArrayBuffer.isView(value) || isDate(value) || value instanceof Map || value instanceof Set;
}

function checkOptions(options: QueryOptions): void {
  if (typeof options === 'object' && options !== null && Object.hasOwn(options, 'target')) {
    throw new InvalidArgumentError(
      'a statement runs where it was prepared: db.prepare(…), tx.prepare(…) or snapshot.prepare(…)',
      { facts: { option: 'target', known: OPTION_NAMES } },
    );
  }
  checkOptionNames('options of a SQL statement', options, OPTION_NAMES);
  // What comes from JavaScript may be anything.
  const rowMode: unknown = options.rowMode;
  if (rowMode === undefined || rowMode === 'object' || rowMode === 'array') return;
  const found = typeof rowMode === 'string' ? JSON.stringify(rowMode) : kindOf(rowMode);
  throw new InvalidArgumentError(`rowMode must be 'object' or 'array', found ${found}`, {
    facts: { option: 'rowMode', expected: ['object', 'array'], found: rowMode },
  });
}

function notA(rule: string, value: unknown): InvalidArgumentError {
  return new InvalidArgumentError(`${rule}, found ${kindOf(value)}`, { facts: { found: kindOf(value) } });
}
