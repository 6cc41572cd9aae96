/** The formula that the suite `amplification` measures against, on trees worked out by hand. */

import { expect, test } from 'vitest';
import { textbookWriteAmplification } from '../../../bench/src/suites/textbook-amplification.js';

const TEN = { sizeRatio: 10, level0Bytes: 4 };

test('leveling: half of what each level holds of the one above, sizes counted from the bottom', () => {
  // Levels of 13 and 130 below the 4 of level 0: ratios 3.25 and 10.
  expect(textbookWriteAmplification({ ...TEN, policy: 'leveled', dataBytes: 130 })).toBeCloseTo(1 + 2.25 / 2 + 9 / 2);
  expect(textbookWriteAmplification({ ...TEN, policy: 'leveled', dataBytes: 20 })).toBeCloseTo(1 + 4 / 2);
});

test('tiering: nearly once per level', () => {
  expect(textbookWriteAmplification({ ...TEN, policy: 'tiered', dataBytes: 130 })).toBeCloseTo(1 + 0.9 + 0.9);
});

test('lazy leveling: nearly once above the largest level, which holds what is left', () => {
  // Levels of 40 and 130: ratios 10 and 3.25.
  expect(textbookWriteAmplification({ ...TEN, policy: 'lazy-leveled', dataBytes: 130 })).toBeCloseTo(
    1 + 0.9 + 2.25 / 2,
  );
});

test('data that fits into level 0 is only flushed', () => {
  expect(textbookWriteAmplification({ ...TEN, policy: 'leveled', dataBytes: 3 })).toBe(1);
});
