import { expect, test } from 'vitest';
import { InvariantError, randomBelow, seededRandom } from '../../../src/base/index.js';
import { TimestampPins } from '../../../src/mvcc/timestamp-pins.js';
import { seed } from '../../support/seed.js';

test('counts equal pins and lets go with the last of them', () => {
  const pins = new TimestampPins();
  pins.pin(5);
  pins.pin(5);
  pins.unpin(5);
  expect([pins.size, pins.oldest, pins.has(5)]).toEqual([1, 5, true]);
  pins.unpin(5);
  expect([pins.size, pins.oldest, pins.has(5), pins.list()]).toEqual([0, undefined, false, []]);
});

test('refuses to unpin what is not pinned', () => {
  const pins = new TimestampPins();
  pins.pin(5);
  expect(() => pins.unpin(4)).toThrow(InvariantError);
  pins.unpin(5);
  expect(() => pins.unpin(5)).toThrow(InvariantError);
});

test('agrees with a sorted list through thousands of pins in and out of order', () => {
  const random = seededRandom(seed);
  const pins = new TimestampPins();
  const model: number[] = [];
  for (let step = 0; step < 4000; step++) {
    if (model.length > 0 && randomBelow(random, 2) === 0) {
      const [gone] = model.splice(randomBelow(random, Math.min(model.length, 30)), 1);
      pins.unpin(gone!);
    } else {
      const timestamp = randomBelow(random, 10) === 0 ? randomBelow(random, step + 1) : Math.floor(step / 3);
      pins.pin(timestamp);
      model.push(timestamp);
      model.sort((a, b) => a - b);
    }
    expect([pins.size, pins.oldest]).toEqual([model.length, model[0]]);
    if (step % 100 === 0) expect(pins.list()).toEqual([...new Set(model)]);
  }
});
