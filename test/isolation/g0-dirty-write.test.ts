import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConflictError } from '../../src/base/index.js';
import type { TransactionalStore } from '../../src/mvcc/index.js';
import { openMemoryStore, read, write } from '../support/memory-store.js';

/**
 * G0, dirty write (Adya 1999): two transactions write the same two keys, each ends up with one of them.
 */

let store: TransactionalStore;

beforeEach(async () => {
  store = await openMemoryStore();
  store.transactionSync((tx) => {
    write(tx, 'x', 10);
    write(tx, 'y', 20);
  });
});
afterEach(() => store.close());

test.each([
  { isolation: 'serializable' as const, winner: 'second' },
  { isolation: 'snapshot' as const, winner: 'first' },
])('under $isolation both keys come from the same writer', async ({ isolation, winner }) => {
  const first = store.begin({ isolation });
  const second = store.begin({ isolation });
  write(first, 'x', 'first');
  write(second, 'x', 'second');
  write(second, 'y', 'second');
  write(first, 'y', 'first');
  await first.commit();
  if (isolation === 'snapshot') await expect(second.commit()).rejects.toThrow(ConflictError);
  else await second.commit();
  expect([read(store.latest(), 'x'), read(store.latest(), 'y')]).toEqual([winner, winner]);
});

test.each(['serializable', 'snapshot'] as const)('under %s nor do they in commits of one turn', async (isolation) => {
  const writers = ['a', 'b', 'c'].map((name) => {
    const tx = store.begin({ isolation });
    write(tx, 'x', name);
    write(tx, 'y', name);
    return tx;
  });
  await Promise.allSettled(writers.map((tx) => tx.commit()));
  const snapshot = store.snapshot();
  expect(read(snapshot, 'x')).toBe(read(snapshot, 'y'));
  expect(read(snapshot, 'x')).toMatch(/^[abc]$/);
  snapshot.close();
});
