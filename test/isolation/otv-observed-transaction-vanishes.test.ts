import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConflictError } from '../../src/base/index.js';
import type { TransactionalStore } from '../../src/mvcc/index.js';
import { openMemoryStore, read, scan, write } from '../support/memory-store.js';

/**
 * OTV, observed transaction vanishes: after seeing one write of a transaction, a reader misses another one of it.
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
  test('a transaction is seen as a whole or not at all, and stays seen', async () => {
    const first = store.begin({ isolation });
    write(first, 'x', 11);
    write(first, 'y', 19);
    const second = store.begin({ isolation });
    const before = store.begin({ isolation });
    await first.commit();
    const between = store.begin({ isolation });
    expect([read(between, 'x'), read(before, 'x')]).toEqual(['11', '10']);
    write(second, 'x', 12);
    write(second, 'y', 18);
    // Blind under serializable; under snapshot the second writer of a key loses.
    const secondCommits = isolation === 'serializable';
    if (secondCommits) await second.commit();
    else await expect(second.commit()).rejects.toThrow(ConflictError);
    expect(scan(between)).toEqual(['x=11', 'y=19']);
    expect(scan(before)).toEqual(['x=10', 'y=20']);
    expect(scan(store.latest())).toEqual(secondCommits ? ['x=12', 'y=18'] : ['x=11', 'y=19']);
  });
});
