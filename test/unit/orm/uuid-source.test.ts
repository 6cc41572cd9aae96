import { expect, it } from 'vitest';
import { ManualClock, seededRandom } from '../../../src/base/index.js';
import { UuidSource } from '../../../src/orm/mapping/uuid-source.js';

it('makes UUIDs of version 7 that carry their time and sort by it', () => {
  const clock = new ManualClock(0x0123456789ab);
  const uuids = new UuidSource(clock, seededRandom(1));
  const first = uuids.next();
  expect(first).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  clock.advance(1);
  expect(uuids.next() > first).toBe(true);
});

it('does not repeat itself within a millisecond', () => {
  const uuids = new UuidSource(new ManualClock(1), seededRandom(2));
  const made = Array.from({ length: 10_000 }, () => uuids.next());
  expect(new Set(made).size).toBe(made.length);
});
