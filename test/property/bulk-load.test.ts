/**
 * Bulk loads among other commits against a naive model: parts that overlap or not, duplicates inside and across parts, links
 * beside flushes, merges and commits in flight, with snapshots open; seen by key, by scans both ways, and after reopening.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Snapshot, TransactionalStore } from '../../src/mvcc/index.js';
import { type BulkLoad, WriteBatch } from '../../src/storage/index.js';
import { MemFileSystem } from '../../src/vfs/index.js';
import { checkVerified } from '../support/engine-harness.js';
import { bytes, openMemoryStore, read, scan } from '../support/memory-store.js';
import { ModelStore, type ModelWrite } from '../support/model-store.js';
import { propertyOptions } from '../support/seed.js';

type Step =
  | { readonly do: 'write' | 'writeSync'; readonly keys: readonly number[]; readonly removes: boolean }
  /** Each part is written out by itself. */
  | { readonly do: 'load'; readonly parts: readonly (readonly number[])[]; readonly meanwhile: number }
  | { readonly do: 'flush' | 'compact' | 'snapshot' | 'settle' };

const KEYS = 60;
const keyNumber = fc.nat(KEYS - 1);
const ascending = (part: readonly number[]): number[] => [...part].sort((a, b) => a - b);
const part = fc.oneof(
  fc.array(keyNumber, { minLength: 1, maxLength: 25 }),
  fc.array(keyNumber, { minLength: 1, maxLength: 25 }).map(ascending),
  // Narrow ranges, which may find a place deep in the tree.
  fc.tuple(keyNumber, fc.nat(6)).map(([first, more]) => Array.from({ length: more + 1 }, (_, i) => first + i)),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('write' as const, 'write' as const, 'writeSync' as const),
      keys: fc.array(keyNumber, { minLength: 1, maxLength: 12 }),
      removes: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('load' as const),
      parts: fc.array(part, { minLength: 1, maxLength: 9 }),
      meanwhile: fc.nat(3),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('flush', 'compact', 'snapshot', 'snapshot', 'settle') }),
  },
);

/** Small enough that a few steps go through every level. */
const OPTIONS = {
  memtableBytes: 4096,
  blockBytes: 256,
  tableBytes: 1024,
  indexBytesMax: 150,
  compaction: { policy: 'leveled', level0Runs: 2, levelBaseBytes: 2048, sizeRatio: 3 },
} as const;

function keyOf(number: number): string {
  return `key-${String(number).padStart(3, '0')}`;
}

/** One run: what was committed when, and what is still under way. */
class Workload {
  readonly #store: TransactionalStore;
  readonly #commits: { readonly timestamp: number; readonly writes: readonly ModelWrite[] }[] = [];
  readonly #snapshots: Snapshot[] = [];
  #underWay: Promise<void>[] = [];
  #values = 0;

  constructor(store: TransactionalStore) {
    this.#store = store;
  }

  async take(action: Step): Promise<void> {
    switch (action.do) {
      case 'write':
        this.#write(action.keys, action.removes);
        break;
      case 'writeSync': {
        const writes = this.#writes(action.keys, action.removes);
        this.#commits.push({ timestamp: this.#store.writeSync(batchOf(writes)), writes });
        break;
      }
      case 'load':
        await this.#load(action.parts, action.meanwhile);
        break;
      case 'flush':
        await this.#store.engine.flush();
        break;
      case 'compact':
        await this.#store.engine.compact();
        break;
      case 'snapshot':
        this.#snapshots.push(this.#store.snapshot());
        break;
      case 'settle':
        await this.settle();
    }
  }

  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#underWay = [];
  }

  /** Everything that has been committed, in the order of commits. */
  model(): ModelStore {
    const model = new ModelStore();
    for (const { timestamp, writes } of this.#commits.toSorted((a, b) => a.timestamp - b.timestamp)) {
      model.apply(writes, timestamp);
    }
    return model;
  }

  check(): void {
    const model = this.model();
    for (const snapshot of this.#snapshots) {
      const past = model.view(snapshot.timestamp);
      for (const reverse of [false, true]) {
        expect(scan(snapshot, undefined, undefined, reverse)).toEqual(scan(past, undefined, undefined, reverse));
      }
      for (let number = 0; number < KEYS; number++) {
        expect(read(snapshot, keyOf(number))).toBe(read(past, keyOf(number)));
      }
      expect(scan(snapshot, keyOf(10), keyOf(30))).toEqual(scan(past, keyOf(10), keyOf(30)));
    }
  }

  closeSnapshots(): void {
    for (const snapshot of this.#snapshots) snapshot.close();
    this.#snapshots.length = 0;
  }

  #write(keys: readonly number[], removes: boolean): void {
    const writes = this.#writes(keys, removes);
    const committed = this.#store.write(batchOf(writes));
    this.#underWay.push(committed.then((timestamp) => void this.#commits.push({ timestamp, writes })));
  }

  async #load(parts: readonly (readonly number[])[], meanwhile: number): Promise<void> {
    const load = this.#store.beginLoad(4096);
    const writes: ModelWrite[] = [];
    for (const numbers of parts) {
      writes.push(...this.#add(load, numbers));
      await load.writeOut();
    }
    for (let i = 0; i < meanwhile; i++) this.#write([i * 7, i * 11], false);
    await load.finish();
    const distinct = new Set(parts.flat()).size;
    expect(load.duplicates).toBe(writes.length - distinct);
    const linked = this.#store.commitLoad(load);
    this.#underWay.push(linked.then((timestamp) => void this.#commits.push({ timestamp, writes })));
    // Every other time the commits that follow meet the link on its way.
    if (meanwhile % 2 === 0) await linked;
  }

  #add(load: BulkLoad, numbers: readonly number[]): ModelWrite[] {
    return numbers.map((number) => {
      const write = { key: bytes(keyOf(number)), value: bytes(`load ${this.#values++} `.repeat(number % 5)) };
      load.add(write.key, write.value);
      return write;
    });
  }

  #writes(numbers: readonly number[], removes: boolean): ModelWrite[] {
    const writes: ModelWrite[] = numbers.map((number) => ({
      key: bytes(keyOf(number)),
      value: removes && number % 2 === 0 ? undefined : bytes(`put ${this.#values++} `.repeat(number % 7)),
    }));
    const [first = 0, second = 0] = numbers;
    if (!removes || first % 3 > 0) return writes;
    return [...writes, { cleared: { lower: bytes(keyOf(first)), upper: bytes(keyOf(second)) } }];
  }
}

function batchOf(writes: readonly ModelWrite[]): WriteBatch {
  const batch = new WriteBatch();
  for (const write of writes) {
    if ('cleared' in write) batch.clear(write.cleared);
    else if (write.value === undefined) batch.delete(write.key);
    else batch.put(write.key, write.value);
  }
  return batch;
}

test.each(['leveled', 'tiered', 'lazy-leveled'] as const)('loads are commits like others, %s', async (policy) => {
  const levels = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 30 }), async (steps) => {
      const fileSystem = new MemFileSystem();
      const options = { ...OPTIONS, compaction: { ...OPTIONS.compaction, policy } };
      const store = await openMemoryStore(options, { fileSystem });
      const workload = new Workload(store);
      for (const action of steps) await workload.take(action);
      await workload.settle();
      await workload.take({ do: 'snapshot' });
      workload.check();
      for (const [level, { tables }] of store.stats().engine.levels.entries()) if (tables > 0) levels.add(level);
      workload.closeSnapshots();
      await store.close();
      await checkVerified(fileSystem, '/store');
      const reopened = await openMemoryStore(options, { fileSystem });
      expect(scan(reopened.latest())).toEqual(scan(workload.model().view()));
      await reopened.close();
    }),
    propertyOptions(60),
  );
  expect(levels.size).toBeGreaterThan(1);
});
