import { expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../../src/base/index.js';
import type { TransactionalStore } from '../../../src/mvcc/index.js';
import { type TreePolicyName, WriteBatch } from '../../../src/storage/index.js';
import { MemFileSystem } from '../../../src/vfs/index.js';
import { bytes, openMemoryStore, STORE_OPTIONS } from '../../support/memory-store.js';

const KEYS = 4000;
const VALUE_BYTES = 200;

/** Writes every key in random order `rounds` times over. */
async function overwrite(store: TransactionalStore, rounds: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  for (let round = 0; round < rounds; round++) {
    for (let done = 0; done < KEYS; done += 100) {
      const batch = new WriteBatch();
      for (let i = 0; i < 100; i++) batch.put(key(randomBelow(random, KEYS)), new Uint8Array(VALUE_BYTES).fill(round));
      await store.write(batch, { durability: 'buffered' });
    }
  }
}

function key(n: number): Uint8Array {
  return bytes(`key-${String(n).padStart(6, '0')}`);
}

async function load(store: TransactionalStore): Promise<void> {
  const batch = new WriteBatch();
  for (let n = 0; n < KEYS; n++) batch.put(key(n), new Uint8Array(VALUE_BYTES));
  await store.write(batch);
}

function diskBytes(fileSystem: MemFileSystem): number {
  let sum = 0;
  for (const name of fileSystem.list('/store')) sum += fileSystem.stat(`/store/${name}`).sizeBytes;
  return sum;
}

/** Resolves when the size on disk has not changed for a while. */
async function settledBytes(fileSystem: MemFileSystem): Promise<number> {
  let size = diskBytes(fileSystem);
  for (let quiet = 0; quiet < 50; quiet++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    const now = diskBytes(fileSystem);
    if (now !== size) quiet = 0;
    size = now;
  }
  return size;
}

async function liveBytes(): Promise<number> {
  const fileSystem = new MemFileSystem();
  const store = await openMemoryStore({}, { fileSystem });
  await load(store);
  await store.engine.compact();
  const size = diskBytes(fileSystem);
  await store.close();
  return size;
}

const SMALL = { ...STORE_OPTIONS, memtableBytes: 32 * 1024, tableBytes: 64 * 1024 };

function compaction(policy: TreePolicyName) {
  return { policy, level0Runs: 2, levelBaseBytes: 32 * 1024, sizeRatio: 8 };
}

test('space comes back to the size of the live data when the only snapshot is closed', async () => {
  const live = await liveBytes();
  const fileSystem = new MemFileSystem();
  const store = await openMemoryStore({ ...SMALL, compaction: compaction('leveled') }, { fileSystem });
  await load(store);
  const snapshot = store.snapshot();
  await overwrite(store, 6, 1);
  const held = await settledBytes(fileSystem);
  expect(held).toBeGreaterThan(1.6 * live);
  snapshot.close();
  expect(await settledBytes(fileSystem)).toBeLessThan(1.3 * live);
  await store.close();
});

test('what only the older of two snapshots needed goes while the other stays open', async () => {
  const live = await liveBytes();
  const fileSystem = new MemFileSystem();
  const store = await openMemoryStore({ ...SMALL, compaction: compaction('tiered') }, { fileSystem });
  await load(store);
  const first = store.snapshot();
  await overwrite(store, 4, 1);
  using second = store.snapshot();
  await overwrite(store, 4, 2);
  const held = await settledBytes(fileSystem);
  const before = second.get(key(7));
  first.close();
  expect(await settledBytes(fileSystem)).toBeLessThan(held - 0.4 * live);
  expect(second.get(key(7))).toEqual(before);
  await store.close();
});
