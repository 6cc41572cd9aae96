/** Laws of SQL values, against independent statements of the same thing. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBytes, utf8Encode } from '../../src/base/index.js';
import * as values from '../../src/sql/values/index.js';
import { propertyOptions } from '../support/seed.js';

describe('text', () => {
  const text = fc.string({ unit: 'binary' });

  test('is ordered as its UTF-8 bytes are', () => {
    const compare = values.comparatorOf(values.TEXT);
    fc.assert(
      fc.property(text, text, fc.string({ unit: 'binary', maxLength: 3 }), (a, b, prefix) => {
        const [left, right] = [prefix + a, prefix + b];
        const expected = compareBytes(utf8Encode(left), utf8Encode(right));
        expect(Math.sign(compare(left, right))).toBe(Math.sign(expected));
      }),
      propertyOptions(2000),
    );
  });

  /** The definition, by exhaustive search. */
  function naiveLike(pattern: readonly string[], subject: readonly string[]): boolean {
    const [first, ...rest] = pattern;
    if (first === undefined) return subject.length === 0;
    if (first === '%')
      return Array.from({ length: subject.length + 1 }, (_, i) => i).some((i) => naiveLike(rest, subject.slice(i)));
    return subject.length > 0 && (first === '_' || first === subject[0]) && naiveLike(rest, subject.slice(1));
  }

  test('LIKE follows its definition', () => {
    const characters = (alphabet: string[], most: number): fc.Arbitrary<string[]> =>
      fc.array(fc.constantFrom(...alphabet), { maxLength: most });
    fc.assert(
      fc.property(characters(['a', 'b', '😀', '%', '_'], 9), characters(['a', 'b', '😀'], 12), (pattern, subject) => {
        expect(values.likeMatcher(pattern.join(''))(subject.join(''))).toBe(naiveLike(pattern, subject));
      }),
      propertyOptions(3000),
    );
  });

  test('LIKE finds long segments', () => {
    const run = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(run, run, run, fc.nat(), (head, middle, tail, hole) => {
        const at = hole % middle.length;
        const wild = `${middle.slice(0, at)}_${middle.slice(at + 1)}`;
        expect(values.likeMatcher(`%${wild}%`)(head + middle + tail)).toBe(true);
        expect(values.likeMatcher(`%${middle}%`)(head + tail)).toBe((head + tail).includes(middle));
      }),
      propertyOptions(500),
    );
  });
});

describe('integers', () => {
  const int64 = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n }),
    fc.bigInt({ min: -9n, max: 9n }),
  );
  const asValue = (value: bigint): values.Datum => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

  test('BIGINT arithmetic is exact or refused', () => {
    const exact: Record<string, (a: bigint, b: bigint) => bigint> = {
      '+': (a, b) => a + b,
      '-': (a, b) => a - b,
      '*': (a, b) => a * b,
      '/': (a, b) => a / b,
      '%': (a, b) => a % b,
    };
    fc.assert(
      fc.property(int64, int64, fc.constantFrom('+', '-', '*', '/', '%'), (a, b, operator) => {
        const rule = values.binaryRule(operator, values.BIGINT, values.BIGINT)!;
        const evaluate = (): values.Datum => rule.evaluate(asValue(a), asValue(b));
        if (b === 0n && (operator === '/' || operator === '%')) {
          expect(evaluate).toThrow(expect.objectContaining({ sqlState: '22012' }));
          return;
        }
        const expected = exact[operator]!(a, b);
        if (expected === BigInt.asIntN(64, expected)) expect(evaluate()).toBe(asValue(expected));
        else expect(evaluate).toThrow(expect.objectContaining({ sqlState: '22003' }));
      }),
      propertyOptions(3000),
    );
  });

  test('a sum does not depend on the order of its terms', () => {
    const sum = values.resolveAggregate({ name: 'sum', types: [values.BIGINT], distinct: false, star: false });
    fc.assert(
      fc.property(fc.array(int64, { minLength: 1, maxLength: 8 }), (terms) => {
        const expected = terms.reduce((a, b) => a + b);
        const state = sum.create(() => undefined);
        for (const term of terms) state.add(asValue(term));
        if (expected === BigInt.asIntN(64, expected)) expect(state.result()).toBe(asValue(expected));
        else expect(() => state.result()).toThrow(expect.objectContaining({ sqlState: '22003' }));
      }),
      propertyOptions(500),
    );
  });
});

describe('times', () => {
  const ms = fc.integer({ min: -8.64e15, max: 8.64e15 });

  test('fields agree with Date', () => {
    const extract = values.resolveFunction('extract', [values.TEXT, values.TIMESTAMP]);
    const field = (name: string, at: number): unknown => extract.evaluate([name, at], { nowMs: 0 });
    fc.assert(
      fc.property(ms, (at) => {
        const date = new Date(at);
        const year = date.getUTCFullYear();
        expect(field('year', at)).toBe(year < 1 ? year - 1 : year);
        expect(field('month', at)).toBe(date.getUTCMonth() + 1);
        expect(field('day', at)).toBe(date.getUTCDate());
        expect(field('hour', at)).toBe(date.getUTCHours());
        expect(field('minute', at)).toBe(date.getUTCMinutes());
        expect(field('dow', at)).toBe(date.getUTCDay());
      }),
      propertyOptions(1000),
    );
  });

  test('text in the ISO form of Date means the same moment', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1000, 0), max: Date.UTC(9999, 0) }), (at) => {
        expect(values.parseValue(new Date(at).toISOString(), values.TIMESTAMPTZ)).toBe(at);
      }),
      propertyOptions(500),
    );
  });
});

describe('the text of a value', () => {
  const cases: [values.SqlType, fc.Arbitrary<values.Datum>][] = [
    [values.BOOLEAN, fc.boolean()],
    [values.DOUBLE, fc.double().map((value) => value + 0)],
    [values.REAL, fc.float().map((value) => value + 0)],
    [values.TIMESTAMP, fc.integer({ min: -8.64e15, max: 8.64e15 })],
    [values.TIMESTAMPTZ, fc.integer({ min: -8.64e15, max: 8.64e15 })],
    [values.DATE, fc.integer({ min: -1e8, max: 1e8 })],
    [values.BYTEA, fc.uint8Array()],
    [values.UUID, fc.uuid()],
    [values.JSONB, fc.jsonValue().map((value) => values.fromJs(value, values.JSONB, 'x') ?? 'null')],
  ];

  test.each(cases.map(([type, arbitrary]) => [type.name, type, arbitrary] as const))(
    'reads back: %s',
    (_, type, arbitrary) => {
      fc.assert(
        fc.property(arbitrary, (value) => {
          expect(values.parseValue(values.valueText(value, type), type)).toStrictEqual(value);
        }),
        propertyOptions(300),
      );
    },
  );

  test('of JSON survives the way in and out', () => {
    fc.assert(
      fc.property(
        fc.jsonValue().filter((value) => value !== null),
        (value) => {
          const out = values.toJs(values.fromJs(value, values.JSONB, 'x'), values.JSONB);
          expect(JSON.parse(JSON.stringify(out))).toEqual(JSON.parse(JSON.stringify(value)));
        },
      ),
      propertyOptions(300),
    );
  });
});
