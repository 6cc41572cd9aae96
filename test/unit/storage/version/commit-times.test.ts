import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CommitTime, CommitTimes, retainedTimes } from '../../../../src/storage/version/commit-times.js';
import { propertyOptions } from '../../../support/seed.js';

/** The clock at commits 1, 2, 3, … as the log would tell it. */
function timesOf(clock: readonly number[]): CommitTimes {
  const times = new CommitTimes([]);
  clock.forEach((nowMs, i) => {
    times.record(i + 1, nowMs);
  });
  return times;
}

/** The newest commit made when the clock showed `atMs` or less. */
function expected(clock: readonly number[], atMs: number): number {
  return clock.findLastIndex((nowMs) => nowMs <= atMs) + 1;
}

describe('times of commits', () => {
  test('give the newest commit made by then', () => {
    const clock = [100, 100, 105, 105, 105, 200];
    const times = timesOf(clock);
    expect([99, 100, 104, 105, 150, 199, 200, 1e15].map((at) => times.timestampAt(at, 6))).toEqual([
      0, 2, 2, 5, 5, 5, 6, 6,
    ]);
  });

  test('tell when a commit was made', () => {
    const times = timesOf([100, 100, 105, 105, 90, 200]);
    expect([0, 1, 2, 3, 4, 5, 6, 9].map((timestamp) => times.timeOf(timestamp))).toEqual([
      0, 100, 100, 105, 105, 90, 200, 200,
    ]);
  });

  test('know nothing that is not published yet', () => {
    const times = timesOf([100, 200, 300]);
    expect(times.timestampAt(250, 1)).toBe(1);
    expect(times.timestampAt(1000, 2)).toBe(2);
  });

  test('survive a clock that jumps', () => {
    const clock = [1000, 2000, 1500, 1600, 90_000, 2500, 2600];
    const times = timesOf(clock);
    for (const at of [0, 1000, 1499, 1500, 1999, 2000, 2499, 2500, 89_999, 90_000]) {
      expect(times.timestampAt(at, 7)).toBe(expected(clock, at));
    }
  });

  test('are exact for any clock while they are few', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 60 }), fc.nat(210), (clock, at) => {
        expect(timesOf(clock).timestampAt(at, clock.length)).toBe(expected(clock, at));
      }),
      propertyOptions(300),
    );
  });

  test('stay few, and are never late nor more than a hundredth of their age early', () => {
    const stepMs = 40;
    const commits = 200_000;
    const times = new CommitTimes([]);
    for (let made = 1; made <= commits; made++) times.record(made, made * stepMs);
    expect(times.upTo(commits, 0).length).toBeLessThanOrEqual(4096);
    for (let made = 1; made <= commits; made += 997) {
      const found = times.timestampAt(made * stepMs, commits);
      const ageMs = (commits - made) * stepMs;
      expect(found).toBeLessThanOrEqual(made);
      expect((made - found) * stepMs).toBeLessThanOrEqual(ageMs / 90 + stepMs);
    }
  });

  test('stay few when the clock will not have it', () => {
    const times = new CommitTimes([]);
    for (let made = 1; made <= 20_000; made++) times.record(made, 1e9 - made * 1000);
    expect(times.upTo(20_000, 0).length).toBeLessThanOrEqual(4096);
  });

  test('never give an earlier state for a later date, however they were joined', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100_000), { minLength: 5000, maxLength: 9000 }), (clock) => {
        const times = timesOf(clock);
        let last = 0;
        for (let at = 0; at < 100_000; at += 501) {
          const found = times.timestampAt(at, clock.length);
          expect(found).toBeGreaterThanOrEqual(last);
          expect(found).toBeLessThanOrEqual(expected(clock, at));
          last = found;
        }
      }),
      propertyOptions(3),
    );
  });

  test('are kept as far back as states can be read', () => {
    const entries: CommitTime[] = [10, 20, 30, 40].map((timestamp) => ({
      timestamp,
      fromMs: timestamp,
      untilMs: timestamp + 1,
    }));
    expect(retainedTimes(entries, 0)).toEqual(entries);
    expect(retainedTimes(entries, 29)).toEqual(entries.slice(1));
    expect(retainedTimes(entries, 30)).toEqual(entries.slice(2));
    expect(retainedTimes(entries, 99)).toEqual(entries.slice(3));
  });
});
