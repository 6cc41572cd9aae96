import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConflictError } from '../../src/base/index.js';
import type { TransactionalStore } from '../../src/mvcc/index.js';
import { openMemoryStore, read, write } from '../support/memory-store.js';

/**
 * P4, lost update: two transactions read a value and both write one derived from it.
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

describe.each(['serializable', 'snapshot'] as const)('%s', (isolation) => {
  test('the second of two increments fails', async () => {
    const first = store.begin({ isolation });
    const second = store.begin({ isolation });
    for (const tx of [first, second]) write(tx, 'x', Number(read(tx, 'x')) + 1);
    await first.commit();
    await expect(second.commit()).rejects.toThrow(ConflictError);
    expect(read(store.latest(), 'x')).toBe('11');
  });

  test('also when the first commit is still in flight', async () => {
    const first = store.begin({ isolation });
    const second = store.begin({ isolation });
    for (const tx of [first, second]) write(tx, 'x', Number(read(tx, 'x')) + 1);
    const outcomes = await Promise.allSettled([first.commit(), second.commit()]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected']);
    expect(read(store.latest(), 'x')).toBe('11');
  });

  test('and when the value is read after the first commit was begun but before it was published', async () => {
    const first = store.begin({ isolation });
    write(first, 'x', Number(read(first, 'x')) + 1);
    const commit = first.commit();
    const second = store.begin({ isolation });
    expect(read(second, 'x')).toBe('10');
    write(second, 'x', Number(read(second, 'x')) + 1);
    await expect(second.commit()).rejects.toThrow(ConflictError);
    await commit;
    expect(read(store.latest(), 'x')).toBe('11');
  });
});
