/** Indexes change how rows are found, never which: the same queries over a table with and without them. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { propertyOptions } from '../support/seed.js';
import { openSql } from './sql-fixture.js';

const COLUMNS = ['a', 'b', 'c'] as const;

const value = fc.option(fc.integer({ min: -3, max: 3 }), { freq: 5 });
const row = fc.tuple(value, value, fc.option(fc.constantFrom('', 'x', 'xx', 'y', 'é'), { freq: 5 }));

const number = fc.integer({ min: -4, max: 4 }).map(String);
const text = fc.constantFrom("''", "'x'", "'xx'", "'y'", "'é'");
const operator = fc.constantFrom('=', '<', '<=', '>', '>=', '<>');

const condition = fc.oneof(
  fc.tuple(fc.constantFrom('a', 'b'), operator, number).map((parts) => parts.join(' ')),
  fc.tuple(fc.constant('c'), operator, text).map((parts) => parts.join(' ')),
  fc
    .tuple(fc.constantFrom('a', 'b'), fc.array(fc.oneof(number, fc.constant('NULL')), { minLength: 1, maxLength: 4 }))
    .map(([column, list]) => `${column} IN (${list.join(', ')})`),
  fc.tuple(fc.constantFrom(...COLUMNS), fc.constantFrom('IS NULL', 'IS NOT NULL')).map((parts) => parts.join(' ')),
  fc
    .tuple(fc.constantFrom('a', 'b'), number, number)
    .map(([column, low, high]) => `${column} BETWEEN ${low} AND ${high}`),
  fc.constant('a = b'),
);

const order = fc.array(
  fc.tuple(fc.constantFrom(...COLUMNS), fc.constantFrom('', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST')),
  { maxLength: 2 },
);

const query = fc.record({
  conditions: fc.array(condition, { maxLength: 3 }),
  order,
  limit: fc.option(fc.integer({ min: 0, max: 5 })),
});

const INDEXES = ['(a, b)', '(b DESC, c)', '(c)', '(a DESC, b DESC)'];

async function openBoth(rows: readonly (readonly unknown[])[]): Promise<Awaited<ReturnType<typeof openSql>>> {
  const db = await openSql(`
    CREATE TABLE plain (a integer, b integer, c text, id integer);
    CREATE TABLE indexed (id integer PRIMARY KEY, a integer, b integer, c text);
    ${INDEXES.map((columns) => `CREATE INDEX ON indexed ${columns};`).join('')}`);
  for (const [i, values] of rows.entries()) {
    db.rows('INSERT INTO plain VALUES ($1, $2, $3, $4)', [...values, i]);
    db.rows('INSERT INTO indexed (a, b, c, id) VALUES ($1, $2, $3, $4)', [...values, i]);
  }
  return db;
}

describe('access paths', () => {
  test('find the same rows in the same order as a scan with a sort', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 30 }),
        fc.array(query, { minLength: 10, maxLength: 10 }),
        async (rows, queries) => {
          const db = await openBoth(rows);
          for (const { conditions, order: keys, limit } of queries) {
            const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
            const sort = [...keys.map((parts) => parts.join('')), 'id'].join(', ');
            const rest = `${where} ORDER BY ${sort}${limit === null ? '' : ` LIMIT ${limit}`}`;
            const expected = db.rows(`SELECT a, b, c, id FROM plain${rest}`);
            expect([rest, db.rows(`SELECT a, b, c, id FROM indexed${rest}`)]).toEqual([rest, expected]);
          }
          await db.store.close();
        },
      ),
      propertyOptions(40),
    );
  });

  test('a range that is open on one side leaves out nulls', async () => {
    const db = await openSql(`
      CREATE TABLE t (id integer PRIMARY KEY, n integer, m integer);
      CREATE INDEX t_n ON t (n);
      CREATE INDEX t_m ON t (m DESC);
      INSERT INTO t VALUES (1, NULL, NULL), (2, 1, 1), (3, 2, 2), (4, 3, 3), (5, NULL, NULL)`);
    const ranges: [string, string, number[]][] = [
      ['n <= 2', 't_n, n <= 2', [2, 3]],
      ['n < 2', 't_n, n < 2', [2]],
      ['2 < n', 't_n, 2 < n', [4]],
      ['m <= 2', 't_m, m <= 2', [3, 2]],
      ['m >= 2', 't_m, 2 <= m', [4, 3]],
      ['m > NULL', 't_m, NULL < m', []],
    ];
    for (const [condition, plan, ids] of ranges) {
      const text = `SELECT id FROM t WHERE ${condition}`;
      expect(db.plan(text)).toEqual([`Scan t by index ${plan}`]);
      expect([condition, db.rows(text).flat()]).toEqual([condition, ids]);
    }
    await db.store.close();
  });

  test('join the same rows by lookup, by hash and by comparing every pair', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 15 }), fc.option(condition), async (rows, extra) => {
        const db = await openBoth(rows);
        const where = extra === null ? '' : ` AND (${extra.replace(/\b([abc])\b(?!')/g, 'r.$1')})`;
        for (const kind of ['JOIN', 'LEFT JOIN']) {
          const joined = (right: string, on: string): unknown[][] =>
            db.rows(`SELECT l.id, r.id FROM plain l ${kind} ${right} r ON ${on}${where} ORDER BY 1, 2`);
          const pairs = joined('plain', 'NOT (l.a <> r.b)');
          expect(joined('plain', 'l.a = r.b')).toEqual(pairs);
          expect(joined('indexed', 'l.a = r.b')).toEqual(pairs);
        }
        await db.store.close();
      }),
      propertyOptions(40),
    );
  });
});
