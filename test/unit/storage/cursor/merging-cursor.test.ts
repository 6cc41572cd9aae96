import { expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../../../src/base/index.js';
import { MergingCursor } from '../../../../src/storage/cursor/merging-cursor.js';
import { EntryKind, Memtable } from '../../../../src/storage/index.js';
import { bytes, compareTestEntries, currentEntry, drain, drainAll, entry, type TestEntry } from '../fixtures.js';

function memtableOf(entries: readonly TestEntry[]): Memtable {
  const memtable = new Memtable({ initialBytes: 256, shared: false });
  for (const { key, timestamp, value } of entries.toSorted((a, b) => a.timestamp - b.timestamp)) {
    memtable.add(bytes(key), timestamp, value === undefined ? EntryKind.Delete : EntryKind.Put, bytes(value ?? ''));
  }
  return memtable;
}

test.each([0, 1, 2, 3, 7])('%d cursors are merged in both directions, from any place', (sources) => {
  const random = seededRandom(sources + 1);
  const parts: TestEntry[][] = Array.from({ length: sources }, () => []);
  const count = sources === 0 ? 0 : 200;
  for (let timestamp = 1; timestamp <= count; timestamp++) {
    const one = entry(`k${randomBelow(random, 40)}`, timestamp, random.float() < 0.2 ? undefined : `v${timestamp}`);
    parts[randomBelow(random, sources)]!.push(one);
  }
  const memtables = parts.map(memtableOf);
  const merged = (reverse: boolean): MergingCursor =>
    new MergingCursor(
      memtables.map((memtable) => memtable.cursor(reverse)),
      reverse,
    );
  const all = parts.flat().sort(compareTestEntries);
  expect(drainAll(merged(false))).toEqual(all);
  expect(drainAll(merged(true))).toEqual(all.toReversed());
  const [up, down] = [merged(false), merged(true)];
  for (let i = 0; i < 60; i++) {
    const target = entry(`k${randomBelow(random, 45)}`, randomBelow(random, 210));
    up.seek(bytes(target.key), target.timestamp);
    expect(drain(up)).toEqual(all.filter((one) => compareTestEntries(one, target) >= 0));
    down.seek(bytes(target.key), target.timestamp);
    expect(drain(down)).toEqual(all.filter((one) => compareTestEntries(one, target) <= 0).toReversed());
  }
});

test('of equal entries the newer cursor comes first, in both directions', () => {
  for (const reverse of [false, true]) {
    const newer = memtableOf([entry('k', 5, 'newer')]).cursor(reverse);
    const older = memtableOf([entry('k', 5, 'older')]).cursor(reverse);
    const cursor = new MergingCursor([newer, older], reverse);
    cursor.seekToStart();
    expect(currentEntry(cursor).value).toBe('newer');
  }
});
