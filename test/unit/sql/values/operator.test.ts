import { describe, expect, test } from 'vitest';
import type { BinaryOperator } from '../../../../src/sql/ast/index.js';
import * as values from '../../../../src/sql/values/index.js';

const { BIGINT, BOOLEAN, BYTEA, DATE, DOUBLE, INTEGER, REAL, SMALLINT, TEXT, UNKNOWN } = values;

const MOST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);

function apply(operator: BinaryOperator, type: values.SqlType, left: values.Datum, right: values.Datum): unknown {
  return values.binaryRule(operator, type, type)!.evaluate(left, right);
}

const outOfRange: unknown = expect.objectContaining({ sqlState: '22003' });
const divisionByZero: unknown = expect.objectContaining({ sqlState: '22012' });

describe('integer arithmetic', () => {
  test.each<[BinaryOperator, values.SqlType, values.Datum, values.Datum, unknown]>([
    ['/', INTEGER, 7, 2, 3],
    ['/', INTEGER, -7, 2, -3],
    ['/', INTEGER, -1, 2, 0],
    ['%', INTEGER, -7, 2, -1],
    ['%', INTEGER, 7, -2, 1],
    ['%', INTEGER, -4, 2, 0],
    ['*', INTEGER, 0, -5, 0],
    ['+', BIGINT, Number.MAX_SAFE_INTEGER, 1, 2n ** 53n],
    ['-', BIGINT, 2n ** 53n, 1, Number.MAX_SAFE_INTEGER],
    ['*', BIGINT, 3_037_000_499, 3_037_000_499, 9_223_372_030_926_249_001n],
    ['/', BIGINT, MOST, 2, MOST / 2n],
    ['/', BIGINT, LEAST, LEAST, 1],
    ['%', BIGINT, MOST, 10, 7],
  ])('%s on %o: %o, %o', (operator, type, left, right, result) => {
    expect(apply(operator, type, left, right)).toStrictEqual(result);
  });

  test.each<[BinaryOperator, values.SqlType, values.Datum, values.Datum]>([
    ['+', SMALLINT, 32_767, 1],
    ['-', SMALLINT, -32_768, 1],
    ['*', INTEGER, 65_536, 65_536],
    ['/', INTEGER, -2_147_483_648, -1],
    ['+', BIGINT, MOST, 1],
    ['-', BIGINT, LEAST, 1],
    ['*', BIGINT, MOST, 2],
    ['/', BIGINT, LEAST, -1],
  ])('%s on %o overflows with 22003: %o, %o', (operator, type, left, right) => {
    expect(() => apply(operator, type, left, right)).toThrow(outOfRange);
  });

  test.each<[BinaryOperator, values.SqlType]>([
    ['/', INTEGER],
    ['%', INTEGER],
    ['/', BIGINT],
    ['%', BIGINT],
    ['/', DOUBLE],
    ['%', DOUBLE],
  ])('%s by zero on %o is 22012', (operator, type) => {
    expect(() => apply(operator, type, 1, 0)).toThrow(divisionByZero);
  });

  test('the minus sign overflows at the end of the range only', () => {
    expect(() => values.unaryRule('-', BIGINT)!.evaluate(LEAST)).toThrow(outOfRange);
    expect(values.unaryRule('-', BIGINT)!.evaluate(MOST)).toBe(-MOST);
    expect(() => values.unaryRule('-', SMALLINT)!.evaluate(-32_768)).toThrow(outOfRange);
    expect(Object.is(values.unaryRule('-', INTEGER)!.evaluate(0), 0)).toBe(true);
  });
});

describe('float arithmetic', () => {
  test('overflow of finite numbers is 22003, infinities go through', () => {
    expect(() => apply('*', DOUBLE, 1e308, 10)).toThrow(outOfRange);
    expect(() => apply('*', REAL, Math.fround(1e38), 10)).toThrow(outOfRange);
    expect(apply('+', DOUBLE, Infinity, 1)).toBe(Infinity);
  });

  test('real results are rounded to 32 bits', () => {
    expect(apply('+', REAL, Math.fround(0.1), Math.fround(0.2))).toBe(Math.fround(Math.fround(0.1) + Math.fround(0.2)));
  });

  test('there is no negative zero', () => {
    expect(Object.is(apply('*', DOUBLE, 0, -1), 0)).toBe(true);
    expect(Object.is(values.unaryRule('-', DOUBLE)!.evaluate(0), 0)).toBe(true);
  });
});

describe('operand types', () => {
  test.each<[BinaryOperator, values.SqlType, values.SqlType, values.SqlType]>([
    ['+', SMALLINT, SMALLINT, SMALLINT],
    ['+', SMALLINT, BIGINT, BIGINT],
    ['*', INTEGER, DOUBLE, DOUBLE],
    ['+', INTEGER, UNKNOWN, INTEGER],
    ['+', DATE, INTEGER, DATE],
    ['-', DATE, DATE, INTEGER],
    ['||', TEXT, INTEGER, TEXT],
    ['||', BYTEA, UNKNOWN, BYTEA],
    ['<', INTEGER, DOUBLE, BOOLEAN],
    ['=', UNKNOWN, DATE, BOOLEAN],
  ])('%s of %o and %o', (operator, left, right, result) => {
    expect(values.binaryRule(operator, left, right)!.result).toEqual(result);
  });

  test.each<[BinaryOperator, values.SqlType, values.SqlType]>([
    ['+', TEXT, INTEGER],
    ['+', UNKNOWN, UNKNOWN],
    ['+', BOOLEAN, BOOLEAN],
    ['+', DATE, DATE],
    ['||', INTEGER, INTEGER],
    ['=', INTEGER, TEXT],
    ['=', values.JSON_TEXT, values.JSON_TEXT],
  ])('%s of %o and %o does not exist', (operator, left, right) => {
    expect(values.binaryRule(operator, left, right)).toBeUndefined();
  });

  test('dates count in days', () => {
    expect(values.binaryRule('+', DATE, INTEGER)!.evaluate(10, 5)).toBe(15);
    expect(values.binaryRule('+', INTEGER, DATE)!.evaluate(5, 10)).toBe(15);
    expect(values.binaryRule('-', DATE, INTEGER)!.evaluate(10, 5)).toBe(5);
    expect(values.binaryRule('-', DATE, DATE)!.evaluate(10, 4)).toBe(6);
  });

  test('|| joins bytes', () => {
    expect(values.binaryRule('||', BYTEA, BYTEA)!.evaluate(Uint8Array.of(1), Uint8Array.of(2, 3))).toEqual(
      Uint8Array.of(1, 2, 3),
    );
  });
});

describe('three-valued logic', () => {
  test.each<[values.Truth, values.Truth, values.Truth, values.Truth]>([
    [true, true, true, true],
    [true, false, false, true],
    [true, null, null, true],
    [false, false, false, false],
    [false, null, false, null],
    [null, null, null, null],
  ])('%s with %s', (a, b, both, either) => {
    expect([values.and3(a, b), values.and3(b, a)]).toEqual([both, both]);
    expect([values.or3(a, b), values.or3(b, a)]).toEqual([either, either]);
    expect(values.not3(values.not3(a))).toBe(a);
  });
});
