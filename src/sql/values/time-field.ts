/** Fields of a point in time: what EXTRACT reads and DATE_TRUNC keeps. Everything is UTC. */

import { SqlSemanticError } from '../../base/index.js';
import { checkMs, civilFromDays, daysFromCivil, daysFromMs, MS_PER_DAY } from './calendar.js';
import { nearNames, suggestionText } from './near-names.js';

interface TimeField {
  /** EXTRACT: the field's number. */
  readonly extract: (ms: number) => number;
  /** DATE_TRUNC: the beginning of the field's unit; absent where truncation makes no sense. */
  readonly truncate?: (ms: number) => number;
}

/** Day of the week, Monday 0. 1970-01-01 was a Thursday. */
function weekday(days: number): number {
  return (((days + 3) % 7) + 7) % 7;
}

/** First day (a Monday) of the ISO 8601 year that `days` lies in, and that year: the week with the first Thursday. */
function isoYear(days: number): { year: number; firstDay: number } {
  const thursday = days - weekday(days) + 3;
  const { year } = civilFromDays(thursday);
  const fourth = daysFromCivil(year, 1, 4);
  return { year, firstDay: fourth - weekday(fourth) };
}

function ofDay(ms: number): number {
  return ms - daysFromMs(ms) * MS_PER_DAY;
}

function truncateTo(unitMs: number): (ms: number) => number {
  return (ms) => Math.floor(ms / unitMs) * unitMs;
}

/** The beginning of the month that `pick` chooses from year and month. */
function truncateToMonth(pick: (year: number, month: number) => [year: number, month: number]): (ms: number) => number {
  return (ms) => {
    const civil = civilFromDays(daysFromMs(ms));
    const [year, month] = pick(civil.year, civil.month);
    return daysFromCivil(year, month, 1) * MS_PER_DAY;
  };
}

function civilOf(ms: number): { year: number; month: number; day: number } {
  return civilFromDays(daysFromMs(ms));
}

/** There is no year 0 in SQL: 1 BC is -1. */
function shownYear(year: number): number {
  return year < 1 ? year - 1 : year;
}

const FIELDS: ReadonlyMap<string, TimeField> = new Map<string, TimeField>([
  ['microseconds', { extract: (ms) => (ofDay(ms) % 60_000) * 1000, truncate: (ms) => ms }],
  ['milliseconds', { extract: (ms) => ofDay(ms) % 60_000, truncate: (ms) => ms }],
  ['second', { extract: (ms) => (ofDay(ms) % 60_000) / 1000, truncate: truncateTo(1000) }],
  ['minute', { extract: (ms) => Math.floor(ofDay(ms) / 60_000) % 60, truncate: truncateTo(60_000) }],
  ['hour', { extract: (ms) => Math.floor(ofDay(ms) / 3_600_000), truncate: truncateTo(3_600_000) }],
  ['day', { extract: (ms) => civilOf(ms).day, truncate: truncateTo(MS_PER_DAY) }],
  [
    'week',
    {
      extract: (ms) => Math.floor((daysFromMs(ms) - isoYear(daysFromMs(ms)).firstDay) / 7) + 1,
      truncate: (ms) => (daysFromMs(ms) - weekday(daysFromMs(ms))) * MS_PER_DAY,
    },
  ],
  ['month', { extract: (ms) => civilOf(ms).month, truncate: truncateToMonth((year, month) => [year, month]) }],
  [
    'quarter',
    {
      extract: (ms) => Math.ceil(civilOf(ms).month / 3),
      truncate: truncateToMonth((year, month) => [year, month - ((month - 1) % 3)]),
    },
  ],
  ['year', { extract: (ms) => shownYear(civilOf(ms).year), truncate: truncateToMonth((year) => [year, 1]) }],
  [
    'decade',
    {
      extract: (ms) => Math.floor(civilOf(ms).year / 10),
      truncate: truncateToMonth((year) => [Math.floor(year / 10) * 10, 1]),
    },
  ],
  ['isoyear', { extract: (ms) => shownYear(isoYear(daysFromMs(ms)).year) }],
  ['dow', { extract: (ms) => (weekday(daysFromMs(ms)) + 1) % 7 }],
  ['isodow', { extract: (ms) => weekday(daysFromMs(ms)) + 1 }],
  ['doy', { extract: (ms) => daysFromMs(ms) - daysFromCivil(civilOf(ms).year, 1, 1) + 1 }],
  ['epoch', { extract: (ms) => ms / 1000 }],
]);

/** EXTRACT(field FROM time), on milliseconds since the epoch. Throws 22023 with near names for an unknown field. */
export function extractField(field: string, ms: number): number {
  return fieldOf(field).extract(ms) + 0;
}

/** DATE_TRUNC(field, time), on milliseconds since the epoch. Throws 22023 for a field that time cannot be cut to. */
export function truncateTime(field: string, ms: number): number {
  const { truncate } = fieldOf(field);
  if (truncate === undefined) {
    throw new SqlSemanticError(`date_trunc cannot cut to "${field}"`, { sqlState: '22023', facts: { field } });
  }
  return checkMs('timestamp', truncate(ms));
}

function fieldOf(text: string): TimeField {
  const name = text.toLowerCase();
  const field = FIELDS.get(name) ?? FIELDS.get(name.endsWith('s') ? name.slice(0, -1) : `${name}s`);
  if (field !== undefined) return field;
  const near = nearNames(name, FIELDS.keys());
  throw new SqlSemanticError(`time field "${text}" does not exist${suggestionText(near)}`, {
    sqlState: '22023',
    facts: { field: text, near },
  });
}
