/**
 * What an entry of kind ValuePointer has for a value: where the value itself lies.
 *
 *   pointer := place:u48 offset:u48 size:u32 checksum:u32        place = 2 × file number, + 1 for a value file (`.val`)
 *
 * `offset` and the lower 31 bits of `size` are those of the value's bytes as they are stored in the log segment or value
 * file; the highest bit says that they are compressed: the size of the value as u32, and an LZ4 block. The checksum covers
 * the stored bytes, placed at (file number, offset) and owned by key and timestamp, so that neither what is read from
 * anywhere else verifies nor what another version points to. All pointers have one size: a log record is laid out before it
 * is known where it will lie.
 */

import { assert, hashBytes, ownedChecksum } from '../../base/index.js';
import type { Timestamp } from '../entry.js';
import { wordAt } from './block-numbers.js';
import { fileName } from './file-names.js';

export const POINTER_BYTES = 20;
const SIZE_AT = 12;
const CHECKSUM_AT = 16;
const U48_END = 2 ** 48;
const COMPRESSED = 0x80000000;

/** A value as it is to be stored. */
export interface StoredValue {
  readonly bytes: Uint8Array;
  readonly isCompressed: boolean;
  /** See `ownerOf`. */
  readonly owner: number;
}

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

/** Whose a value is, in 32 bits: the version `timestamp` of the key `bytes[start, end)`. */
export function ownerOf(bytes: Uint8Array, start: number, end: number, timestamp: Timestamp): number {
  const low = Math.imul(timestamp >>> 0, 0x9e3779b1);
  const high = Math.imul(Math.floor(timestamp / 2 ** 32), 0x85ebca77);
  return Math.imul(hashBytes(bytes, start, end) ^ low ^ (low >>> 15) ^ high, 0xc2b2ae3d) >>> 0;
}

export function valueChecksum(place: number, offset: number, owner: number, stored: Uint8Array): number {
  return ownedChecksum(placeNumber(place), offset, owner, stored);
}

export function pointedPlace(bytes: Uint8Array, at: number): number {
  return u48At(bytes, at);
}

export function pointedOffset(bytes: Uint8Array, at: number): number {
  return u48At(bytes, at + 6);
}

/** Of the stored bytes. */
export function pointedLength(bytes: Uint8Array, at: number): number {
  return wordAt(bytes, at + SIZE_AT) % COMPRESSED;
}

export function isCompressedAt(bytes: Uint8Array, at: number): boolean {
  return wordAt(bytes, at + SIZE_AT) >= COMPRESSED;
}

export function pointedChecksum(bytes: Uint8Array, at: number): number {
  return wordAt(bytes, at + CHECKSUM_AT);
}

/** Writes the pointer to `value`, which lies or will lie at `offset` of `place`. */
export function putPointer(target: Uint8Array, at: number, place: number, offset: number, value: StoredValue): void {
  const { bytes, isCompressed, owner } = value;
  assert(place < U48_END && offset < U48_END, 'files have numbers and sizes below 2^47');
  assert(bytes.length < COMPRESSED, 'values are shorter than 2 GiB');
  putU48(target, at, place);
  putU48(target, at + 6, offset);
  putWord(target, at + SIZE_AT, isCompressed ? bytes.length + COMPRESSED : bytes.length);
  putWord(target, at + CHECKSUM_AT, valueChecksum(place, offset, owner, bytes));
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
