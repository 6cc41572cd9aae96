import { describe, expect, test } from 'vitest';
import * as values from '../../../../src/sql/values/index.js';

function cast(value: values.Datum, from: values.SqlType, to: values.SqlType, context?: values.CastContext): unknown {
  return values.castFunction(from, to, context)!(value);
}

describe('casts', () => {
  test.each<[values.Datum, values.SqlType, values.SqlType, unknown]>([
    [2.5, values.DOUBLE, values.INTEGER, 3],
    [-2.5, values.DOUBLE, values.INTEGER, -3],
    [-0.4, values.DOUBLE, values.INTEGER, 0],
    [2n ** 60n, values.BIGINT, values.DOUBLE, 2 ** 60],
    [2 ** 60, values.DOUBLE, values.BIGINT, 2n ** 60n],
    [true, values.BOOLEAN, values.INTEGER, 1],
    [0, values.INTEGER, values.BOOLEAN, false],
    [12, values.INTEGER, values.TEXT, '12'],
    ['12', values.TEXT, values.BIGINT, 12],
    ['x'.repeat(9), values.TEXT, values.varchar(3), 'xxx'],
    [12_345, values.INTEGER, values.varchar(2), '12'],
    [1, values.DATE, values.TIMESTAMP, 86_400_000],
    [-1, values.TIMESTAMP, values.DATE, -1],
    [5, values.TIMESTAMPTZ, values.TIMESTAMP, 5],
    ['{"b":1, "a":2}', values.JSON_TEXT, values.JSONB, '{"a":2,"b":1}'],
    ['2024-02-29', values.UNKNOWN, values.DATE, 19_782],
  ])('%o of %o to %o', (value, from, to, result) => {
    expect(cast(value, from, to)).toStrictEqual(result);
  });

  test.each<[values.Datum, values.SqlType, values.SqlType]>([
    [40_000, values.INTEGER, values.SMALLINT],
    [1e10, values.DOUBLE, values.INTEGER],
    [Number.NaN, values.DOUBLE, values.BIGINT],
    [Infinity, values.DOUBLE, values.INTEGER],
    [1e300, values.DOUBLE, values.REAL],
  ])('%o of %o does not fit %o', (value, from, to) => {
    expect(() => cast(value, from, to)).toThrow(expect.objectContaining({ sqlState: '22003' }));
  });

  test('an assignment refuses what an explicit cast cuts', () => {
    expect(() => cast('abcd', values.TEXT, values.varchar(3), 'assignment')).toThrow(
      expect.objectContaining({ sqlState: '22001' }),
    );
    expect(cast('abcd', values.TEXT, values.varchar(3))).toBe('abc');
    expect(cast('😀é', values.TEXT, values.varchar(1))).toBe('😀');
  });

  test.each<[values.SqlType, values.SqlType, values.CastContext | undefined]>([
    [values.SMALLINT, values.BIGINT, 'implicit'],
    [values.BIGINT, values.DOUBLE, 'implicit'],
    [values.BIGINT, values.INTEGER, 'assignment'],
    [values.INTEGER, values.TEXT, 'assignment'],
    [values.TEXT, values.INTEGER, 'explicit'],
    [values.TEXT, values.varchar(3), 'assignment'],
    [values.varchar(3), values.TEXT, 'implicit'],
    [values.BOOLEAN, values.INTEGER, 'explicit'],
    [values.BOOLEAN, values.DOUBLE, undefined],
    [values.UUID, values.INTEGER, undefined],
    [values.DATE, values.TIMESTAMPTZ, 'implicit'],
    [values.BYTEA, values.UUID, undefined],
    [values.UNKNOWN, values.BYTEA, 'implicit'],
  ])('%o to %o applies in context %s', (from, to, context) => {
    expect(values.castContext(from, to)).toBe(context);
    expect(values.castFunction(from, to) === undefined).toBe(context === undefined);
  });
});
