/** Taking out of the keys of a block what all of them begin with; see data-block.ts. */

import { putVarint, varintEnd, varintRest } from './block-numbers.js';

/**
 * A prefix is taken out where that saves at least this part of the entries. Long prefixes pay twice: what is left of a key
 * is little to copy in a scan. With 5 of 23 bytes taken out a scan took 61–66 ns per entry instead of 42–60.
 */
const WORTHWHILE_PART = 1 / 12;

/** What leaving out `shared` bytes of each key saves, the prefix itself deducted; 0 where it is not worth it. */
export function savedBytes(shared: number, entries: number, bytes: number): number {
  const saved = shared * (entries - 1);
  return saved >= bytes * WORTHWHILE_PART ? saved : 0;
}

/**
 * Moves the entries at `offsets`, which end at `entries.end`, together without the first `length` bytes of their keys.
 * Corrects the offsets and returns where the entries end now.
 */
export function withoutPrefix(
  bytes: Uint8Array,
  offsets: Uint32Array,
  entries: { readonly count: number; readonly end: number },
  length: number,
): number {
  let to = 0;
  for (let i = 0; i < entries.count; i++) {
    const from = offsets[i]!;
    const end = i + 1 < entries.count ? offsets[i + 1]! : entries.end;
    const first = bytes[from + 1]!;
    const keyLength = first < 0x80 ? first : (first & 0x7f) + varintRest(bytes, from + 2) * 0x80;
    let at = varintEnd(bytes, from + 1);
    const headerEnd = varintEnd(bytes, varintEnd(bytes, at));
    offsets[i] = to;
    bytes[to] = bytes[from]!;
    to = putVarint(bytes, to + 1, keyLength - length);
    while (at < headerEnd) bytes[to++] = bytes[at++]!;
    bytes.copyWithin(to, at + length, end);
    to += end - at - length;
  }
  return to;
}
