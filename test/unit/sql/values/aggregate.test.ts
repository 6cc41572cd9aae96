import { describe, expect, test } from 'vitest';
import { LimitError } from '../../../../src/base/index.js';
import * as values from '../../../../src/sql/values/index.js';

const { BIGINT, BYTEA, DOUBLE, INTEGER, JSON_TEXT, REAL, SMALLINT, TEXT } = values;

interface Options {
  readonly distinct?: boolean;
  readonly reserve?: values.MemoryReservation;
}

function aggregate(name: string, type: values.SqlType, given: values.SqlValue[], options: Options = {}): unknown {
  const { distinct = false, reserve = () => undefined } = options;
  const state = values.resolveAggregate({ name, types: [type], distinct, star: false }).create(reserve);
  for (const value of given) state.add(value);
  return state.result();
}

describe('aggregates', () => {
  test.each<[string, values.SqlType, values.SqlValue[], unknown]>([
    ['count', INTEGER, [1, null, 1], 2],
    ['count', INTEGER, [], 0],
    ['sum', INTEGER, [1, null, 2], 3],
    ['sum', INTEGER, [null], null],
    ['sum', BIGINT, [2n ** 62n, 2n ** 62n, -(2n ** 62n)], 2n ** 62n],
    ['sum', BIGINT, [Number.MAX_SAFE_INTEGER, 2, -3], Number.MAX_SAFE_INTEGER - 1],
    ['sum', DOUBLE, [0.5, 0.25], 0.75],
    ['sum', DOUBLE, [Infinity, 1], Infinity],
    ['avg', INTEGER, [1, 2], 1.5],
    ['avg', BIGINT, [2n ** 62n, 2n ** 62n], 2 ** 62],
    ['avg', INTEGER, [], null],
    ['min', TEXT, ['b', null, 'a'], 'a'],
    ['max', BIGINT, [1, 2n ** 60n, null], 2n ** 60n],
    ['max', INTEGER, [null], null],
  ])('%s of %o over %o', (name, type, given, result) => {
    expect(aggregate(name, type, given)).toStrictEqual(result);
  });

  test.each<[string, values.SqlType, values.SqlType]>([
    ['sum', SMALLINT, BIGINT],
    ['sum', REAL, REAL],
    ['avg', SMALLINT, DOUBLE],
    ['min', REAL, REAL],
    ['count', TEXT, BIGINT],
  ])('the result of %s over %o is %o', (name, type, result) => {
    expect(values.resolveAggregate({ name, types: [type], distinct: false, star: false }).result).toBe(result);
  });

  test('count(*) counts rows of NULLs', () => {
    const state = values.resolveAggregate({ name: 'count', types: [], distinct: false, star: true }).create(() => {});
    state.add(null);
    state.add(null);
    expect(state.result()).toBe(2);
  });

  test('a sum beyond BIGINT is 22003', () => {
    const most = 2n ** 63n - 1n;
    expect(() => aggregate('sum', BIGINT, [most, 1])).toThrow(expect.objectContaining({ sqlState: '22003' }));
    expect(() => aggregate('sum', DOUBLE, [1e308, 1e308])).toThrow(expect.objectContaining({ sqlState: '22003' }));
  });

  test('DISTINCT lets each value through once', () => {
    expect(aggregate('count', INTEGER, [1, 1, 2, null], { distinct: true })).toBe(2);
    expect(aggregate('sum', DOUBLE, [Number.NaN, Number.NaN], { distinct: true })).toBeNaN();
    expect(aggregate('count', BYTEA, [Uint8Array.of(1), Uint8Array.of(1)], { distinct: true })).toBe(1);
  });

  test('string_agg puts the delimiter of a row before it', () => {
    const aggregateCall = values.resolveAggregate({
      name: 'string_agg',
      types: [TEXT, TEXT],
      distinct: false,
      star: false,
    });
    const state = aggregateCall.create(() => undefined);
    expect(state.result()).toBeNull();
    for (const [value, delimiter] of [
      ['a', '1'],
      [null, '2'],
      ['b', '3'],
      ['c', null],
    ] as const)
      state.add(value, delimiter);
    expect(state.result()).toBe('a3bc');
  });

  test('what grows reserves its memory first', () => {
    const spent: number[] = [];
    const reserve = (bytes: number): void => {
      spent.push(bytes);
      if (spent.length > 3) throw LimitError.exceeded('memory', 4, 3, 'values');
    };
    expect(() => aggregate('count', INTEGER, [1, 1, 2, 3, 4, 5], { distinct: true, reserve })).toThrow(LimitError);
    expect(spent.length).toBe(4);
  });

  test('what does not exist is 42883', () => {
    const resolve = (name: string, types: values.SqlType[], distinct = false, star = false): unknown =>
      values.resolveAggregate({ name, types, distinct, star });
    const missing: unknown = expect.objectContaining({ sqlState: '42883' });
    expect(() => resolve('sum', [TEXT])).toThrow(missing);
    expect(() => resolve('sum', [])).toThrow(missing);
    expect(() => resolve('sum', [], false, true)).toThrow(missing);
    expect(() => resolve('min', [JSON_TEXT])).toThrow(missing);
    expect(() => resolve('count', [JSON_TEXT], true)).toThrow(missing);
    expect(() => resolve('coutn', [TEXT])).toThrow('did you mean count');
  });
});
