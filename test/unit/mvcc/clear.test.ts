import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConflictError, LimitError } from '../../../src/base/index.js';
import type { Isolation, Transaction, TransactionalStore } from '../../../src/mvcc/index.js';
import { bytes, drain, openMemoryStore, read, STORE_OPTIONS, scan, write } from '../../support/memory-store.js';

let store: TransactionalStore;

beforeEach(async () => {
  store = await openMemoryStore();
  store.transactionSync((tx) => {
    for (const key of ['a', 'b', 'c', 'd']) write(tx, key, `old ${key}`);
  });
});
afterEach(() => store.close());

function clear(tx: Transaction, lower: string, upper: string): void {
  tx.clear({ lower: bytes(lower), upper: bytes(upper) });
}

describe('a transaction that clears a range', () => {
  test('sees it empty, by key and by range in both directions, and others do when it commits', () => {
    const tx = store.begin();
    clear(tx, 'b', 'd');
    expect(['a', 'b', 'c', 'd'].map((key) => read(tx, key))).toEqual(['old a', undefined, undefined, 'old d']);
    expect(scan(tx)).toEqual(['a=old a', 'd=old d']);
    expect(scan(tx, undefined, undefined, true)).toEqual(['d=old d', 'a=old a']);
    expect(scan(store.latest())).toHaveLength(4);
    tx.commitSync();
    expect(scan(store.latest())).toEqual(['a=old a', 'd=old d']);
  });

  test('keeps what it puts afterwards and loses what it put before', () => {
    const tx = store.begin();
    write(tx, 'b', 'before');
    write(tx, 'bb', 'before');
    clear(tx, 'b', 'd');
    write(tx, 'c', 'after');
    const all = ['a=old a', 'c=after', 'd=old d'];
    expect(scan(tx)).toEqual(all);
    expect(['b', 'bb', 'c'].map((key) => read(tx, key))).toEqual([undefined, undefined, 'after']);
    tx.commitSync();
    expect(scan(store.latest())).toEqual(all);
  });

  test('takes it back with a savepoint, as far as that goes', () => {
    const tx = store.begin();
    write(tx, 'bb', 'mine');
    clear(tx, 'a', 'b');
    const savepoint = tx.savepoint();
    clear(tx, 'b', 'd');
    expect(scan(tx)).toEqual(['d=old d']);
    savepoint.rollback();
    const all = ['b=old b', 'bb=mine', 'c=old c', 'd=old d'];
    expect(scan(tx)).toEqual(all);
    clear(tx, 'c', 'd');
    expect(scan(tx)).toEqual(['b=old b', 'bb=mine', 'd=old d']);
    tx.commitSync();
    expect(scan(store.latest())).toEqual(['b=old b', 'bb=mine', 'd=old d']);
  });

  test('does not disturb a cursor that is open', () => {
    const tx = store.begin();
    clear(tx, 'd', 'e');
    const cursor = tx.cursor({});
    expect(cursor.next()).toBe(true);
    const savepoint = tx.savepoint();
    clear(tx, 'a', 'z');
    savepoint.rollback();
    clear(tx, 'a', 'c');
    expect(drain(cursor)).toEqual(['b=old b', 'c=old c']);
    tx.rollback();
  });

  test('leaves snapshots alone', () => {
    using before = store.snapshot();
    store.transactionSync((tx) => clear(tx, 'a', 'z'));
    expect(scan(before)).toHaveLength(4);
    expect(scan(store.latest())).toEqual([]);
  });

  test('commits one record, whatever there was', async () => {
    store.transactionSync((tx) => {
      for (let i = 0; i < 1000; i++) write(tx, `k${i}`, i);
    });
    const { logBytes } = store.engine.stats();
    store.transactionSync((tx) => clear(tx, 'k', 'l'));
    expect(store.engine.stats().logBytes - logBytes).toBeLessThan(60);
    store.transactionSync((tx) => {
      for (let i = 0; i < 100; i++) write(tx, `k${i}`, i);
      clear(tx, 'k', 'kz');
      clear(tx, 'ky', 'l');
    });
    expect(store.engine.stats().logBytes - logBytes).toBeLessThan(120);
    expect(scan(store.latest(), 'k', 'l')).toEqual([]);
  });

  test('and clears nothing commits nothing', () => {
    const before = store.lastTimestamp;
    expect(store.transactionSync((tx) => clear(tx, 'c', 'c'))).toBeUndefined();
    store.transactionSync((tx) => clear(tx, 'd', 'a'));
    expect(store.lastTimestamp).toBe(before);
  });

  test('is bounded like any other, and stays as it was when it is refused', async () => {
    await store.close();
    store = await openMemoryStore({ limits: { ...STORE_OPTIONS.limits, transactionBytes: 4096 } });
    const tx = store.begin();
    for (let i = 0; i < 60; i++) write(tx, `k${String(i).padStart(2, '0')}`, 'x'.repeat(20));
    const all = scan(tx);
    expect(() => {
      for (;;) clear(tx, 'k00', 'k99');
    }).toThrow(LimitError);
    expect([all.length, scan(tx).length]).toContain(scan(tx).length);
    tx.rollback();
  });
});

describe('conflicts', () => {
  const settled = async (first: Transaction, second: Transaction): Promise<string> => {
    await first.commit();
    return second.commit().then(
      () => 'committed',
      (error: unknown) => (error instanceof ConflictError ? 'conflict' : 'other'),
    );
  };
  const both = (isolation: Isolation): [Transaction, Transaction] => [
    store.begin({ isolation }),
    store.begin({ isolation }),
  ];

  test('serializable: who read a key or a range inside, empty or not, loses against a clear', async () => {
    for (const look of [
      (tx: Transaction) => read(tx, 'b'),
      (tx: Transaction) => read(tx, 'bb'),
      (tx: Transaction) => scan(tx, 'bx', 'by'),
      (tx: Transaction) => scan(tx, undefined, undefined, true),
    ]) {
      const [first, second] = both('serializable');
      look(second);
      write(second, 'x', 1);
      clear(first, 'b', 'c');
      expect(await settled(first, second)).toBe('conflict');
    }
  });

  test('serializable: who read outside does not, and a clear that read nothing never loses', async () => {
    const [first, second] = both('serializable');
    scan(second, 'c', 'd');
    read(second, 'a');
    write(second, 'x', 1);
    clear(first, 'b', 'c');
    expect(await settled(first, second)).toBe('committed');
    const [third, blind] = both('serializable');
    write(third, 'c', 1);
    clear(blind, 'a', 'z');
    expect(await settled(third, blind)).toBe('committed');
    expect(scan(store.latest())).toEqual([]);
  });

  test('snapshot: the first committer wins between a clear and a write in it, and between two clears', async () => {
    const writesC = (tx: Transaction): void => write(tx, 'c', 1);
    const clearsInside = (tx: Transaction): void => clear(tx, 'b', 'cc');
    const clearsAcross = (tx: Transaction): void => clear(tx, 'ca', 'd');
    const writesOutside = (tx: Transaction): void => write(tx, 'x', 1);
    const clearsOutside = (tx: Transaction): void => clear(tx, 'x', 'y');
    for (const [one, other, outcome] of [
      [writesC, clearsInside, 'conflict'],
      [clearsInside, writesC, 'conflict'],
      [clearsInside, clearsAcross, 'conflict'],
      [writesOutside, clearsInside, 'committed'],
      [clearsInside, writesOutside, 'committed'],
      [clearsInside, clearsOutside, 'committed'],
    ] as const) {
      const [first, second] = both('snapshot');
      one(first);
      other(second);
      expect(await settled(first, second)).toBe(outcome);
    }
  });
});
