/** `sql` as a template tag and as a function. */

import { beforeEach, describe, expect, test } from 'vitest';
import { InvalidArgumentError, SqlSyntaxError } from '../../src/base/index.js';
import {
  createSqlFunction,
  createSqlFunctionSync,
  type SqlFunction,
  type SqlFunctionSync,
} from '../../src/sql-function.js';
import { openSql } from './sql-fixture.js';

let sql: SqlFunction;
let sqlSync: SqlFunctionSync;
beforeEach(async () => {
  const db = await openSql("CREATE TABLE t (id integer PRIMARY KEY, a json); INSERT INTO t VALUES (1, '1'), (10, '2')");
  sql = createSqlFunction(db.sql, undefined);
  sqlSync = createSqlFunctionSync(db.sql, undefined);
});

describe('a template', () => {
  test('makes a parameter of every value', async () => {
    expect([...(await sql`SELECT id FROM t WHERE id IN (${1}, ${2},${10}) ORDER BY id`)]).toEqual([
      { id: 1 },
      { id: 10 },
    ]);
    expect([...sqlSync`SELECT id FROM t WHERE id=${1}`]).toEqual([{ id: 1 }]);
    expect([...sqlSync`SELECT ${5}::integer AS five,${6}+1 AS seven`]).toEqual([{ five: 5, seven: 7 }]);
  });

  test('keeps its values apart from what stands next to them', () => {
    expect(() => sqlSync`SELECT id FROM t WHERE id = ${1}0`).toThrow(SqlSyntaxError);
    expect(() => sqlSync`SELECT ${1}${2}`).toThrow(SqlSyntaxError);
    expect(() => sqlSync`SELECT a${1} FROM t`).toThrow(SqlSyntaxError);
  });

  test('takes no list where a value belongs, but takes an array as JSON', async () => {
    const ids = [1, 10];
    await expect(sql`SELECT id FROM t WHERE id IN (${ids})`).rejects.toThrow('IN (${a}, ${b})');
    await expect(sql`SELECT id FROM t WHERE id = ANY(${ids})`).rejects.toThrow('ANY, SOME and ALL are not supported');
    await sql`UPDATE t SET a = ${ids} WHERE id = ${1}`;
    expect([...sqlSync`SELECT a FROM t WHERE id = 1`]).toEqual([{ a: [1, 10] }]);
  });

  test('takes no part of a statement, and the part does no harm', async () => {
    await expect(sql`SELECT id FROM t ${sql`WHERE id = ${1}`}`).rejects.toThrow(
      /value 1 of the template is a statement/,
    );
    expect(() => sqlSync`SELECT ${sqlSync`SELECT 1`}`).toThrow(InvalidArgumentError);
  });

  test('sorts by no value', async () => {
    await expect(sql`SELECT id FROM t ORDER BY ${'id'}`).rejects.toThrow('not a constant or parameter');
  });

  test('with an escape that JavaScript does not know is refused', () => {
    expect(() => sqlSync`SELECT '\u'`).toThrow(InvalidArgumentError);
  });
});

describe('a text', () => {
  test('takes parameters and options', async () => {
    const rows: unknown[][] = await sql('SELECT id FROM t WHERE id > $1', [1], { rowMode: 'array' });
    expect([...rows]).toEqual([[10]]);
    expect([...sqlSync('SELECT id FROM t WHERE id = :id', { id: 1 })]).toEqual([{ id: 1 }]);
    expect([...sqlSync('SELECT 1 AS one', undefined, { rowMode: 'array' })]).toEqual([[1]]);
  });

  test('more arguments than that are a mistake', () => {
    const call = sqlSync as (...args: unknown[]) => unknown;
    expect(() => call('SELECT $1, $2', 1, 2, 3)).toThrow('parameters go into one array');
  });

  test.each([[undefined], [123], [['SELECT 1']], [null]])('%s is none', async (first) => {
    await expect((sql as (first: unknown) => Promise<unknown>)(first)).rejects.toThrow(InvalidArgumentError);
    expect(() => (sqlSync as (first: unknown) => unknown)(first)).toThrow('sql takes a template or a text');
  });
});
