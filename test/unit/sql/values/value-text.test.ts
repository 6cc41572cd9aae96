import { describe, expect, test } from 'vitest';
import * as values from '../../../../src/sql/values/index.js';

const { parseValue, valueText } = values;

describe('text of values', () => {
  test.each<[values.Datum, values.SqlType, string]>([
    [true, values.BOOLEAN, 'true'],
    [2n ** 60n, values.BIGINT, '1152921504606846976'],
    [1e15, values.DOUBLE, '1e+15'],
    [123_456_789_012_345, values.DOUBLE, '123456789012345'],
    [0.0001, values.DOUBLE, '0.0001'],
    [0.000_01, values.DOUBLE, '1e-05'],
    [Infinity, values.DOUBLE, 'Infinity'],
    [Math.fround(0.1), values.REAL, '0.1'],
    [Math.fround(16_777_216), values.REAL, '16777216'],
    [Uint8Array.of(0, 255), values.BYTEA, '\\x00ff'],
    [19_782, values.DATE, '2024-02-29'],
    [-719_163, values.DATE, '0001-12-31 BC'],
    [1_709_211_600_250, values.TIMESTAMP, '2024-02-29 13:00:00.25'],
    [-1, values.TIMESTAMPTZ, '1969-12-31 23:59:59.999+00'],
  ])('%o of %o', (value, type, text) => {
    expect(valueText(value, type)).toBe(text);
    expect(parseValue(text, type)).toStrictEqual(value);
  });
});

describe('values from text', () => {
  test.each<[string, values.SqlType, values.Datum]>([
    [' YES ', values.BOOLEAN, true],
    ['off', values.BOOLEAN, false],
    [' +42 ', values.INTEGER, 42],
    ['.5e1', values.DOUBLE, 5],
    ['-inf', values.DOUBLE, -Infinity],
    ['nan', values.DOUBLE, Number.NaN],
    ['\\xAB', values.BYTEA, Uint8Array.of(0xab)],
    ['2024-2-9', values.DATE, 19_762],
    ['2024-02-29 23:00:00', values.DATE, 19_782],
    ['1970-01-01T00:00:01.2345Z', values.TIMESTAMPTZ, 1235],
    ['1970-01-01 02:00:00+02', values.TIMESTAMPTZ, 0],
    ['1970-01-01 02:00:00 +02:30', values.TIMESTAMPTZ, -30 * 60_000],
    ['1970-01-01 02:00+0200', values.TIMESTAMP, 2 * 3_600_000],
    ['1970-01-01 24:00', values.TIMESTAMP, 86_400_000],
    ['{a0eebc999c0b4ef8bb6d6bb9bd380a11}', values.UUID, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['{"b": 1.0, "a": 2}', values.JSONB, '{"a":2,"b":1}'],
    ['{"b": 1.0, "a": 2}', values.JSON_TEXT, '{"b": 1.0, "a": 2}'],
  ])('%s as %o', (text, type, value) => {
    expect(parseValue(text, type)).toStrictEqual(value);
  });

  test.each<[string, values.SqlType, string]>([
    ['maybe', values.BOOLEAN, '22P02'],
    ['1.0', values.INTEGER, '22P02'],
    ['', values.INTEGER, '22P02'],
    ['-', values.INTEGER, '22P02'],
    ['0x10', values.DOUBLE, '22P02'],
    ['', values.DOUBLE, '22P02'],
    ['1e999', values.DOUBLE, '22003'],
    ['99999999999999999999', values.BIGINT, '22003'],
    ['\\xabc', values.BYTEA, '22P02'],
    ['\\xzz', values.BYTEA, '22P02'],
    ['2024-04-31', values.DATE, '22008'],
    ['0000-01-01', values.DATE, '22008'],
    ['999999-01-01', values.DATE, '22008'],
    ['2024-01-01x', values.DATE, '22007'],
    ['1970-01-01 25:00', values.TIMESTAMP, '22008'],
    ['1970-01-01 10:60', values.TIMESTAMP, '22008'],
    ['1970-01-01 10:00:00.', values.TIMESTAMP, '22007'],
    ['a0eebc99-9c0b4-ef8-bb6d-6bb9bd380a11', values.UUID, '22P02'],
    ['{', values.JSON_TEXT, '22P02'],
  ])('%s as %o is refused with %s', (text, type, sqlState) => {
    expect(() => parseValue(text, type)).toThrow(expect.objectContaining({ sqlState }));
  });

  test('deeply nested JSON is a limit', () => {
    const text = '['.repeat(300) + ']'.repeat(300);
    expect(() => parseValue(text, values.JSON_TEXT)).toThrow(expect.objectContaining({ code: 'VARVE_LIMIT' }));
  });
});
