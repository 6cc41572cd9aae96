import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { ownedChecksum, placedChecksum } from '../../../src/base/index.js';
import { laneChecksum, laneChecksumBy, scriptedKernel } from '../../../src/base/lane-checksum.js';
import { laneKernel } from '../../../src/base/lane-kernel.js';
import { propertyOptions } from '../../support/seed.js';

/** CRC-32 of the ASCII digits 1 to 9, by which implementations are told apart (RFC 3720 and others). */
const CHECK = 0xcbf43926;
const NUMBER = fc.integer({ min: 0, max: 2 ** 53 - 1 });
const CRC_BYTES_MAX = 256;
/** What the lanes take at a time. */
const PIECE_BYTES = 2 ** 16;

/** The seed of a place, which is the checksum of no bytes there. */
const seedOf = (fileNumber: number, offset: number) => placedChecksum(fileNumber, offset, new Uint8Array());

/** What docs/formats/checksums.md says of a place, … */
function seedByTheBook(file: number, offset: number): number {
  const [low, high] = [(value: number) => value % 2 ** 32, (value: number) => Math.floor(value / 2 ** 32)];
  const s1 = Math.imul(low(file), 0x9e3779b1);
  const s2 = Math.imul(s1 ^ high(file), 0x85ebca77) ^ (s1 >>> 15);
  const s3 = Math.imul(s2 ^ low(offset), 0xc2b2ae3d) ^ (s2 >>> 13);
  return (Math.imul(s3 ^ high(offset), 0x27d4eb2f) ^ (s3 >>> 16)) >>> 0;
}

/** … and of more than 256 bytes, word for word. */
function lanesByTheBook(seed: number, bytes: Uint8Array): number {
  const step = (state: number, word: number): number => {
    const x = (state + Math.imul(word, 0x85ebca77)) | 0;
    return Math.imul((x << 13) | (x >>> 19), 0x9e3779b1);
  };
  const padded = Buffer.alloc(Math.ceil(bytes.length / 128) * 128);
  padded.set(bytes);
  const lanes = Array.from({ length: 32 }, (_, j) => Math.imul(j + 1, 0xc2b2ae3d));
  for (let i = 0; i < padded.length / 4; i++) lanes[i % 32] = step(lanes[i % 32]!, padded.readInt32LE(4 * i));
  return lanes.reduce(step, step(seed, bytes.length)) >>> 0;
}

test('a range has the checksum that is documented, wherever it lies in its array', () => {
  fc.assert(
    fc.property(NUMBER, NUMBER, fc.uint8Array({ maxLength: 700 }), fc.nat(), fc.nat(), (file, offset, bytes, a, b) => {
      const start = a % (bytes.length + 1);
      const end = start + (b % (bytes.length - start + 1));
      const range = bytes.slice(start, end);
      const seed = seedByTheBook(file, offset);
      expect(seedOf(file, offset)).toBe(seed);
      const short = range.length === 0 ? seed : crc32(range, seed);
      const expected = range.length > CRC_BYTES_MAX ? lanesByTheBook(seed, range) : short;
      expect(placedChecksum(file, offset, bytes, start, end)).toBe(expected);
      expect(placedChecksum(file, offset, range)).toBe(expected);
      expect(ownedChecksum(file, offset, 0, range)).toBe(expected);
    }),
    propertyOptions(1000),
  );
});

test('so has a long one, with WebAssembly and without', () => {
  // Else both would be the script.
  expect(laneKernel()).toBeDefined();
  const scripted = laneChecksumBy(scriptedKernel());
  const bytes = Uint8Array.from({ length: 3 * PIECE_BYTES }, (_, i) => i * 37 + (i >>> 9));
  const lengths = [
    257,
    383,
    384,
    385,
    ...[1, 2].flatMap((pieces) => [-129, -1, 0, 1, 130].map((more) => pieces * PIECE_BYTES + more)),
  ];
  for (const length of lengths) {
    for (const start of [0, 1, 3]) {
      const expected = lanesByTheBook(77, bytes.subarray(start, start + length));
      expect(laneChecksum(77, bytes, start, start + length), `${length} bytes from ${start}`).toBe(expected);
      expect(scripted(77, bytes, start, start + length)).toBe(expected);
    }
  }
});

const outOfMemory = (): never => {
  throw new RangeError('out of memory');
};

test.each([
  ['there is no WebAssembly', undefined],
  ['it has no vectors, or its memory no addresses', { Module: vi.fn(outOfMemory) }],
])('without a kernel, as %s, there is the script', (_, stub) => {
  vi.stubGlobal('WebAssembly', stub);
  try {
    expect(laneKernel()).toBeUndefined();
  } finally {
    vi.unstubAllGlobals();
  }
});

test('a change within one word is always seen, and so is another seed', () => {
  const bytes = fc.uint8Array({ minLength: CRC_BYTES_MAX + 1, maxLength: 5000 });
  const change = fc.integer({ min: 1, max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(bytes, fc.nat(), change, change, (original, draw, mask, seed) => {
      const at = (draw % Math.floor(original.length / 4)) * 4;
      const changed = Buffer.from(original);
      changed.writeUInt32LE((changed.readUInt32LE(at) ^ mask) >>> 0, at);
      const checksum = laneChecksum(0, original, 0, original.length);
      expect(laneChecksum(0, changed, 0, changed.length)).not.toBe(checksum);
      expect(laneChecksum(seed, original, 0, original.length)).not.toBe(checksum);
    }),
    propertyOptions(1000),
  );
});

test('two changes in one lane do not cancel each other: of one bit and of one or two, …', () => {
  const range = new Uint8Array(4096);
  for (let i = 0; i < range.length; i++) range[i] = Math.imul(i, 0x343fd) >>> 16;
  const checksum = laneChecksum(1, range, 0, range.length);
  const view = new DataView(range.buffer);
  const flip = (at: number, mask: number): void => view.setInt32(at, view.getInt32(at, true) ^ mask, true);
  let missed = 0;
  for (let first = 0; first < 32; first++) {
    flip(400, 1 << first);
    for (let i = 0; i < 32; i++) {
      for (let j = 0; j <= i; j++) {
        flip(528, (1 << i) | (1 << j));
        if (laneChecksum(1, range, 0, range.length) === checksum) missed++;
        flip(528, (1 << i) | (1 << j));
      }
    }
    flip(400, 1 << first);
  }
  expect(missed).toBe(0);
});

test('… or of counters in records of 128 bytes, of which some are of an older state', () => {
  const records = (from: number, step: number, older: number): Uint8Array => {
    const bytes = Buffer.alloc(8195);
    for (let at = 3, i = 0; at + 4 < bytes.length; at += 128, i++)
      bytes.writeUInt32BE((from + (i - ((older >> i) & 1)) * step) >>> 0, at);
    return bytes;
  };
  for (const step of [1, 2, 64, 128, 256, 2 ** 15, 2 ** 24]) {
    for (let from = 2 ** 16; from < 2 ** 16 + 64 * step; from += step) {
      const sums = [0, 0b1, 0b11, 0b110, 0b1100, 0b1111].map((older) =>
        placedChecksum(1, 1, records(from, step, older)),
      );
      expect(new Set(sums).size, `from ${from} by ${step}`).toBe(sums.length);
    }
  }
});

/** Whole sectors of zeros, of ones, of something else, of a neighbour: what a disk leaves. */
test('torn, zeroed and exchanged sectors are seen', () => {
  const sector = 512;
  const sectors = fc.array(fc.constantFrom('zero', 'ones', 'other', 'swap'), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), sectors, fc.nat(), (filling, damages, draw) => {
      const content = Buffer.alloc(16 * sector);
      for (let at = 0, x = filling; at < content.length; at += 4)
        content.writeInt32LE((x = (Math.imul(x, 0x343fd) + 0x269ec3) | 0), at);
      const damaged = Buffer.from(content);
      for (const [i, damage] of damages.entries()) {
        const at = ((draw + 5 * i) % 15) * sector;
        const target = damaged.subarray(at, at + sector);
        if (damage === 'swap') {
          const first = Buffer.from(target);
          target.set(damaged.subarray(at + sector, at + 2 * sector));
          damaged.set(first, at + sector);
        } else if (damage === 'other') for (let j = 0; j < sector; j++) target[j] = content[at + j]! ^ 0x55;
        else target.fill(damage === 'zero' ? 0 : 0xff);
      }
      if (damaged.equals(content)) return;
      expect(placedChecksum(3, 4096, damaged)).not.toBe(placedChecksum(3, 4096, content));
    }),
    propertyOptions(2000),
  );
});

test('the examples in checksums.md are right', () => {
  const text = readFileSync(new URL('../../../docs/formats/checksums.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| ([\d,]+) \| (\d+) \| (\d+) \| ([0-9a-f]{8}) \|$/gm)];
  expect(rows).toHaveLength(5);
  for (const [, length, file, offset, checksum] of rows) {
    const bytes = Uint8Array.from({ length: Number(length!.replaceAll(',', '')) }, (_, i) => i % 251);
    expect(placedChecksum(Number(file), Number(offset), bytes).toString(16).padStart(8, '0')).toBe(checksum);
  }
});

test('of a short range is the CRC-32 of everybody else', () => {
  const digits = new TextEncoder().encode('123456789');
  expect(crc32(digits)).toBe(CHECK);
  // Checksums go on from one another: the seed of place 0, 0 is 0.
  expect(seedOf(0, 0)).toBe(0);
  expect(placedChecksum(0, 0, digits)).toBe(CHECK);
});
