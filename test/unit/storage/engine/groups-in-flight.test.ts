import { expect, test } from 'vitest';
import { ManualClock } from '../../../../src/base/index.js';
import { type Group, GroupsInFlight } from '../../../../src/storage/engine/groups-in-flight.js';

const outcome = { committed: () => undefined, failed: () => undefined };
const request = { batch: undefined, load: undefined, timestamp: 0, durable: true, seal: false, outcome };

function scene() {
  const clock = new ManualClock();
  const groups = new GroupsInFlight({ thresholdBytes: Number.POSITIVE_INFINITY, compression: 'none' }, clock);
  const begin = (requests: number, durable = true, successor?: number): Group => {
    const group = {
      requests: Array.from({ length: requests }, () => request),
      durable,
      successor,
      memtableBytes: requests * 10,
      frames: groups.takeFrames(),
      isReady: !durable,
    };
    groups.add(group);
    return group;
  };
  /** Groups of so many, of which each request kept the thread busy for so long. */
  const accustom = (requests: number, requestMs: number, times = 20): void => {
    for (let i = 0; i < times; i++) {
      groups.publishing();
      clock.advance(requests * requestMs);
      begin(requests);
      groups.removeFirst();
    }
  };
  return { groups, begin, accustom };
}

test('a second group begins where it keeps the thread busy for long enough, and a third one never', () => {
  const { groups, begin, accustom } = scene();
  accustom(64, 0.005);
  expect(groups.shareOf(64)).toBe(32);
  expect(groups.mayBegin(1)).toBe(true);
  begin(32);
  expect([10, 16, 32].map((waiting) => groups.mayBegin(waiting))).toEqual([false, true, true]);
  begin(32);
  expect(groups.mayBegin(1000)).toBe(false);
  groups.removeFirst();
  expect(groups.mayBegin(32)).toBe(true);
  expect(groups.shareOf(32)).toBe(32);
});

test('nothing begins behind a group that ends the segment: it would be written there and flushed with what comes after', () => {
  const { groups, begin, accustom } = scene();
  accustom(64, 0.005);
  begin(1, true, 7);
  expect(groups.mayBegin(1000)).toBe(false);
  groups.removeFirst();
  expect(groups.mayBegin(1000)).toBe(true);
});

test('where commits are done quickly all that wait become one group, until there are very many', () => {
  const { groups, begin, accustom } = scene();
  accustom(64, 0.001);
  expect(groups.shareOf(64)).toBe(64);
  expect(groups.shareOf(200)).toBe(100);
  begin(64);
  expect([64, 80].map((waiting) => groups.mayBegin(waiting))).toEqual([false, true]);
});

test('a thread that had to wait for a core has not been busy', () => {
  const { groups, accustom } = scene();
  accustom(64, 0.0015);
  accustom(64, 4 / 64, 1);
  expect(groups.shareOf(64)).toBe(64);
  accustom(64, 4 / 64);
  expect(groups.shareOf(64)).toBe(32);
});

test('an idle while counts as a busy one up to a bound, and until there is work', () => {
  const { groups, begin, accustom } = scene();
  accustom(1, 60_000, 100);
  begin(1);
  expect(groups.mayBegin(1)).toBe(true);
  groups.removeFirst();
  accustom(64, 0.001, 1);
  expect(groups.shareOf(64)).toBe(64);
});

test('groups are told apart by what they wait for and take, and end in order', () => {
  const { groups, begin } = scene();
  const first = begin(3);
  const second = begin(2, false);
  expect([groups.waits, groups.memtableBytes, groups.unsyncedRequests]).toEqual([true, 50, 2]);
  expect(groups.first).toBe(first);
  first.isReady = true;
  expect(groups.waits).toBe(false);
  groups.removeFirst();
  expect(groups.first).toBe(second);
  expect(groups.takeFrames()).toBe(first.frames);
  expect(groups.takeAll()).toEqual([second]);
  expect(groups.isEmpty).toBe(true);
});
