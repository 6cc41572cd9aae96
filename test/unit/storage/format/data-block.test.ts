import { describe, expect, test } from 'vitest';
import { hashBytes, randomBelow, seededRandom } from '../../../../src/base/index.js';
import { BlockBuilder, BlockReader } from '../../../../src/storage/format/data-block.js';
import { addEntry, bytes, compareTestEntries, entry, type TestEntry } from '../fixtures.js';

function blockOf(entries: readonly TestEntry[]): BlockReader {
  const builder = new BlockBuilder(64);
  for (const one of entries) addEntry(builder, one);
  const reader = new BlockReader();
  // Not at the start of its memory, as in a cache slab.
  const block = builder.finish();
  const memory = new Uint8Array(block.length + 20).fill(0xee);
  memory.set(block, 7);
  reader.reset(memory, 7, 7 + block.length);
  return reader;
}

/** With a hash over the keys, as tables write it. */
function slottedBlockOf(entries: readonly TestEntry[]): BlockReader {
  const builder = new BlockBuilder(64);
  entries.forEach((one, i) => {
    const repeats = i > 0 && entries[i - 1]!.key === one.key;
    const [key, value] = [bytes(one.key), bytes(one.value ?? '')];
    builder.add(key, 0, key.length, one.timestamp, one.value === undefined ? 1 : 2, value, 0, value.length, repeats);
    if (!repeats) builder.slotLast(hashBytes(key));
  });
  const block = builder.finish();
  const reader = new BlockReader();
  reader.reset(block, 0, block.length);
  return reader;
}

function loaded(reader: BlockReader, index: number): TestEntry {
  reader.load(index);
  const text = (start: number, end: number): string => Buffer.from(reader.bytes.slice(start, end)).toString();
  const key = Buffer.from(reader.key()).toString();
  return entry(key, reader.timestamp, reader.kind === 2 ? text(reader.valueStart, reader.valueEnd) : undefined);
}

describe('data block', () => {
  const entries = [
    entry('', 4, 'empty key'),
    entry('a', 9, ''),
    entry('a', 3),
    entry('a', 1, 'first'),
    entry('ab', 2 ** 53 - 1, 'newest possible'),
    entry('b', 5, 'x'.repeat(300)),
    entry('long'.repeat(60), 7, 'value'),
  ];

  test('gives back what was added', () => {
    const block = blockOf(entries);
    expect(block.count).toBe(entries.length);
    expect(entries.map((_, index) => loaded(block, index))).toEqual(entries);
  });

  test.each([0, 1, 2, 3, 4, 5, 9, 2 ** 53 - 1])('finds the first entry at or behind any key as of %d', (timestamp) => {
    const block = blockOf(entries);
    for (const key of ['', 'A', 'a', 'a\0', 'aa', 'ab', 'abc', 'b', 'c', 'long'.repeat(60), 'long'.repeat(61), 'z']) {
      const expected = entries.findIndex((one) => compareTestEntries(one, entry(key, timestamp)) >= 0);
      const found = block.lowerBound(bytes(key), timestamp);
      expect({ key, found }).toEqual({ key, found: expected < 0 ? entries.length : expected });
    }
  });

  test.each([1, 2, 3, 40, 200, 254, 255, 600])('finds keys by hash among %d entries', (count) => {
    const random = seededRandom(count);
    const some = Array.from({ length: count }, (_, i) => {
      return entry(
        `k${String(randomBelow(random, count)).padStart(3, '0')}`,
        i + 1,
        random.float() < 0.3 ? undefined : `v${i}`,
      );
    }).sort(compareTestEntries);
    const block = slottedBlockOf(some);
    for (let i = -1; i <= count; i++) {
      const key = `k${String(i).padStart(3, '0')}`;
      for (const asOf of [0, 1, Math.floor(count / 2), count, 2 ** 53 - 1]) {
        const expected = some.find((one) => one.key === key && one.timestamp <= asOf);
        const found = block.find(bytes(key), hashBytes(bytes(key)), asOf);
        expect({ key, asOf, timestamp: found ? block.timestamp : undefined }).toEqual({
          key,
          asOf,
          timestamp: expected?.timestamp,
        });
      }
    }
  });

  test('says which entries repeat the key before', () => {
    const block = slottedBlockOf(entries);
    const repeats = entries.map((_, index) => {
      block.load(index);
      return block.repeats;
    });
    expect(repeats).toEqual([false, false, true, true, false, false, false]);
  });

  test('addresses entries beyond 64 KiB', () => {
    const large = ['a', 'b', 'c', 'd'].map((key, i) => entry(key, i + 1, key.repeat(30_000)));
    const block = blockOf(large);
    expect(large.map((_, index) => loaded(block, index))).toEqual(large);
    expect(block.lowerBound(bytes('d'), 100)).toBe(3);
  });

  test('never exceeds the size that the builder announces', () => {
    const builder = new BlockBuilder(64);
    for (let i = 0; i < 40; i++) {
      const announced = builder.sizeWith(bytes(`key${String(i).padStart(2, '0')}`), 0, 5, i);
      addEntry(builder, entry(`key${String(i).padStart(2, '0')}`, 2 ** 50 - i, 'v'.repeat(i)));
      const copy = new BlockBuilder(64);
      for (let j = 0; j <= i; j++)
        addEntry(copy, entry(`key${String(j).padStart(2, '0')}`, 2 ** 50 - j, 'v'.repeat(j)));
      expect(copy.finish().length).toBeLessThanOrEqual(announced);
    }
  });

  test('refuses a block with flags it does not know', () => {
    const builder = new BlockBuilder(64);
    addEntry(builder, entry('a', 1, 'v'));
    const block = builder.finish().slice();
    block[block.length - 4] = 8;
    expect(() => new BlockReader().reset(block, 0, block.length)).toThrow('known flags');
  });
});
