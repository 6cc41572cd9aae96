/**
 * One entry in a memtable's arena, little-endian words, the unit of all positions being one 4-byte word:
 *
 *   entry := older:u32 timestampLow:u32 timestampHigh:21 bits + kind:8 bits << 24 keyLength:u32 valueLength:u32
 *            key:bytes value:bytes padding to a whole word
 *
 * `older` is the position of the next older version of the same key, 0 at the end of the chain (word 0 of an arena is
 * never an entry). Entries lie one behind the other in the order they were added and never change once written, `older`
 * apart: the arena and its length are all that a reader on another thread needs.
 */

import type { EntryKind, Timestamp } from '../entry.js';

export const OLDER = 0;
export const TIMESTAMP_LOW = 1;
export const TIMESTAMP_HIGH = 2;
export const KEY_LENGTH = 3;
export const VALUE_LENGTH = 4;
export const HEADER_WORDS = 5;

/** Position of the first entry of every arena. */
export const FIRST_ENTRY = 1;

const TIMESTAMP_HIGH_MASK = 0x1f_ffff;
const KIND_SHIFT = 24;

export function packTimestampHigh(timestamp: Timestamp, kind: EntryKind): number {
  return Math.floor(timestamp / 2 ** 32) | (kind << KIND_SHIFT);
}

export function entryTimestamp(words: Uint32Array, entry: number): Timestamp {
  return (words[entry + TIMESTAMP_HIGH]! & TIMESTAMP_HIGH_MASK) * 2 ** 32 + words[entry + TIMESTAMP_LOW]!;
}

export function entryKind(words: Uint32Array, entry: number): EntryKind {
  return (words[entry + TIMESTAMP_HIGH]! >>> KIND_SHIFT) as EntryKind;
}

/** Position of the entry behind this one. */
export function entryAfter(words: Uint32Array, entry: number): number {
  return entry + HEADER_WORDS + ((words[entry + KEY_LENGTH]! + words[entry + VALUE_LENGTH]! + 3) >>> 2);
}

/** Compares the keys of two entries of one arena, a word at a time: keys start on word boundaries. */
export function compareEntryKeys(words: Uint32Array, bytes: Uint8Array, a: number, b: number): number {
  const aLength = words[a + KEY_LENGTH]!;
  const bLength = words[b + KEY_LENGTH]!;
  const shared = aLength < bLength ? aLength : bLength;
  const wholeWords = shared >>> 2;
  const aKey = a + HEADER_WORDS;
  const bKey = b + HEADER_WORDS;
  let word = 0;
  while (word < wholeWords && words[aKey + word] === words[bKey + word]) word++;
  const aBytes = aKey * 4;
  const bBytes = bKey * 4;
  for (let i = word * 4; i < shared; i++) {
    const difference = bytes[aBytes + i]! - bytes[bBytes + i]!;
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/** Compares the key of an entry with a key outside the arena. */
export function compareEntryKeyTo(words: Uint32Array, bytes: Uint8Array, entry: number, key: Uint8Array): number {
  const length = words[entry + KEY_LENGTH]!;
  const start = (entry + HEADER_WORDS) * 4;
  const shared = length < key.length ? length : key.length;
  for (let i = 0; i < shared; i++) {
    const difference = bytes[start + i]! - key[i]!;
    if (difference !== 0) return difference;
  }
  return length - key.length;
}

/**
 * Order of two entries of one arena: key ascending, then the later addition first. Timestamps of one key never
 * decrease, so this is also timestamp descending.
 */
export function compareEntries(words: Uint32Array, bytes: Uint8Array, a: number, b: number): number {
  const byKey = compareEntryKeys(words, bytes, a, b);
  return byKey !== 0 ? byKey : b - a;
}
