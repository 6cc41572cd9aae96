import { beforeAll, describe, expect, test } from 'vitest';
import { openSql, type SqlFixture } from './sql-fixture.js';

const SCRIPT = `
  CREATE TABLE airport (code text PRIMARY KEY, city text, country text);
  CREATE TABLE flight (id integer PRIMARY KEY, origin text, destination text, minutes integer, day date NOT NULL);
  CREATE INDEX flight_origin ON flight (origin, minutes);
  CREATE INDEX flight_day ON flight (day DESC);
  CREATE UNIQUE INDEX airport_city ON airport (city);
`;

let db: SqlFixture;
beforeAll(async () => {
  db = await openSql(SCRIPT);
});

describe('how tables are read', () => {
  test('by primary key: one, several, a range', () => {
    expect(db.plan('SELECT * FROM flight WHERE id = 5')).toEqual(['Look up flight by primary key, id = 5']);
    expect(db.plan('SELECT * FROM flight WHERE 5 = id AND minutes > 3')).toEqual([
      'Look up flight by primary key, id = 5, filter (flight.minutes > 3)',
    ]);
    expect(db.plan('SELECT * FROM flight WHERE id IN (3, $1, 1 + 1)')).toEqual([
      'Look up flight by primary key, id IN (3, $1, (1 + 1))',
    ]);
    expect(db.plan('SELECT * FROM flight WHERE id >= 5 AND 9 > id')).toEqual([
      'Scan flight by primary key, 5 <= id < 9',
    ]);
    expect(db.plan('SELECT * FROM flight WHERE id BETWEEN 1 AND $1')).toEqual([
      'Scan flight by primary key, 1 <= id <= $1',
    ]);
  });

  test('by index: leading columns, then a range', () => {
    expect(db.plan("SELECT * FROM flight WHERE origin = 'CDG'")).toEqual([
      "Scan flight by index flight_origin, origin = 'CDG'",
    ]);
    expect(db.plan("SELECT * FROM flight WHERE minutes < 60 AND origin = 'CDG' AND destination = 'FCO'")).toEqual([
      "Scan flight by index flight_origin, origin = 'CDG', minutes < 60, filter (flight.destination = 'FCO')",
    ]);
    expect(db.plan('SELECT * FROM flight WHERE minutes < 60')).toEqual(['Scan flight, filter (flight.minutes < 60)']);
    expect(db.plan("SELECT * FROM flight WHERE origin <= 'CDG'")).toEqual([
      "Scan flight by index flight_origin, origin <= 'CDG'",
    ]);
    expect(db.plan("SELECT id FROM flight WHERE day > '2024-01-01' ORDER BY day DESC")).toEqual([
      "Scan flight by index flight_day, '2024-01-01' < day",
    ]);
    expect(db.plan("SELECT * FROM airport WHERE city = 'Rome'")).toEqual([
      "Look up airport by index airport_city, city = 'Rome'",
    ]);
    expect(db.plan('SELECT * FROM airport WHERE city IS NULL')).toEqual([
      'Scan airport by index airport_city, city IS NULL',
    ]);
  });

  test('an expression over the column is no range', () => {
    expect(db.plan('SELECT * FROM flight WHERE id + 1 = 5')).toEqual(['Scan flight, filter ((flight.id + 1) = 5)']);
    expect(db.plan('SELECT * FROM flight WHERE id = minutes')).toEqual([
      'Scan flight, filter (flight.id = flight.minutes)',
    ]);
  });
});

describe('order', () => {
  test('that an index has needs no sort', () => {
    expect(db.plan('SELECT * FROM flight ORDER BY id')).toEqual(['Scan flight']);
    expect(db.plan('SELECT * FROM flight ORDER BY id DESC LIMIT 3')).toEqual([
      'Limit 3',
      '  Scan flight by primary key backwards',
    ]);
    expect(db.plan('SELECT * FROM flight ORDER BY day DESC, id LIMIT 3')).toEqual([
      'Limit 3',
      '  Scan flight by index flight_day',
    ]);
    expect(db.plan("SELECT * FROM flight WHERE origin = 'CDG' AND minutes > 5 ORDER BY minutes")).toEqual([
      "Scan flight by index flight_origin, origin = 'CDG', 5 < minutes",
    ]);
  });

  test('where nulls would come at the wrong end, sorts', () => {
    expect(db.plan("SELECT id FROM flight WHERE origin = 'CDG' ORDER BY minutes")).toEqual([
      'Sort by flight.minutes',
      "  Scan flight by index flight_origin, origin = 'CDG'",
    ]);
    expect(db.plan("SELECT id FROM flight WHERE origin = 'CDG' ORDER BY minutes NULLS FIRST")).toEqual([
      "Scan flight by index flight_origin, origin = 'CDG'",
    ]);
  });

  test('with a limit keeps only the first rows', () => {
    expect(db.plan('SELECT id FROM flight ORDER BY minutes DESC, id LIMIT 5 OFFSET 2')).toEqual([
      'Top 5 after 2 by flight.minutes DESC, flight.id',
      '  Scan flight',
    ]);
  });
});

describe('joins', () => {
  test('look rows up where the right side has an index, and filter each side first', () => {
    const text = `SELECT f.id, a.city FROM flight f JOIN airport a ON a.code = f.origin WHERE f.id < 10 AND a.country = 'FR'`;
    expect(db.plan(text)).toEqual([
      'Nested loop join, rows of the right side remembered',
      '  Scan flight as f by primary key, id < 10',
      "  Look up airport as a by primary key, code = f.origin, filter (a.country = 'FR')",
    ]);
  });

  test('hash where there are only equalities', () => {
    const text = 'SELECT count(*) FROM airport a JOIN flight f ON f.destination = a.code AND f.minutes > 10';
    expect(db.plan(text)).toEqual([
      'Aggregate: count(*)',
      '  Hash join on a.code = f.destination',
      '    Scan airport as a',
      '    Scan flight as f, filter (f.minutes > 10)',
    ]);
  });

  test('go another way where the written one would multiply unconnected tables', () => {
    const text = `SELECT 1 FROM airport a, airport b, flight f WHERE f.origin = a.code AND f.destination = b.code AND a.country = 'FR'`;
    expect(db.plan(text)).toEqual([
      'Compute 1',
      '  Nested loop join, rows of the right side remembered',
      '    Nested loop join, rows of the right side remembered',
      "      Scan airport as a, filter (a.country = 'FR')",
      '      Scan flight as f by index flight_origin, origin = a.code',
      '    Look up airport as b by primary key, code = f.destination',
    ]);
    expect(db.plan('SELECT 1 FROM flight f, airport a, airport b WHERE f.origin = a.code AND a.city = b.city')).toEqual(
      [
        'Compute 1',
        '  Nested loop join, rows of the right side remembered',
        '    Nested loop join, rows of the right side remembered',
        '      Scan flight as f',
        '      Look up airport as a by primary key, code = f.origin',
        '    Look up airport as b by index airport_city, city = a.city',
      ],
    );
  });

  test('compare every pair otherwise', () => {
    expect(db.plan('SELECT 1 FROM airport a LEFT JOIN airport b ON a.city < b.city')).toEqual([
      'Compute 1',
      '  Nested loop left join on (a.city < b.city)',
      '    Scan airport as a',
      '    Scan airport as b',
    ]);
  });

  test('WHERE on the right of a left join stays above it', () => {
    expect(
      db.plan("SELECT f.id FROM flight f LEFT JOIN airport a ON a.code = f.origin WHERE a.city = 'Rome' AND f.id = 1"),
    ).toEqual([
      "Filter (a.city = 'Rome')",
      '  Nested loop left join, rows of the right side remembered',
      '    Look up flight as f by primary key, id = 1',
      '    Look up airport as a by primary key, code = f.origin',
    ]);
  });
});

describe('changes and subqueries', () => {
  test('are explained too', () => {
    expect(db.plan('UPDATE flight SET minutes = minutes + 1 WHERE id = 3')).toEqual([
      'Update flight, minutes = (flight.minutes + 1)',
      '  Look up flight by primary key, id = 3',
    ]);
    expect(db.plan('DELETE FROM flight')).toEqual(['Delete from flight', '  Scan flight']);
    expect(db.plan('INSERT INTO airport (code) VALUES (1::text)')).toEqual(['Insert into airport, rows: 1']);
    const lines = db.plan('SELECT id FROM flight f WHERE EXISTS (SELECT 1 FROM airport a WHERE a.code = f.origin)');
    expect(lines[0]).toMatch(/^Scan flight as f, filter EXISTS \(subquery \d+\)$/);
    expect(lines[1]).toMatch(/^ {2}Subquery \d+ \(run for each row\)$/);
    expect(lines[2]).toBe('    Compute 1');
    expect(lines[3]).toBe('      Look up airport as a by primary key, code = f.origin');
  });

  test('conditions on grouping columns reach the table', () => {
    expect(db.plan("SELECT origin, count(*) FROM flight GROUP BY origin HAVING origin = 'CDG'")).toEqual([
      'Aggregate by flight.origin: count(*)',
      "  Scan flight by index flight_origin, origin = 'CDG'",
    ]);
  });
});
