import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  compareBytes,
  decodeTuple,
  encodeTuple,
  rangeContains,
  type Tuple,
  type TuplePart,
  tuplePrefixRange,
} from '../../src/base/index.js';
import { propertyOptions } from '../support/seed.js';

const scalar: fc.Arbitrary<TuplePart> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.integer({ min: -3, max: 3 }),
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    0.5,
    -0.5,
    1.5,
    -1.5,
    5e-324,
    -5e-324,
    2 ** 53,
    -(2 ** 53),
    2 ** 53 + 2,
    1e300,
    -1e300,
    255,
    256,
    -256,
  ),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
  fc.bigInt({ min: 2n ** 53n - 3n, max: 2n ** 56n + 3n }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '\0', 'a\0b', 'a', 'ab', '\u{10000}', '\uffff'),
  fc.uint8Array({ maxLength: 6 }),
);
const part: fc.Arbitrary<TuplePart> = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
);
const tuple: fc.Arbitrary<Tuple> = fc.array(part, { maxLength: 4 });

/** The order that the encoding promises, straight from its definition. */
function comparePart(a: TuplePart, b: TuplePart): number {
  const rank = (value: TuplePart): number =>
    value === null
      ? 0
      : typeof value === 'boolean'
        ? 1
        : typeof value === 'number' || typeof value === 'bigint'
          ? 2
          : typeof value === 'string'
            ? 3
            : value instanceof Uint8Array
              ? 4
              : 5;
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (Array.isArray(a)) return compareTuple(a as Tuple, b as Tuple);
  if (a instanceof Uint8Array) return compareBytes(a, b as Uint8Array);
  if (typeof a === 'string') return compareCodePoints(a, b as string);
  if (typeof a === 'number' && Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (typeof b === 'number' && Number.isNaN(b)) return -1;
  return a! < b! ? -1 : a! > b! ? 1 : 0;
}

function compareCodePoints(a: string, b: string): number {
  const left = [...a].map((c) => c.codePointAt(0)!);
  const right = [...b].map((c) => c.codePointAt(0)!);
  for (let i = 0; i < Math.min(left.length, right.length); i++) if (left[i] !== right[i]) return left[i]! - right[i]!;
  return left.length - right.length;
}

function compareTuple(a: Tuple, b: Tuple): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = comparePart(a[i] as TuplePart, b[i] as TuplePart);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** A number where a double holds the value, as decoding returns it. */
function canonical(value: TuplePart): TuplePart {
  if (Array.isArray(value)) return (value as Tuple).map((item) => canonical(item));
  if (typeof value === 'bigint') return BigInt(Number(value)) === value ? Number(value) : value;
  return value === 0 ? 0 : value;
}

test('tuples decode to what was encoded', () => {
  fc.assert(
    fc.property(tuple, (value) => {
      expect(decodeTuple(encodeTuple(value))).toEqual(value.map((item) => canonical(item)));
    }),
    propertyOptions(3000),
  );
});

test('encodings compare as the tuples do', () => {
  fc.assert(
    fc.property(tuple, tuple, (a, b) => {
      expect(Math.sign(compareBytes(encodeTuple(a), encodeTuple(b)))).toBe(Math.sign(compareTuple(a, b)));
    }),
    propertyOptions(6000),
  );
});

test('numbers and bigints share one order', () => {
  const number = fc.oneof(fc.double({ noNaN: true }), fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.integer());
  fc.assert(
    fc.property(number, number, (a, b) => {
      expect(Math.sign(compareBytes(encodeTuple([a]), encodeTuple([b])))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
    propertyOptions(6000),
  );
});

test('a prefix range holds the extensions of a tuple and nothing else', () => {
  fc.assert(
    fc.property(tuple, tuple, (prefix, other) => {
      const range = tuplePrefixRange(encodeTuple(prefix));
      expect(rangeContains(range, encodeTuple([...prefix, ...other]))).toBe(true);
      const extendsPrefix = other.length >= prefix.length && compareTuple(other.slice(0, prefix.length), prefix) === 0;
      expect(rangeContains(range, encodeTuple(other))).toBe(extendsPrefix);
    }),
    propertyOptions(3000),
  );
});
