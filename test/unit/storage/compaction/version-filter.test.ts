import { describe, expect, test } from 'vitest';
import type { RetentionView } from '../../../../src/storage/compaction/retention.js';
import { VersionFilter } from '../../../../src/storage/compaction/version-filter.js';
import { EntryKind } from '../../../../src/storage/index.js';
import type { KeySpan } from '../../../../src/storage/version/version.js';
import { bytes, entry, type TestEntry } from '../fixtures.js';

function span(smallest: string, largest: string): KeySpan {
  return { smallest: bytes(smallest), largest: bytes(largest) };
}

function filtered(
  entries: readonly TestEntry[],
  view: RetentionView,
  olderRuns: readonly (readonly KeySpan[])[] = [],
): { kept: TestEntry[]; filter: VersionFilter } {
  const filter = new VersionFilter(view, olderRuns);
  const kept = entries.filter(({ key, timestamp, value }) => {
    const keyBytes = bytes(key);
    const kind = value === undefined ? EntryKind.Delete : EntryKind.Put;
    return filter.keeps(keyBytes, 0, keyBytes.length, timestamp, kind);
  });
  return { kept, filter };
}

const history = [
  entry('a', 40, 'd'),
  entry('a', 30, 'c'),
  entry('a', 20, 'b'),
  entry('a', 10, 'a'),
  entry('b', 5, 'x'),
];

function timestampsKept(view: RetentionView): number[] {
  return filtered(history, view)
    .kept.filter((one) => one.key === 'a')
    .map((one) => one.timestamp);
}

test('an expiry goes as any deletion does, and a value with an end stays as any other', () => {
  const key = bytes('a');
  const keeps = (kinds: readonly EntryKind[], olderRuns: readonly (readonly KeySpan[])[]): boolean[] => {
    const filter = new VersionFilter({ horizon: 100, pinned: [] }, olderRuns);
    return kinds.map((kind, i) => filter.keeps(key, 0, key.length, 50 - i, kind));
  };
  const { Expiry, ExpiringPut, ExpiringPointer } = EntryKind;
  expect(keeps([Expiry, ExpiringPut], [])).toEqual([false, false]);
  expect(keeps([Expiry, ExpiringPut], [[span('a', 'b')]])).toEqual([true, false]);
  expect(keeps([ExpiringPut, Expiry], [])).toEqual([true, false]);
  expect(keeps([ExpiringPointer], [])).toEqual([true]);
});

describe('version filter', () => {
  test('keeps everything above the horizon and the newest version at it', () => {
    expect(timestampsKept({ horizon: 0, pinned: [] })).toEqual([40, 30, 20, 10]);
    expect(timestampsKept({ horizon: 19, pinned: [] })).toEqual([40, 30, 20, 10]);
    expect(timestampsKept({ horizon: 20, pinned: [] })).toEqual([40, 30, 20]);
    expect(timestampsKept({ horizon: 35, pinned: [] })).toEqual([40, 30]);
    expect(timestampsKept({ horizon: 1000, pinned: [] })).toEqual([40]);
  });

  test('keeps what a pinned snapshot sees', () => {
    expect(timestampsKept({ horizon: 1000, pinned: [20] })).toEqual([40, 20]);
    expect(timestampsKept({ horizon: 1000, pinned: [29] })).toEqual([40, 20]);
    expect(timestampsKept({ horizon: 1000, pinned: [30] })).toEqual([40, 30]);
    expect(timestampsKept({ horizon: 1000, pinned: [39, 12, 9] })).toEqual([40, 30, 10]);
    expect(timestampsKept({ horizon: 1000, pinned: [45] })).toEqual([40]);
  });

  test('says from when on reads are untouched', () => {
    expect(filtered(history, { horizon: 1000, pinned: [] }).filter).toMatchObject({ dropped: 3, prunedThrough: 40 });
    expect(filtered(history, { horizon: 25, pinned: [] }).filter).toMatchObject({ dropped: 1, prunedThrough: 20 });
    expect(filtered(history, { horizon: 5, pinned: [] }).filter).toMatchObject({ dropped: 0, prunedThrough: 0 });
  });

  test('keeps the newest versions of each key where it is told how many', () => {
    expect(timestampsKept({ horizon: 1000, pinned: [], versions: 3 })).toEqual([40, 30, 20]);
    expect(timestampsKept({ horizon: 1000, pinned: [12], versions: 2 })).toEqual([40, 30, 10]);
    expect(timestampsKept({ horizon: 20, pinned: [], versions: 2 })).toEqual([40, 30, 20]);
    expect(timestampsKept({ horizon: 1000, pinned: [], versions: 9 })).toEqual([40, 30, 20, 10]);
  });

  test('counts a deletion as a version, which goes when there is nothing left for it to hide', () => {
    const deleted = [entry('k', 30), entry('k', 20, 'b'), entry('k', 10), entry('k', 5, 'a')];
    const kept = (versions: number): number[] =>
      filtered(deleted, { horizon: 99, pinned: [], versions }).kept.map((one) => one.timestamp);
    expect(kept(1)).toEqual([]);
    expect(kept(2)).toEqual([30, 20]);
    expect(kept(3)).toEqual([30, 20]);
    expect(kept(4)).toEqual([30, 20, 10, 5]);
  });

  test('says for whom a superseded version stays', () => {
    const filter = new VersionFilter({ horizon: 30, pinned: [12, 15, 22, 50] }, []);
    const holds = history.map(({ key, timestamp }) => {
      const kept = filter.keeps(bytes(key), 0, 1, timestamp, EntryKind.Put);
      return kept && filter.superseded ? [timestamp, filter.heldFrom, filter.heldTo] : [timestamp];
    });
    expect(holds).toEqual([[40], [30, 0, 0], [20, 22, 22], [10, 12, 15], [5]]);
  });

  test('counts dropped deletions among what the list of changes misses', () => {
    const { filter } = filtered([entry('a', 40, 'x'), entry('b', 60)], { horizon: 99, pinned: [] });
    expect(filter).toMatchObject({ dropped: 1, prunedThrough: 60 });
  });

  test('drops a deletion only when nobody can see below it and nothing older is there', () => {
    const deleted = [entry('k', 20), entry('k', 10, 'old')];
    const kept = (view: RetentionView, older: KeySpan[][] = []): number[] =>
      filtered(deleted, view, older).kept.map((one) => one.timestamp);
    expect(kept({ horizon: 20, pinned: [] })).toEqual([]);
    expect(kept({ horizon: 19, pinned: [] })).toEqual([20, 10]);
    expect(kept({ horizon: 20, pinned: [15] })).toEqual([20, 10]);
    expect(kept({ horizon: 20, pinned: [5] })).toEqual([20]);
    expect(kept({ horizon: 20, pinned: [20] })).toEqual([]);
    expect(kept({ horizon: 20, pinned: [] }, [[span('a', 'z')]])).toEqual([20]);
    expect(kept({ horizon: 20, pinned: [] }, [[span('a', 'j'), span('l', 'z')]])).toEqual([]);
    expect(kept({ horizon: 20, pinned: [] }, [[span('a', 'j')], [span('k', 'k')]])).toEqual([20]);
  });

  test('follows older runs as keys ascend', () => {
    const deletions = ['b', 'd', 'f', 'h', 'm'].map((key) => entry(key, 1));
    const older = [[span('a', 'c'), span('e', 'f')], [span('h', 'h')]];
    expect(filtered(deletions, { horizon: 9, pinned: [] }, older).kept.map((one) => one.key)).toEqual(['b', 'f', 'h']);
  });

  test('tells an empty value from a deletion, and the empty key from none', () => {
    const entries = [entry('', 9, ''), entry('', 5, 'x'), entry('a', 9, '')];
    expect(filtered(entries, { horizon: 9, pinned: [] }).kept).toEqual([entries[0], entries[2]]);
  });
});
