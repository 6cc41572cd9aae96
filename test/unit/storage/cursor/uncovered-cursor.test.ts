import { describe, expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../../../src/base/index.js';
import { SourceList } from '../../../../src/storage/cursor/source-list.js';
import { type EntryCursor, EntryKind, Memtable, RangeTombstones } from '../../../../src/storage/index.js';
import { bytes, compareTestEntries, drain, drainAll, entry, type TestEntry } from '../fixtures.js';

interface Clear {
  readonly start: string;
  readonly end: string;
  readonly timestamp: number;
}

/** Memtables as the engine has them: each takes the commits of its time. */
function randomSources(seed: number): { memtables: Memtable[]; entries: TestEntry[]; clears: Clear[] } {
  const random = seededRandom(seed);
  const key = (): string => `k${String(randomBelow(random, 30)).padStart(2, '0')}`;
  const entries: TestEntry[] = [];
  const clears: Clear[] = [];
  const memtables: Memtable[] = [];
  for (let timestamp = 1; timestamp <= 120; timestamp++) {
    if (timestamp % 40 === 1) memtables.unshift(new Memtable({ initialBytes: 256, shared: false }));
    const memtable = memtables[0]!;
    if (randomBelow(random, 6) === 0) {
      const [start, end] = [key(), key()].sort() as [string, string];
      if (start === end) continue;
      memtable.add(bytes(start), timestamp, EntryKind.RangeDelete, bytes(end));
      clears.push({ start, end, timestamp });
    } else {
      const one = entry(key(), timestamp, random.float() < 0.2 ? undefined : `v${timestamp}`);
      const kind = one.value === undefined ? EntryKind.Delete : EntryKind.Put;
      memtable.add(bytes(one.key), timestamp, kind, bytes(one.value ?? ''));
      entries.push(one);
    }
  }
  return { memtables, entries: entries.sort(compareTestEntries), clears };
}

function cursorOver(memtables: readonly Memtable[], asOf: number, reverse: boolean): EntryCursor {
  const sources = new SourceList(asOf, reverse, undefined);
  for (const memtable of memtables) sources.add(memtable.cursor(reverse), memtable.tombstones);
  return sources.merged();
}

test.each([1, 2, 3, 4])('what ranges cover is not seen, in both directions, from any place, seed %d', (seed) => {
  const { memtables, entries, clears } = randomSources(seed);
  expect(clears.length).toBeGreaterThan(5);
  const random = seededRandom(seed);
  for (const asOf of [0, 30, 60, 90, 120]) {
    const seen = entries.filter(
      ({ key, timestamp }) =>
        !clears.some((one) => one.timestamp <= asOf && one.timestamp > timestamp && one.start <= key && key < one.end),
    );
    const [up, down] = [cursorOver(memtables, asOf, false), cursorOver(memtables, asOf, true)];
    expect(drainAll(up)).toEqual(seen);
    expect(drainAll(down)).toEqual(seen.toReversed());
    for (let i = 0; i < 20; i++) {
      const target = entry(`k${String(randomBelow(random, 31)).padStart(2, '0')}`, randomBelow(random, 130));
      up.seek(bytes(target.key), target.timestamp);
      expect(drain(up)).toEqual(seen.filter((one) => compareTestEntries(one, target) >= 0));
      down.seek(bytes(target.key), target.timestamp);
      expect(drain(down)).toEqual(seen.filter((one) => compareTestEntries(one, target) <= 0).toReversed());
    }
  }
});

/** Counts how often it is moved. */
function counted(cursor: EntryCursor): { cursor: EntryCursor; steps: () => number } {
  let steps = 0;
  const proxy = new Proxy(cursor, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        steps++;
        return Reflect.apply(value, target, args) as unknown;
      };
    },
  });
  return { cursor: proxy, steps: () => steps };
}

describe('a stretch that a newer source covers', () => {
  const keys = Array.from({ length: 1000 }, (_, i) => `k${String(i).padStart(4, '0')}`);
  const older = new Memtable({ initialBytes: 4096, shared: false });
  for (const key of keys) older.add(bytes(key), 1, EntryKind.Put, bytes('v'));

  test.each([false, true])('is passed in one step, reverse %s', (reverse) => {
    const tombstones = new RangeTombstones();
    tombstones.add(bytes('k0010'), bytes('k0500'), 2);
    tombstones.add(bytes('k0500'), bytes('k0990'), 3);
    const { cursor, steps } = counted(older.cursor(reverse));
    const sources = new SourceList(3, reverse, { tombstones, asOf: 3 });
    sources.add(cursor, undefined);
    const left = drainAll(sources.merged()).map((one) => one.key);
    expect(left).toEqual(
      reverse
        ? [...keys.slice(990).toReversed(), ...keys.slice(0, 10).toReversed()]
        : [...keys.slice(0, 10), ...keys.slice(990)],
    );
    expect(steps()).toBeLessThan(25);
  });
});
