import { describe, expect, test } from 'vitest';
import { freeVersions, HoldCounter, heldSpan } from '../../../../src/storage/compaction/version-holds.js';
import type { TableMeta } from '../../../../src/storage/index.js';
import { tableMeta } from '../fixtures.js';

function table(superseded: number, holds: TableMeta['holds']): TableMeta {
  return { ...tableMeta(1, 'a', 'z'), entries: 100, superseded, holds, minTimestamp: 10, maxTimestamp: 90 };
}

describe('held versions', () => {
  test('are counted by the snapshots that hold them', () => {
    const counter = new HoldCounter();
    counter.add(5, 5);
    counter.add(5, 7);
    counter.add(5, 5);
    expect(counter.take()).toEqual([
      { from: 5, to: 5, entries: 2 },
      { from: 5, to: 7, entries: 1 },
    ]);
    expect(counter.take()).toEqual([]);
  });

  test('of very many kinds are counted together', () => {
    const counter = new HoldCounter();
    for (let pin = 1; pin <= 100; pin++) counter.add(pin, pin);
    const holds = counter.take();
    expect(holds).toHaveLength(65);
    expect(holds.at(-1)).toEqual({ from: 65, to: 100, entries: 36 });
    expect(holds.reduce((sum, { entries }) => sum + entries, 0)).toBe(100);
  });

  test('are free once none of those snapshots is open', () => {
    const one = table(30, [
      { from: 20, to: 40, entries: 10 },
      { from: 60, to: 60, entries: 20 },
    ]);
    expect(freeVersions(one, { horizon: 100, pinned: [20, 40, 60] })).toBe(0);
    expect(freeVersions(one, { horizon: 100, pinned: [40, 60] })).toBe(0);
    expect(freeVersions(one, { horizon: 100, pinned: [60] })).toBe(10);
    expect(freeVersions(one, { horizon: 100, pinned: [50] })).toBe(30);
    expect(heldSpan([one, table(0, [])])).toEqual({ from: 20, to: 60 });
    expect(heldSpan([table(3, undefined)])).toBeUndefined();
  });

  test('that were kept for the horizon, or before a restart, are free once the whole table is behind it', () => {
    const one = table(30, undefined);
    expect(freeVersions(one, { horizon: 90, pinned: [] })).toBe(30);
    expect(freeVersions(one, { horizon: 89, pinned: [] })).toBe(0);
    expect(freeVersions(one, { horizon: 100, pinned: [50] })).toBe(0);
    expect(freeVersions(one, { horizon: 100, pinned: [5, 95] })).toBe(30);
  });
});
