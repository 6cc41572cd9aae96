import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CorruptionError } from '../../../../src/base/index.js';
import { ColumnKind } from '../../../../src/sql/rows/column-value.js';
import { encodeRow, type RowProjection, readRow } from '../../../../src/sql/rows/row-codec.js';
import type { SqlValue } from '../../../../src/sql/values/index.js';
import { propertyOptions } from '../../../support/seed.js';

const INT64_MAX = (1n << 63n) - 1n;

/** Integers as SQL holds them: numbers when safe, else bigints. */
const integer = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -40_000, max: 40_000 }),
  fc
    .bigInt({ min: -INT64_MAX - 1n, max: INT64_MAX })
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)),
);

const valueOf: Record<ColumnKind, fc.Arbitrary<SqlValue>> = {
  [ColumnKind.Boolean]: fc.boolean(),
  [ColumnKind.Integer]: integer,
  [ColumnKind.Float]: fc.double(),
  [ColumnKind.Text]: fc.string({ unit: 'binary', maxLength: 300 }),
  [ColumnKind.Bytes]: fc.uint8Array({ maxLength: 300 }),
  [ColumnKind.Uuid]: fc.uuid(),
};

const column = fc
  .constantFrom(...Object.values(ColumnKind))
  .chain((kind) => fc.tuple(fc.constant(kind), fc.option(valueOf[kind], { freq: 4 })));

function projection(kinds: readonly ColumnKind[], columns = kinds.map((_, i) => i)): RowProjection {
  return { columns, kinds: columns.map((i) => kinds[i]!), targets: columns.map((_, i) => i) };
}

function decode(kinds: readonly ColumnKind[], row: Uint8Array): SqlValue[] {
  const target: SqlValue[] = [];
  readRow(projection(kinds), row, 0, row.length, target);
  return target;
}

describe('row codec', () => {
  test('gives back every row, and every column alone, at any offset', () => {
    fc.assert(
      fc.property(fc.array(column, { maxLength: 20 }), fc.nat(9), (columns, offset) => {
        const kinds = columns.map(([kind]) => kind);
        const values = columns.map(([, value]) => value);
        const row = encodeRow(kinds, values);
        const placed = new Uint8Array(offset + row.length + 3).fill(0xee);
        placed.set(row, offset);
        expect(decode(kinds, row)).toEqual(values);
        for (let i = 0; i < values.length; i++) {
          const target: SqlValue[] = [];
          readRow(projection(kinds, [i]), placed, offset, offset + row.length, target);
          expect(target).toEqual([values[i]]);
        }
      }),
      propertyOptions(300),
    );
  });

  test('integers take the fewest bytes', () => {
    const bytesOf = (value: number | bigint): number => encodeRow([ColumnKind.Integer], [value]).length - 5;
    expect([0, -128, 127].map(bytesOf)).toEqual([1, 1, 1]);
    expect([128, -129, 32767].map(bytesOf)).toEqual([2, 2, 2]);
    expect([32768, -(2 ** 31), 2 ** 31 - 1].map(bytesOf)).toEqual([4, 4, 4]);
    expect([2 ** 31, -(2 ** 47), 2 ** 47 - 1].map(bytesOf)).toEqual([6, 6, 6]);
    expect([2 ** 47, Number.MAX_SAFE_INTEGER, INT64_MAX].map(bytesOf)).toEqual([8, 8, 8]);
  });

  test('columns added after the row was written read as null', () => {
    const row = encodeRow([ColumnKind.Integer, ColumnKind.Text], [7, 'seven']);
    const kinds = [ColumnKind.Integer, ColumnKind.Text, ColumnKind.Float, ColumnKind.Bytes];
    expect(decode(kinds, row)).toEqual([7, 'seven', null, null]);
  });

  test('rows of more than 255 and of more than 65535 bytes', () => {
    for (const length of [255, 256, 65_535, 65_536, 200_000]) {
      const values: SqlValue[] = ['a'.repeat(length), 42, null, 'é'];
      const kinds = [ColumnKind.Text, ColumnKind.Integer, ColumnKind.Text, ColumnKind.Text];
      expect(decode(kinds, encodeRow(kinds, values))).toEqual(values);
    }
  });

  test('damaged headers are refused, not read past', () => {
    const kinds = [ColumnKind.Integer, ColumnKind.Text];
    const row = encodeRow(kinds, [1, 'one']);
    for (let length = 0; length < row.length; length++) {
      expect(() => decode(kinds, row.slice(0, length))).toThrow(CorruptionError);
    }
    const width = row.slice();
    width[0] = 3;
    expect(() => decode(kinds, width)).toThrow(CorruptionError);
    const backwards = row.slice();
    backwards[4] = 9;
    expect(() => decode(kinds, backwards)).toThrow(CorruptionError);
  });
});
