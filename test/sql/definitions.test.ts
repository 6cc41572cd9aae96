import { describe, expect, test } from 'vitest';
import { errorOf, openSql } from './sql-fixture.js';

const state = (run: () => unknown): unknown => errorOf(run).sqlState;

describe('DROP INDEX', () => {
  test('leaves the indexes of constraints alone (2BP01), after reopening too', async () => {
    const db = await openSql(`
      CREATE TABLE t (id integer PRIMARY KEY, a integer UNIQUE, b integer, CONSTRAINT pair UNIQUE (a, b));
      CREATE UNIQUE INDEX own ON t (b)`);
    for (const name of ['t_pkey', 't_a_key', 'pair']) {
      const error = errorOf(() => db.rows(`DROP INDEX ${name}`));
      expect(error.sqlState).toBe('2BP01');
      expect(error.message).toContain(name === 't_pkey' ? 'the primary key of table "t"' : 'a UNIQUE constraint');
    }
    db.rows('INSERT INTO t VALUES (1, 1, 1)');
    expect(state(() => db.rows('INSERT INTO t VALUES (2, 1, 2)'))).toBe('23505');
    db.rows('DROP INDEX own');
    db.rows('INSERT INTO t VALUES (2, 2, 1)');
    await db.store.close();
    const again = await openSql('', {}, db.environment);
    expect(state(() => again.rows('DROP INDEX t_a_key'))).toBe('2BP01');
  });
});

describe('CREATE TABLE', () => {
  test('every type keeps its values', async () => {
    const db = await openSql(`CREATE TABLE everything (
      a boolean, b smallint, c integer, d bigint, e real, f double precision, g text, h varchar(5), i bytea,
      j date, k timestamp, l timestamptz, m json, n jsonb, o uuid PRIMARY KEY)`);
    const uuid = '00112233-4455-6677-8899-aabbccddeeff';
    const row = [
      true,
      -5,
      70_000,
      2n ** 62n,
      1.5,
      0.1,
      'é\u0000x',
      'abcde',
      Uint8Array.of(0, 255),
      new Date('2024-02-29'),
      new Date('2024-02-29T01:02:03.004Z'),
      new Date(0),
      { b: 1, a: [null] },
      { b: 1, a: [null] },
      uuid,
    ];
    const places = row.map((_, i) => `$${i + 1}`).join(', ');
    db.rows(`INSERT INTO everything VALUES (${places})`, row);
    expect(db.rows('SELECT * FROM everything')).toEqual([row]);
    expect(db.rows('SELECT c FROM everything WHERE o = $1', [uuid.toUpperCase()])).toEqual([[70_000]]);
    db.rows('UPDATE everything SET a = NULL, b = NULL, g = NULL, i = NULL, n = NULL');
    expect(db.rows('SELECT a, b, g, i, n, h FROM everything')).toEqual([[null, null, null, null, null, 'abcde']]);
  });

  test('composite keys sort by their columns', async () => {
    const db = await openSql('CREATE TABLE pair (a integer, b text, c integer, PRIMARY KEY (b, a))');
    db.rows("INSERT INTO pair VALUES (2, 'x', 1), (10, 'x', 2), (1, 'y', 3), (-1, 'x', 4)");
    expect(db.rows('SELECT b, a FROM pair')).toEqual([
      ['x', -1],
      ['x', 2],
      ['x', 10],
      ['y', 1],
    ]);
    expect(state(() => db.rows("INSERT INTO pair VALUES (2, 'x', 9)"))).toBe('23505');
    expect(state(() => db.rows('INSERT INTO pair (a) VALUES (2)'))).toBe('23502');
  });

  test('names are taken once, and IF NOT EXISTS minds them', async () => {
    const db = await openSql('CREATE TABLE t (a integer UNIQUE)');
    expect(state(() => db.rows('CREATE TABLE t (a integer)'))).toBe('42P07');
    expect(state(() => db.rows('CREATE TABLE t_a_key (a integer)'))).toBe('42P07');
    await db.exec('CREATE TABLE IF NOT EXISTS t (other text); CREATE INDEX IF NOT EXISTS t_a_key ON t (a)');
    expect(db.sql.tables.resolve(db.store.latest(), 't').columns.map(({ name }) => name)).toEqual(['row number', 'a']);
  });

  test('definitions without sense are refused', async () => {
    const db = await openSql();
    expect(state(() => db.rows('CREATE TABLE t (a integer, a text)'))).toBe('42701');
    expect(state(() => db.rows('CREATE TABLE t (a integer PRIMARY KEY, b integer PRIMARY KEY)'))).toBe('42P16');
    expect(state(() => db.rows('CREATE TABLE t (a integer, PRIMARY KEY (b))'))).toBe('42703');
    expect(state(() => db.rows('CREATE TABLE t (a json PRIMARY KEY)'))).toBe('42P16');
    expect(state(() => db.rows('CREATE TABLE t (a numeric(5,2))'))).toBe('0A000');
    expect(state(() => db.rows("CREATE TABLE t (a integer DEFAULT 'x')"))).toBe('22P02');
    expect(state(() => db.rows('CREATE TABLE t (a date DEFAULT now())'))).toBe('42804');
    expect(db.sql.tables.catalog(db.store.latest()).version).toBe(0);
  });

  test('defaults are constants, computed once, or calls, made for every row', async () => {
    const db = await openSql(
      "CREATE TABLE t (id integer PRIMARY KEY, a integer DEFAULT 2 + 3, b text DEFAULT 'x' || 'y', c timestamptz DEFAULT now(), d date DEFAULT '2024-01-01')",
    );
    db.rows('INSERT INTO t (id) VALUES (1)');
    db.clock.advance(1000);
    db.rows('INSERT INTO t (id) VALUES (2)');
    expect(db.rows('SELECT a, b, c, d FROM t')).toEqual([
      [5, 'xy', new Date('2024-02-29T12:30:00Z'), new Date('2024-01-01')],
      [5, 'xy', new Date('2024-02-29T12:30:01Z'), new Date('2024-01-01')],
    ]);
  });
});

describe('indexes', () => {
  test('an index made later holds the rows that were there', async () => {
    const db = await openSql(
      "CREATE TABLE t (id integer PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'x')",
    );
    await db.exec('CREATE INDEX ON t (a)');
    expect(db.plan("SELECT id FROM t WHERE a = 'x'")).toEqual(["Scan t by index t_a_idx, a = 'x'"]);
    expect(db.rows("SELECT id FROM t WHERE a = 'x'")).toEqual([[1], [3]]);
    await db.exec('CREATE INDEX ON t (a)');
    expect(db.sql.tables.catalog(db.store.latest()).findIndex('t_a_idx1')).toBeDefined();
  });

  test('a unique index is not made over duplicates, and nothing of it remains', async () => {
    const db = await openSql(
      "CREATE TABLE t (id integer PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'x'), (2, 'x')",
    );
    expect(state(() => db.rows('CREATE UNIQUE INDEX u ON t (a)'))).toBe('23505');
    expect(db.sql.tables.catalog(db.store.latest()).findIndex('u')).toBeUndefined();
    expect(state(() => db.rows('CREATE INDEX u ON t (b)'))).toBe('42703');
    expect(state(() => db.rows('CREATE INDEX u ON missing (b)'))).toBe('42P01');
  });

  test('DROP INDEX and DROP TABLE take their keys with them', async () => {
    const db = await openSql(
      "CREATE TABLE t (id integer PRIMARY KEY, a text UNIQUE); INSERT INTO t VALUES (1, 'x'); CREATE INDEX i ON t (a, id)",
    );
    const keys = (): number => {
      const cursor = db.store.latest().cursor({ lower: Uint8Array.of(4), upper: Uint8Array.of(5) });
      let count = 0;
      while (cursor.next()) count++;
      return count;
    };
    expect(keys()).toBe(3);
    await db.exec('DROP INDEX i');
    expect(keys()).toBe(2);
    expect(state(() => db.rows('DROP INDEX t_pkey'))).toBe('2BP01');
    expect(state(() => db.rows('DROP INDEX i'))).toBe('42704');
    await db.exec('DROP TABLE t; DROP TABLE IF EXISTS t; DROP INDEX IF EXISTS i');
    expect(keys()).toBe(0);
    expect(state(() => db.rows('DROP TABLE t'))).toBe('42P01');
    await db.exec('CREATE TABLE t (id integer PRIMARY KEY)');
    expect(db.rows('SELECT count(*) FROM t')).toEqual([[0]]);
  });
});

describe('schema in transactions', () => {
  test('is seen by its transaction alone until the commit, and gone after a rollback', async () => {
    const db = await openSql();
    const tx = db.store.begin();
    db.sql.runSync('CREATE TABLE t (a integer)', [], tx);
    db.sql.runSync('INSERT INTO t VALUES (1)', [], tx);
    expect(db.rows('SELECT a FROM t', [], tx)).toEqual([[1]]);
    expect(state(() => db.rows('SELECT a FROM t'))).toBe('42P01');
    tx.rollback();
    expect(state(() => db.rows('SELECT a FROM t'))).toBe('42P01');
    await db.exec('CREATE TABLE t (b text)');
    expect(db.sql.runSync('SELECT * FROM t').columns.map(({ name }) => name)).toEqual(['b']);
  });

  test('a snapshot keeps the schema it was taken with', async () => {
    const db = await openSql('CREATE TABLE t (a integer); INSERT INTO t VALUES (1)');
    using snapshot = db.store.snapshot();
    await db.exec('DROP TABLE t; CREATE TABLE t (b text, c text)');
    expect(db.rows('SELECT * FROM t', [], snapshot)).toEqual([[1]]);
    expect(db.rows('SELECT * FROM t')).toEqual([]);
  });

  test('a statement planned before a change of schema is planned again', async () => {
    const db = await openSql('CREATE TABLE t (id integer PRIMARY KEY, a integer); INSERT INTO t VALUES (1, 5)');
    const statement = db.sql.prepare('SELECT * FROM t WHERE a = $1');
    expect(statement.allSync([5])).toHaveLength(1);
    await db.exec("DROP TABLE t; CREATE TABLE t (a integer, b text); INSERT INTO t VALUES (5, 'new')");
    expect([...statement.allSync([5])]).toEqual([{ a: 5, b: 'new' }]);
  });

  test('a transaction that used the schema conflicts with a change of it', async () => {
    const db = await openSql('CREATE TABLE t (id integer PRIMARY KEY, a integer)');
    const tx = db.store.begin();
    db.sql.runSync('INSERT INTO t VALUES (1, 1)', [], tx);
    await db.exec('CREATE INDEX late ON t (a)');
    expect(state(() => tx.commitSync())).toBe('40001');
  });

  test('schema, generated numbers and rows survive a restart', async () => {
    const db = await openSql(
      "CREATE TABLE t (id serial PRIMARY KEY, a text DEFAULT 'd'); CREATE INDEX ON t (a DESC); INSERT INTO t (a) VALUES ('x'), ('y')",
    );
    await db.store.close();
    const again = await openSql('', {}, db.environment);
    expect(again.rows('SELECT id, a FROM t ORDER BY a DESC')).toEqual([
      [2, 'y'],
      [1, 'x'],
    ]);
    expect(again.rows('INSERT INTO t DEFAULT VALUES RETURNING id > 2, a')).toEqual([[true, 'd']]);
    again.sql.close();
    const [[last]] = again.rows('SELECT max(id) FROM t') as [[number]];
    await again.store.close();
    const third = await openSql('', {}, db.environment);
    expect(third.rows('INSERT INTO t DEFAULT VALUES RETURNING id')).toEqual([[last + 1]]);
  });
});
