import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ClosedError,
  ConflictError,
  InvalidArgumentError,
  LimitError,
  TransactionClosedError,
} from '../../../src/base/index.js';
import type { TransactionalStore } from '../../../src/mvcc/index.js';
import { WriteBatch } from '../../../src/storage/index.js';
import { bytes, drain, entry, openMemoryStore, read, STORE_OPTIONS, scan, write } from '../../support/memory-store.js';

let store: TransactionalStore;

beforeEach(async () => {
  store = await openMemoryStore();
  store.transactionSync((tx) => {
    for (const key of ['b', 'd', 'f']) write(tx, key, `old ${key}`);
  });
});
afterEach(() => store.close());

describe('reads', () => {
  test('see own writes on top of the snapshot, by key and by range in both directions', () => {
    const tx = store.begin();
    write(tx, 'a', 'new');
    write(tx, 'd', 'new');
    tx.delete(bytes('f'));
    tx.delete(bytes('absent'));
    expect(['a', 'b', 'd', 'f', 'absent'].map((key) => read(tx, key))).toEqual([
      'new',
      'old b',
      'new',
      undefined,
      undefined,
    ]);
    expect(tx.has(bytes('f'))).toBe(false);
    const all = ['a=new', 'b=old b', 'd=new'];
    expect(scan(tx)).toEqual(all);
    expect(scan(tx, undefined, undefined, true)).toEqual([...all].reverse());
    expect(scan(tx, 'b', 'd')).toEqual(['b=old b']);
    expect(scan(tx, 'b', 'd', true)).toEqual(['b=old b']);
    expect(scan(store.latest())).toEqual(['b=old b', 'd=old d', 'f=old f']);
    tx.rollback();
  });

  test('with an empty value are not those of an absent key', () => {
    const tx = store.begin();
    write(tx, 'b', '');
    expect(tx.get(bytes('b'))).toEqual(new Uint8Array(0));
    expect(scan(tx, 'b', 'c')).toEqual(['b=']);
    tx.rollback();
  });

  test('return bytes that belong to the caller', () => {
    const tx = store.begin();
    write(tx, 'own', 'value');
    for (const key of ['own', 'b']) {
      const before = read(tx, key);
      tx.get(bytes(key))!.fill(0);
      expect(read(tx, key)).toBe(before);
    }
    tx.rollback();
  });

  test('of a closed or finished cursor are over', () => {
    const tx = store.begin();
    const cursor = tx.cursor({});
    expect(drain(cursor)).toHaveLength(3);
    expect(cursor.next()).toBe(false);
    const closed = tx.cursor({});
    closed.next();
    closed.close();
    closed.close();
    expect(closed.next()).toBe(false);
    tx.rollback();
  });
});

describe('an open cursor', () => {
  test.each([false, true])('does not see writes made after it was opened (reverse: %s)', (reverse) => {
    const tx = store.begin();
    write(tx, 'c', 'own');
    const cursor = tx.cursor({}, { reverse });
    expect(cursor.next()).toBe(true);
    write(tx, 'c', 'changed');
    write(tx, 'c2', 'added');
    tx.delete(bytes('d'));
    const rest = reverse ? ['d=old d', 'c=own', 'b=old b'] : ['c=own', 'd=old d', 'f=old f'];
    expect(drain(cursor)).toEqual(rest);
    const now = ['b=old b', 'c=changed', 'c2=added', 'f=old f'];
    expect(scan(tx, undefined, undefined, reverse)).toEqual(reverse ? now.reverse() : now);
    tx.rollback();
  });

  test('keeps showing what a rollback to a savepoint took back', () => {
    const tx = store.begin();
    const savepoint = tx.savepoint();
    write(tx, 'c', 'own');
    const cursor = tx.cursor({});
    cursor.next();
    savepoint.rollback();
    write(tx, 'a', 'later');
    expect(drain(cursor)).toEqual(['c=own', 'd=old d', 'f=old f']);
    expect(scan(tx, undefined, 'd')).toEqual(['a=later', 'b=old b']);
    tx.rollback();
  });

  test('does not mind that the caller reuses the bytes of its range', () => {
    const tx = store.begin();
    const range = { lower: bytes('b'), upper: bytes('e') };
    write(tx, 'c', 'own');
    const cursor = tx.cursor(range);
    range.lower.fill(0xff);
    range.upper.fill(0);
    expect(drain(cursor)).toEqual(['b=old b', 'c=own', 'd=old d']);
    tx.rollback();
  });

  test('ends with its transaction, audibly', async () => {
    for (const end of ['commit', 'rollback'] as const) {
      const tx = store.begin();
      const cursor = tx.cursor({});
      expect(cursor.next() && entry(cursor)).toBe('b=old b');
      await tx[end]();
      expect(() => cursor.next()).toThrow(TransactionClosedError);
    }
  });
});

describe('the end', () => {
  test('of a commit makes everything visible at its timestamp', async () => {
    const tx = store.begin();
    write(tx, 'a', 1);
    tx.delete(bytes('b'));
    const timestamp = await tx.commit();
    expect(tx.state).toBe('committed');
    expect(timestamp).toBe(store.lastTimestamp);
    expect(timestamp).toBeGreaterThan(tx.snapshotTimestamp);
    expect(scan(store.latest(), undefined, 'e')).toEqual(['a=1', 'd=old d']);
  });

  test('of a synchronous commit does so before it returns', () => {
    const tx = store.begin();
    write(tx, 'a', 1);
    expect(tx.commitSync()).toBe(store.lastTimestamp);
    expect(read(store.latest(), 'a')).toBe('1');
  });

  test('without writes takes no timestamp', async () => {
    const before = store.lastTimestamp;
    const tx = store.begin();
    read(tx, 'b');
    expect(await tx.commit()).toBe(before);
    const undone = store.begin();
    const savepoint = undone.savepoint();
    write(undone, 'b', 1);
    savepoint.rollback();
    expect(await undone.commit()).toBe(before);
    expect(store.lastTimestamp).toBe(before);
  });

  test('comes once: every later use throws', async () => {
    for (const end of ['commit', 'rollback'] as const) {
      const tx = store.begin();
      const savepoint = tx.savepoint();
      write(tx, end, 1);
      await tx[end]();
      const uses = [
        () => tx.get(bytes('a')),
        () => tx.has(bytes('a')),
        () => tx.cursor({}),
        () => write(tx, 'a', 1),
        () => tx.delete(bytes('a')),
        () => tx.savepoint(),
        () => savepoint.release(),
        () => tx.commitSync(),
        () => tx.onEnd(() => undefined),
        () => tx.onBeforeCommit(() => undefined),
      ];
      for (const use of uses) expect(use).toThrow(TransactionClosedError);
      await expect(tx.commit()).rejects.toThrow(TransactionClosedError);
    }
  });

  test('may be a rollback many times, but not after a commit', async () => {
    const tx = store.begin();
    tx.rollback();
    tx.rollback();
    expect(tx.state).toBe('rolled-back');
    const committed = store.begin();
    await committed.commit();
    expect(() => committed.rollback()).toThrow(TransactionClosedError);
  });

  test('cannot be hurried: a transaction that is committing takes no more operations', async () => {
    const tx = store.begin();
    write(tx, 'a', 1);
    const commit = tx.commit();
    expect(tx.state).toBe('committing');
    expect(() => write(tx, 'a', 2)).toThrow(TransactionClosedError);
    expect(() => tx.rollback()).toThrow(TransactionClosedError);
    await expect(tx.commit()).rejects.toThrow(TransactionClosedError);
    await commit;
    expect(read(store.latest(), 'a')).toBe('1');
  });

  test('lets go of the snapshot and of the memory for validation', async () => {
    const open = [store.begin(), store.begin({ readOnly: true }), store.begin({ isolation: 'snapshot' })];
    expect(store.stats()).toMatchObject({ openTransactions: 3, openSnapshots: 3, oldestSnapshot: store.lastTimestamp });
    open[0]!.rollback();
    await open[1]!.commit();
    open[2]!.commitSync();
    expect(store.stats()).toMatchObject({ openTransactions: 0, openSnapshots: 0, oldestSnapshot: undefined });
  });
});

describe('savepoints', () => {
  test('nest, and take back exactly what followed them', async () => {
    const tx = store.begin();
    write(tx, 'a', 1);
    const outer = tx.savepoint();
    write(tx, 'a', 2);
    tx.delete(bytes('b'));
    const inner = tx.savepoint();
    write(tx, 'a', 3);
    write(tx, 'z', 3);
    inner.rollback();
    expect([read(tx, 'a'), read(tx, 'b'), read(tx, 'z')]).toEqual(['2', undefined, undefined]);
    outer.rollback();
    expect([read(tx, 'a'), read(tx, 'b')]).toEqual(['1', 'old b']);
    await tx.commit();
    expect(scan(store.latest(), undefined, 'c')).toEqual(['a=1', 'b=old b']);
  });

  test('that are released keep their writes, which an outer one can still take back', () => {
    const tx = store.begin();
    const outer = tx.savepoint();
    const inner = tx.savepoint();
    write(tx, 'a', 1);
    inner.release();
    expect(read(tx, 'a')).toBe('1');
    outer.rollback();
    expect(read(tx, 'a')).toBeUndefined();
    tx.rollback();
  });

  test('end once, and with those around them', () => {
    const tx = store.begin();
    const outer = tx.savepoint();
    const inner = tx.savepoint();
    outer.release();
    for (const savepoint of [outer, inner]) {
      expect(() => savepoint.rollback()).toThrow(TransactionClosedError);
      expect(() => savepoint.release()).toThrow(TransactionClosedError);
    }
    tx.rollback();
  });

  test('do not mask why the transaction is over', () => {
    const tx = store.begin();
    const savepoint = tx.savepoint();
    tx.rollback();
    savepoint.rollback();
    expect(() => savepoint.release()).toThrow(TransactionClosedError);
  });

  test('take back writes, not the fact that something was read', async () => {
    const tx = store.begin();
    const savepoint = tx.savepoint();
    read(tx, 'b');
    savepoint.rollback();
    write(tx, 'a', 1);
    store.transactionSync((other) => write(other, 'b', 'changed'));
    await expect(tx.commit()).rejects.toThrow(ConflictError);
  });
});

describe('what conflicts', () => {
  test('blind writes do not under serializable, and do under snapshot', async () => {
    const serializable = store.begin();
    const snapshot = store.begin({ isolation: 'snapshot' });
    write(serializable, 'b', 's');
    write(snapshot, 'b', 'si');
    store.transactionSync((tx) => write(tx, 'b', 'first'));
    await serializable.commit();
    await expect(snapshot.commit()).rejects.toThrow(ConflictError);
    expect(read(store.latest(), 'b')).toBe('s');
  });

  test('reading back an own write does not depend on what others do', async () => {
    const tx = store.begin();
    write(tx, 'b', 'own');
    expect(read(tx, 'b')).toBe('own');
    store.transactionSync((other) => write(other, 'b', 'other'));
    await tx.commit();
    expect(read(store.latest(), 'b')).toBe('own');
  });

  test('a read-only transaction and one that wrote nothing never do', async () => {
    const reader = store.begin({ readOnly: true });
    const idle = store.begin();
    for (const tx of [reader, idle]) scan(tx);
    store.transactionSync((tx) => write(tx, 'b', 'changed'));
    await reader.commit();
    await idle.commit();
  });

  test('blind batches count as commits', async () => {
    const tx = store.begin();
    write(tx, 'a', read(tx, 'b')!);
    const batch = new WriteBatch();
    write(batch, 'b', 'changed');
    await store.write(batch);
    await expect(tx.commit()).rejects.toThrow(ConflictError);
  });

  test('the error names the keys and can be retried; nothing was applied', async () => {
    const tx = store.begin();
    write(tx, 'b', `${read(tx, 'b')} and ${read(tx, 'd')}`);
    drain(tx.cursor({ lower: bytes('e') }));
    store.transactionSync((other) => {
      write(other, 'd', 'changed');
      write(other, 'x', 'phantom');
    });
    const error = await tx.commit().then(undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ retryable: true, sqlState: '40001' });
    expect((error as ConflictError).facts['keys']).toEqual([bytes('d'), bytes('x')]);
    expect((error as ConflictError).facts['snapshotTimestamp']).toBe(tx.snapshotTimestamp);
    expect(tx.state).toBe('rolled-back');
    expect(read(store.latest(), 'b')).toBe('old b');
  });

  test.each(['serializable', 'snapshot'] as const)(
    'what a %s transaction guards must not have been written since',
    async (isolation) => {
      const guards: ((tx: ReturnType<typeof store.begin>) => void)[] = [
        (tx) => tx.guard(bytes('d')),
        (tx) => tx.guard(bytes('absent')),
        (tx) => tx.guardRange({ lower: bytes('a'), upper: bytes('e') }),
      ];
      for (const guard of guards) {
        const loser = store.begin({ isolation });
        const winner = store.begin({ isolation });
        for (const tx of [loser, winner]) guard(tx);
        write(winner, 'g', 'apart');
        store.transactionSync((tx) => write(tx, 'z', 'elsewhere'));
        await winner.commit();
        store.transactionSync((tx) => ['absent', 'd'].forEach((key) => write(tx, key, 'changed')));
        write(loser, 'h', 'apart');
        await expect(loser.commit()).rejects.toThrow(ConflictError);
      }
      expect(scan(store.latest(), 'g', 'i')).toEqual(['g=apart']);
    },
  );

  test('a guard holds for a key that the transaction writes itself, and is nothing to one that only reads', async () => {
    const writer = store.begin();
    const reader = store.begin({ readOnly: true });
    for (const tx of [writer, reader]) tx.guard(bytes('b'));
    write(writer, 'b', 'own');
    store.transactionSync((tx) => write(tx, 'b', 'changed'));
    await expect(writer.commit()).rejects.toThrow(ConflictError);
    await reader.commit();
  });

  test('a transaction older than the remembered commits does, and says so', async () => {
    await store.close();
    store = await openMemoryStore({ limits: { ...STORE_OPTIONS.limits, recentCommitBytes: 4096 } });
    const old = store.begin();
    read(old, 'never written');
    write(old, 'a', 1);
    for (let i = 0; i < 400; i++) store.transactionSync((tx) => write(tx, `filler ${i}`, i));
    await expect(old.commit()).rejects.toThrow(/too old/);
    await store.transaction((tx) => write(tx, 'a', read(tx, 'never written') ?? 'fine'));
    expect(read(store.latest(), 'a')).toBe('fine');
  });
});

describe('limits', () => {
  const limits = { ...STORE_OPTIONS.limits, transactionBytes: 2000 };

  test('a transaction that grows too large fails at that write and stays as it was', async () => {
    await store.close();
    store = await openMemoryStore({ limits });
    const tx = store.begin();
    write(tx, 'small', 1);
    expect(() => write(tx, 'large', 'x'.repeat(2000))).toThrow(LimitError);
    expect(() => write(tx, 'large', 'x'.repeat(2000))).toThrow(/limits\.transactionBytes/);
    expect([read(tx, 'small'), read(tx, 'large')]).toEqual(['1', undefined]);
    await tx.commit();
    expect(scan(store.latest())).toEqual(['small=1']);
  });

  test('one that reads too much to remember is validated against all that lies between', async () => {
    await store.close();
    store = await openMemoryStore({ limits });
    const readMany = () => {
      const tx = store.begin();
      for (let i = 100; i < 400; i++) read(tx, `k${i}`);
      write(tx, 'result', 1);
      return tx;
    };
    const inside = readMany();
    await store.transaction((tx) => write(tx, 'k250 and more', 1));
    await expect(inside.commit()).rejects.toThrow(ConflictError);
    const outside = readMany();
    await store.transaction((tx) => write(tx, 'm', 1));
    await outside.commit();
  });
});

describe('a read-only transaction', () => {
  test('reads one state and refuses to write', () => {
    const tx = store.begin({ readOnly: true });
    store.transactionSync((other) => write(other, 'b', 'changed'));
    expect(read(tx, 'b')).toBe('old b');
    expect(() => write(tx, 'a', 1)).toThrow(InvalidArgumentError);
    expect(() => tx.delete(bytes('a'))).toThrow(InvalidArgumentError);
    tx.savepoint().release();
    tx.rollback();
  });
});

describe('hooks', () => {
  test('before the commit run in order, may write, wait, and add hooks', async () => {
    const tx = store.begin();
    const order: string[] = [];
    tx.onBeforeCommit(async () => {
      await Promise.resolve();
      order.push('first');
      write(tx, 'a', 'from hook');
      tx.onBeforeCommit(() => void order.push('added'));
    });
    tx.onBeforeCommit(() => void order.push('second'));
    tx.onEnd((outcome) => order.push(outcome));
    await tx.commit();
    expect(order).toEqual(['first', 'second', 'added', 'committed']);
    expect(read(store.latest(), 'a')).toBe('from hook');
  });

  test('that fail roll back, and their error is what commit throws', async () => {
    const failure = new RangeError('no');
    for (const how of ['commit', 'commitSync'] as const) {
      const tx = store.begin();
      const outcomes: string[] = [];
      write(tx, 'a', 1);
      tx.onBeforeCommit(() => {
        throw failure;
      });
      tx.onEnd((outcome) => outcomes.push(outcome));
      await expect((async () => tx[how]())()).rejects.toBe(failure);
      expect([tx.state, outcomes]).toEqual(['rolled-back', ['rolled-back']]);
    }
    expect(read(store.latest(), 'a')).toBeUndefined();
  });

  test('of a synchronous commit must be synchronous', () => {
    const tx = store.begin();
    write(tx, 'a', 1);
    tx.onBeforeCommit(async () => Promise.reject(new Error('ignored')));
    expect(() => tx.commitSync()).toThrow(InvalidArgumentError);
    expect(tx.state).toBe('rolled-back');
  });

  test('see a rollback between them and stop', async () => {
    const tx = store.begin();
    const ran: string[] = [];
    write(tx, 'a', 1);
    tx.onBeforeCommit(() => tx.rollback());
    tx.onBeforeCommit(() => void ran.push('second'));
    await expect(tx.commit()).rejects.toThrow(TransactionClosedError);
    expect(ran).toEqual([]);
  });

  test('at the end tell the outcome of every way to end', async () => {
    const outcomes: string[] = [];
    const begin = () => {
      const tx = store.begin();
      tx.onEnd((outcome) => outcomes.push(outcome));
      return tx;
    };
    begin().rollback();
    await begin().commit();
    const loser = begin();
    write(loser, 'b', read(loser, 'b')!);
    store.transactionSync((tx) => write(tx, 'b', 1));
    await expect(loser.commit()).rejects.toThrow(ConflictError);
    begin();
    await store.close();
    expect(outcomes).toEqual(['rolled-back', 'committed', 'rolled-back', 'rolled-back']);
  });
});

test('a transaction that is open when the store closes is rolled back, and says why', async () => {
  const tx = store.begin();
  write(tx, 'a', 1);
  await store.close();
  expect(tx.state).toBe('rolled-back');
  const error = await tx.commit().then(undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(TransactionClosedError);
  expect((error as TransactionClosedError).cause).toBeInstanceOf(ClosedError);
});
