/** Until when a value is to live, as callers say it. */

import { InvalidArgumentError, kindOf } from '../base/index.js';
import { EXPIRY_MS_END } from '../storage/index.js';

/** At most one of both; without either, a value stays until it is replaced or removed. */
export interface ExpiryOptions {
  /** Milliseconds from this call on, above 0; parts of one count as a whole one. */
  readonly ttlMs?: number | undefined;
  /** A moment to come: a `Date`, or milliseconds since the epoch. */
  readonly expiresAt?: Date | number | undefined;
}

export const EXPIRY_OPTIONS: readonly (keyof ExpiryOptions)[] = ['ttlMs', 'expiresAt'];

/**
 * The end in milliseconds since the epoch that `options` ask for; undefined for none. Throws `InvalidArgumentError` for one
 * that is past, is no time at all, or is said twice.
 *
 * @param nowMs the clock that expiry is judged by.
 */
export function expiryFrom(options: ExpiryOptions, nowMs: () => number): number | undefined {
  const { ttlMs, expiresAt } = options;
  if (ttlMs === undefined && expiresAt === undefined) return undefined;
  if (ttlMs !== undefined && expiresAt !== undefined) {
    throw new InvalidArgumentError('a value ends after ttlMs or at expiresAt: give one of them', {
      facts: { option: 'expiresAt', ttlMs, expiresAt },
    });
  }
  return ttlMs === undefined ? momentOf(expiresAt, nowMs()) : endOf(ttlMs, nowMs());
}

function endOf(ttlMs: unknown, nowMs: number): number {
  if (typeof ttlMs !== 'number' || !(ttlMs > 0)) throw invalid('ttlMs', ttlMs, 'a number of milliseconds above 0');
  if (ttlMs === Number.POSITIVE_INFINITY) throw invalid('ttlMs', ttlMs, 'left out for a value without end');
  const endMs = Math.ceil(nowMs + ttlMs);
  if (endMs >= EXPIRY_MS_END) throw invalid('ttlMs', ttlMs, 'an end before the year 10889');
  return endMs;
}

function momentOf(expiresAt: unknown, nowMs: number): number {
  // Dates of other realms too.
  const isDate = Object.prototype.toString.call(expiresAt) === '[object Date]';
  const endMs = Math.ceil(
    isDate ? (expiresAt as Date).getTime() : typeof expiresAt === 'number' ? expiresAt : Number.NaN,
  );
  if (Number.isNaN(endMs)) throw invalid('expiresAt', expiresAt, 'a valid Date or milliseconds since the epoch');
  if (endMs <= nowMs) throw invalid('expiresAt', expiresAt, `a moment after now, which is ${nowMs}`);
  if (endMs >= EXPIRY_MS_END) throw invalid('expiresAt', expiresAt, 'a moment before the year 10889');
  return endMs;
}

function invalid(option: string, found: unknown, expected: string): InvalidArgumentError {
  const isTime = typeof found === 'number' || Object.prototype.toString.call(found) === '[object Date]';
  const text = isTime ? String(Number(found)) : kindOf(found);
  return new InvalidArgumentError(`${option} must be ${expected}, found ${text}`, {
    facts: { option, expected, found },
  });
}
