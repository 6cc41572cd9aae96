import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConflictError } from '../../src/base/index.js';
import type { TransactionalStore } from '../../src/mvcc/index.js';
import { openMemoryStore, read, write } from '../support/memory-store.js';

/**
 * G1c, circular information flow: each of two transactions sees what the other wrote.
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
  { isolation: 'serializable' as const, bothCommit: false },
  { isolation: 'snapshot' as const, bothCommit: true },
])('under $isolation neither sees the other', async ({ isolation, bothCommit }) => {
  const first = store.begin({ isolation });
  const second = store.begin({ isolation });
  write(first, 'x', 11);
  write(second, 'y', 22);
  expect(read(first, 'y')).toBe('20');
  expect(read(second, 'x')).toBe('10');
  await first.commit();
  expect(read(second, 'x')).toBe('10');
  // Second read x before first changed it, and first read y before second did: only one of them can be serial.
  if (bothCommit) await second.commit();
  else await expect(second.commit()).rejects.toThrow(ConflictError);
});
