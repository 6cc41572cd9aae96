import { describe, expect, test } from 'vitest';
import * as values from '../../../../src/sql/values/index.js';

describe('order of values', () => {
  test.each<[values.SqlType, values.Datum[]]>([
    [values.BOOLEAN, [false, true]],
    [values.BIGINT, [-(2n ** 60n), -5, 0, 7, 2n ** 53n, 2n ** 53n + 1n]],
    [values.DOUBLE, [-Infinity, -1.5, 0, 1e300, Infinity, Number.NaN]],
    [values.TEXT, ['', 'Z', 'a', 'aa', 'b', 'é', '\uffff', '😀']],
    [values.BYTEA, [Uint8Array.of(), Uint8Array.of(0), Uint8Array.of(0, 1), Uint8Array.of(255)]],
    [values.DATE, [-1, 0, 1]],
  ])('of %o', (type, ascending) => {
    const compare = values.comparatorOf(type);
    const equal = values.equalityOf(type);
    for (const [i, left] of ascending.entries()) {
      for (const [j, right] of ascending.entries()) {
        expect(Math.sign(compare(left, right))).toBe(Math.sign(i - j));
        expect(equal(left, right)).toBe(i === j);
      }
    }
  });

  test('operators agree with the order', () => {
    const holds = (operator: '=' | '<>' | '<' | '<=' | '>' | '>='): boolean[] =>
      [1, 2, 3].map((left) => values.comparisonOf(operator, values.INTEGER)(left, 2));
    expect(holds('=')).toEqual([false, true, false]);
    expect(holds('<>')).toEqual([true, false, true]);
    expect(holds('<')).toEqual([true, false, false]);
    expect(holds('<=')).toEqual([true, true, false]);
    expect(holds('>')).toEqual([false, false, true]);
    expect(holds('>=')).toEqual([false, true, true]);
  });

  test.each([
    [false, false, [1, 2, null]],
    [false, true, [null, 1, 2]],
    [true, false, [2, 1, null]],
    [true, true, [null, 2, 1]],
  ])('sorting, descending %s and NULLs first %s', (descending, nullsFirst, expected) => {
    const compare = values.sortComparatorOf(values.INTEGER, { descending, nullsFirst });
    expect([2, null, 1].toSorted(compare)).toEqual(expected);
  });

  test('identity keys meet exactly for values that are not distinct', () => {
    const key = values.identityKeyOf(values.BYTEA);
    expect(key(Uint8Array.of(1, 2))).toBe(key(Uint8Array.of(1, 2)));
    expect(key(Uint8Array.of(1, 2))).not.toBe(key(Uint8Array.of(1)));
    const floats = new Set([Number.NaN, Number.NaN, 1, null, null].map(values.identityKeyOf(values.DOUBLE)));
    expect(floats.size).toBe(3);
  });
});
