import { describe, expect, test } from 'vitest';
import * as values from '../../../../src/sql/values/index.js';

const { BIGINT, BYTEA, DATE, DOUBLE, INTEGER, REAL, SMALLINT, TEXT, TIMESTAMP, TIMESTAMPTZ, UNKNOWN } = values;

const context: values.EvaluationContext = { nowMs: 1_709_211_600_250 };

type Argument = [values.SqlValue, values.SqlType];

/** Calls a function as an executor would: casts, NULL handling, then the evaluator. */
function call(name: string, ...given: Argument[]): values.SqlValue {
  const types = given.map(([, type]) => type);
  const resolved = values.resolveFunction(name, types);
  const cast = given.map(([value, type], index) =>
    value === null ? null : values.castFunction(type, resolved.parameters[index]!, 'implicit')!(value),
  );
  if (resolved.evaluation === 'strict' && cast.includes(null)) return null;
  return resolved.evaluate(cast, context);
}

const text = (value: string | null): Argument => [value, TEXT];
const int = (value: number | null): Argument => [value, INTEGER];
const double = (value: number): Argument => [value, DOUBLE];

describe('text functions', () => {
  test.each<[string, Argument[], values.SqlValue]>([
    ['lower', [text('ÀB')], 'àb'],
    ['upper', [text('àb')], 'ÀB'],
    ['upper', [text(null)], null],
    ['length', [text('h😀')], 2],
    ['length', [[Uint8Array.of(1, 2, 3), BYTEA]], 3],
    ['substr', [text('hello'), int(2)], 'ello'],
    ['substr', [text('hello'), int(-1), int(4)], 'he'],
    ['substring', [text('h😀llo'), int(2), int(2)], '😀l'],
    ['substring', [text('hello'), int(4), int(99)], 'lo'],
    ['substring', [text('hello'), int(9)], ''],
    ['substring', [text('hello'), int(2_147_483_647), int(2_147_483_647)], ''],
    ['trim', [text('  x ')], 'x'],
    ['ltrim', [text('xyxa'), text('xy')], 'a'],
    ['rtrim', [text('a😀😀'), text('😀')], 'a'],
    ['trim', [text('aaa'), text('a')], ''],
    ['replace', [text('a.b.c'), text('.'), text('$&')], 'a$&b$&c'],
    ['replace', [text('abc'), text(''), text('x')], 'abc'],
    ['concat', [text('a'), int(1), text(null), [true, values.BOOLEAN], [19_782, DATE]], 'a1true2024-02-29'],
  ])('%s(%o)', (name, given, result) => {
    expect(call(name, ...given)).toBe(result);
  });

  test('a negative length is 22011', () => {
    expect(() => call('substr', text('x'), int(1), int(-1))).toThrow(expect.objectContaining({ sqlState: '22011' }));
  });

  test('a text beyond the limit is refused before it is built', () => {
    expect(() => call('replace', text('a'.repeat(100_000)), text('a'), text('b'.repeat(10_000)))).toThrow(
      expect.objectContaining({ code: 'VARVE_LIMIT' }),
    );
  });
});

describe('number functions', () => {
  test.each<[string, Argument[], values.SqlValue]>([
    ['abs', [int(-5)], 5],
    ['abs', [[-(2n ** 60n), BIGINT]], 2n ** 60n],
    ['abs', [double(-1.5)], 1.5],
    ['round', [double(2.5)], 3],
    ['round', [double(-2.5)], -3],
    ['round', [double(1.005), int(2)], 1.01],
    ['round', [double(1234.5), int(-2)], 1200],
    ['round', [int(7)], 7],
    ['floor', [double(-1.5)], -2],
    ['ceil', [double(-0.5)], 0],
    ['mod', [int(-7), int(2)], -1],
  ])('%s(%o)', (name, given, result) => {
    expect(call(name, ...given)).toBe(result);
  });

  test('abs keeps the type of its argument and its range', () => {
    for (const type of [SMALLINT, INTEGER, BIGINT, REAL, DOUBLE]) {
      expect(values.resolveFunction('abs', [type]).result).toBe(type);
    }
    expect(() => call('abs', [-32_768, SMALLINT])).toThrow(expect.objectContaining({ sqlState: '22003' }));
  });
});

describe('time functions', () => {
  const stamp = (written: string): Argument => [values.parseValue(written, TIMESTAMP), TIMESTAMP];

  test.each([
    ['second', '2024-02-29 13:05:07.25', '2024-02-29 13:05:07'],
    ['minute', '2024-02-29 13:05:07', '2024-02-29 13:05:00'],
    ['hour', '1969-12-31 23:59:59', '1969-12-31 23:00:00'],
    ['day', '1969-12-31 23:59:59', '1969-12-31 00:00:00'],
    ['week', '2024-03-03 10:00', '2024-02-26 00:00:00'],
    ['month', '2024-02-29 13:05', '2024-02-01 00:00:00'],
    ['quarter', '2024-12-31', '2024-10-01 00:00:00'],
    ['YEAR', '2024-12-31', '2024-01-01 00:00:00'],
    ['decade', '2024-12-31', '2020-01-01 00:00:00'],
  ])('date_trunc %s of %s', (field, given, result) => {
    expect(values.valueText(call('date_trunc', text(field), stamp(given))!, TIMESTAMP)).toBe(result);
  });

  test.each([
    ['year', '2024-02-29', 2024],
    ['month', '2024-02-29', 2],
    ['day', '2024-02-29', 29],
    ['hour', '2024-02-29 13:05:07.25', 13],
    ['minute', '2024-02-29 13:05:07.25', 5],
    ['second', '2024-02-29 13:05:07.25', 7.25],
    ['milliseconds', '2024-02-29 13:05:07.25', 7250],
    ['dow', '2024-03-03', 0],
    ['isodow', '2024-03-03', 7],
    ['doy', '2024-12-31', 366],
    ['week', '2021-01-03', 53],
    ['isoyear', '2021-01-03', 2020],
    ['week', '2024-12-30', 1],
    ['quarter', '2024-05-01', 2],
    ['epoch', '1970-01-01 00:00:01.5', 1.5],
    ['year', '0001-06-01 BC', -1],
  ])('extract %s of %s', (field, given, result) => {
    expect(call('extract', text(field), stamp(given))).toBe(result);
    expect(call('date_part', text(field), stamp(given))).toBe(result);
  });

  test('extract reads dates too, and a string literal as a timestamp', () => {
    expect(call('extract', text('doy'), [19_782, DATE])).toBe(60);
    expect(call('extract', ['year', UNKNOWN], ['2024-02-29', UNKNOWN])).toBe(2024);
  });

  test('now and current_date read the clock they are given', () => {
    expect(call('now')).toBe(context.nowMs);
    expect(call('current_date')).toBe(19_782);
    expect(values.resolveFunction('now', []).result).toBe(TIMESTAMPTZ);
  });

  test('an unknown field suggests near ones', () => {
    expect(() => call('extract', text('mnth'), stamp('2024-02-29'))).toThrow('did you mean month');
  });
});

describe('conditional functions', () => {
  test('nullif, greatest and least', () => {
    expect(call('nullif', int(1), int(1))).toBeNull();
    expect(call('nullif', int(1), int(2))).toBe(1);
    expect(call('nullif', int(1), int(null))).toBe(1);
    expect(call('greatest', int(1), int(null), int(3))).toBe(3);
    expect(call('least', text('b'), text('a'))).toBe('a');
    expect(call('least', int(null))).toBeNull();
  });

  test('arguments meet in one type', () => {
    const resolved = values.resolveFunction('coalesce', [UNKNOWN, SMALLINT, BIGINT]);
    expect(resolved).toMatchObject({ parameters: [BIGINT, BIGINT, BIGINT], result: BIGINT });
    expect(resolved.evaluation).toBe('first-non-null');
    expect(values.resolveFunction('coalesce', [UNKNOWN]).result).toBe(TEXT);
    expect(() => values.resolveFunction('coalesce', [TEXT, INTEGER])).toThrow(
      expect.objectContaining({ sqlState: '42883' }),
    );
  });
});

describe('resolution', () => {
  test('an unknown function suggests near names', () => {
    expect(() => values.resolveFunction('lenght', [TEXT])).toThrow(
      expect.objectContaining({ sqlState: '42883', facts: { function: 'lenght', near: ['length'] } }),
    );
  });

  test('a known function with the wrong arguments says which', () => {
    expect(() => values.resolveFunction('lower', [INTEGER])).toThrow('lower(integer)');
    expect(() => values.resolveFunction('lower', [])).toThrow(expect.objectContaining({ sqlState: '42883' }));
    expect(() => values.resolveFunction('greatest', [values.JSON_TEXT, values.JSON_TEXT])).toThrow(
      expect.objectContaining({ sqlState: '42883' }),
    );
  });
});
