import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TransactionalStore } from '../../src/mvcc/index.js';
import { openMemoryStore, read, scan, write } from '../support/memory-store.js';

/**
 * G1b, intermediate read: somebody sees a value that its writer replaced before committing.
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
  test('only the last value of a transaction is ever seen', async () => {
    const writer = store.begin({ isolation });
    const reader = store.begin({ isolation });
    write(writer, 'x', 101);
    expect(read(reader, 'x')).toBe('10');
    expect(read(store.latest(), 'x')).toBe('10');
    write(writer, 'x', 11);
    await writer.commit();
    expect(read(reader, 'x')).toBe('10');
    expect(read(store.latest(), 'x')).toBe('11');
    expect(scan(store.latest())).toEqual(['x=11', 'y=20']);
    await reader.commit();
  });
});
