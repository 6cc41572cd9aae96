/**
 * The random histories and their checker find what they are there to find: in copies of the library, each with one fault
 * of the kind that engines like this one have had, they report an anomaly within a few histories; in a copy without, none.
 */

import { afterAll, expect, test } from 'vitest';
import type { Isolation } from '../../src/mvcc/index.js';
import { titleOf } from '../support/history-checker/anomaly.js';
import { runHistory, type StoreModules } from '../support/history-runner/history-run.js';
import { type PlantedBug, PlantedBugs } from '../support/history-runner/planted-bug.js';

const HISTORIES_MAX = 8;
const TRANSACTIONS = 250;

const copies = new PlantedBugs();
afterAll(() => copies[Symbol.dispose]());

/** Kinds of the anomalies in the first history that has any. */
async function anomaliesOf(modules: StoreModules, isolation: Isolation, crashes = 0): Promise<string[]> {
  for (let seed = 1; seed <= HISTORIES_MAX; seed++) {
    const { anomalies } = await runHistory({ seed, isolation, transactions: TRANSACTIONS, crashes, modules });
    if (anomalies.length > 0) return [...new Set(anomalies.map(titleOf))];
  }
  return [];
}

const both = ['serializable', 'snapshot'] as const;

interface Planted extends PlantedBug {
  readonly what: string;
  readonly levels: readonly Isolation[];
  /** In each history; none where there is nothing said. */
  readonly crashes?: number;
  /** One of these must be found; which others there are depends on the histories. */
  readonly shows: readonly string[];
}

const bugs: Planted[] = [
  {
    what: 'commits are not validated',
    module: 'mvcc/commit-coordinator.js',
    original: 'if (this.#recent.lastTimestamp <= since)',
    replacement: 'if (since >= 0)',
    levels: both,
    shows: ['incompatible-order', 'P4'],
  },
  {
    what: 'ranges are not validated',
    module: 'mvcc/commit-coordinator.js',
    original: 'of reads.ranges',
    replacement: 'of []',
    levels: ['serializable'],
    shows: ['G2'],
  },
  {
    what: 'the range of a scan that stops early is taken for that of the other direction',
    module: 'mvcc/transaction-cursor.js',
    original: 'return this.#direction > 0\n            ?',
    replacement: 'return this.#direction < 0\n            ?',
    levels: ['serializable'],
    shows: ['G2'],
  },
  {
    what: 'keys that were read absent are not remembered',
    module: 'mvcc/transaction.js',
    original: 'this.#readSet().addKey(key);\n        return this.#context.engine.get(',
    replacement:
      'if (this.#context.engine.has(key, this.snapshotTimestamp)) this.#readSet().addKey(key);\n        return this.#context.engine.get(',
    levels: ['serializable'],
    shows: ['incompatible-order', 'P4', 'G2-item', 'G2'],
  },
  {
    what: 'the first committer does not win',
    module: 'mvcc/commit-coordinator.js',
    original: 'this.#addWriteConflicts(candidate);\n',
    replacement: ';\n',
    levels: ['snapshot'],
    shows: ['incompatible-order', 'P4'],
  },
  {
    what: 'recent commits are forgotten too early',
    module: 'mvcc/commit-coordinator.js',
    original: 'return oldest !== undefined && oldest < published ? oldest : published;',
    replacement: 'return published;',
    levels: both,
    shows: ['incompatible-order', 'P4'],
  },
  {
    what: 'snapshots see one commit too many, once it is there',
    module: 'mvcc/transaction.js',
    original: 'this.snapshotTimestamp = context.engine.lastTimestamp;',
    replacement: 'this.snapshotTimestamp = context.engine.lastTimestamp + 1;',
    levels: both,
    shows: ['internal', 'G-single'],
  },
  {
    what: 'snapshots see one commit too few',
    module: 'mvcc/transaction.js',
    original: 'this.snapshotTimestamp = context.engine.lastTimestamp;',
    replacement: 'this.snapshotTimestamp = Math.max(0, context.engine.lastTimestamp - 1);',
    levels: both,
    shows: ['G-single in real time'],
  },
  {
    what: 'versions that an open snapshot sees are dropped',
    module: 'mvcc/snapshot-registry.js',
    original: 'pinned: this.#pins.list()',
    replacement: 'pinned: []',
    levels: both,
    shows: ['internal', 'G-single', 'P4'],
  },
  {
    what: 'a deletion is dropped although older tables have the key',
    module: 'storage/compaction/version-filter.js',
    original: ' || this.#older.mayHold(key, start, end)',
    replacement: '',
    levels: both,
    shows: ['G-single', 'G-single in real time', 'P4', 'internal'],
  },
  {
    what: 'a commit is published before the second half of it is there',
    module: 'storage/log/log-frames.js',
    original: 'batch.forEach(visit);',
    replacement: `{
                for (const apply of LogFrames.late ?? []) apply();
                LogFrames.late = [];
                let visited = 0;
                batch.forEach((kind, view, ...places) => {
                    const bytes = view.slice();
                    const apply = () => { begins(timestamp); visit(kind, bytes, ...places); };
                    if (visited++ < batch.count / 2) apply();
                    else LogFrames.late.push(apply);
                });
            }`,
    levels: both,
    shows: ['internal', 'G-single', 'incompatible-order', 'G0'],
  },
  {
    what: 'gets do not look into a memtable while it is being flushed',
    module: 'storage/engine/point-lookup.js',
    original: 'for (let i = 0; i < sealed.length && cleared === 0; i++) {',
    replacement: 'for (let i = 0; i < 0; i++) {',
    levels: both,
    shows: ['internal', 'G-single', 'G-single in real time', 'incompatible-order', 'G2-item'],
  },
  {
    what: 'commits are acknowledged before they are published',
    module: 'storage/engine/commit-pipeline.js',
    original: 'this.#queue.push(request);\n',
    replacement: `const { outcome } = request;
        if (request.batch) {
            queueMicrotask(() => outcome.committed());
            request = { ...request, outcome: { committed: () => {}, failed: () => {} } };
        }
        this.#queue.push(request);
`,
    levels: both,
    // A batch that counts as done is used again: it is overwritten while it waits for the log.
    shows: ['G-single in real time', 'incompatible-order', 'G0'],
  },
  {
    what: 'commits are acknowledged before they are on the device',
    module: 'storage/engine/commit-pipeline.js',
    original: 'this.#log.sync().then(',
    replacement: 'Promise.resolve().then(',
    levels: both,
    crashes: 3,
    shows: ['G-single in real time', 'incompatible-order', 'timestamp'],
  },
  {
    what: 'what a savepoint takes back is committed',
    module: 'mvcc/savepoint.js',
    original: 'this.#writes.truncate(this.#mark);',
    replacement: '',
    levels: both,
    shows: ['G1a', 'internal'],
  },
  {
    what: 'a transaction that fails its validation is committed all the same',
    module: 'mvcc/transaction.js',
    original:
      "catch (error) {\n            this.#end('rolled-back');\n            throw error;\n        }\n        this.#state = 'committing';",
    replacement:
      "catch (error) {\n            if (writes) this.#context.coordinator.submit(writes.toBatch(), {}, undefined, { committed: () => {}, failed: () => {} });\n            this.#end('rolled-back');\n            throw error;\n        }\n        this.#state = 'committing';",
    levels: both,
    shows: ['G1a'],
  },
];

test.each(bugs)('$what', async ({ levels, shows, crashes, ...bug }) => {
  const modules = await copies.plant(bug);
  for (const isolation of levels) {
    const found = await anomaliesOf(modules, isolation, crashes);
    expect(
      found.filter((kind) => shows.includes(kind)),
      `${isolation}: ${found.join()}`,
    ).not.toEqual([]);
  }
});

test('a copy without a fault has no anomaly', async () => {
  const modules = await copies.plant(undefined);
  for (const isolation of both) expect(await anomaliesOf(modules, isolation)).toEqual([]);
});
