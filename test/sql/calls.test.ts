/** What callers may pass along with a statement, and what they are told when they pass something else. */

import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InvalidArgumentError, SqlSemanticError } from '../../src/base/index.js';
import { openSql, type SqlFixture } from './sql-fixture.js';

let db: SqlFixture;
beforeEach(async () => {
  db = await openSql("CREATE TABLE t (id integer PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'a'), (2, 'b')");
});
afterEach(async () => {
  db.sql.close();
  await db.store.close();
});

const anything = (value: unknown): never => value as never;

/** The message of the InvalidArgumentError that every way to run a statement ends in. */
async function refusal(...[text, parameters, options]: readonly unknown[]): Promise<string> {
  const sync = (): unknown => db.sql.runSync(anything(text), anything(parameters), undefined, anything(options));
  expect(sync).toThrow(InvalidArgumentError);
  const running = db.sql.run(anything(text), anything(parameters), undefined, anything(options));
  const error = await running.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(InvalidArgumentError);
  return (error as InvalidArgumentError).message;
}

describe('the text', () => {
  test.each([undefined, null, 123, true, ['SELECT 1'], {}, () => 1])('%s is refused', async (text) => {
    expect(await refusal(text)).toContain('must be a string, found');
    expect(() => db.sql.prepare(anything(text))).toThrow(InvalidArgumentError);
    await expect(db.sql.script(anything(text))).rejects.toThrow(InvalidArgumentError);
  });
});

describe('parameters', () => {
  test.each([5, 'x', null, true, new Uint8Array(1), new Date(0), new Map(), new Set([1]), () => []])(
    '%s is refused',
    async (parameters) => {
      expect(await refusal('SELECT id FROM t WHERE id = $1', parameters)).toContain('an array of values, or an object');
    },
  );

  test('options in their place are recognised', async () => {
    for (const text of ['SELECT id FROM t', 'SELECT id FROM t WHERE id = $1']) {
      expect(await refusal(text, { rowMode: 'array' })).toContain('options such as rowMode are the next argument');
    }
    expect(await refusal('SELECT id FROM t', { id: 1 })).toContain('given by name: id');
    const named = db.sql.runSync('SELECT name FROM t WHERE name = :rowMode', { rowMode: 'a' });
    expect([...named]).toEqual([{ name: 'a' }]);
  });

  test('undefined is refused, null is NULL', async () => {
    expect(await refusal('INSERT INTO t VALUES ($1, $2)', [3, undefined])).toContain(
      'parameter $2 is undefined; use null',
    );
    expect(await refusal('SELECT $1', [undefined])).toContain('parameter $1 is undefined');
    expect(await refusal('SELECT id FROM t WHERE name = :name', { name: undefined })).toContain(':name is undefined');
    db.rows('INSERT INTO t VALUES ($1, $2)', [3, null]);
    expect(db.rows('SELECT name FROM t WHERE id = 3')).toEqual([[null]]);
  });

  test('a promise is refused', async () => {
    expect(await refusal('SELECT $1', [Promise.resolve(1)])).toContain('parameter $1 is a promise: await it first');
  });

  test('an array where one value belongs says how a list is written', () => {
    const ask = (): unknown => db.rows('SELECT id FROM t WHERE id IN ($1)', [[1, 2]]);
    expect(ask).toThrow(SqlSemanticError);
    expect(ask).toThrow('one parameter per value: IN ($1, $2)');
  });

  test('dates and bytes of another realm are dates and bytes', () => {
    const [date, bytes] = runInNewContext('[new Date(86400000), Uint8Array.of(1, 2)]') as [Date, Uint8Array];
    expect(date instanceof Date).toBe(false);
    expect(db.rows('SELECT $1::date, $2::bytea', [date, bytes])).toEqual([[new Date(86_400_000), Uint8Array.of(1, 2)]]);
    expect(db.sql.runSync('SELECT $1 AS a, $2 AS b', [date, bytes]).columns.map(({ type }) => type)).toEqual([
      'timestamptz',
      'bytea',
    ]);
  });
});

describe('options', () => {
  test.each([
    [{ rowMode: 'arr' }, `rowMode must be 'object' or 'array', found "arr"`],
    [{ rowMode: null }, `rowMode must be 'object' or 'array', found null`],
    [{ rowmode: 'array' }, 'do not include "rowmode"'],
    [{ signal: AbortSignal.abort() }, 'do not include "signal"'],
    [{ target: undefined }, 'a statement runs where it was prepared'],
    ['array', 'must be an object, found string'],
    [null, 'must be an object, found null'],
  ])('%o is refused', async (options, message) => {
    expect(await refusal('SELECT 1', [], options)).toContain(message);
    const statement = db.sql.prepare('SELECT 1');
    const given = anything(options);
    expect(() => statement.runSync([], given)).toThrow(InvalidArgumentError);
    expect(() => statement.allSync([], given)).toThrow(InvalidArgumentError);
    expect(() => statement.getSync([], given)).toThrow(InvalidArgumentError);
    expect(() => statement.iterateSync([], given)).toThrow(InvalidArgumentError);
    await expect(statement.run([], given)).rejects.toThrow(message);
    await expect(statement.all([], given)).rejects.toThrow(message);
    await expect(statement.get([], given)).rejects.toThrow(message);
    await expect(statement.iterate([], given).next()).rejects.toThrow(message);
  });
});

describe('row modes', () => {
  test('rows are typed by the mode', async () => {
    const arrays: unknown[][] = await db.sql.run('SELECT id, name FROM t', [], undefined, { rowMode: 'array' });
    expect([...arrays]).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    const pairs: [number, string][] = db.sql.runSync<[number, string]>('SELECT id, name FROM t', [], undefined, {
      rowMode: 'array',
    });
    expect(pairs[1]![1]).toBe('b');
    const objects: Record<string, unknown>[] = await db.sql.run('SELECT id FROM t', [], undefined, {
      rowMode: 'object',
    });
    expect([...objects]).toEqual([{ id: 1 }, { id: 2 }]);
    const statement = db.sql.prepare('SELECT id FROM t WHERE id = $1');
    const first: unknown[] | undefined = statement.getSync([1], { rowMode: 'array' });
    expect(first).toEqual([1]);
    for (const [id] of statement.iterateSync([2], { rowMode: 'array' })) expect(id).toBe(2);
    // @ts-expect-error -- rows are arrays
    const wrong: Record<string, unknown>[] = db.sql.runSync('SELECT 1', [], undefined, { rowMode: 'array' });
    expect([...wrong]).toEqual([[1]]);
  });

  test('columns of the same name: the last one in an object, all of them in an array', () => {
    const text = 'SELECT a.id, b.id FROM t a JOIN t b ON b.id = a.id + 1';
    expect([...db.sql.runSync(text)]).toEqual([{ id: 2 }]);
    expect(db.rows(text)).toEqual([[1, 2]]);
    expect(db.sql.runSync(text).columns.map(({ name }) => name)).toEqual(['id', 'id']);
  });
});
