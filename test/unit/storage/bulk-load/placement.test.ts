import { describe, expect, test } from 'vitest';
import { placeTables } from '../../../../src/storage/bulk-load/placement.js';
import { Version } from '../../../../src/storage/index.js';
import type { TableMeta } from '../../../../src/storage/format/manifest-edit.js';
import type { KeySpan } from '../../../../src/storage/version/version.js';
import { bytes, tableMeta } from '../fixtures.js';

const policy = { policy: 'leveled', level0Runs: 4, levelBaseBytes: 100, sizeRatio: 10 } as const;

/** Levels from 0 on, each a list of runs, newest first; each run a list of `from-to`. */
function versionOf(levels: readonly (readonly (readonly string[])[])[]): Version {
  let fileNumber = 1;
  const added = levels.flatMap((runs, level) =>
    runs.flatMap((spans, at) =>
      spans.map((span) => {
        const [from, to] = span.split('-') as [string, string];
        return { level, run: runs.length - at, table: tableMeta(fileNumber++, from, to) };
      }),
    ),
  );
  return new Version().with(
    { added, removed: [] },
    (meta) => meta,
    (expected) => new Error(expected),
  );
}

function place(version: Version, spans: readonly string[], busy?: string): string[] {
  const tables = spans.map((span, i): TableMeta => {
    const [from, to] = span.split('-') as [string, string];
    return tableMeta(100 + i, from, to);
  });
  const additions = placeTables(tables, {
    version,
    policy,
    busy: busy === undefined ? undefined : spanOf(busy),
    newRun: 99,
  });
  return additions.map(({ level, run }) => `level ${level} run ${run}`);
}

function spanOf(span: string): KeySpan {
  const [from, to] = span.split('-') as [string, string];
  return { smallest: bytes(from), largest: bytes(to) };
}

describe('the tables of a load', () => {
  test('go to level 1 of an empty tree', () => {
    expect(place(new Version(), ['a-c', 'd-f'])).toEqual(['level 1 run 0', 'level 1 run 0']);
  });

  test('go as deep as nothing overlaps, each by itself, into the run that is there', () => {
    const version = versionOf([[['a-b']], [['f-g']], [['a-b', 'k-l']]]);
    expect(place(version, ['aa-ab', 'c-d', 'fa-fb', 'ka-kb', 'm-n'])).toEqual([
      'level 0 run 99',
      'level 2 run 1',
      'level 0 run 99',
      'level 1 run 1',
      'level 2 run 1',
    ]);
  });

  test('do not pass a table that overlaps in a level between', () => {
    const version = versionOf([[], [['c-e']], [['x-z']]]);
    expect(place(version, ['d-m'])).toEqual(['level 0 run 99']);
  });

  test('stay out of the way of a compaction, whose tables may span the gaps between its inputs', () => {
    expect(place(versionOf([[], [['a-b', 'x-z']]]), ['m-n'], 'a-z')).toEqual(['level 0 run 99']);
  });
});
