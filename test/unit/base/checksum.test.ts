import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ownedChecksum, placedChecksum } from '../../../src/base/index.js';
import { propertyOptions } from '../../support/seed.js';

/** CRC-32 of the ASCII digits 1 to 9, by which implementations are told apart (RFC 3720 and others). */
const CHECK = 0xcbf43926;
const NUMBER = fc.integer({ min: 0, max: 2 ** 53 - 1 });

/** The seed of a place, which is the checksum of no bytes there. */
const seedOf = (fileNumber: number, offset: number) => placedChecksum(fileNumber, offset, new Uint8Array());

test('a short range has the checksum that zlib gives it, wherever it lies in its array', () => {
  fc.assert(
    fc.property(NUMBER, NUMBER, fc.uint8Array({ maxLength: 600 }), fc.nat(), fc.nat(), (file, offset, bytes, a, b) => {
      const start = a % (bytes.length + 1);
      const end = start + (b % (bytes.length - start + 1));
      const range = bytes.slice(start, end);
      const expected = range.length === 0 ? seedOf(file, offset) : crc32(range, seedOf(file, offset));
      expect(placedChecksum(file, offset, bytes, start, end)).toBe(expected);
      expect(placedChecksum(file, offset, range)).toBe(expected);
      const owned = ownedChecksum(file, offset, 0, range);
      expect(owned).toBe(expected);
    }),
    propertyOptions(1000),
  );
});

test('is the CRC-32 of everybody else', () => {
  const digits = new TextEncoder().encode('123456789');
  expect(crc32(digits)).toBe(CHECK);
  // Checksums go on from one another: the seed of place 0, 0 is 0.
  expect(seedOf(0, 0)).toBe(0);
  expect(placedChecksum(0, 0, digits)).toBe(CHECK);
});
