/** What `npm run bench --` takes, and how it refuses the rest. */

import { expect, test } from 'vitest';
import { parseCommand, UsageError } from '../../../bench/src/command-line.js';
import { SUITES } from '../../../bench/src/suite.js';

test('a suite brings its engines and sizes, and options change them', () => {
  for (const [name, suite] of Object.entries(SUITES)) {
    const { plan } = parseCommand([name]);
    expect(plan.engines).toEqual(suite.engines);
    expect(plan.settings).toEqual({ ...suite.defaults, seed: 1 });
  }
  const { plan } = parseCommand([
    'kv',
    '--engines',
    'lmdb,varve',
    '--workloads',
    'readseq',
    '--records',
    '5000',
    '--cache',
    '4096',
  ]);
  const settings = { records: 5000, cacheBytes: 4096 };
  expect(plan).toMatchObject({ engines: ['lmdb', 'varve'], workloads: ['readseq'], settings });
});

test('the command in a report names no files', () => {
  expect(parseCommand(['kv', '--json', 'out.json', '--rounds', '2', '--from=a.json']).text).toBe(
    'npm run bench -- kv --rounds 2',
  );
});

test.each([
  [[]],
  [['speed']],
  [['kv', '--engines', 'oracle']],
  [['txn', '--engines', 'rocksdb']],
  [['kv', '--workloads', 'fillfaster']],
  [['kv', '--records', '10']],
  [['kv', '--ops', 'many']],
  [['kv', '--durability', 'maybe']],
])('%j is refused', (args) => {
  expect(() => parseCommand(args)).toThrow(UsageError);
});
