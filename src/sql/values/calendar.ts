/**
 * The proleptic Gregorian calendar in UTC, without `Date` objects: day numbers, timestamps, their text and their fields.
 * Day ↔ civil date conversion after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
 */

import { dateOutOfRange, invalidText } from './data-exception.js';

export const MS_PER_DAY = 86_400_000;

/** The range of a JavaScript `Date`, in milliseconds either side of the epoch. */
const TIMESTAMP_MS_MAX = 8.64e15;
const DATE_DAYS_MAX = TIMESTAMP_MS_MAX / MS_PER_DAY;

export interface CivilDate {
  /** Astronomical: year 0 is 1 BC. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export function civilFromDays(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9);
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The day that a timestamp falls on. */
export function daysFromMs(ms: number): number {
  return Math.floor(ms / MS_PER_DAY) + 0;
}

/** Throws 22008 outside the supported range. */
export function checkDays(days: number): number {
  if (!(Math.abs(days) <= DATE_DAYS_MAX)) throw dateOutOfRange('date', days);
  return days + 0;
}

/** Throws 22008 outside the supported range, and for NaN (an invalid `Date`). */
export function checkMs(type: string, ms: number): number {
  if (!(Math.abs(ms) <= TIMESTAMP_MS_MAX)) throw dateOutOfRange(type, ms);
  return ms + 0;
}

/** `2024-02-29`, `0044-03-15 BC`. */
export function dateText(days: number): string {
  const { year, month, day } = civilFromDays(days);
  const beforeChrist = year < 1;
  const shownYear = beforeChrist ? 1 - year : year;
  return `${pad(shownYear, 4)}-${pad(month, 2)}-${pad(day, 2)}${beforeChrist ? ' BC' : ''}`;
}

/** `2024-02-29 13:05:00.25`, with `+00` for TIMESTAMPTZ. */
export function timestampText(ms: number, withZone: boolean): string {
  const days = daysFromMs(ms);
  const ofDay = ms - days * MS_PER_DAY;
  const seconds = Math.floor(ofDay / 1000);
  const fraction = ofDay % 1000;
  const clock = `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`;
  const decimals = fraction === 0 ? '' : `.${trimZeros(pad(fraction, 3))}`;
  const date = dateText(days);
  const era = date.endsWith(' BC') ? ' BC' : '';
  return `${era === '' ? date : date.slice(0, -3)} ${clock}${decimals}${withZone ? '+00' : ''}${era}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function trimZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}

/** Reads `YYYY-MM-DD`; a time of day after it is ignored. Throws 22007 or 22008. */
export function parseDate(text: string): number {
  return daysFromMs(new TimeTextReader(text, 'date').read().localMs);
}

/**
 * Reads `YYYY-MM-DD[( |T)HH:MM[:SS[.fraction]]][Z|±HH[[:]MM]][ BC]`. Fractions are rounded to milliseconds. The zone
 * counts for TIMESTAMPTZ (UTC when absent) and is ignored for TIMESTAMP. Throws 22007 or 22008.
 */
export function parseTimestamp(text: string, type: 'timestamp' | 'timestamptz'): number {
  const { localMs, zoneMs } = new TimeTextReader(text, type).read();
  return checkMs(type, type === 'timestamptz' ? localMs - zoneMs : localMs);
}

/** One pass over the characters; no backtracking. */
class TimeTextReader {
  readonly #text: string;
  readonly #type: string;
  #at = 0;

  constructor(text: string, type: string) {
    this.#text = text.trim();
    this.#type = type;
  }

  read(): { localMs: number; zoneMs: number } {
    const year = this.#digits(4, 6);
    this.#expect('-');
    const month = this.#digits(1, 2);
    this.#expect('-');
    const day = this.#digits(1, 2);
    const ofDayMs = this.#timeOfDay();
    const zoneMs = this.#zone();
    const astronomical = this.#takeText(' BC') ? 1 - year : year;
    if (this.#at !== this.#text.length) throw this.#invalid();
    if (month < 1 || month > 12 || day < 1 || day > daysInMonth(astronomical, month) || year === 0) {
      throw dateOutOfRange(this.#type, this.#text);
    }
    const days = checkDays(daysFromCivil(astronomical, month, day));
    return { localMs: days * MS_PER_DAY + ofDayMs, zoneMs };
  }

  #timeOfDay(): number {
    const separator = this.#text[this.#at];
    if (separator !== ' ' && separator !== 'T' && separator !== 't') return 0;
    if (!isDigit(this.#text.charCodeAt(this.#at + 1))) return 0;
    this.#at++;
    const hour = this.#digits(1, 2);
    this.#expect(':');
    const minute = this.#digits(2, 2);
    const second = this.#take(':') ? this.#digits(2, 2) : 0;
    const fractionMs = this.#take('.') ? this.#fractionMs() : 0;
    const ofDayMs = ((hour * 60 + minute) * 60 + second) * 1000 + fractionMs;
    if (minute > 59 || second > 59 || ofDayMs > MS_PER_DAY) throw dateOutOfRange(this.#type, this.#text);
    return ofDayMs;
  }

  #fractionMs(): number {
    const start = this.#at;
    while (isDigit(this.#text.charCodeAt(this.#at))) this.#at++;
    if (this.#at === start) throw this.#invalid();
    return Math.round(Number(`0.${this.#text.slice(start, this.#at)}`) * 1000);
  }

  #zone(): number {
    this.#take(' ', '+-Z');
    if (this.#take('Z') || this.#take('z')) return 0;
    const sign = this.#take('+') ? 1 : this.#take('-') ? -1 : 0;
    if (sign === 0) return 0;
    const hours = this.#digits(2, 2);
    const minutes = this.#take(':') || isDigit(this.#text.charCodeAt(this.#at)) ? this.#digits(2, 2) : 0;
    if (hours > 15 || minutes > 59) throw dateOutOfRange(this.#type, this.#text);
    return sign * (hours * 60 + minutes) * 60_000;
  }

  #digits(least: number, most: number): number {
    let value = 0;
    let count = 0;
    while (count < most && isDigit(this.#text.charCodeAt(this.#at))) {
      value = value * 10 + this.#text.charCodeAt(this.#at++) - 0x30;
      count++;
    }
    if (count < least) throw this.#invalid();
    return value;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw this.#invalid();
  }

  /** Steps over `character`, if it is there and, when given, one of `before` follows it. */
  #take(character: string, before = ''): boolean {
    if (this.#text[this.#at] !== character) return false;
    if (before !== '' && !before.includes(this.#text[this.#at + 1] ?? ' ')) return false;
    this.#at++;
    return true;
  }

  #takeText(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }

  #invalid(): Error {
    return invalidText(this.#type, this.#text, '22007');
  }
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}
