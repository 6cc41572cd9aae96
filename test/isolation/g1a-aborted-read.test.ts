import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConflictError } from '../../src/base/index.js';
import type { TransactionalStore } from '../../src/mvcc/index.js';
import { openMemoryStore, read, scan, write } from '../support/memory-store.js';

/**
 * G1a, aborted read: somebody sees what a transaction wrote that was rolled back.
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
  test('writes that are rolled back are never seen', async () => {
    const writer = store.begin({ isolation });
    const reader = store.begin({ isolation });
    write(writer, 'x', 101);
    expect(read(reader, 'x')).toBe('10');
    writer.rollback();
    expect(read(reader, 'x')).toBe('10');
    expect(scan(reader)).toEqual(['x=10', 'y=20']);
    expect(read(store.latest(), 'x')).toBe('10');
    await reader.commit();
  });

  test('writes of a transaction that fails its validation are never seen', async () => {
    const loser = store.begin({ isolation });
    read(loser, 'x');
    write(loser, 'x', 101);
    write(loser, 'z', 1);
    store.transactionSync((tx) => write(tx, 'x', 11));
    await expect(loser.commit()).rejects.toThrow(ConflictError);
    expect(scan(store.latest())).toEqual(['x=11', 'y=20']);
  });
});
