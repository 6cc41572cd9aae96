import { describe, expect, test } from 'vitest';
import {
  CorruptionError,
  decodeTuple,
  encodeTuple,
  InvalidArgumentError,
  type TuplePart,
} from '../../../src/base/index.js';

const hex = (parts: readonly TuplePart[]): string => Buffer.from(encodeTuple(parts)).toString('hex');

describe('the bytes of a key', () => {
  test.each<[readonly TuplePart[], string]>([
    [[], ''],
    [[null, false, true], '050809'],
    [[0], '18'],
    [[-0], '18'],
    [[1], '1901'],
    [[256], '1a0100'],
    [[-1], '16feff'],
    [['user', 1], '3075736572001901'],
    [['a\0b'], '306100ff6200'],
    [[new Uint8Array([1, 0])], '380100ff00'],
    [[['a'], []], '4030610000' + '4000'],
    [[1.5], '1901ff3fe0000000000000'],
  ])('of %j never change', (parts, expected) => {
    expect(hex(parts)).toBe(expected);
  });
});

test('a bigint that a number can hold is the same key as that number', () => {
  expect(encodeTuple([12n])).toEqual(encodeTuple([12]));
  expect(encodeTuple([2n ** 60n])).toEqual(encodeTuple([2 ** 60]));
});

describe('what cannot be a key is refused', () => {
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['an object', {}],
    ['a Date', new Date()],
    ['a function', () => 1],
    ['a lone surrogate', '\ud800'],
    ['a bigint beyond every double', 2n ** 2000n],
  ])('%s', (_name, part) => {
    expect(() => encodeTuple([part as TuplePart])).toThrow(InvalidArgumentError);
  });

  test('a key that contains itself', () => {
    const loop: TuplePart[] = [];
    loop.push(loop);
    expect(() => encodeTuple(loop)).toThrow(InvalidArgumentError);
  });
});

test('bytes that no tuple encodes to are reported as damage', () => {
  for (const bytes of [[0x01], [0x19], [0x30, 0x61], [0x40, 0x05], [0x30, 0xc3, 0x00], [0xff]]) {
    expect(() => decodeTuple(new Uint8Array(bytes))).toThrow(CorruptionError);
  }
});
