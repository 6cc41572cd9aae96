import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConflictError } from '../../src/base/index.js';
import type { TransactionalStore } from '../../src/mvcc/index.js';
import { bytes, openMemoryStore, scan, write } from '../support/memory-store.js';

/**
 * PMP, predicate-many-preceders: the same range read twice gives different entries.
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
  test('a range read again has the same entries, whatever was committed meanwhile', async () => {
    const reader = store.begin({ isolation });
    expect(scan(reader, 'x', 'z')).toEqual(['x=10', 'y=20']);
    store.transactionSync((tx) => {
      write(tx, 'xx', 30);
      tx.delete(bytes('y'));
    });
    expect(scan(reader, 'x', 'z')).toEqual(['x=10', 'y=20']);
    expect(scan(reader, 'x', 'z', true)).toEqual(['y=20', 'x=10']);
    expect(scan(store.latest(), 'x', 'z')).toEqual(['x=10', 'xx=30']);
    await reader.commit();
  });

  test('a delete by predicate removes what its scan saw, or fails', async () => {
    const remover = store.begin({ isolation });
    for (const entry of scan(remover, 'x', 'z')) {
      if (entry.endsWith('=20')) remover.delete(bytes(entry.slice(0, entry.indexOf('='))));
    }
    store.transactionSync((tx) => {
      write(tx, 'x', 20);
      write(tx, 'y', 30);
    });
    await expect(remover.commit()).rejects.toThrow(ConflictError);
    expect(scan(store.latest())).toEqual(['x=20', 'y=30']);
  });
});
