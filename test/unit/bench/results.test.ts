/** Runs that are taken together, their medians, and what they say about Varve. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Measurement } from '../../../bench/src/measurement/measurement.js';
import { compare, comparisonTexts } from '../../../bench/src/report/comparison.js';
import { markdownReport } from '../../../bench/src/report/markdown-report.js';
import { byWorkload, MergeError, readResults, type Results, rowsOf } from '../../../bench/src/report/results.js';

const folder = mkdtempSync(join(tmpdir(), 'varve-results-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function measured(workload: string, opsPerSec: number, more: Partial<Measurement> = {}): Measurement {
  const pauses = { pauseP50us: null, pauseP99us: null, pauseP999us: null, pauseMaxUs: null };
  const space = { bytesWritten: 1, bytesOnDisk: 2, rssMb: 3 };
  return { workload, opsPerSec, p50us: 1, p99us: 2, ...space, ...pauses, facts: {}, profile: null, ...more };
}

function resultsOf(measurements: Results['measurements'], more: Partial<Results> = {}): Results {
  return {
    suite: 'kv',
    date: '2026-01-01',
    machine: 'a machine',
    versions: { node: 'v20' },
    settings: { records: 1000, ops: 10, valueBytes: 100, durability: 'buffered', seed: 1, cacheBytes: 0 },
    commands: ['npm run bench -- kv'],
    profiles: {},
    failures: {},
    measurements,
    ...more,
  };
}

function readTogether(...all: Results[]): Results {
  const paths = all.map((results, index) => {
    const path = join(folder, `${index}.json`);
    writeFileSync(path, JSON.stringify(results));
    return path;
  });
  return readResults(paths);
}

describe('rows', () => {
  test('are medians over the rounds of all runs, in the order of the suite and by speed', () => {
    const merged = readTogether(
      resultsOf({ varve: [measured('fillrandom', 10), measured('fillseq', 1)], lmdb: [measured('fillseq', 5)] }),
      resultsOf({ varve: [measured('fillrandom', 30)] }, { date: '2026-02-01', versions: { lmdb: '3' } }),
      resultsOf({ varve: [measured('fillrandom', 20, { facts: { retries: 2 } })] }),
    );
    const rows = rowsOf(merged).map(({ workload, engine, opsPerSec, rounds }) => [workload, engine, opsPerSec, rounds]);
    expect(rows).toEqual([
      ['fillseq', 'lmdb', 5, 1],
      ['fillseq', 'varve', 1, 1],
      ['fillrandom', 'varve', 20, 3],
    ]);
    expect(merged.date).toBe('2026-02-01');
    expect(merged.versions).toEqual({ node: 'v20', lmdb: '3' });
  });

  test('have no figure that one of the rounds lacks', () => {
    const [row] = rowsOf(
      resultsOf({ varve: [measured('fillseq', 1), measured('fillseq', 1, { bytesWritten: null })] }),
    );
    expect(row?.bytesWritten).toBeNull();
    expect(row?.bytesOnDisk).toBe(2);
  });

  test('of durable workloads say so, whatever the suite did', () => {
    const rows = rowsOf(resultsOf({ varve: [measured('fillsync', 1), measured('fillseq', 1)] }));
    expect(rows.map(({ workload, durability }) => [workload, durability])).toEqual([
      ['fillseq', 'buffered'],
      ['fillsync', 'commit'],
    ]);
  });
});

test.each([
  [
    'settings',
    { settings: { records: 2000, ops: 10, valueBytes: 100, durability: 'buffered', seed: 1, cacheBytes: 0 } as const },
  ],
  ['machine', { machine: 'another' }],
  ['node', { versions: { node: 'v22' } }],
])('runs with other %s are not taken together', (_what, more) => {
  expect(() => readTogether(resultsOf({}), resultsOf({}, more))).toThrow(MergeError);
});

describe('the comparison', () => {
  const rows = rowsOf(
    resultsOf({
      varve: [measured('fillsync', 50)],
      'varve-async': [measured('fillsync', 900)],
      rawsync: [measured('fillsync', 100)],
      lmdb: [measured('fillsync', 80)],
      rocksdb: [measured('fillsync', 40)],
    }),
  );

  test('is with the best peer, which neither the machine nor Varve itself is', () => {
    expect(compare(rows)).toMatchObject({ ratio: 50 / 80, reachesTarget: false, bestPeer: { engine: 'lmdb' } });
    expect(comparisonTexts(rows).join('\n')).toMatch(/0\.63 × .*lmdb, short of the target.*\n.*0\.50 × .*rawsync/);
  });

  test('says nothing without a peer', () => {
    expect(comparisonTexts(rows.filter(({ engine }) => engine === 'varve'))).toEqual([]);
  });
});

test('a report names a shortfall and where the time goes, if it is known', () => {
  const measurements = {
    varve: [measured('fillseq', 1), measured('fillrandom', 1)],
    lmdb: [measured('fillseq', 2), measured('fillrandom', 2)],
  };
  const profiles = { fillseq: [{ function: 'append (log.js)', share: 0.25 }] };
  const text = markdownReport(resultsOf(measurements, { profiles }), 'kv.svg');
  const [, fillseq, fillrandom] = text.split(/^## /m);
  expect(fillseq).toContain('append (log.js) 25 %');
  expect(fillrandom).toContain('short of the target of 1.00 ×');
  expect(fillrandom).toContain('not profiled');
  expect([...byWorkload(rowsOf(resultsOf(measurements))).keys()]).toEqual(['fillseq', 'fillrandom']);
});
