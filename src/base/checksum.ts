/**
 * Checksums of everything that reaches disk. CRC-32 (ISO-HDLC) seeded with the place of the bytes, so that a block
 * copied to another file or offset does not verify (misdirected and lost writes, recycled files).
 */

import { crc32 } from 'node:zlib';

/**
 * CRC-32 of `bytes` under a seed made of `fileNumber` (0 … 2^53−1) and `offset` (bytes from the start of the file).
 * CRC is an invertible map of its seed for fixed content, so equal bytes in two places collide only if the seeds do.
 */
export function placedChecksum(fileNumber: number, offset: number, bytes: Uint8Array): number {
  return crc32(bytes, placeSeed(fileNumber, offset));
}

/** The same for bytes that belong to somebody. @param owner 32 bits that are well mixed. */
export function ownedChecksum(fileNumber: number, offset: number, owner: number, bytes: Uint8Array): number {
  const seed = (placeSeed(fileNumber, offset) ^ owner) >>> 0;
  // zlib's answer for no bytes depends on where they are not.
  return bytes.length === 0 ? seed : crc32(bytes, seed);
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
