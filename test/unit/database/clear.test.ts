import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, InvalidArgumentError, open, type TupleKey } from '../../../src/index.js';

let db: Database;
beforeEach(async () => {
  db = await open(':memory:');
  await db.batch([1, 2, 3, 10].map((id) => ({ type: 'put', key: ['user', id], value: id }) as const));
  await db.batch([
    { type: 'put', key: ['usera'], value: 'beside' },
    { type: 'put', key: [1], value: 'number' },
  ]);
  await db.keyspace('other').put(['user', 1], 'not ours');
  await db.sql`CREATE TABLE t (id INTEGER PRIMARY KEY)`;
  await db.sql`INSERT INTO t VALUES (1), (2)`;
});
afterEach(() => db.close());

function keys(): unknown[] {
  return [...db.scanSync()].map(([key]) => key);
}

describe('clear', () => {
  test.each<[Parameters<Database['clear']>[0], number[]]>([
    [{ prefix: ['user'] }, []],
    [{ gte: ['user', 2], lt: ['user', 10] }, [1, 10]],
    [{ gt: ['user', 2], lte: ['user', 10] }, [1, 2]],
    [{ prefix: ['user'], lt: ['user', 3] }, [3, 10]],
    [{ gt: ['user', 3], lt: ['user', 3] }, [1, 2, 3, 10]],
    [{ gte: ['user', 5], lt: ['user', 2] }, [1, 2, 3, 10]],
  ])('takes the ranges of a scan: %o', async (range, left) => {
    await db.clear(range);
    expect(keys()).toEqual([[1], ...left.map((id) => ['user', id]), ['usera']]);
    db.clearSync(range);
    expect(keys()).toHaveLength(left.length + 2);
  });

  test('without a range takes the whole keyspace, and that alone', async () => {
    await db.clear();
    expect(keys()).toEqual([]);
    expect(await db.keyspace('other').get(['user', 1])).toBe('not ours');
    expect((await db.sql`SELECT id FROM t`).length).toBe(2);
    await db.put('again', 1);
    db.keyspace('other').clearSync();
    expect(await db.keyspace('other').has(['user', 1])).toBe(false);
    expect(keys()).toEqual([['again']]);
  });

  test('works on keyspaces of other codecs up to their last key', async () => {
    const raw = db.keyspace('raw', { keys: 'bytes', values: 'utf8' });
    const last = new Uint8Array([0xff, 0xff]);
    await raw.batch(
      [new Uint8Array(0), new Uint8Array([1]), last].map((key) => ({ type: 'put', key, value: 'x' }) as const),
    );
    await raw.clear({ prefix: new Uint8Array([0xff]) });
    expect([...raw.scanSync()]).toHaveLength(2);
    await raw.clear();
    expect([...raw.scanSync()]).toEqual([]);
    expect(keys()).toHaveLength(6);
  });

  test('is an operation of a batch, in its order', async () => {
    await db.batch([
      { type: 'put', key: ['user', 4], value: 'lost' },
      { type: 'clear', prefix: ['user'] },
      { type: 'put', key: ['user', 2], value: 'new' },
      { type: 'clear', gte: [1], lte: [1] },
    ]);
    expect(keys()).toEqual([['user', 2], ['usera']]);
    expect(db.getSync(['user', 2])).toBe('new');
  });

  test('is part of a transaction', async () => {
    await expect(
      db.transaction(async (tx) => {
        await tx.clear({ prefix: ['user'] });
        expect([...tx.scanSync({ prefix: ['user'] })]).toEqual([]);
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    expect(keys()).toHaveLength(6);
    await db.transaction(async (tx) => {
      await tx.batch([{ type: 'clear' }, { type: 'put', key: 'left', value: 1 }]);
      await tx.savepoint(async (inner) => inner.keyspace('other').clear());
    });
    expect(keys()).toEqual([['left']]);
    expect(await db.keyspace('other').has(['user', 1])).toBe(false);
  });

  test('refuses what is not a range', async () => {
    await expect(db.clear({ limit: 1 } as never)).rejects.toThrow(InvalidArgumentError);
    expect(() => db.clearSync({ prefxi: 'user' } as never)).toThrow(InvalidArgumentError);
    await expect(db.batch([{ type: 'clear', key: 'user' as TupleKey } as never])).rejects.toThrow(InvalidArgumentError);
    await expect(db.clear({}, { durability: 'never' as never })).rejects.toThrow(InvalidArgumentError);
    expect(keys()).toHaveLength(6);
  });
});

test('DROP writes one record for a table and one for an index, however many rows there are', async () => {
  await db.sql`CREATE INDEX by_id ON t (id)`;
  await db.sql(`INSERT INTO t VALUES ${Array.from({ length: 500 }, (_, i) => `(${i + 10})`).join(', ')}`);
  let { logBytes } = db.stats().engine;
  const written = (): number => {
    const before = logBytes;
    ({ logBytes } = db.stats().engine);
    return logBytes - before;
  };
  await db.sql`DROP INDEX by_id`;
  expect(written()).toBeLessThan(300);
  expect((await db.sql`SELECT id FROM t WHERE id = 20`).length).toBe(1);
  await db.sql`DROP TABLE t`;
  expect(written()).toBeLessThan(300);
  await db.sql`CREATE TABLE t (id INTEGER PRIMARY KEY)`;
  expect((await db.sql`SELECT id FROM t`).length).toBe(0);
});
