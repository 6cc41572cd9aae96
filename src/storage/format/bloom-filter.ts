/**
 * Blocked Bloom filter over 32-bit key hashes: all bits of a key lie in one 64-byte line, so that a probe costs one cache
 * miss (Putze, Sanders, Singler: "Cache-, Hash- and Space-Efficient Bloom Filters", WEA 2007).
 *
 *   filter := kind:u8 = 1  probes:u8  reserved:u16 = 0  line:64 bytes, repeated
 *
 * The line of a hash is floor(hash × lines / 2^32). Its bits: h := hash, then for each probe h := h × 0x9e3779b1 mod 2^32
 * and the bit is the upper 9 bits of h; bit b is bit b mod 8 of byte b div 8.
 */

import { CorruptionError, EMPTY_BYTES } from '../../base/index.js';

const KIND_BLOCKED_BLOOM = 1;
const HEADER_BYTES = 4;
const LINE_BYTES = 64;
const LINE_BITS = LINE_BYTES * 8;
const GOLDEN = 0x9e3779b1;

/** Size of the filter of `count` keys. */
export function bloomFilterBytes(count: number, bitsPerKey: number): number {
  return HEADER_BYTES + linesFor(count, bitsPerKey) * LINE_BYTES;
}

function linesFor(count: number, bitsPerKey: number): number {
  return Math.max(1, Math.ceil((count * bitsPerKey) / LINE_BITS));
}

/** Builds the filter of `hashes[0, count)`. `bitsPerKey` ≥ 1; 10 gives about 1 % false positives. */
export function buildBloomFilter(hashes: Uint32Array, count: number, bitsPerKey: number): Uint8Array {
  const lines = linesFor(count, bitsPerKey);
  const probes = Math.max(1, Math.min(12, Math.round(bitsPerKey * 0.6)));
  const filter = new Uint8Array(HEADER_BYTES + lines * LINE_BYTES);
  filter[0] = KIND_BLOCKED_BLOOM;
  filter[1] = probes;
  for (let i = 0; i < count; i++) {
    const hash = hashes[i]!;
    const line = HEADER_BYTES + Math.floor((hash * lines) / 2 ** 32) * LINE_BYTES;
    let mixed = hash;
    for (let probe = 0; probe < probes; probe++) {
      mixed = Math.imul(mixed, GOLDEN);
      const bit = mixed >>> 23;
      filter[line + (bit >>> 3)]! |= 1 << (bit & 7);
    }
  }
  return filter;
}

/** Answers from the bytes of a filter, one at a time. */
export class BloomFilter {
  #bytes: Uint8Array = EMPTY_BYTES;
  #linesAt = 0;
  #lines = 0;
  #probes = 0;
  readonly #place: { readonly file: string; readonly offset: number };

  /** @param place name of the file and offset of the filter, for the `CorruptionError` of an impossible filter. */
  constructor(bytes: Uint8Array, place: { readonly file: string; readonly offset: number }) {
    this.#place = place;
    this.reset(bytes, 0, bytes.length);
  }

  get sizeBytes(): number {
    return HEADER_BYTES + this.#lines * LINE_BYTES;
  }

  /** Turns to the filter `bytes[start, end)`. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    const lines = (end - start - HEADER_BYTES) / LINE_BYTES;
    const probes = bytes[start + 1]!;
    if (bytes[start] !== KIND_BLOCKED_BLOOM || !(probes > 0) || !Number.isInteger(lines) || lines < 1) {
      const what = { expected: 'a blocked Bloom filter', found: `kind ${bytes[start]} in ${end - start} bytes` };
      throw CorruptionError.at(this.#place.file, this.#place.offset, what);
    }
    this.#bytes = bytes;
    this.#linesAt = start + HEADER_BYTES;
    this.#lines = lines;
    this.#probes = probes;
  }

  /** False when no key with this hash was added. 10–25 ns. */
  mayContain(hash: number): boolean {
    const bytes = this.#bytes;
    const line = this.#linesAt + Math.floor((hash * this.#lines) / 2 ** 32) * LINE_BYTES;
    let mixed = hash;
    for (let probe = 0; probe < this.#probes; probe++) {
      mixed = Math.imul(mixed, GOLDEN);
      const bit = mixed >>> 23;
      if ((bytes[line + (bit >>> 3)]! & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }
}
