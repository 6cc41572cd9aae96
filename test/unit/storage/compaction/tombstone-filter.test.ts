import { describe, expect, test } from 'vitest';
import { coveredTables } from '../../../../src/storage/compaction/covered-tables.js';
import type { RetentionView } from '../../../../src/storage/compaction/retention.js';
import { retainedTombstones } from '../../../../src/storage/compaction/tombstone-filter.js';
import { VersionFilter } from '../../../../src/storage/compaction/version-filter.js';
import { EntryKind, Version } from '../../../../src/storage/index.js';
import { RangeTombstones, type TombstoneFragment } from '../../../../src/storage/tombstone/range-tombstones.js';
import { bytes, tableMeta } from '../fixtures.js';

const NOBODY: RetentionView = { horizon: 1000, pinned: [] };

function fragment(start: string, end: string, ...timestamps: readonly number[]): TombstoneFragment {
  return { start: bytes(start), end: bytes(end), timestamps };
}

function span(smallest: string, largest: string): { smallest: Uint8Array; largest: Uint8Array } {
  return { smallest: bytes(smallest), largest: bytes(largest) };
}

describe('range deletions', () => {
  test('go when nothing older can hold their keys', () => {
    const both = [fragment('a', 'c', 5), fragment('d', 'f', 5)];
    expect(retainedTombstones(both, NOBODY, [])).toEqual({ fragments: [], prunedThrough: 5 });
    expect(retainedTombstones(both, NOBODY, [[span('0', '9'), span('c', 'd')]]).fragments).toEqual([both[1]]);
    expect(retainedTombstones(both, NOBODY, [[span('b', 'b')], [span('f', 'g')]]).fragments).toEqual([both[0]]);
  });

  test('stay for the horizon and for snapshots below them', () => {
    const one = [fragment('a', 'c', 5)];
    expect(retainedTombstones(one, { horizon: 4, pinned: [] }, []).fragments).toEqual(one);
    expect(retainedTombstones(one, { horizon: 9, pinned: [4] }, []).fragments).toEqual(one);
    expect(retainedTombstones(one, { horizon: 9, pinned: [5] }, []).fragments).toEqual([]);
  });

  test('of the same keys: the last counts, and one for each snapshot in between', () => {
    const older = [[span('a', 'z')]];
    const chain = [fragment('a', 'c', 2, 4, 6, 8)];
    expect(retainedTombstones(chain, NOBODY, older)).toEqual({ fragments: [fragment('a', 'c', 8)], prunedThrough: 8 });
    expect(retainedTombstones(chain, { horizon: 9, pinned: [5] }, older).fragments).toEqual([fragment('a', 'c', 4, 8)]);
    expect(retainedTombstones(chain, { horizon: 5, pinned: [] }, older).fragments).toEqual([
      fragment('a', 'c', 4, 6, 8),
    ]);
    expect(retainedTombstones(chain, { ...NOBODY, versions: 2 }, []).fragments).toEqual(chain);
  });

  test('that become alike are one', () => {
    const trimmed = [fragment('a', 'b', 1, 2, 3), fragment('b', 'c', 2, 3), fragment('c', 'd', 3)];
    expect(retainedTombstones(trimmed, NOBODY, [[span('a', 'z')]]).fragments).toEqual([fragment('a', 'd', 3)]);
  });
});

describe('versions below a range deletion', () => {
  const keep = (view: RetentionView, key: string, ...timestamps: readonly number[]): number[] => {
    const filter = new VersionFilter(view, [[span('a', 'z')]], [fragment('b', 'd', 4, 8)]);
    return timestamps.filter((timestamp) => filter.keeps(bytes(key), 0, key.length, timestamp, EntryKind.Put));
  };

  test('go when nobody reads from before it', () => {
    expect(keep(NOBODY, 'c', 9, 7, 3)).toEqual([9]);
    expect(keep(NOBODY, 'b', 8, 7)).toEqual([8]);
    expect(keep(NOBODY, 'd', 3)).toEqual([3]);
    expect(keep(NOBODY, 'a', 3)).toEqual([3]);
  });

  test('stay for the horizon and for snapshots', () => {
    expect(keep({ horizon: 7, pinned: [] }, 'c', 7, 5, 3)).toEqual([7]);
    expect(keep({ horizon: 9, pinned: [3] }, 'c', 7, 3)).toEqual([3]);
    expect(keep({ horizon: 9, pinned: [4] }, 'c', 7, 3)).toEqual([]);
  });

  test('count as older than it where several are kept', () => {
    expect(keep({ ...NOBODY, versions: 2 }, 'c', 9, 7, 3)).toEqual([9]);
    expect(keep({ ...NOBODY, versions: 3 }, 'c', 9, 7, 3)).toEqual([9, 7]);
  });
});

describe('tables that newer range deletions cover', () => {
  const clearing = { ...tableMeta(9, 'a', 'm'), rangeTombstones: 2, minTimestamp: 8, maxTimestamp: 8 };
  const tombstones = new RangeTombstones([fragment('a', 'g', 8), fragment('g', 'm', 8)]);
  const removedFrom = (view: RetentionView): number[] => {
    const tables = [tableMeta(1, 'a', 'c'), tableMeta(2, 'f', 'h'), tableMeta(3, 'l', 'm'), tableMeta(4, 'x', 'z')];
    const version = new Version().with(
      {
        added: [
          { level: 0, run: 20, table: { ...tableMeta(8, 'a', 'b'), minTimestamp: 9, maxTimestamp: 9 } },
          { level: 0, run: 9, table: clearing },
          ...tables.map((table) => ({ level: 3, run: 0, table })),
        ],
        removed: [],
      },
      (meta) => meta,
      (expected, found) => new Error(`${expected}, ${found}`),
    );
    const { removed, prunedThrough } = coveredTables(version, view, () => tombstones);
    expect(prunedThrough).toBe(removed.length > 0 ? 8 : 0);
    return removed.map(({ table }) => table.fileNumber);
  };

  test('go when all of them is covered, even by several fragments, and nobody reads from before', () => {
    expect(removedFrom(NOBODY)).toEqual([1, 2]);
  });

  test('stay for the horizon, for snapshots, and where several versions are kept', () => {
    expect(removedFrom({ horizon: 7, pinned: [] })).toEqual([]);
    expect(removedFrom({ horizon: 9, pinned: [1] })).toEqual([]);
    expect(removedFrom({ horizon: 9, pinned: [0] })).toEqual([1, 2]);
    expect(removedFrom({ ...NOBODY, versions: 2 })).toEqual([]);
  });
});
