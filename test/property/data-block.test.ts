/** Blocks against a sorted list: keys of every form, several versions each, with and without a prefix to take out. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBytes, concatBytes, equalBytes, hashBytes } from '../../src/base/index.js';
import type { EntryKind } from '../../src/storage/index.js';
import { BlockBuilder, BlockReader } from '../../src/storage/format/data-block.js';
import { propertyOptions } from '../support/seed.js';

interface Version {
  readonly key: Uint8Array;
  readonly timestamp: number;
  readonly value: Uint8Array;
}

/** Few byte values, so that keys share prefixes, extend one another and repeat; 0x00 and 0xff among them. */
const tail = fc
  .array(fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff), { maxLength: 6 })
  .map((b) => Uint8Array.from(b));
const prefix = fc.oneof(
  fc.constant(new Uint8Array(0)),
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
  fc.integer({ min: 120, max: 300 }).map((length) => new Uint8Array(length).fill(0xff)),
);
const versions = fc.array(
  fc.record({
    tail,
    timestamp: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.maxSafeNat()),
    value: fc.uint8Array({ maxLength: 20 }),
  }),
  { minLength: 1, maxLength: 300 },
);

function sorted(
  common: Uint8Array,
  drawn: readonly { tail: Uint8Array; timestamp: number; value: Uint8Array }[],
): Version[] {
  const all = drawn.map((one) => ({ key: concatBytes(common, one.tail), timestamp: one.timestamp, value: one.value }));
  all.sort((a, b) => compareBytes(a.key, b.key) || b.timestamp - a.timestamp);
  return all.filter((one, i) => {
    const before = all[i - 1];
    return before === undefined || before.timestamp !== one.timestamp || !equalBytes(before.key, one.key);
  });
}

/** Twice from one builder, as tables do: nothing of the first block may show in the second. */
function blockOf(entries: readonly Version[]): BlockReader {
  const builder = new BlockBuilder(64);
  let announced = 0;
  for (let round = 0; round < 2; round++) {
    if (round > 0) builder.finish();
    entries.forEach(({ key, timestamp, value }, i) => {
      const repeats = i > 0 && equalBytes(entries[i - 1]!.key, key);
      announced = builder.sizeWith(key, 0, key.length, value.length);
      builder.add(key, 0, key.length, timestamp, 2 satisfies EntryKind, value, 0, value.length, repeats);
      if (!repeats) builder.slotLast(hashBytes(key));
    });
  }
  const block = builder.finish();
  expect(block.length).toBeLessThanOrEqual(announced);
  const memory = new Uint8Array(block.length + 9).fill(0xee);
  memory.set(block, 5);
  const reader = new BlockReader();
  reader.reset(memory, 5, 5 + block.length);
  return reader;
}

/** Everything that is there, and what lies beside it: shorter, longer, before and behind the shared prefix. */
function wanted(common: Uint8Array, entries: readonly Version[]): Uint8Array[] {
  const keys = [new Uint8Array(0), common, common.slice(0, -1), common.slice(1), Uint8Array.of(0xff)];
  for (const { key } of entries) keys.push(key, concatBytes(key, Uint8Array.of(0)), key.slice(0, -1));
  if (common.length > 0) {
    const other = common.slice();
    other[0] = other[0]! ^ 1;
    keys.push(other, concatBytes(other, Uint8Array.of(1)));
  }
  return keys;
}

describe('a block', () => {
  test('gives back every entry, and finds every key and no other', () => {
    fc.assert(
      fc.property(prefix, versions, (common, drawn) => {
        const entries = sorted(common, drawn);
        const reader = blockOf(entries);
        expect(reader.count).toBe(entries.length);
        entries.forEach((one, i) => {
          reader.load(i);
          const value = reader.bytes.slice(reader.valueStart, reader.valueEnd);
          expect({ key: reader.key(), timestamp: reader.timestamp, value }).toEqual(one);
        });
        for (const key of wanted(common, entries)) {
          for (const asOf of [0, 3, Number.MAX_SAFE_INTEGER]) {
            const at = entries.findIndex((one) => (compareBytes(one.key, key) || asOf - one.timestamp) >= 0);
            expect(reader.lowerBound(key, asOf)).toBe(at < 0 ? entries.length : at);
            const newest = entries.find((one) => equalBytes(one.key, key) && one.timestamp <= asOf);
            const found = reader.find(key, hashBytes(key), asOf);
            expect(found ? reader.timestamp : undefined).toBe(newest?.timestamp);
          }
        }
      }),
      propertyOptions(60),
    );
  });
});
