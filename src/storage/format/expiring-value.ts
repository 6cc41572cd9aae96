/**
 * What an entry of kind ExpiringPut or ExpiringPointer has for a value:
 *
 *   value := expiresAt:u48 rest        little-endian milliseconds since the epoch; the rest is what an entry of kind Put or
 *                                      ValuePointer has
 *
 * From `expiresAt` on the key reads as if it were not there.
 */

import { assert } from '../../base/index.js';
import { type EntryKind, expires } from '../entry.js';
import { wordAt } from './block-numbers.js';

export const EXPIRY_BYTES = 6;
/** Above every moment that can be stored: in the year 10889. */
export const EXPIRY_MS_END = 2 ** 48;

/** The stored form of `bytes`, which end at `expiresAtMs`, a whole number of milliseconds below `EXPIRY_MS_END`. */
export function encodeExpiring(expiresAtMs: number, bytes: Uint8Array): Uint8Array {
  assert(Number.isInteger(expiresAtMs) && expiresAtMs >= 0 && expiresAtMs < EXPIRY_MS_END, 'an expiry has 48 bits');
  const stored = new Uint8Array(EXPIRY_BYTES + bytes.length);
  const high = Math.floor(expiresAtMs / 2 ** 32);
  stored[0] = expiresAtMs;
  stored[1] = expiresAtMs >>> 8;
  stored[2] = expiresAtMs >>> 16;
  stored[3] = expiresAtMs >>> 24;
  stored[4] = high;
  stored[5] = high >>> 8;
  stored.set(bytes, EXPIRY_BYTES);
  return stored;
}

/** When the value at `bytes[at]` ends, in milliseconds since the epoch. */
export function expiryAt(bytes: Uint8Array, at: number): number {
  return wordAt(bytes, at) + (bytes[at + 4]! | (bytes[at + 5]! << 8)) * 2 ** 32;
}

/** Bytes of an entry's value that come before what was put, or the pointer to it. */
export function expiryBytesOf(kind: EntryKind): number {
  return expires(kind) ? EXPIRY_BYTES : 0;
}
