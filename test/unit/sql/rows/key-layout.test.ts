import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter, compareBytes } from '../../../../src/base/index.js';
import { ColumnKind } from '../../../../src/sql/rows/column-value.js';
import { afterExtensions, appendId, appendKeyPart, indexPrefix } from '../../../../src/sql/rows/key-layout.js';
import type { SqlValue } from '../../../../src/sql/values/index.js';
import { propertyOptions } from '../../../support/seed.js';

type Column = readonly [value: SqlValue, descending: boolean];

function keyOf(kind: ColumnKind, columns: readonly Column[]): Uint8Array {
  const writer = new ByteWriter();
  for (const [value, descending] of columns) appendKeyPart(writer, kind, value, descending);
  return writer.toBytes();
}

function compareColumns(a: readonly Column[], b: readonly Column[], rank: (a: unknown, b: unknown) => number): number {
  for (let i = 0; i < a.length; i++) {
    const order = rank(a[i]![0], b[i]![0]);
    if (order !== 0) return a[i]![1] ? -order : order;
  }
  return 0;
}

function rankNumbers(a: unknown, b: unknown): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

const numeric = fc.option(fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -3, max: 3 }), fc.constant(1.5)));

describe('key layout', () => {
  test('ids keep their order', () => {
    const ids = [0, 1, 247, 248, 255, 256, 65_535, 65_536, 2 ** 32, Number.MAX_SAFE_INTEGER];
    const encoded = ids.map((id) => {
      const writer = new ByteWriter();
      appendId(writer, id);
      return writer.toBytes();
    });
    for (let i = 1; i < ids.length; i++) expect(compareBytes(encoded[i - 1]!, encoded[i]!)).toBeLessThan(0);
    expect(encoded[2]).toEqual(Uint8Array.of(0xf7));
    expect(encoded[3]).toEqual(Uint8Array.of(0xf8, 0xf8));
  });

  test('keys sort as their columns do, each in its own direction', () => {
    const directions = fc.array(fc.boolean(), { minLength: 1, maxLength: 3 });
    const pair = directions.chain((descending) =>
      fc.tuple(
        fc.tuple(...descending.map((d) => numeric.map((value): Column => [value, d]))),
        fc.tuple(...descending.map((d) => numeric.map((value): Column => [value, d]))),
      ),
    );
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const order = compareBytes(keyOf(ColumnKind.Float, a), keyOf(ColumnKind.Float, b));
        expect(Math.sign(order)).toBe(compareColumns(a, b, rankNumbers));
      }),
      propertyOptions(1000),
    );
  });

  test('exactly the keys that begin with the same columns lie below afterExtensions', () => {
    fc.assert(
      fc.property(numeric, numeric, numeric, fc.boolean(), (first, other, second, descending) => {
        const start = keyOf(ColumnKind.Float, [[first, descending]]);
        const key = keyOf(ColumnKind.Float, [
          [other, descending],
          [second, false],
        ]);
        const inside = compareBytes(key, start) >= 0 && compareBytes(key, afterExtensions(start)) < 0;
        expect(inside).toBe(rankNumbers(first, other) === 0);
      }),
      propertyOptions(1000),
    );
  });

  test('a UUID is its bytes', () => {
    const uuid = keyOf(ColumnKind.Uuid, [['00112233-4455-6677-8899-aabbccddeeff', false]]);
    expect(Buffer.from(uuid).toString('hex')).toBe('3800ff112233445566778899aabbccddeeff00');
  });

  test('no two indexes share a prefix', () => {
    const prefixes = [indexPrefix(1, 0), indexPrefix(1, 1), indexPrefix(248, 0), indexPrefix(2, 0)];
    for (const a of prefixes) {
      for (const b of prefixes) {
        if (a !== b) expect(compareBytes(a.subarray(0, b.length), b)).not.toBe(0);
      }
    }
  });
});
