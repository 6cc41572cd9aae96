import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ConflictError,
  type Database,
  type DatabaseTransaction,
  InvalidArgumentError,
  open,
} from '../../../src/index.js';

let db: Database;
beforeEach(async () => {
  db = await open(':memory:', { ambientTransactions: true, keysInErrors: true });
});
afterEach(() => db.close());

describe('a transaction inside a transaction', () => {
  test('is undone alone, and with the outer one', async () => {
    await db.transaction(async (tx) => {
      await tx.put(['a'], 1);
      await expect(
        tx.transaction(async (inner) => {
          await inner.put(['a'], 2);
          await inner.transaction((deeper) => deeper.put(['b'], 2));
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      expect(await tx.get(['a'])).toBe(1);
      await tx.transaction((inner) => inner.put(['c'], 3));
    });
    expect(await db.getMany([['a'], ['b'], ['c']])).toEqual([1, undefined, 3]);
    const outer = db.transaction(async (tx) => {
      await tx.transaction((inner) => inner.put(['d'], 4));
      throw new Error('all');
    });
    await expect(outer).rejects.toThrow('all');
    expect(await db.get(['d'])).toBeUndefined();
  });
});

test.each([
  ['by name', (options: object) => db.transaction((tx) => tx.transaction(() => 1, options as never))],
  ['by the ambient one', (options: object) => db.transaction(() => db.transaction(() => 1, options))],
])('a nested transaction, %s, refuses options of its own, and takes an object without any', async (_, nest) => {
  const refusal = { code: 'VARVE_INVALID_ARGUMENT', facts: { found: ['retries', 'foo'] } };
  await expect(nest({ retries: 1, foo: 2 })).rejects.toMatchObject(refusal);
  await expect(nest(null as never)).rejects.toMatchObject({ facts: { found: ['null'] } });
  expect(await nest({})).toBe(1);
});

describe('the ambient transaction', () => {
  test('is that of the body, across every wait, and of nobody else', async () => {
    expect(db.currentTransaction).toBeUndefined();
    const seen: (DatabaseTransaction | undefined)[] = [];
    await Promise.all(
      [1, 2].map((n) =>
        db.transaction(async (tx) => {
          await new Promise((resolve) => setImmediate(resolve));
          expect(db.currentTransaction).toBe(tx);
          seen[n] = tx;
        }),
      ),
    );
    expect(seen[1]).not.toBe(seen[2]);
    expect(db.currentTransaction).toBeUndefined();
  });

  test('is joined by keys, named keyspaces, SQL, scripts, statements and repositories', async () => {
    await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)');
    const other = db.keyspace('other');
    const failing = db.transaction(async () => {
      await db.put(['a'], 1);
      db.putSync(['b'], 1);
      await other.put(['c'], 1);
      await db.sql`INSERT INTO t (id) VALUES (1)`;
      db.sqlSync('INSERT INTO t (id) VALUES (2)');
      await db.exec('INSERT INTO t (id) VALUES (3); INSERT INTO t (id) VALUES (4)');
      await db.prepare('INSERT INTO t (id) VALUES ($1)').run([5]);
      expect(await db.getMany([['a'], ['b']])).toEqual([1, 1]);
      expect(await other.get(['c'])).toBe(1);
      expect([...db.scanSync()]).toHaveLength(2);
      expect(await db.sql`SELECT id FROM t`).toHaveLength(5);
      throw new Error('undone');
    });
    await expect(failing).rejects.toThrow('undone');
    expect([...db.scanSync()]).toEqual([]);
    expect(await other.get(['c'])).toBeUndefined();
    expect(await db.sql`SELECT id FROM t`).toHaveLength(0);
  });

  test('makes a transaction inside it a savepoint, without options of its own', async () => {
    await db.transaction(async () => {
      await db.put(['a'], 1);
      const inner = db.transaction(async (tx) => {
        expect(db.currentTransaction).toBe(tx);
        await db.put(['a'], 2);
        throw new Error('inner');
      });
      await expect(inner).rejects.toThrow('inner');
      expect(await db.get(['a'])).toBe(1);
      await expect(db.transaction(() => 1, { retries: 1 })).rejects.toThrow(InvalidArgumentError);
    });
    expect(await db.get(['a'])).toBe(1);
  });

  test('leaves transactions by hand and snapshots alone', async () => {
    await db.transaction(async () => {
      await db.put(['a'], 1);
      const own = db.begin();
      expect(await own.get(['a'])).toBeUndefined();
      own.rollback();
      using snapshot = db.snapshot();
      expect(snapshot.getSync(['a'])).toBeUndefined();
    });
  });

  test('must be asked for', async () => {
    await using plain = await open(':memory:');
    expect(() => plain.currentTransaction).toThrow('ambientTransactions');
    await plain.transaction(async (tx) => {
      await tx.put(['a'], 1);
      expect(await plain.get(['a'])).toBeUndefined();
    });
  });
});

describe('a locked key', () => {
  test.each(['serializable', 'snapshot'] as const)('conflicts as if it had been written, %s', async (isolation) => {
    const first = db.begin({ isolation });
    const second = db.begin({ isolation });
    for (const [tx, key] of [
      [first, 'a'],
      [second, 'b'],
    ] as const) {
      await tx.lock(['room', 7]);
      await tx.put([key], 1);
    }
    await first.commit();
    await expect(second.commit()).rejects.toThrow('conflicts with a commit after its snapshot 0 on ["room", 7]');
  });

  test('prevents write skew under snapshot isolation', async () => {
    await db.batch([
      { type: 'put', key: ['on-call', 'ada'], value: true },
      { type: 'put', key: ['on-call', 'bob'], value: true },
    ]);
    const leave = (who: string, other: string, locks: boolean) =>
      db.transaction(
        async (tx) => {
          if (locks) await tx.lock(['on-call', other]);
          if ((await tx.get(['on-call', other])) !== true) return;
          await new Promise((resolve) => setImmediate(resolve));
          await tx.put(['on-call', who], false);
        },
        { isolation: 'snapshot' },
      );
    await Promise.all([leave('ada', 'bob', true), leave('bob', 'ada', true)]);
    expect(
      (
        await db.getMany([
          ['on-call', 'ada'],
          ['on-call', 'bob'],
        ])
      ).filter(Boolean),
    ).toHaveLength(1);
    await db.batch([
      { type: 'put', key: ['on-call', 'ada'], value: true },
      { type: 'put', key: ['on-call', 'bob'], value: true },
    ]);
    await Promise.all([leave('ada', 'bob', false), leave('bob', 'ada', false)]);
    expect(
      (
        await db.getMany([
          ['on-call', 'ada'],
          ['on-call', 'bob'],
        ])
      ).filter(Boolean),
    ).toHaveLength(0);
  });

  test('of a transaction that commits nothing stops nobody, and a reader of it is stopped', async () => {
    const idle = db.begin();
    await idle.lock(['k']);
    const writer = db.begin();
    const reader = db.begin();
    await reader.get(['k']);
    await reader.put(['r'], 1);
    await idle.commit();
    await writer.lock(['k']);
    await writer.put(['w'], 1);
    await writer.commit();
    await expect(reader.commit()).rejects.toBeInstanceOf(ConflictError);
  });

  test('in a named keyspace is that keyspace’s, and read-only transactions lock nothing', async () => {
    const named = (tx: DatabaseTransaction) => tx.keyspace('named', { keys: 'utf8' });
    const first = db.begin();
    const second = db.begin();
    named(first).lockSync('k');
    await first.put(['a'], 1);
    await second.lock(['k']);
    await second.put(['b'], 1);
    await first.commit();
    await second.commit();
    const readOnly = db.begin({ readOnly: true });
    await expect(readOnly.lock(['k'])).rejects.toBeInstanceOf(InvalidArgumentError);
    readOnly.rollback();
  });
});

test('the snapshot of a transaction is what it found, for keys and SQL, and ends with it', async () => {
  await db.put(['a'], 1);
  await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY)');
  const snapshot = await db.transaction(async (tx) => {
    await tx.put(['a'], 2);
    await tx.sql`INSERT INTO t (id) VALUES (1)`;
    expect(tx.snapshot.timestamp).toBe(tx.timestamp);
    expect(tx.snapshot.getSync(['a'])).toBe(1);
    expect(await tx.snapshot.sql`SELECT id FROM t`).toHaveLength(0);
    expect(await tx.savepoint((inner) => inner.snapshot.get(['a']))).toBe(1);
    return tx.snapshot;
  });
  expect(() => snapshot.getSync(['a'])).toThrow('after its end');
  expect(db.stats().openSnapshots).toBe(0);
});
