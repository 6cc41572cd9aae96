/** The SQL layer returns what the definition of SQL says, as written down in the naive reference evaluator. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VarveError } from '../../src/base/index.js';
import type { Statement } from '../../src/sql/ast/index.js';
import { parseStatement } from '../../src/sql/parser/parse.js';
import { SqlDatabase } from '../../src/sql/index.js';
import { systemEnvironment } from '../../src/vfs/index.js';
import { openMemoryStore } from '../support/memory-store.js';
import { propertyOptions } from '../support/seed.js';
import { ReferenceDatabase } from '../support/sql-reference/reference-database.js';
import { plain, SqlFault } from '../support/sql-reference/reference-value.js';
import { statementText } from '../support/sql-reference/sql-text.js';
import { workloadArbitrary } from '../support/sql-reference/workload-arbitrary.js';

type Values = readonly unknown[];

/** What a statement did: rows and count, or the class of its error. */
type Outcome = { readonly rows: readonly Values[]; readonly count: number } | { readonly error: string };

function viaReference(database: ReferenceDatabase, statement: Statement): Outcome {
  try {
    const { rows, count } = database.run(statement);
    return { rows: rows.map((row) => row.map(plain)), count };
  } catch (error) {
    if (error instanceof SqlFault) return { error: error.sqlState.slice(0, 2) };
    throw error;
  }
}

async function viaEngine(database: SqlDatabase, text: string): Promise<Outcome> {
  try {
    const result = await database.run<Values>(text, [], undefined, { rowMode: 'array' });
    return { rows: [...result], count: result.count };
  } catch (error) {
    if (error instanceof VarveError && error.sqlState !== undefined) return { error: error.sqlState.slice(0, 2) };
    throw error;
  }
}

/** Rows as text, in an order that does not depend on theirs. */
function asSet(rows: readonly Values[]): string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

/** The columns that an ORDER BY of ordinals sorts by, row by row. */
function sortKeys(statement: Statement, rows: readonly Values[]): unknown[] {
  if (statement.kind !== 'select') return [];
  const ordinals = statement.orderBy.flatMap(({ expression }) =>
    expression.kind === 'literal' ? [Number(expression.value) - 1] : [],
  );
  return rows.map((row) => ordinals.map((ordinal) => row[ordinal]));
}

function expectSame(statement: Statement, actual: Outcome, expected: Outcome): void {
  const text = statementText(statement);
  if ('error' in expected || 'error' in actual) {
    expect({ text, ...actual }).toEqual({ text, ...expected });
    return;
  }
  expect({ text, count: actual.count, rows: asSet(actual.rows) }).toEqual({
    text,
    count: expected.count,
    rows: asSet(expected.rows),
  });
  expect({ text, keys: sortKeys(statement, actual.rows) }).toEqual({ text, keys: sortKeys(statement, expected.rows) });
}

describe('the engine and the reference', () => {
  test('agree on random schemas, rows, queries and changes', async () => {
    await fc.assert(
      fc.asyncProperty(workloadArbitrary, async ({ setup, statements, tables }) => {
        const store = await openMemoryStore();
        try {
          const engine = new SqlDatabase(store, {}, systemEnvironment());
          const reference = new ReferenceDatabase();
          const contents = tables.map((name) => parseStatement(`SELECT * FROM ${name} ORDER BY id`));
          for (const statement of [...setup, ...statements]) {
            const expected = viaReference(reference, statement);
            expectSame(statement, await viaEngine(engine, statementText(statement)), expected);
            if (statement.kind === 'select') continue;
            for (const content of contents.slice(0, setup.includes(statement) ? 0 : undefined)) {
              const after = await viaEngine(engine, statementText(content));
              expect({ after: statementText(statement), ...after }).toEqual({
                after: statementText(statement),
                ...viaReference(reference, content),
              });
            }
          }
          engine.close();
        } finally {
          await store.close();
        }
      }),
      propertyOptions(120),
    );
  });
});

describe('the reference itself', () => {
  const database = new ReferenceDatabase();
  for (const text of [
    'CREATE TABLE t (id integer PRIMARY KEY, g text, n integer NOT NULL, f double precision)',
    "INSERT INTO t VALUES (1, 'a', 7, 0.5), (2, 'a', 2, NULL), (3, NULL, -7, 1.5), (4, 'b', 2, 2.0)",
  ]) {
    database.run(parseStatement(text));
  }

  test.each<[string, Values[]]>([
    [
      'SELECT n / 2, n % 2, f / 2 FROM t WHERE id IN (1, 3) ORDER BY 1',
      [
        [-3, -1, 0.75],
        [3, 1, 0.25],
      ],
    ],
    ['SELECT id FROM t WHERE f > 1 ORDER BY id', [[3], [4]]],
    ['SELECT id FROM t WHERE NOT (f > 1)', [[1]]],
    ['SELECT id FROM t WHERE f NOT IN (1.5, NULL)', []],
    ['SELECT id FROM t WHERE f IN (1.5, NULL)', [[3]]],
    [
      'SELECT g, count(*), sum(n), avg(f) FROM t GROUP BY g ORDER BY g',
      [
        ['a', 2, 9, 0.5],
        ['b', 1, 2, 2],
        [null, 1, -7, 1.5],
      ],
    ],
    ['SELECT count(*), sum(n) FROM t WHERE FALSE', [[0, null]]],
    ['SELECT count(*) FROM t WHERE FALSE GROUP BY g', []],
    ['SELECT DISTINCT n FROM t ORDER BY 1 DESC LIMIT 2', [[7], [2]]],
    ['SELECT g FROM t ORDER BY g DESC NULLS LAST, id LIMIT 1', [['b']]],
    [
      'SELECT a.id, b.id FROM t a LEFT JOIN t b ON a.n = b.n AND a.id < b.id ORDER BY 1',
      [
        [1, null],
        [2, 4],
        [3, null],
        [4, null],
      ],
    ],
    ['SELECT id FROM t x WHERE EXISTS (SELECT 1 FROM t y WHERE y.n = x.n AND y.id <> x.id) ORDER BY id', [[2], [4]]],
    ["SELECT coalesce(g, 'none') || n::text FROM t WHERE id = 3", [['none-7']]],
    ['SELECT NULL IS DISTINCT FROM NULL, (NULL AND FALSE) IS FALSE, NULL OR TRUE', [[false, true, true]]],
    ["SELECT 'a😀b' LIKE 'a_b', 'AB' ILIKE 'a%', 'x' LIKE NULL", [[true, true, null]]],
  ])('%s', (text, rows) => {
    expect(viaReference(database, parseStatement(text))).toEqual({ rows, count: rows.length });
  });

  test.each([
    ["INSERT INTO t VALUES (9, 'x', 1, 1.0), (1, 'x', 1, 1.0)", '23'],
    ['UPDATE t SET n = NULL WHERE id = 4', '23'],
    ['SELECT n / (n - n) FROM t', '22'],
  ])('%s fails and changes nothing', (text, error) => {
    const before = viaReference(database, parseStatement('SELECT * FROM t'));
    expect(viaReference(database, parseStatement(text))).toEqual({ error });
    expect(viaReference(database, parseStatement('SELECT * FROM t'))).toEqual(before);
  });
});
