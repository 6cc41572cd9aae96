import { describe, expect, test } from 'vitest';
import { randomBelow, seededRandom, utf8Decode } from '../../../../src/base/index.js';
import { MAX_TIMESTAMP } from '../../../../src/storage/index.js';
import { clipFragments, mergeFragments } from '../../../../src/storage/tombstone/fragment-list.js';
import { RangeTombstones, type TombstoneFragment } from '../../../../src/storage/tombstone/range-tombstones.js';
import { bytes } from '../fixtures.js';

type Clear = readonly [start: string, end: string, timestamp: number];

function tombstonesOf(...clears: readonly Clear[]): RangeTombstones {
  const tombstones = new RangeTombstones();
  for (const [start, end, timestamp] of clears) tombstones.add(bytes(start), bytes(end), timestamp);
  return tombstones;
}

function texts(fragments: readonly TombstoneFragment[]): string[] {
  return fragments.map(({ start, end, timestamps }) => `${utf8Decode(start)}-${utf8Decode(end)}@${timestamps.join()}`);
}

function coveringAt(tombstones: RangeTombstones, key: string, asOf = MAX_TIMESTAMP): number {
  return tombstones.covering(bytes(key), 0, key.length, asOf);
}

/** Some clears of one-letter ranges, with ascending timestamps. */
function randomClears(seed: number, count: number, from = 1): Clear[] {
  const random = seededRandom(seed);
  const letter = (): string => String.fromCharCode(97 + randomBelow(random, 12));
  return Array.from({ length: count }, (_, i): Clear => {
    const [start, end] = [letter(), letter()].sort();
    return [start!, start === end ? `${end}~` : end!, from + i];
  });
}

function expectToSay(tombstones: RangeTombstones, clears: readonly Clear[]): void {
  for (const key of 'abcdefghijklmn'.split('').flatMap((letter) => [letter, `${letter}x`])) {
    for (let asOf = 0; asOf <= clears.length + 1; asOf++) {
      const seen = clears.filter(([start, end, at]) => at <= asOf && start <= key && key < end);
      expect(coveringAt(tombstones, key, asOf)).toBe(seen.at(-1)?.[2] ?? 0);
    }
  }
}

describe('additions', () => {
  test('are cut where they overlap', () => {
    const tombstones = tombstonesOf(['c', 'g', 1], ['a', 'd', 2], ['e', 'f', 3], ['x', 'y', 4], ['a', 'z', 5]);
    expect(texts(tombstones.fragments)).toEqual([
      'a-c@2,5',
      'c-d@1,2,5',
      'd-e@1,5',
      'e-f@1,3,5',
      'f-g@1,5',
      'g-x@5',
      'x-y@4,5',
      'y-z@5',
    ]);
    expect(tombstones.count).toBe(16);
    expect([tombstones.minTimestamp, tombstones.maxTimestamp]).toEqual([1, 5]);
  });

  test.each([1, 2, 3, 4, 5])('say of every key at every time what was added, seed %d', (seed) => {
    const clears = randomClears(seed, 25);
    const tombstones = tombstonesOf(...clears);
    expectToSay(tombstones, clears);
    expect(tombstones.count).toBe(tombstones.fragments.reduce((sum, { timestamps }) => sum + timestamps.length, 0));
    expect(tombstones.byteSize).toBe(new RangeTombstones(tombstones.fragments).byteSize);
  });

  test('at one time are one', () => {
    expect(texts(tombstonesOf(['a', 'c', 7], ['b', 'd', 7]).fragments)).toEqual(['a-b@7', 'b-c@7', 'c-d@7']);
  });

  test('of thousands of pieces at once work', () => {
    const tombstones = new RangeTombstones();
    const key = (i: number): Uint8Array => bytes(String(i).padStart(6, '0'));
    for (let i = 0; i < 5000; i++) tombstones.add(key(i * 2), key(i * 2 + 1), 1);
    tombstones.add(key(0), key(20_000), 2);
    expect(tombstones.fragments).toHaveLength(10_000);
    expect(coveringAt(tombstones, '000001')).toBe(2);
    expect(coveringAt(tombstones, '000002', 1)).toBe(1);
  });
});

test('stretches reach over fragments that touch, as of a time', () => {
  const tombstones = tombstonesOf(['a', 'c', 1], ['c', 'e', 2], ['f', 'g', 3]);
  expect(utf8Decode(tombstones.stretchEnd(0, 2, false))).toBe('e');
  expect(utf8Decode(tombstones.stretchEnd(0, 1, false))).toBe('c');
  expect(utf8Decode(tombstones.stretchEnd(1, 2, true))).toBe('a');
  expect(utf8Decode(tombstones.stretchEnd(2, 3, true))).toBe('f');
});

test('the largest key is exact where the end directly follows it', () => {
  expect(utf8Decode(tombstonesOf(['a', 'b\0', 1]).largest!)).toBe('b');
  expect(utf8Decode(tombstonesOf(['a', 'b', 1]).largest!)).toBe('b');
  expect(new RangeTombstones().largest).toBeUndefined();
});

describe('lists of fragments', () => {
  test.each([1, 2, 3])('that are merged say what both say, seed %d', (seed) => {
    const [older, newer] = [randomClears(seed, 12), randomClears(seed + 10, 12, 13)];
    const merged = mergeFragments(tombstonesOf(...newer).fragments, tombstonesOf(...older).fragments);
    expectToSay(new RangeTombstones(merged), [...older, ...newer]);
  });

  test('are joined where nothing changes', () => {
    const [a, b] = [tombstonesOf(['a', 'b', 1]).fragments, tombstonesOf(['b', 'c', 1]).fragments];
    expect(texts(mergeFragments(a, b))).toEqual(['a-c@1']);
    expect(texts(mergeFragments(b, a))).toEqual(['a-c@1']);
  });

  test('are clipped to a range', () => {
    const { fragments } = tombstonesOf(['a', 'c', 1], ['d', 'f', 2]);
    expect(texts(clipFragments(fragments, bytes('b'), bytes('e')))).toEqual(['b-c@1', 'd-e@2']);
    expect(texts(clipFragments(fragments, bytes('c'), bytes('d')))).toEqual([]);
    expect(texts(clipFragments(fragments, undefined, undefined))).toEqual(['a-c@1', 'd-f@2']);
  });
});
