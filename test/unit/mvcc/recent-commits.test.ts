import { describe, expect, test } from 'vitest';
import { utf8Decode, utf8Encode } from '../../../src/base/index.js';
import { RecentCommits } from '../../../src/mvcc/recent-commits.js';

function commit(recent: RecentCommits, timestamp: number, keys: readonly string[], oldestNeeded = 0): void {
  recent.startCommit(timestamp, oldestNeeded);
  for (const key of keys) recent.record(utf8Encode(key), 0, key.length);
}

function changed(recent: RecentCommits, key: string, since: number): boolean {
  return recent.keyChanged(utf8Encode(key), 0, key.length, since);
}

function changeIn(recent: RecentCommits, lower: string | undefined, upper: string | undefined, since: number) {
  const encode = (key: string | undefined) => (key === undefined ? undefined : utf8Encode(key));
  const found = recent.changeInRange({ lower: encode(lower), upper: encode(upper) }, since);
  return found === undefined ? undefined : utf8Decode(found);
}

test('tells whether a key was committed after a timestamp', () => {
  const recent = new RecentCommits(1 << 20);
  commit(recent, 5, ['a', 'b']);
  commit(recent, 8, ['a']);
  expect([4, 5, 7, 8].map((since) => changed(recent, 'a', since))).toEqual([true, true, true, false]);
  expect([4, 5].map((since) => changed(recent, 'b', since))).toEqual([true, false]);
  expect(changed(recent, 'c', 0)).toBe(false);
});

test('a commit that recorded nothing hides none before it', () => {
  const recent = new RecentCommits(1 << 20);
  // So many that the next commit begins a generation.
  commit(
    recent,
    5,
    Array.from({ length: 200 }, (_, i) => `key ${i}`),
  );
  commit(recent, 6, []);
  expect([4, 5].map((since) => changed(recent, 'key 7', since))).toEqual([true, false]);
  expect([4, 5].map((since) => changeIn(recent, 'key 7', 'key 8', since))).toEqual(['key 7', undefined]);
});

test('finds a change in a half-open range', () => {
  const recent = new RecentCommits(1 << 20);
  commit(recent, 5, ['b']);
  commit(recent, 8, ['d']);
  expect(changeIn(recent, 'a', 'c', 4)).toBe('b');
  expect(changeIn(recent, 'b', 'd', 4)).toBe('b');
  expect(changeIn(recent, 'b', 'd', 5)).toBeUndefined();
  expect(changeIn(recent, 'b', 'e', 5)).toBe('d');
  expect(changeIn(recent, 'c', 'd', 0)).toBeUndefined();
  expect(changeIn(recent, undefined, undefined, 7)).toBe('d');
  expect(changeIn(recent, undefined, undefined, 8)).toBeUndefined();
});

describe('a range written as a whole', () => {
  const range = (lower: string, upper: string | undefined) => ({
    lower: utf8Encode(lower),
    upper: upper === undefined ? undefined : utf8Encode(upper),
  });
  const recent = new RecentCommits(1 << 20);
  commit(recent, 3, ['c']);
  recent.startCommit(5, 0);
  recent.recordRange(range('b', 'd'));
  commit(recent, 6, ['x']);
  recent.startCommit(7, 0);
  recent.recordRange(range('m', undefined));

  test('changes every key in it, from its timestamp on, and none outside', () => {
    expect(['a', 'b', 'c', 'cz', 'd'].map((key) => changed(recent, key, 4))).toEqual([false, true, true, true, false]);
    expect(['b', 'c', 'l'].map((key) => changed(recent, key, 5))).toEqual([false, false, false]);
    expect(['m', 'x', 'zz'].map((key) => changed(recent, key, 6))).toEqual([true, true, true]);
    expect(changed(recent, 'm', 7)).toBe(false);
  });

  test('changes every range that has a key in common with it', () => {
    expect(changeIn(recent, 'a', 'b', 4)).toBeUndefined();
    expect(changeIn(recent, 'a', 'bb', 4)).toBe('b');
    expect(changeIn(recent, 'cc', 'cd', 4)).toBe('cc');
    expect(changeIn(recent, 'cc', 'cd', 5)).toBeUndefined();
    expect(changeIn(recent, 'd', 'm', 0)).toBeUndefined();
    expect(changeIn(recent, 'y', undefined, 6)).toBe('y');
    expect(changeIn(recent, undefined, undefined, 6)).toBe('m');
    expect(changeIn(recent, undefined, undefined, 7)).toBeUndefined();
  });

  test('keeps its bounds whatever the caller does with them', () => {
    const lower = utf8Encode('k');
    const own = new RecentCommits(1 << 20);
    own.startCommit(1, 0);
    own.recordRange({ lower, upper: utf8Encode('l') });
    lower[0] = 0;
    expect(changed(own, 'k', 0)).toBe(true);
    expect(changed(own, 'b', 0)).toBe(false);
  });

  test('is forgotten with its generation', () => {
    const own = new RecentCommits(1 << 20);
    for (let timestamp = 1; timestamp <= 20_000; timestamp++) {
      own.startCommit(timestamp, timestamp - 1);
      own.recordRange(range('a', 'b'));
    }
    expect(own.byteSize).toBeLessThan(1024);
    for (let timestamp = 20_001; timestamp <= 40_000; timestamp++) {
      own.startCommit(timestamp, 20_000);
      own.recordRange(range('a', 'b'));
    }
    expect(own.floor).toBeGreaterThan(20_000);
    expect(changed(own, 'a', own.floor)).toBe(true);
  });
});

describe('memory', () => {
  const manyKeys = (prefix: number) => Array.from({ length: 40 }, (_, i) => `key ${prefix} ${i}`);

  test('is given back when no transaction can need the old commits', () => {
    const recent = new RecentCommits(16 * 1024);
    for (let timestamp = 1; timestamp <= 400; timestamp++)
      commit(recent, timestamp, manyKeys(timestamp), timestamp - 2);
    expect(recent.byteSize).toBeLessThan(16 * 1024);
    expect(recent.floor).toBe(0);
    expect(changed(recent, 'key 399 7', 398)).toBe(true);
  });

  test('stays small while transactions overlap, of which one always needs the newest commits', () => {
    const recent = new RecentCommits(32 << 20);
    for (let timestamp = 1; timestamp <= 20_000; timestamp++) {
      commit(recent, timestamp, [`key ${timestamp}`], timestamp - 64);
      expect(changed(recent, `key ${Math.max(1, timestamp - 63)}`, timestamp - 64)).toBe(true);
    }
    expect(recent.byteSize).toBeLessThan(64 * 1024);
    expect(recent.floor).toBe(0);
  });

  test('of an idle index does not grow', () => {
    const recent = new RecentCommits(1 << 20);
    for (let timestamp = 1; timestamp <= 400; timestamp++)
      commit(recent, timestamp, manyKeys(timestamp), timestamp - 1);
    expect(recent.byteSize).toBeLessThan(40 * 64);
  });

  test('is bounded, at the price of a floor below which nothing can be validated', () => {
    const recent = new RecentCommits(16 * 1024);
    for (let timestamp = 1; timestamp <= 400; timestamp++) commit(recent, timestamp, manyKeys(timestamp), 0);
    expect(recent.byteSize).toBeLessThan(2 * 16 * 1024);
    expect(recent.floor).toBeGreaterThan(0);
    expect(recent.floor).toBeLessThan(400);
    for (let timestamp = recent.floor + 1; timestamp <= 400; timestamp++) {
      expect(changed(recent, `key ${timestamp} 7`, recent.floor)).toBe(true);
    }
  });
});
