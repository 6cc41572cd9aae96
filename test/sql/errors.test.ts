import { beforeAll, describe, expect, test } from 'vitest';
import { errorOf, openSql, type SqlFixture } from './sql-fixture.js';

let db: SqlFixture;
beforeAll(async () => {
  db = await openSql(`
    CREATE TABLE person (id integer PRIMARY KEY, name text, birthday date, extra json);
    CREATE TABLE pet (id integer PRIMARY KEY, owner integer, name text)`);
});

describe('messages', () => {
  test('show the place in the text and names that could have been meant', () => {
    const { message, facts, sqlState } = errorOf(() => db.rows('SELECT id,\n  nmae FROM person'));
    expect(sqlState).toBe('42703');
    expect(message).toBe(
      'line 2, column 3: column "nmae" does not exist; did you mean name?\n2 |   nmae FROM person\n      ^^^^',
    );
    expect(facts).toMatchObject({ columnName: 'nmae', near: ['name'], line: 2, column: 3 });
  });
});

test.each([
  ['SELECT 1 FROM persn', '42P01', 'did you mean person?'],
  ['SELECT q.id FROM person p', '42P01', '"q" is not a table'],
  ['SELECT p.nam FROM person p', '42703', 'did you mean name?'],
  ['SELECT name FROM person, pet', '42702', 'person.name or pet.name'],
  ['SELECT 1 FROM pet JOIN pet ON TRUE', '42712', 'more than once'],
  ['SELECT name, count(*) FROM person', '42803', '"person.name"'],
  ['SELECT count(*) FROM person WHERE count(*) > 1', '42803', 'not allowed in WHERE'],
  ['SELECT sum(count(*)) FROM person', '42803', 'not allowed in the argument of an aggregate'],
  ['SELECT (SELECT birthday FROM pet) FROM person GROUP BY name', '42803', 'birthday'],
  ['SELECT name = 5 FROM person', '42883', 'text = integer'],
  ['SELECT extra = extra FROM person', '42883', 'json = json'],
  ['SELECT id FROM person ORDER BY extra', '42883', 'ORDER BY'],
  ['SELECT DISTINCT extra FROM person', '42883', 'DISTINCT'],
  ['SELECT id FROM person WHERE name', '42804', 'argument of WHERE'],
  ['SELECT CASE WHEN TRUE THEN 1 ELSE birthday END FROM person', '42804', 'no common type'],
  ['SELECT DISTINCT id FROM person ORDER BY name', '42P10', 'select list'],
  ['SELECT id FROM person ORDER BY 2', '42P10', 'position 2'],
  ['SELECT *', '42601', 'FROM'],
  ['SELECT (SELECT id, name FROM person)', '42601', 'one column'],
  ['SELECT id FROM person LIMIT -1', '2201W', 'LIMIT'],
  ['INSERT INTO person (id, nme) VALUES (1, 2)', '42703', 'did you mean name?'],
  ['INSERT INTO person (id, id) VALUES (1, 2)', '42701', 'more than once'],
  ['INSERT INTO person (id) VALUES (1, 2)', '42601', '2 values for 1 columns'],
  ['INSERT INTO person VALUES (TRUE)', '42804', 'column "id"'],
  ['UPDATE person SET nme = 1', '42703', 'did you mean name?'],
  ['UPDATE person SET id = 1, id = 2', '42701', 'more than once'],
  ["SELECT birthday + 'x' FROM person", '42883', 'operator does not exist'],
  ["SELECT id FROM person WHERE birthday = 'soon'", '22007', 'soon'],
  ["SELECT id FROM person ORDER BY 'name'", '42601', 'ORDER BY takes a column'],
  ['SELECT id FROM person ORDER BY $1', '42601', 'not a constant or parameter'],
  ['SELECT id FROM person ORDER BY id, NULL', '42601', 'line 1, column 36'],
  ['SELECT id FROM person ORDER BY 1.5', '42601', 'ORDER BY takes a column'],
  ['SELECT id FROM person ORDER BY -1', '42P10', 'position -1'],
  ["SELECT id FROM person ORDER BY 'x'::text", '42601', 'ORDER BY takes a column'],
  ['SELECT count(*) FROM person GROUP BY TRUE', '42601', 'GROUP BY takes a column'],
  ['SELECT count(*) FROM person GROUP BY $1', '42601', 'GROUP BY takes a column'],
  ['SELECT 9223372036854775808', '22003', 'integer literal out of range of bigint'],
  ['SELECT -9223372036854775809', '22003', 'integer literal'],
  ['SELECT - -9223372036854775808', '22003', 'bigint'],
  ['SELECT -9223372036854775808::bigint', '22003', 'integer literal'],
  ['SELECT id FROM person WHERE id < 99999999999999999999', '22003', 'line 1, column 34'],
  ['SELECT abs(ALL id) FROM person', '42809', 'aggregates'],
  ['SELECT count(ALL) FROM person', '42601', 'before an argument'],
  ["SELECT trim(ALL LEADING 'x' FROM name) FROM person", '42601', 'ALL is not possible'],
  ['SELECT nosuch(1)', '42883', 'nosuch'],
  ['EXPLAIN CREATE TABLE x (a integer)', '0A000', 'CREATE TABLE'],
  ['SELECT 1 WHERE 1 = (SELECT 1 UNION SELECT 2)', '0A000', 'UNION'],
])('%s', (text, sqlState, part) => {
  const error = errorOf(() => db.rows(text));
  expect(error.message).toContain(part);
  expect(error.sqlState).toBe(sqlState);
});

describe('the place in the text is shown', () => {
  test.each([
    ['SELECT id,\n  name,\n  count(*) FROM person GROUP BY id + 0', '42803', 'line 1, column 8', 'SELECT id'],
    ['SELECT name, count(*)\nFROM person', '42803', 'line 1, column 8', '^^^^'],
    ['SELECT *, count(*) FROM person', '42803', 'line 1, column 8', '^'],
    ['SELECT person.name, count(*) FROM person', '42803', 'line 1, column 8', '^^^^^^^^^^^'],
    ['SELECT count(*) FROM person HAVING\n name > 1::text', '42803', 'line 2, column 2', '^^^^'],
    ['SELECT id FROM person LIMIT -1', '2201W', 'line 1, column 29', '^^'],
    ['SELECT id FROM person ORDER BY id\nOFFSET -5', '2201X', 'line 2, column 8', '^^'],
    ["SELECT id FROM person WHERE birthday = 'soon'", '22007', 'line 1, column 40', '^^^^^^'],
    ["SELECT id FROM person WHERE id IN (1, 'x')", '22P02', 'line 1, column 39', '^^^'],
    ["SELECT date '2024-02-30'", '22008', 'line 1, column 13', '^^^^^^^^^^^^'],
    ['SELECT 70000::smallint', '22003', 'line 1, column 8', '^^^^^'],
  ])('%s', (text, sqlState, place, drawn) => {
    const error = errorOf(() => db.rows(text));
    expect(error.sqlState).toBe(sqlState);
    expect(error.message).toContain(place);
    expect(error.message).toContain(drawn);
    expect(error.facts).toMatchObject({ line: expect.any(Number), column: expect.any(Number) });
  });
});

describe('an error about the value of a parameter names it', () => {
  test.each<[string, unknown[] | Record<string, unknown>, string, number | string]>([
    ['SELECT id FROM person WHERE id = $1 OR id = $2', [1, 'x'], '22P02', 2],
    ['SELECT id FROM person WHERE id = ?', [2 ** 40], '22003', 1],
    ['SELECT id FROM person WHERE birthday = :day', { day: 'soon' }, '22007', 'day'],
    ['SELECT id FROM person WHERE birthday = :day', { day: new Date(Number.NaN) }, '22008', 'day'],
    ['SELECT $1::smallint', [70_000], '22003', 1],
    ['SELECT id FROM person WHERE name = $1', [5], '42804', 1],
    ['INSERT INTO person (id, extra) VALUES (1, $1)', [{ a: Number.NaN }], '22023', 1],
    ['SELECT id FROM person LIMIT $1', [-1], '2201W', 1],
    ['SELECT id FROM person ORDER BY id LIMIT 1 OFFSET $1', [-1], '2201X', 1],
  ])('%s with %o', (text, parameters, sqlState, parameter) => {
    const error = errorOf(() => db.rows(text, parameters));
    expect(error.sqlState).toBe(sqlState);
    expect(error.message).toContain(typeof parameter === 'number' ? `parameter $${parameter}: ` : 'parameter :day: ');
    expect(error.facts['parameter']).toBe(parameter);
  });
});

test('names of one letter are not guessed at', async () => {
  const other = await openSql('CREATE TABLE t (a integer, bb integer)');
  expect(errorOf(() => other.rows('SELECT b FROM t')).message).not.toContain('did you mean');
  expect(errorOf(() => other.rows('SELECT x FROM t')).message).not.toContain('did you mean');
  expect(errorOf(() => other.rows('SELECT cb FROM t')).message).toContain('did you mean bb?');
});

test('integer literals are exact up to the ends of BIGINT', () => {
  expect(db.rows('SELECT 9223372036854775807, -9223372036854775808, -(9223372036854775808)')).toEqual([
    [2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n)],
  ]);
  expect(errorOf(() => db.rows('SELECT - 9223372036854775809')).facts['found']).toBe(-(2n ** 63n) - 1n);
});

test('parameters that are missing, too many, of the wrong type or shape', () => {
  const ask = (parameters: unknown[] | Record<string, unknown>) => () =>
    db.rows('SELECT id FROM person WHERE id = $1', parameters);
  expect(errorOf(ask([])).sqlState).toBe('42P02');
  expect(errorOf(ask(['x'])).sqlState).toBe('22P02');
  expect(errorOf(ask([1.5])).message).toContain('parameter $1');
  expect(errorOf(ask([1, 2])).facts).toEqual({ found: 2, expected: 1 });
  expect(errorOf(ask({ id: 1 })).message).toContain('pass an array');
  expect(errorOf(() => db.rows('SELECT id FROM person WHERE id = :id', { other: 1 })).sqlState).toBe('42P02');
});

test('a subquery used as a value must not give two rows', async () => {
  const other = await openSql('CREATE TABLE t (a integer); INSERT INTO t VALUES (1), (2)');
  expect(errorOf(() => other.rows('SELECT (SELECT a FROM t)')).sqlState).toBe('21000');
});
