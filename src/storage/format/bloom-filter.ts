/**
 * Blocked Bloom filter over 32-bit key hashes: all bits of a key lie in one 64-byte line, so that a probe costs one cache
 * miss (Putze, Sanders, Singler: "Cache-, Hash- and Space-Efficient Bloom Filters", WEA 2007).
 *
 *   filter := kind:u8 = 1  probes:u8  reserved:u16 = 0  line:64 bytes, repeated
 *
 * The line of a hash is floor(hash × lines / 2^32). Its bits: h := hash, then for each probe h := h × 0x9e3779b1 mod 2^32
 * and the bit is the upper 9 bits of h; bit b is bit b mod 8 of byte b div 8.
 */

import { CorruptionError } from '../../base/index.js';

const KIND_BLOCKED_BLOOM = 1;
const HEADER_BYTES = 4;
const LINE_BYTES = 64;
const LINE_BITS = LINE_BYTES * 8;
const GOLDEN = 0x9e3779b1;

/** Builds the filter of `hashes[0, count)`. `bitsPerKey` ≥ 1; 10 gives about 1 % false positives. */
export function buildBloomFilter(hashes: Uint32Array, count: number, bitsPerKey: number): Uint8Array {
  const lines = Math.max(1, Math.ceil((count * bitsPerKey) / LINE_BITS));
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

/** Answers from the bytes of a filter. */
export class BloomFilter {
  readonly #bytes: Uint8Array;
  readonly #lines: number;
  readonly #probes: number;

  /** @param place name of the file and offset of the filter, for the `CorruptionError` of an impossible filter. */
  constructor(bytes: Uint8Array, place: { file: string; offset: number }) {
    const lines = (bytes.length - HEADER_BYTES) / LINE_BYTES;
    if (bytes[0] !== KIND_BLOCKED_BLOOM || !(bytes[1]! > 0) || !Number.isInteger(lines) || lines < 1) {
      const what = { expected: 'a blocked Bloom filter', found: `kind ${bytes[0]} in ${bytes.length} bytes` };
      throw CorruptionError.at(place.file, place.offset, what);
    }
    this.#bytes = bytes;
    this.#lines = lines;
    this.#probes = bytes[1]!;
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  /** False when no key with this hash was added. 10–25 ns. */
  mayContain(hash: number): boolean {
    const bytes = this.#bytes;
    const line = HEADER_BYTES + Math.floor((hash * this.#lines) / 2 ** 32) * LINE_BYTES;
    let mixed = hash;
    for (let probe = 0; probe < this.#probes; probe++) {
      mixed = Math.imul(mixed, GOLDEN);
      const bit = mixed >>> 23;
      if ((bytes[line + (bit >>> 3)]! & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }
}
