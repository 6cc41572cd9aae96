import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConflictError, ManualClock, SqlSemanticError, SqlSyntaxError } from '../../src/base/index.js';
import { type Database, open } from '../../src/index.js';
import { MemFileSystem } from '../../src/vfs/index.js';
import { ManualTime } from '../support/manual-time.js';

const START_MS = 1_767_225_600_000;
let time: ManualTime;
let db: Database;

beforeEach(async () => {
  time = new ManualTime(START_MS);
  const { clock, scheduler } = time;
  db = await open('/db', { environment: { fileSystem: new MemFileSystem(), clock, scheduler } });
  await db.exec(`
    CREATE TABLE session (id INTEGER PRIMARY KEY, token TEXT UNIQUE, city TEXT);
    CREATE INDEX session_city ON session (city);
  `);
});
afterEach(() => db.close());

/** Ids by a scan of the table, by the index and by the unique index: they must agree. */
async function ids(): Promise<number[]> {
  const byTable = await db.sql<{ id: number }>('SELECT id FROM session ORDER BY id');
  const byIndex = await db.sql<{ id: number }>("SELECT id FROM session WHERE city BETWEEN 'A' AND 'Z' ORDER BY id");
  const byToken = await db.sql<{ id: number }>("SELECT id FROM session WHERE token BETWEEN 'a' AND 'z' ORDER BY id");
  const [{ count } = { count: -1 }] = await db.sql<{ count: number }>('SELECT count(*) AS count FROM session');
  const found = byTable.map(({ id }) => id);
  expect(byIndex.map(({ id }) => id)).toEqual(found);
  expect(byToken.map(({ id }) => id)).toEqual(found);
  expect(count).toBe(found.length);
  return found;
}

/** Keys of the region of tables, whether they have expired or not. */
async function stored(): Promise<number> {
  await db.expire();
  return db.stats().expired;
}

test('an INSERT says when its rows end: seconds, a moment, a parameter, never', async () => {
  await db.sql("INSERT INTO session VALUES (1, 'a', 'Paris'), (2, 'b', 'Rome') USING TTL 10");
  await db.sql`INSERT INTO session VALUES (3, 'c', 'Rome') USING TTL ${0.5} RETURNING id`;
  await db.sql("INSERT INTO session VALUES (4, 'd', 'Oslo') USING EXPIRY '2026-01-01T00:00:05Z'");
  await db.sql`INSERT INTO session VALUES (5, 'e', 'Oslo') USING EXPIRY ${new Date(START_MS + 6000)}`;
  await db.sql('INSERT INTO session VALUES (6, $1, $2) USING TTL $3', ['f', 'Bern', null]);
  await db.sql("INSERT INTO session SELECT id + 10, token || '2', city FROM session WHERE id = 1 USING TTL 2 * 10");
  expect(await ids()).toEqual([1, 2, 3, 4, 5, 6, 11]);
  time.clock.advance(500);
  expect(await ids()).toEqual([1, 2, 4, 5, 6, 11]);
  time.clock.advance(4500);
  expect(await ids()).toEqual([1, 2, 5, 6, 11]);
  time.clock.advance(1000);
  expect(await ids()).toEqual([1, 2, 6, 11]);
  time.clock.advance(4000);
  expect(await ids()).toEqual([6, 11]);
  time.clock.advance(1e9);
  expect(await ids()).toEqual([6]);
  expect(await stored()).toBe(6 * 3);
  expect(await ids()).toEqual([6]);
});

test('the scans that the tests compare go by the table and by both indexes', async () => {
  const plans = ["city BETWEEN 'A' AND 'Z'", "token BETWEEN 'a' AND 'z'"].map((condition) =>
    db.sql(`EXPLAIN SELECT id FROM session WHERE ${condition}`),
  );
  const [city, token] = (await Promise.all(plans)).map((lines) => JSON.stringify(lines));
  expect(city).toContain('by index session_city');
  expect(token).toContain('by index session_token_key');
});

test('a clock that goes on while a statement runs does not take rows from under their index entries', async () => {
  const clock = new (class extends ManualClock {
    override nowMs(): number {
      this.advance(1);
      return super.nowMs();
    }
  })(START_MS);
  await using ticking = await open('/db', { environment: { fileSystem: new MemFileSystem(), clock } });
  await ticking.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, c INTEGER); CREATE INDEX ON t (c)');
  for (let id = 0; id < 60; id++) await ticking.sql('INSERT INTO t VALUES ($1, 1) USING TTL $2', [id, 0.05 + id / 100]);
  await ticking.batch(Array.from({ length: 60 }, (_, n) => ({ type: 'put', key: n, value: n, ttlMs: 30 }) as const));
  const keys = Array.from({ length: 60 }, (_, n) => n);
  const seen = new Set<number>();
  for (let n = 0; n < 200; n++) {
    const rows = await ticking.sql('SELECT id FROM t WHERE c BETWEEN 0 AND 2');
    seen.add(rows.length);
    const found = (await ticking.getMany(keys)).filter((value) => value !== undefined);
    expect([0, 60]).toContain(found.length);
  }
  expect(seen.size).toBeGreaterThan(10);
});

test('an UPDATE keeps the end of a row, or gives it another one', async () => {
  await db.sql("INSERT INTO session VALUES (1, 'a', 'Paris'), (2, 'b', 'Rome'), (3, 'c', 'Bern') USING TTL 10");
  await db.sql("UPDATE session SET city = 'Oslo' WHERE id = 1");
  await db.sql('UPDATE session USING TTL 20 SET id = id + 10 WHERE id = 2');
  await db.sql("UPDATE session USING TTL NULL SET city = 'Bern' WHERE id = 3");
  time.clock.advance(10_000);
  expect(await ids()).toEqual([3, 12]);
  await db.sql("UPDATE session SET token = 'x' WHERE city = 'Rome'");
  time.clock.advance(10_000);
  expect(await ids()).toEqual([3]);
  await db.expire();
  expect(await ids()).toEqual([3]);
});

test('a row that has expired holds neither its key nor a unique value', async () => {
  await db.sql("INSERT INTO session VALUES (1, 'a', 'Paris') USING TTL 10");
  await expect(db.sql("INSERT INTO session VALUES (2, 'a', 'Rome')")).rejects.toMatchObject({ sqlState: '23505' });
  time.clock.advance(10_000);
  await db.sql("INSERT INTO session VALUES (2, 'a', 'Rome')");
  await db.sql("INSERT INTO session VALUES (1, 'b', 'Rome')");
  expect(await db.sql('SELECT id FROM session WHERE city = $1', ['Paris'])).toHaveLength(0);
  expect(await ids()).toEqual([1, 2]);
  await db.expire();
  expect(await ids()).toEqual([1, 2]);
});

describe('a unique value of a row that has ended is taken over while a transaction changes the row', () => {
  const changes: [string, string][] = [
    ['another end', 'UPDATE session USING TTL 100 SET city = NULL WHERE id = 1'],
    ['no end', 'UPDATE session USING TTL NULL SET city = NULL WHERE id = 1'],
    ['another value', "UPDATE session SET token = 'z' WHERE id = 1"],
    ['another key', 'UPDATE session SET id = 9 WHERE id = 1'],
    ['a removal', 'DELETE FROM session WHERE id = 1'],
  ];
  const cases = changes.flatMap(([name, text]) => [false, true].map((swept) => [name, swept, text] as const));

  test.each(cases)('%s (swept: %s)', async (_name, swept, text) => {
    await db.sql("INSERT INTO session VALUES (1, 'a', 'Paris') USING TTL 10");
    const tx = db.begin();
    time.clock.advance(10_000);
    if (swept) await db.expire();
    await db.sql("INSERT INTO session VALUES (2, 'a', 'Rome')");
    await tx.sql(text);
    await expect(tx.commit()).rejects.toThrow(ConflictError);
    expect(await ids()).toEqual([2]);
    await expect(db.sql("INSERT INTO session VALUES (3, 'a', 'Bern')")).rejects.toMatchObject({ sqlState: '23505' });
  });

  test.each(changes)('nobody takes it over: %s', async (_name, text) => {
    await db.sql("INSERT INTO session VALUES (1, 'a', 'Paris') USING TTL 10");
    const tx = db.begin();
    time.clock.advance(10_000);
    await db.expire();
    await db.sql("INSERT INTO session VALUES (2, 'b', 'Rome')");
    await tx.sql(text);
    await tx.commit();
    expect((await db.sql('SELECT id FROM session')).length).toBe(text.includes('USING') ? 2 : 1);
  });
});

test('an index that is made later ends with its rows', async () => {
  await db.sql("INSERT INTO session VALUES (1, 'a', 'Paris') USING TTL 10");
  await db.sql("INSERT INTO session VALUES (2, 'b', 'Paris')");
  await db.sql('CREATE INDEX session_both ON session (city, id)');
  time.clock.advance(10_000);
  expect([...(await db.sql("SELECT id FROM session WHERE city = 'Paris' AND id > 0"))]).toEqual([{ id: 2 }]);
  await db.expire();
  expect([...(await db.sql("SELECT id FROM session WHERE city = 'Paris' AND id > 0"))]).toEqual([{ id: 2 }]);
});

test('transactions and snapshots read by one moment, iteration too', async () => {
  await db.sql("INSERT INTO session VALUES (1, 'a', 'Paris'), (2, 'b', 'Paris') USING TTL 10");
  const tx = db.begin();
  using snapshot = db.snapshot();
  const rows = db.prepare("SELECT id FROM session WHERE city = 'Paris'").iterateSync();
  expect(rows.next().value).toEqual({ id: 1 });
  time.clock.advance(20_000);
  await db.expire();
  expect(rows.next().value).toEqual({ id: 2 });
  expect(await tx.sql("SELECT id FROM session WHERE city = 'Paris'")).toHaveLength(2);
  expect(await snapshot.sql("SELECT id FROM session WHERE city = 'Paris'")).toHaveLength(2);
  await tx.sql("UPDATE session SET city = 'Rome' WHERE id = 1");
  await tx.commit();
  expect(await ids()).toEqual([]);
});

describe('refused', () => {
  const cases: [string, string, unknown[], string][] = [
    ['no time', "INSERT INTO session VALUES (1, 'a', 'x') USING TTL 0", [], '22023'],
    ['less', 'UPDATE session USING TTL $1 SET city = NULL', [-1], '22023'],
    ['a moment that is past', "INSERT INTO session VALUES (1, 'a', 'x') USING EXPIRY now()", [], '22023'],
    ['NaN', "INSERT INTO session VALUES (1, 'a', 'x') USING TTL $1", [Number.NaN], '22023'],
    ['a column', "INSERT INTO session VALUES (1, 'a', 'x') USING TTL id", [], '42703'],
    ['a type', "INSERT INTO session VALUES (1, 'a', 'x') USING TTL true", [], '42804'],
  ];
  test.each(cases)('%s', async (_name, text, parameters, sqlState) => {
    const refused = await db.sql(text, parameters).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SqlSemanticError);
    expect(refused).toMatchObject({ sqlState });
    expect(await ids()).toEqual([]);
  });

  test('a clause without its word', async () => {
    await expect(db.sql("INSERT INTO session VALUES (1, 'a', 'x') USING 5")).rejects.toThrow(SqlSyntaxError);
    await expect(db.sql('DELETE FROM session USING TTL 5')).rejects.toThrow(SqlSyntaxError);
  });

  test('ttl and expiry stay names', async () => {
    await db.exec('CREATE TABLE ttl (ttl INTEGER PRIMARY KEY, expiry TEXT)');
    await db.sql("INSERT INTO ttl VALUES (1, 'x')");
    expect([...(await db.sql('SELECT ttl, expiry FROM ttl'))]).toEqual([{ ttl: 1, expiry: 'x' }]);
  });
});
