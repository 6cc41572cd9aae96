import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CorruptionError, decodeValue, encodeValue, InvalidArgumentError } from '../../../src/base/index.js';
import { propertyOptions } from '../../support/seed.js';

const forbidden = new Set(['__proto__', 'constructor', 'prototype']);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double().map((number) => number + 0), // -0 is stored as 0
    fc.bigInt(),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array(),
    fc.date({ noInvalidDate: true }),
    fc.array(tie('value')),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((entries) => new Map(entries)),
    fc.array(tie('value')).map((items) => new Set(items)),
    fc
      .dictionary(
        fc.string().filter((key) => !forbidden.has(key)),
        tie('value'),
      )
      .map((object) => ({ ...object })),
  ),
}));

test('values decode to what was encoded', () => {
  fc.assert(
    fc.property(value, (original) => {
      expect(decodeValue(encodeValue(original))).toEqual(original);
    }),
    propertyOptions(2000),
  );
});

test('the encoded bytes belong to the caller', () => {
  const first = encodeValue('one');
  encodeValue('two');
  expect(decodeValue(first)).toBe('one');
});

describe('a value that would read back as another is refused', () => {
  class Point {
    x = 1;
  }
  const loop: unknown[] = [];
  loop.push(loop);
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol in an array', [Symbol('s')]],
    ['a class instance', new Point()],
    ['a regular expression in a map', new Map([[1, /x/]])],
    ['an invalid date', new Date(Number.NaN)],
    ['a value that contains itself', loop],
    ['an own __proto__ key', JSON.parse('{"a":{"__proto__":{"admin":true}}}')],
    ['a constructor key', { constructor: 1 }],
  ])('%s', (_name, bad) => {
    expect(() => encodeValue(bad)).toThrow(InvalidArgumentError);
  });
});

test('a property that is undefined is left out', () => {
  expect(decodeValue(encodeValue({ a: 1, b: undefined }))).toEqual({ a: 1 });
});

test('damaged values are reported, never returned', () => {
  expect(() => decodeValue(new Uint8Array([0xc1]))).toThrow(CorruptionError);
  expect(() => decodeValue(encodeValue('a long enough text').subarray(0, 5))).toThrow(CorruptionError);
  expect(() => decodeValue(new Uint8Array([0x81, 0xa9, ...Buffer.from('__proto__'), 0x80]))).toThrow(CorruptionError);
});

describe('Dates of another realm', () => {
  const foreign: unknown = runInNewContext('new Date(1234567890123)');

  test('are stored like any other', () => {
    expect(foreign).not.toBeInstanceOf(Date);
    const decoded = decodeValue(encodeValue({ at: foreign })) as { at: Date };
    expect(decoded.at).toBeInstanceOf(Date);
    expect(decoded.at.getTime()).toBe(1_234_567_890_123);
    expect(encodeValue(foreign)).toEqual(encodeValue(new Date(1_234_567_890_123)));
  });

  test('must be valid, and really be Dates', () => {
    expect(() => encodeValue(runInNewContext('new Date(NaN)'))).toThrow(/invalid Date/);
    const impostor = new (class {
      readonly [Symbol.toStringTag] = 'Date';
    })();
    expect(() => encodeValue(impostor)).toThrow(InvalidArgumentError);
  });
});
