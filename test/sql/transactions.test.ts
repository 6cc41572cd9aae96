import { describe, expect, test } from 'vitest';
import { ConflictError } from '../../src/base/index.js';
import { errorOf, openSql, type SqlFixture } from './sql-fixture.js';

const SCRIPT = 'CREATE TABLE account (id integer PRIMARY KEY, owner text UNIQUE, balance integer NOT NULL)';

async function open(): Promise<SqlFixture> {
  const db = await openSql(SCRIPT);
  db.rows("INSERT INTO account VALUES (1, 'Ada', 100), (2, 'Bob', 50)");
  return db;
}

describe('statements in a transaction', () => {
  test('see each other, and nobody else sees them before the commit', async () => {
    const db = await open();
    const tx = db.store.begin();
    db.sql.runSync('UPDATE account SET balance = balance - 10 WHERE id = 1', [], tx);
    expect(db.rows('SELECT balance FROM account ORDER BY id', [], tx)).toEqual([[90], [50]]);
    expect(db.rows('SELECT balance FROM account ORDER BY id')).toEqual([[100], [50]]);
    await tx.commit();
    expect(db.rows('SELECT balance FROM account ORDER BY id')).toEqual([[90], [50]]);
  });

  test('a failed one leaves nothing of itself, and the transaction goes on', async () => {
    const db = await open();
    const tx = db.store.begin();
    db.sql.runSync("INSERT INTO account VALUES (3, 'Cy', 1)", [], tx);
    const fails = [
      ["INSERT INTO account VALUES (4, 'Di', 1), (5, 'Ada', 1)", '23505'],
      ['UPDATE account SET balance = 100 / (3 - id)', '22012'],
      ['INSERT INTO account SELECT id + 10, owner, balance FROM account', '23505'],
    ];
    for (const [text, sqlState] of fails) {
      expect(errorOf(() => db.sql.runSync(text!, [], tx)).sqlState).toBe(sqlState);
    }
    expect(db.rows('SELECT id, balance FROM account', [], tx)).toEqual([
      [1, 100],
      [2, 50],
      [3, 1],
    ]);
    expect(db.rows("SELECT id FROM account WHERE owner = 'Di'", [], tx)).toEqual([]);
    await tx.commit();
    expect(db.rows('SELECT count(*) FROM account')).toEqual([[3]]);
  });

  test('a change rolled back to a savepoint is gone from rows and indexes', async () => {
    const db = await open();
    const tx = db.store.begin();
    const savepoint = tx.savepoint();
    db.sql.runSync("UPDATE account SET owner = 'Eve' WHERE id = 2", [], tx);
    savepoint.rollback();
    expect(db.rows("SELECT id FROM account WHERE owner = 'Bob'", [], tx)).toEqual([[2]]);
    expect(db.rows("SELECT id FROM account WHERE owner = 'Eve'", [], tx)).toEqual([]);
    tx.rollback();
  });
});

describe('under snapshot isolation', () => {
  const CHANGES = [
    "INSERT INTO account VALUES (3, 'Cy', 100)",
    'UPDATE account SET balance = 100 WHERE id = 2',
    'DELETE FROM account WHERE id = 1',
  ];
  const DEFINITIONS = ['CREATE INDEX account_balance ON account (balance)', 'DROP TABLE account'];

  test.each(CHANGES)('%s does not overlap with a change of the schema, whichever commits first', async (change) => {
    for (const definition of DEFINITIONS) {
      for (const [first, second] of [
        [change, definition],
        [definition, change],
      ]) {
        const db = await open();
        const [winner, loser] = [db.store.begin({ isolation: 'snapshot' }), db.store.begin({ isolation: 'snapshot' })];
        db.sql.runSync(second!, [], loser);
        db.sql.runSync(first!, [], winner);
        await winner.commit();
        await expect(loser.commit()).rejects.toThrow(ConflictError);
        await db.store.close();
      }
    }
  });

  test('rows written one by one by a program depend on the schema too', async () => {
    const db = await open();
    const tx = db.store.begin({ isolation: 'snapshot' });
    const { tables } = db.sql;
    const table = tables.resolve(tx, 'account');
    tables.update(tx, table, tables.getByKey(tx, table, [2])!, [2, 'Bob', 7]);
    await db.exec(DEFINITIONS[0]!);
    await expect(tx.commit()).rejects.toThrow(ConflictError);
  });

  test('changes of different rows do not conflict', async () => {
    const db = await open();
    const transactions = [1, 2].map((id) => {
      const tx = db.store.begin({ isolation: 'snapshot' });
      db.sql.runSync('UPDATE account SET balance = 0 WHERE id = $1', [id], tx);
      return tx;
    });
    for (const tx of transactions) await tx.commit();
    expect(db.rows('SELECT sum(balance) FROM account')).toEqual([[0]]);
  });
});

describe('targets', () => {
  test('a snapshot is read as it was, and not written', async () => {
    const db = await open();
    using snapshot = db.store.snapshot();
    db.rows('DELETE FROM account');
    expect(db.rows('SELECT count(*) FROM account', [], snapshot)).toEqual([[2]]);
    expect(errorOf(() => db.rows('DELETE FROM account', [], snapshot)).sqlState).toBe('25006');
    expect(db.rows('EXPLAIN DELETE FROM account', [], snapshot)).toHaveLength(2);
  });

  test('without one, concurrent changes are retried until each has had its turn', async () => {
    const db = await open();
    const add = 'UPDATE account SET balance = balance + 1 WHERE id = 1';
    await Promise.all(Array.from({ length: 20 }, () => db.sql.run(add)));
    expect(db.rows('SELECT balance FROM account WHERE id = 1')).toEqual([[120]]);
  });

  test('of two concurrent inserts of one unique value, one loses', async () => {
    const db = await open();
    const outcomes = await Promise.allSettled(
      [10, 11, 12].map((id) => db.sql.run('INSERT INTO account VALUES ($1, $2, 0)', [id, 'same'])),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(db.rows("SELECT count(*) FROM account WHERE owner = 'same'")).toEqual([[1]]);
  });

  test('numbers of generated columns are never handed out twice, whoever rolls back', async () => {
    const db = await openSql('CREATE TABLE t (id serial PRIMARY KEY)');
    const tx = db.store.begin();
    const [[first]] = db.rows('INSERT INTO t DEFAULT VALUES RETURNING id', [], tx) as [[number]];
    const [[second]] = db.rows('INSERT INTO t DEFAULT VALUES RETURNING id') as [[number]];
    tx.rollback();
    const [[third]] = db.rows('INSERT INTO t DEFAULT VALUES RETURNING id') as [[number]];
    expect([first, second, third]).toEqual([1, 2, 3]);
  });
});
