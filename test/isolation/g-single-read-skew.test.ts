import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConflictError } from '../../src/base/index.js';
import type { TransactionalStore } from '../../src/mvcc/index.js';
import { entry, openMemoryStore, read, write } from '../support/memory-store.js';

/**
 * G-single, read skew: a reader sees one key before and another key after the same commit.
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
  const moveTwo = () =>
    store.transactionSync((tx) => {
      write(tx, 'x', 12);
      write(tx, 'y', 18);
    });

  test('two keys read around a commit agree', async () => {
    const reader = store.begin({ isolation });
    expect(read(reader, 'x')).toBe('10');
    moveTwo();
    expect(read(reader, 'y')).toBe('20');
    await reader.commit();
  });

  test('a scan that is open during the commit agrees with itself', async () => {
    const reader = store.begin({ isolation });
    const cursor = reader.cursor({});
    expect(cursor.next() && entry(cursor)).toBe('x=10');
    moveTwo();
    await store.engine.flush();
    expect(cursor.next() && entry(cursor)).toBe('y=20');
    expect(cursor.next()).toBe(false);
    await reader.commit();
  });

  test('a writer cannot commit what it derived from the state before', async () => {
    const writer = store.begin({ isolation });
    const sum = Number(read(writer, 'x')) + Number(read(writer, 'y'));
    moveTwo();
    write(writer, 'y', sum);
    await expect(writer.commit()).rejects.toThrow(ConflictError);
    expect(read(store.latest(), 'y')).toBe('18');
  });
});
