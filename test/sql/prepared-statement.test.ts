import { describe, expect, test } from 'vitest';
import { LimitError, TransactionClosedError } from '../../src/base/index.js';
import { openSql, type SqlFixture } from './sql-fixture.js';

async function numbers(count: number, limits = {}): Promise<SqlFixture> {
  const db = await openSql('CREATE TABLE n (id integer PRIMARY KEY, label text)', { limits });
  db.store.transactionSync((tx) => {
    const insert = db.sql.prepare('INSERT INTO n VALUES ($1, $2)', tx);
    for (let i = 1; i <= count; i++) insert.runSync([i, `label ${i}`]);
  });
  return db;
}

describe('prepared statements', () => {
  test('run, get and all', async () => {
    const db = await numbers(3);
    expect(await db.sql.prepare('UPDATE n SET label = $1 WHERE id > 1').run(['x'])).toEqual({
      count: 2,
      command: 'UPDATE',
    });
    const select = db.sql.prepare('SELECT id, label FROM n WHERE id >= $1');
    expect(await select.get([2])).toEqual({ id: 2, label: 'x' });
    expect(select.getSync([9])).toBeUndefined();
    expect([...(await select.all<unknown[]>([3], { rowMode: 'array' }))]).toEqual([[3, 'x']]);
  });

  test('iterate yields the rows of one moment, whatever happens meanwhile', async () => {
    const db = await numbers(5);
    const seen: unknown[] = [];
    for await (const { id } of db.sql.prepare('SELECT id FROM n').iterate<{ id: number }>()) {
      if (id === 2) db.rows('DELETE FROM n');
      seen.push(id);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(db.store.stats().openSnapshots).toBe(0);
  });

  test('an iteration that is left early gives its snapshot back', async () => {
    const db = await numbers(5);
    for (const row of db.sql.prepare('SELECT id FROM n').iterateSync()) {
      expect(row).toEqual({ id: 1 });
      expect(db.store.stats().openSnapshots).toBe(1);
      break;
    }
    expect(db.store.stats().openSnapshots).toBe(0);
  });

  test('several at once do not disturb each other', async () => {
    const db = await numbers(4);
    const statement = db.sql.prepare('SELECT id FROM n WHERE id > $1 ORDER BY label DESC');
    const [a, b] = [statement.iterateSync([0]), statement.iterateSync([2])];
    expect([a.next().value, b.next().value, a.next().value, b.next().value]).toEqual([
      { id: 4 },
      { id: 4 },
      { id: 3 },
      { id: 3 },
    ]);
  });
});

describe('a prepared statement runs where it was prepared', () => {
  test("in a transaction: it sees and makes that one's changes, and ends with it", async () => {
    const db = await numbers(2);
    const tx = db.store.begin();
    const update = db.sql.prepare('UPDATE n SET label = $1 WHERE id = $2', tx);
    const select = db.sql.prepare('SELECT label FROM n WHERE id = $1', tx);
    expect(await update.run(['x', 1])).toEqual({ count: 1, command: 'UPDATE' });
    expect(select.getSync([1])).toEqual({ label: 'x' });
    expect([...select.iterateSync([1])]).toEqual([{ label: 'x' }]);
    expect(db.rows('SELECT label FROM n WHERE id = 1')).toEqual([['label 1']]);
    tx.rollback();
    await expect(update.run(['y', 1])).rejects.toThrow(TransactionClosedError);
    expect(() => select.getSync([1])).toThrow(TransactionClosedError);
    expect(db.rows('SELECT label FROM n WHERE id = 1')).toEqual([['label 1']]);
  });

  test('on a snapshot: it sees that state, and changes nothing', async () => {
    const db = await numbers(1);
    const snapshot = db.store.snapshot();
    const select = db.sql.prepare('SELECT count(*) AS n FROM n', snapshot);
    db.rows("INSERT INTO n VALUES (2, 'later')");
    expect(select.getSync()).toEqual({ n: 1 });
    const remove = db.sql.prepare('DELETE FROM n', snapshot);
    await expect(remove.run()).rejects.toMatchObject({ sqlState: '25006' });
    snapshot.close();
    expect(() => select.getSync()).toThrow(TransactionClosedError);
  });
});

describe('limits', () => {
  const limitOf = (run: () => unknown): unknown => {
    try {
      run();
    } catch (error) {
      return error instanceof LimitError ? error.facts['limit'] : error;
    }
    return undefined;
  };

  test('rows and bytes of a result', async () => {
    const db = await numbers(10, { resultRows: 9, resultBytes: 150 });
    expect(limitOf(() => db.rows('SELECT id FROM n'))).toBe('sql.limits.resultRows');
    expect(limitOf(() => db.rows('SELECT id FROM n LIMIT 9'))).toBeUndefined();
    expect(limitOf(() => db.rows('SELECT label FROM n LIMIT 9'))).toBe('sql.limits.resultBytes');
    expect([...db.sql.prepare('SELECT label FROM n').iterateSync()]).toHaveLength(10);
  });

  test.each([
    'SELECT count(*) FROM (SELECT label FROM n ORDER BY label) AS sorted',
    'SELECT label, count(*) FROM n GROUP BY label LIMIT 1',
    'SELECT count(*) FROM (SELECT DISTINCT label FROM n) AS d',
    'SELECT count(*) FROM n a JOIN n b ON a.label = b.label',
    'SELECT count(*) FROM n a JOIN n b ON a.label < b.label',
    'SELECT count(*) FROM n WHERE label IN (SELECT label FROM n)',
    'DELETE FROM n',
  ])('memory: %s', async (text) => {
    const db = await numbers(200, { memoryBytes: 4000 });
    expect(limitOf(() => db.rows(text))).toBe('sql.limits.memoryBytes');
    const enough = await numbers(200, { memoryBytes: 200_000 });
    expect(limitOf(() => enough.rows(text))).toBeUndefined();
  });

  test('memory that an operator gives back can be used again', async () => {
    const db = await numbers(200, { memoryBytes: 30_000 });
    const text =
      'SELECT count(*) FROM n a WHERE a.id = (SELECT max(b.id) FROM (SELECT id FROM n WHERE id <= a.id ORDER BY label) AS b)';
    expect(db.rows(text)).toEqual([[200]]);
  });

  test('the first rows by order need memory for themselves alone', async () => {
    const db = await numbers(500, { memoryBytes: 2000 });
    expect(db.rows('SELECT id FROM n ORDER BY label LIMIT 3')).toEqual([[1], [10], [100]]);
  });
});
