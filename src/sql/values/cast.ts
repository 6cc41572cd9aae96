/** Conversions between SQL types: which exist, when they apply by themselves, and how they work. */

import { checkDays, checkMs, daysFromMs, MS_PER_DAY } from './calendar.js';
import { fitFloat } from './float.js';
import { fitInteger, integerFromFloat } from './integer.js';
import { jsonFromText } from './json-value.js';
import { type SqlType, sameType } from './sql-type.js';
import type { Datum } from './value.js';
import { checkLength, firstCharacters, parseValue, valueText } from './value-text.js';

/**
 * When a cast applies. `implicit`: anywhere in an expression, loses nothing. `assignment`: also when a value is stored
 * in a column. `explicit`: only where CAST or :: asks for it.
 */
export type CastContext = 'implicit' | 'assignment' | 'explicit';

/** Called with anything but NULL; NULL stays NULL in every cast. */
export type CastFunction = (value: Datum) => Datum;

const RANK: Readonly<Record<CastContext, number>> = { implicit: 0, assignment: 1, explicit: 2 };

const NUMBER_WIDTH: Readonly<Record<string, number>> = {
  smallint: 1,
  integer: 2,
  bigint: 3,
  real: 4,
  'double precision': 5,
};

const TIME_WIDTH: Readonly<Record<string, number>> = { date: 1, timestamp: 2, timestamptz: 3 };

/** The weakest context in which `from` turns into `to`; undefined when it never does. */
export function castContext(from: SqlType, to: SqlType): CastContext | undefined {
  if (from.name === 'unknown' || sameType(from, to)) return 'implicit';
  if (to.name === 'unknown') return undefined;
  if (to.category === 'string') return textCastContext(from, to);
  if (from.category === 'string') return 'explicit';
  const fromNumber = NUMBER_WIDTH[from.name];
  const toNumber = NUMBER_WIDTH[to.name];
  if (fromNumber !== undefined && toNumber !== undefined) return fromNumber < toNumber ? 'implicit' : 'assignment';
  const fromTime = TIME_WIDTH[from.name];
  const toTime = TIME_WIDTH[to.name];
  if (fromTime !== undefined && toTime !== undefined) return fromTime < toTime ? 'implicit' : 'assignment';
  if (from.category === 'json' && to.category === 'json') return 'assignment';
  const booleanAndInteger =
    from.name === 'boolean' ? to.name === 'integer' : to.name === 'boolean' && from.name === 'integer';
  return booleanAndInteger ? 'explicit' : undefined;
}

function textCastContext(from: SqlType, to: SqlType): CastContext {
  if (from.category !== 'string') return 'assignment';
  return to.length === undefined ? 'implicit' : 'assignment';
}

/** True when a value of type `from` may stand where `to` is wanted in the given context. */
export function canCast(from: SqlType, to: SqlType, context: CastContext): boolean {
  const weakest = castContext(from, to);
  return weakest !== undefined && RANK[weakest] <= RANK[context];
}

const identity: CastFunction = (value) => value;

/**
 * The conversion from `from` to `to`; undefined when `castContext` is. A text too long for its VARCHAR(n) is cut by an
 * explicit cast and refused (22001) by an assignment. Values that do not fit throw as `parseValue` and `fitInteger` do.
 */
export function castFunction(from: SqlType, to: SqlType, context: CastContext = 'explicit'): CastFunction | undefined {
  if (!canCast(from, to, context)) return undefined;
  if (sameType(from, to)) return identity;
  if (to.category === 'string') return castToText(from, to, context);
  if (from.category === 'string' || from.name === 'unknown') return (value) => parseValue(value as string, to);
  switch (to.category) {
    case 'integer':
      return castToInteger(from, to);
    case 'float':
      return (value) => fitFloat(Number(value), to.name);
    case 'time':
      return castToTime(from, to);
    case 'json':
      return (value) => jsonFromText(value as string, to.name === 'jsonb');
    case 'boolean':
      return (value) => value !== 0;
    default:
      return identity;
  }
}

function castToText(from: SqlType, to: SqlType, context: CastContext): CastFunction {
  const { length } = to;
  if (length === undefined) {
    return from.category === 'string' || from.name === 'unknown' ? identity : (value) => valueText(value, from);
  }
  if (context === 'explicit') return (value) => firstCharacters(valueText(value, from), length);
  return (value) => checkLength(valueText(value, from), to);
}

function castToInteger(from: SqlType, to: SqlType): CastFunction {
  if (from.category === 'boolean') return Number;
  if (from.category === 'float') return (value) => integerFromFloat(value as number, to.name);
  return (value) => fitInteger(value as number | bigint, to.name);
}

function castToTime(from: SqlType, to: SqlType): CastFunction {
  if (to.name === 'date') return (value) => checkDays(daysFromMs(value as number));
  if (from.name === 'date') return (value) => checkMs(to.name, (value as number) * MS_PER_DAY);
  return identity;
}
