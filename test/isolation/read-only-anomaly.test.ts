import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConflictError } from '../../src/base/index.js';
import type { TransactionalStore } from '../../src/mvcc/index.js';
import { openMemoryStore, read, write } from '../support/memory-store.js';

/**
 * The read-only transaction anomaly (Fekete, O'Neil and O'Neil 2004): two updates are serial on their own, but a reader
 * between their commits sees a state that no serial order has. Its cycle has two anti-dependencies, so it is a case of
 * G2-item, and snapshot isolation lets it happen.
 */

let store: TransactionalStore;

beforeEach(async () => {
  store = await openMemoryStore();
  store.transactionSync((tx) => {
    write(tx, 'checking', 0);
    write(tx, 'savings', 0);
  });
});
afterEach(() => store.close());

/** A deposit to savings overtakes a withdrawal that began before it; a report is made in between. */
async function run(isolation: 'serializable' | 'snapshot') {
  const withdrawal = store.begin({ isolation });
  const balance = Number(read(withdrawal, 'checking')) + Number(read(withdrawal, 'savings'));
  await store.transaction((tx) => write(tx, 'savings', Number(read(tx, 'savings')) + 20), { isolation });
  const report = store.begin({ isolation, readOnly: true });
  const seen = [read(report, 'checking'), read(report, 'savings')];
  await report.commit();
  // Overdrawn, as far as this transaction knows: the fee of 1 applies.
  write(withdrawal, 'checking', balance - 10 < 0 ? -11 : -10);
  return { seen, withdrawal };
}

test('serializable: the withdrawal fails, and its retry agrees with what the report showed', async () => {
  const { seen, withdrawal } = await run('serializable');
  expect(seen).toEqual(['0', '20']);
  await expect(withdrawal.commit()).rejects.toThrow(ConflictError);
  expect([read(store.latest(), 'checking'), read(store.latest(), 'savings')]).toEqual(['0', '20']);
});

test('snapshot: the report shows the deposit without the withdrawal, yet the fee is charged', async () => {
  const { seen, withdrawal } = await run('snapshot');
  expect(seen).toEqual(['0', '20']);
  await withdrawal.commit();
  expect([read(store.latest(), 'checking'), read(store.latest(), 'savings')]).toEqual(['-11', '20']);
});
