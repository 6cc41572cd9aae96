import { expect, test } from 'vitest';
import { compareBytes, hexPreview, randomBelow, seededRandom } from '../../../../src/base/index.js';
import { SortedKeys } from '../../../../src/storage/table/sorted-keys.js';
import { bytes } from '../fixtures.js';

function keysOf(keys: readonly Uint8Array[]): SortedKeys {
  return new SortedKeys(keys.length, (index) => keys[index]!);
}

function expectFound(keys: readonly Uint8Array[], probes: readonly Uint8Array[]): void {
  const sorted = keysOf(keys);
  for (const probe of probes) {
    const expected = keys.findIndex((key) => compareBytes(key, probe) >= 0);
    expect(sorted.lowerBound(probe), `probe ${hexPreview(probe)}`).toBe(expected < 0 ? keys.length : expected);
  }
}

test('finds present and absent keys of every shape', () => {
  const random = seededRandom(5);
  for (let round = 0; round < 300; round++) {
    const prefix = Uint8Array.from({ length: randomBelow(random, 4) }, () => randomBelow(random, 3) * 127);
    // Few distinct bytes, among them the smallest and the largest, and lengths on both sides of what a number holds.
    const draw = (): Uint8Array => {
      const tail = Array.from({ length: randomBelow(random, 10) }, () => [0, 1, 97, 255][randomBelow(random, 4)]!);
      return Uint8Array.of(...prefix, ...tail);
    };
    const keys = Array.from({ length: randomBelow(random, 40) }, draw).sort(compareBytes);
    const beside = [
      bytes(''),
      prefix.subarray(0, 1),
      Uint8Array.of(...prefix, 0),
      Uint8Array.of(255, 255, 255, 255, 255),
    ];
    expectFound(keys, [...keys, ...beside, ...Array.from({ length: 40 }, draw)]);
  }
});

test('finds its way among keys that differ only behind what a number holds', () => {
  const keys = Array.from({ length: 500 }, (_, i) =>
    bytes(`a/same prefix/${String(Math.floor(i / 3) * 2).padStart(5, '0')}`),
  );
  keys.unshift(bytes('A'));
  keys.push(bytes('z'));
  const probes = Array.from({ length: 700 }, (_, i) => bytes(`a/same prefix/${String(i).padStart(5, '0')}`));
  expectFound(keys, [...probes, ...keys, bytes('a/same'), bytes('a/same prefix/9')]);
});

test('an empty list has no key', () => {
  expect(keysOf([]).lowerBound(bytes('a'))).toBe(0);
});
