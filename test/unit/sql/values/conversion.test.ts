import { describe, expect, test } from 'vitest';
import * as values from '../../../../src/sql/values/index.js';

const { fromJs, toJs } = values;

function convert(value: unknown, type: values.SqlType): values.SqlValue {
  return fromJs(value, type, 'parameter $1');
}

describe('JavaScript values in', () => {
  test.each<[unknown, values.SqlType, values.SqlValue]>([
    [null, values.INTEGER, null],
    [undefined, values.TEXT, null],
    [5n, values.INTEGER, 5],
    [-0, values.INTEGER, 0],
    ['42', values.BIGINT, 42],
    [2n ** 53n - 1n, values.BIGINT, Number.MAX_SAFE_INTEGER],
    [2n ** 53n, values.BIGINT, 2n ** 53n],
    [0.1, values.REAL, Math.fround(0.1)],
    [7n, values.DOUBLE, 7],
    [new Date('1969-12-31T23:59:59.999Z'), values.DATE, -1],
    [new Date('2024-02-29T12:00:00Z'), values.DATE, 19_782],
    [new Date(5), values.TIMESTAMP, 5],
    ['2024-02-29', values.DATE, 19_782],
    ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', values.UUID, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['{"a":1}', values.JSONB, '"{\\"a\\":1}"'],
    [{ b: 1, a: [true, null] }, values.JSONB, '{"a":[true,null],"b":1}'],
    ['héllo', values.varchar(5), 'héllo'],
    ['😀😀', values.varchar(2), '😀😀'],
  ])('%o as %o', (value, type, expected) => {
    expect(convert(value, type)).toStrictEqual(expected);
  });

  test.each<[unknown, values.SqlType, string]>([
    [32_768, values.SMALLINT, '22003'],
    [-32_769, values.SMALLINT, '22003'],
    [2 ** 31, values.INTEGER, '22003'],
    [2n ** 63n, values.BIGINT, '22003'],
    [1e300, values.BIGINT, '22003'],
    [Number.NaN, values.INTEGER, '22003'],
    [1.5, values.INTEGER, '42804'],
    [true, values.INTEGER, '42804'],
    ['abc', values.INTEGER, '22P02'],
    [1, values.BOOLEAN, '42804'],
    [1e300, values.REAL, '22003'],
    [1, values.TEXT, '42804'],
    ['toolong', values.varchar(3), '22001'],
    ['\ud800', values.TEXT, '22021'],
    ['bytes', values.BYTEA, '42804'],
    [new Date(Number.NaN), values.TIMESTAMP, '22008'],
    [0, values.TIMESTAMP, '42804'],
    ['2023-02-29', values.DATE, '22008'],
    ['2023-13-01', values.DATE, '22008'],
    ['yesterday', values.DATE, '22007'],
    ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1', values.UUID, '22P02'],
    [{ f: () => 1 }, values.JSON_TEXT, '22023'],
    [[1n], values.JSONB, '22023'],
    [Symbol('s'), values.UNKNOWN, '42804'],
  ])('%o as %o is refused with %s', (value, type, sqlState) => {
    expect(() => convert(value, type)).toThrow(expect.objectContaining({ sqlState }));
  });

  test('a refusal names the owner of the value', () => {
    expect(() => fromJs([], values.INTEGER, 'column "age"')).toThrow('column "age": expected a value for type integer');
  });

  test('bytes are copied in and out', () => {
    const given = Buffer.from([1, 2]);
    const value = convert(given, values.BYTEA) as Uint8Array;
    given[0] = 9;
    expect(value).toEqual(Uint8Array.of(1, 2));
    expect(value).not.toBeInstanceOf(Buffer);
    (toJs(value, values.BYTEA) as Uint8Array)[0] = 9;
    expect(value).toEqual(Uint8Array.of(1, 2));
  });

  test('a cyclic object is a limit, not a stack overflow', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    expect(() => convert(cyclic, values.JSONB)).toThrow(expect.objectContaining({ code: 'VARVE_LIMIT' }));
  });

  test.each<[unknown, values.SqlType]>([
    [true, values.BOOLEAN],
    [1, values.INTEGER],
    [2 ** 40, values.BIGINT],
    [1.5, values.DOUBLE],
    [1n, values.BIGINT],
    ['x', values.TEXT],
    [new Date(0), values.TIMESTAMPTZ],
    [new Uint8Array(1), values.BYTEA],
    [{ a: 1 }, values.JSONB],
    [null, values.UNKNOWN],
  ])('%o has by itself the type %o', (value, type) => {
    expect(values.inferType(value, 'x')).toBe(type);
  });
});

describe('JavaScript values out', () => {
  test('dates and timestamps are Dates', () => {
    expect(toJs(19_782, values.DATE)).toEqual(new Date('2024-02-29T00:00:00Z'));
    expect(toJs(1234, values.TIMESTAMPTZ)).toEqual(new Date(1234));
  });

  test('JSON is a value', () => {
    expect(toJs('{"a":[1,null]}', values.JSONB)).toEqual({ a: [1, null] });
  });

  test.each(['{"__proto__":{"admin":true}}', '{"\\u005f_proto__":{"admin":true}}', '{"constructor":1}'])(
    'an object of %s has no prototype to shadow',
    (text) => {
      const value = toJs(text, values.JSON_TEXT) as object;
      expect(Object.getPrototypeOf(value)).toBeNull();
      expect(({} as { admin?: boolean }).admin).toBeUndefined();
      expect(JSON.parse(JSON.stringify(value))).toEqual(JSON.parse(text));
    },
  );

  test('an ordinary object is plain', () => {
    expect(Object.getPrototypeOf(toJs('{"a":{"b":1}}', values.JSONB))).toBe(Object.prototype);
  });
});
