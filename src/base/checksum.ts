/**
 * Checksums of everything that reaches disk. CRC-32 (ISO-HDLC) seeded with the place of the bytes, so that a block
 * copied to another file or offset does not verify (misdirected and lost writes, recycled files).
 */

import { crc32 } from 'node:zlib';

/** A call of zlib takes 120 ns before the first byte, a view of a range 50, the loop 0.6 ns a byte (Node 20). */
const LOOP_BYTES_MAX = 256;
const POLYNOMIAL = 0xedb88320;
/** How many bytes a round of the loop takes: of each its own table of 256 words. */
const SLICES = 8;
const TABLES = checksumTables();

/**
 * CRC-32 of `bytes[start, end)` under a seed made of `fileNumber` (0 … 2^53−1) and `offset` (bytes from the start of the file).
 * CRC is an invertible map of its seed for fixed content, so equal bytes in two places collide only if the seeds do.
 */
export function placedChecksum(
  fileNumber: number,
  offset: number,
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): number {
  const seed = placeSeed(fileNumber, offset);
  if (end - start <= LOOP_BYTES_MAX) return shortChecksum(seed, bytes, start, end);
  return crc32(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), seed);
}

/** The same for bytes that belong to somebody. @param owner 32 bits that are well mixed. */
export function ownedChecksum(fileNumber: number, offset: number, owner: number, bytes: Uint8Array): number {
  const seed = (placeSeed(fileNumber, offset) ^ owner) >>> 0;
  // Also because zlib's answer for no bytes depends on where they are not.
  return bytes.length <= LOOP_BYTES_MAX ? shortChecksum(seed, bytes, 0, bytes.length) : crc32(bytes, seed);
}

/**
 * What zlib answers, eight bytes at a time (Kounavis & Berry, "Novel table lookup-based algorithms for high-performance CRC
 * generation", IEEE Transactions on Computers 57, 2008). The seed for no bytes.
 */
function shortChecksum(seed: number, bytes: Uint8Array, start: number, end: number): number {
  let crc = ~seed;
  let at = start;
  for (; at + SLICES <= end; at += SLICES) {
    const word = crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    crc =
      TABLES[7 * 256 + (word & 0xff)]! ^
      TABLES[6 * 256 + ((word >>> 8) & 0xff)]! ^
      TABLES[5 * 256 + ((word >>> 16) & 0xff)]! ^
      TABLES[4 * 256 + (word >>> 24)]! ^
      TABLES[3 * 256 + bytes[at + 4]!]! ^
      TABLES[2 * 256 + bytes[at + 5]!]! ^
      TABLES[256 + bytes[at + 6]!]! ^
      TABLES[bytes[at + 7]!]!;
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ TABLES[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}

/** Table `t` has, for every byte, what it leaves in the checksum when `t` more bytes have followed it. */
function checksumTables(): Int32Array {
  const tables = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256]!;
    tables[at] = (before >>> 8) ^ tables[before & 0xff]!;
  }
  return tables;
}

/** Multiplicative mix of both halves of both numbers; the constants are odd 32-bit primes from xxHash32. */
function placeSeed(fileNumber: number, offset: number): number {
  let seed = Math.imul(fileNumber >>> 0, 0x9e3779b1);
  seed = Math.imul(seed ^ Math.floor(fileNumber / 2 ** 32), 0x85ebca77) ^ (seed >>> 15);
  seed = Math.imul(seed ^ (offset >>> 0), 0xc2b2ae3d) ^ (seed >>> 13);
  seed = Math.imul(seed ^ Math.floor(offset / 2 ** 32), 0x27d4eb2f) ^ (seed >>> 16);
  return seed >>> 0;
}

/** Eight hexadecimal digits, for messages. */
export function checksumText(checksum: number): string {
  return `checksum ${(checksum >>> 0).toString(16).padStart(8, '0')}`;
}
