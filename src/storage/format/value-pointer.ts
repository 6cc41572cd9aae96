/**
 * What an entry of kind ValuePointer has for a value: where the value itself lies.
 *
 *   pointer := place:u48 offset:u48 length:u32 checksum:u32        place = 2 × file number, + 1 for a value file (`.val`)
 *
 * `offset` and `length` are those of the value's bytes in the log segment or value file. The checksum covers these bytes,
 * placed at (file number, offset), so that what is read from anywhere else does not verify. All pointers have one size: a
 * log record is laid out before it is known where it will lie.
 */

import { assert, placedChecksum } from '../../base/index.js';
import { wordAt } from './block-numbers.js';
import { fileName } from './file-names.js';

export const POINTER_BYTES = 20;
const LENGTH_AT = 12;
const CHECKSUM_AT = 16;
const U48_END = 2 ** 48;

/** The file that a value lies in. */
export function segmentPlace(kind: 'log' | 'value', fileNumber: number): number {
  return 2 * fileNumber + (kind === 'value' ? 1 : 0);
}

export function placeNumber(place: number): number {
  return Math.floor(place / 2);
}

export function placeName(place: number): string {
  return fileName(place % 2 === 1 ? 'value' : 'log', placeNumber(place));
}

/** 0 for an empty value: zlib does not tell no bytes from no memory, and then forgets the seed. */
export function valueChecksum(place: number, offset: number, value: Uint8Array): number {
  if (value.length === 0) return 0;
  return placedChecksum(placeNumber(place), offset, value);
}

export function pointedPlace(bytes: Uint8Array, at: number): number {
  return u48At(bytes, at);
}

export function pointedOffset(bytes: Uint8Array, at: number): number {
  return u48At(bytes, at + 6);
}

export function pointedLength(bytes: Uint8Array, at: number): number {
  return wordAt(bytes, at + LENGTH_AT);
}

export function pointedChecksum(bytes: Uint8Array, at: number): number {
  return wordAt(bytes, at + CHECKSUM_AT);
}

/** Writes the pointer to `value`, which lies or will lie at `offset` of `place`. */
export function putPointer(target: Uint8Array, at: number, place: number, offset: number, value: Uint8Array): void {
  assert(place < U48_END && offset < U48_END, 'files have numbers and sizes below 2^47');
  putU48(target, at, place);
  putU48(target, at + 6, offset);
  putWord(target, at + LENGTH_AT, value.length);
  putWord(target, at + CHECKSUM_AT, valueChecksum(place, offset, value));
}

function u48At(bytes: Uint8Array, at: number): number {
  return wordAt(bytes, at) + (bytes[at + 4]! | (bytes[at + 5]! << 8)) * 2 ** 32;
}

function putU48(target: Uint8Array, at: number, value: number): void {
  putWord(target, at, value);
  const high = Math.floor(value / 2 ** 32);
  target[at + 4] = high;
  target[at + 5] = high >>> 8;
}

function putWord(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}
