import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConflictError } from '../../src/base/index.js';
import type { TransactionalStore } from '../../src/mvcc/index.js';
import { bytes, openMemoryStore, read, write } from '../support/memory-store.js';

/**
 * G2-item, write skew: each of two transactions reads both keys and writes one. Allowed under snapshot, and only there.
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

async function bothReadBothAndWriteOne(isolation: 'serializable' | 'snapshot') {
  const first = store.begin({ isolation });
  const second = store.begin({ isolation });
  for (const tx of [first, second]) expect([read(tx, 'x'), read(tx, 'y')]).toEqual(['10', '20']);
  write(first, 'x', 11);
  write(second, 'y', 21);
  return Promise.allSettled([first.commit(), second.commit()]);
}

test('serializable: the second commit fails', async () => {
  const [first, second] = await bothReadBothAndWriteOne('serializable');
  expect(first.status).toBe('fulfilled');
  expect(second).toMatchObject({ status: 'rejected', reason: expect.any(ConflictError) as unknown });
  expect([read(store.latest(), 'x'), read(store.latest(), 'y')]).toEqual(['11', '20']);
});

test('serializable: a read of an absent key counts', async () => {
  const first = store.begin();
  const second = store.begin();
  for (const tx of [first, second]) expect([read(tx, 'p'), read(tx, 'q')]).toEqual([undefined, undefined]);
  write(first, 'p', 1);
  write(second, 'q', 1);
  await first.commit();
  await expect(second.commit()).rejects.toThrow(ConflictError);
});

test('serializable: so does a read of a key that the other one deletes', async () => {
  const first = store.begin();
  const second = store.begin();
  for (const tx of [first, second]) expect(tx.has(bytes('x'))).toBe(true);
  first.delete(bytes('x'));
  write(second, 'y', 21);
  await first.commit();
  await expect(second.commit()).rejects.toThrow(ConflictError);
});

test('snapshot: both commits succeed, the anomaly is possible', async () => {
  const outcomes = await bothReadBothAndWriteOne('snapshot');
  expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'fulfilled']);
  expect([read(store.latest(), 'x'), read(store.latest(), 'y')]).toEqual(['11', '21']);
});
