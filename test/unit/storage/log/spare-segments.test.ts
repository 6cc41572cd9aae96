import { expect, test } from 'vitest';
import { SpareSegments } from '../../../../src/storage/log/spare-segments.js';

/** Segments of ten bytes that this engine has made. */
function spares(count: number, bytesMax: () => number): SpareSegments {
  const segments = new SpareSegments(() => 10);
  segments.limit({ all: bytesMax, each: () => 10 });
  for (let number = 1; number <= count; number++) expect(segments.reusing(number)).toBeUndefined();
  return segments;
}

test('two are kept at least, and more while there is room', () => {
  const none = spares(4, () => 0);
  expect([1, 2, 3].map((number) => none.offer(number))).toEqual([true, true, false]);
  const some = spares(6, () => 45);
  expect([1, 2, 3, 4, 5].map((number) => some.offer(number))).toEqual([true, true, true, true, false]);
  expect(some.bytes).toBe(40);
  expect(some.reusing(7)).toBe(1);
  expect(some.offer(6)).toBe(true);
});

test('those that take too much by now are given up, two excepted', () => {
  let bytesMax = 100;
  const segments = spares(5, () => bytesMax);
  for (let number = 1; number <= 5; number++) segments.offer(number);
  expect(segments.takeExcess()).toEqual([]);
  bytesMax = 35;
  expect(segments.takeExcess()).toEqual([5, 4]);
  bytesMax = 0;
  expect(segments.takeExcess()).toEqual([3]);
  expect(segments.takeAll()).toEqual([1, 2]);
});

test('the largest is the first to be used, and the smallest to be given up', () => {
  let bytesMax = 100;
  const segments = new SpareSegments((number) => number * 10);
  segments.limit({ all: () => bytesMax, each: () => 100 });
  for (let number = 1; number <= 4; number++) segments.reusing(number);
  for (const number of [2, 1, 4, 3]) segments.offer(number);
  bytesMax = 95;
  expect(segments.takeExcess()).toEqual([1]);
  expect([5, 6, 7, 8].map((number) => segments.reusing(number))).toEqual([4, 3, 2, undefined]);
});

test('what somebody may have under another name, or another engine has made, is not kept', () => {
  const segments = spares(2, () => 100);
  segments.shared(1);
  expect([1, 2, 3].map((number) => segments.offer(number))).toEqual([false, true, false]);
});

test('once all are given up none is kept until there is a next segment', () => {
  const segments = spares(3, () => 100);
  expect(segments.offer(1)).toBe(true);
  expect(segments.takeAll()).toEqual([1]);
  expect(segments.offer(2)).toBe(false);
  expect(segments.reusing(4)).toBeUndefined();
  expect(segments.offer(3)).toBe(true);
});

test('a segment that is larger than they are as a rule is not kept, however much room there is', () => {
  const segments = new SpareSegments((number) => number);
  segments.limit({ all: () => 100, each: () => 10 });
  for (const number of [10, 11]) segments.reusing(number);
  expect(segments.offer(11)).toBe(false);
  expect(segments.offer(10)).toBe(true);
});
