/**
 * The picker on trees of pure data: flushes of random content, merged as planned under any policy and from one to
 * another. However it goes, plans come to an end, the tree is then in shape, and no older version lies above a newer one.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8Encode } from '../../src/base/index.js';
import { type CompactionPlan, planRange } from '../../src/storage/compaction/compaction-plan.js';
import { pickCompaction } from '../../src/storage/compaction/fluid-picker.js';
import { type TreePolicy, TreeShape } from '../../src/storage/compaction/tree-shape.js';
import { EntryKind, type TableMeta } from '../../src/storage/index.js';
import { olderThan } from '../../src/storage/compaction/compaction-plan.js';
import { VersionFilter } from '../../src/storage/compaction/version-filter.js';
import { Version } from '../../src/storage/version/version.js';
import { propertyOptions } from '../support/seed.js';

/** `isDeletion` of a key as of a timestamp. */
type Entry = { readonly key: number; readonly timestamp: number; readonly isDeletion: boolean };
interface PureTable extends TableMeta {
  /** In the order of tables: key ascending, timestamp descending. */
  readonly content: readonly Entry[];
}

type Step =
  | { readonly kind: 'flush'; readonly keys: readonly (readonly [number, boolean])[] }
  | { readonly kind: 'compact'; readonly lower: number; readonly upper: number }
  | { readonly kind: 'reshape'; readonly policy: TreePolicy };

const ENTRY_BYTES = 100;
const KEYS = 60;
/** More plans than this after a flush would mean that they go round in circles. */
const PLANS_MAX = 500;
const KEEP_NEWEST = { horizon: Number.MAX_SAFE_INTEGER, pinned: [] };

const policy: fc.Arbitrary<TreePolicy> = fc.record({
  policy: fc.constantFrom('leveled', 'tiered', 'lazy-leveled'),
  level0Runs: fc.integer({ min: 1, max: 3 }),
  levelBaseBytes: fc.constantFrom(300, 1000),
  sizeRatio: fc.integer({ min: 2, max: 5 }),
});
const key = fc.nat(KEYS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('flush' as const),
      keys: fc.uniqueArray(fc.tuple(key, fc.boolean()), { minLength: 1, maxLength: 12, selector: ([one]) => one }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), lower: key, upper: key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reshape' as const), policy }) },
);

function keyBytes(number: number): Uint8Array {
  return utf8Encode(String(number).padStart(2, '0'));
}

class PureTree {
  version = new Version<PureTable>();
  policy: TreePolicy;
  #fileNumber = 0;
  #timestamp = 0;
  /** What a reader must find. */
  readonly newest = new Map<number, Entry>();

  constructor(initial: TreePolicy) {
    this.policy = initial;
  }

  flush(keys: readonly (readonly [number, boolean])[]): void {
    const content = keys.map(([one, isDeletion]) => ({ key: one, timestamp: ++this.#timestamp, isDeletion }));
    for (const entry of content) this.newest.set(entry.key, entry);
    content.sort((a, b) => a.key - b.key);
    const table = this.#table(content);
    this.#install({ added: [{ level: 0, run: table.fileNumber, table }], removed: [] });
  }

  compact(lower: number, upper: number): void {
    const range = { lower: keyBytes(lower), upper: keyBytes(upper) };
    const plan = planRange(this.version, range, new TreeShape(this.version, this.policy).first);
    if (plan !== undefined) this.#execute(plan);
  }

  /** Everything the picker wants. */
  settle(): void {
    for (let plans = 0; ; plans++) {
      const plan = pickCompaction(this.version, this.policy, KEEP_NEWEST);
      if (plan === undefined) return;
      expect(plans, JSON.stringify({ level: plan.level, outputLevel: plan.outputLevel })).toBeLessThan(PLANS_MAX);
      this.#execute(plan);
    }
  }

  check(): void {
    const shape = new TreeShape(this.version, this.policy);
    expect(this.version.runsAt(0).length).toBeLessThan(this.policy.level0Runs);
    for (let level = 1; level < this.version.levels.length; level++) {
      expect(this.version.runsAt(level).length, `runs of level ${level}`).toBeLessThanOrEqual(shape.runsMax(level));
      expect(shape.score(level), `fullness of level ${level}`).toBeLessThan(1);
    }
    expect(shape.debtBytes()).toBe(0);
    this.#checkOrder();
  }

  /** Runs are walked from the newest on: the first version found of a key must be the newest of all. */
  #checkOrder(): void {
    const found = new Map<number, Entry>();
    for (const table of this.version.tables()) {
      for (const entry of table.content) {
        const newer = found.get(entry.key);
        if (newer === undefined) found.set(entry.key, entry);
        else expect(newer.timestamp).toBeGreaterThan(entry.timestamp);
      }
    }
    for (const [number, entry] of this.newest) {
      const seen = found.get(number);
      if (!entry.isDeletion || seen !== undefined) expect(seen).toEqual(entry);
    }
  }

  #execute(plan: CompactionPlan<PureTable>): void {
    const removed = plan.inputs.flatMap(({ level, tables }) => tables.map(({ fileNumber }) => ({ level, fileNumber })));
    const place = { level: plan.outputLevel, run: plan.outputRun };
    const inputs = plan.inputs.flatMap((input) => input.tables);
    const outputs = plan.move ? inputs : this.#merge(plan);
    this.#install({ added: outputs.map((table) => ({ ...place, table })), removed });
  }

  #merge(plan: CompactionPlan<PureTable>): PureTable[] {
    const filter = new VersionFilter(KEEP_NEWEST, olderThan(this.version, plan.inputs));
    const entries = plan.inputs
      .flatMap((input) => input.tables.flatMap((table) => table.content))
      .sort((a, b) => a.key - b.key || b.timestamp - a.timestamp)
      .filter((entry) => {
        const bytes = keyBytes(entry.key);
        const kind = entry.isDeletion ? EntryKind.Delete : EntryKind.Put;
        return filter.keeps(bytes, 0, bytes.length, entry.timestamp, kind);
      });
    const tables: PureTable[] = [];
    for (let from = 0; from < entries.length; from += 5) tables.push(this.#table(entries.slice(from, from + 5)));
    return tables;
  }

  #table(content: readonly Entry[]): PureTable {
    return {
      content,
      fileNumber: ++this.#fileNumber,
      sizeBytes: content.length * ENTRY_BYTES,
      rawBytes: content.length * ENTRY_BYTES,
      entries: content.length,
      tombstones: content.filter((entry) => entry.isDeletion).length,
      rangeTombstones: 0,
      superseded: 0,
      references: [],
      minTimestamp: Math.min(...content.map((entry) => entry.timestamp)),
      maxTimestamp: Math.max(...content.map((entry) => entry.timestamp)),
      smallest: keyBytes(content[0]!.key),
      largest: keyBytes(content.at(-1)!.key),
    };
  }

  #install(edit: {
    added: { level: number; run: number; table: PureTable }[];
    removed: { level: number; fileNumber: number }[];
  }): void {
    const byNumber = new Map(edit.added.map(({ table }) => [table.fileNumber, table]));
    this.version = this.version.with(
      edit,
      (meta) => byNumber.get(meta.fileNumber)!,
      (expected, found) => new Error(`expected ${expected}, found ${found}`),
    );
  }
}

test('whatever the picker plans comes to an end, in shape and in order', () => {
  fc.assert(
    fc.property(policy, fc.array(step, { minLength: 5, maxLength: 80, size: 'max' }), (initial, steps) => {
      const tree = new PureTree(initial);
      for (const one of steps) {
        if (one.kind === 'flush') tree.flush(one.keys);
        else if (one.kind === 'compact') tree.compact(one.lower, one.upper);
        else tree.policy = one.policy;
        tree.settle();
        tree.check();
      }
    }),
    propertyOptions(150),
  );
});
