import { describe, expect, test } from 'vitest';
import * as ast from '../../../../src/sql/ast/index.js';
import { parseScript, parseStatement } from '../../../../src/sql/parser/parse.js';
import { withoutSpans } from '../../../support/sql-reference/spans.js';

function parse(text: string): ast.Statement {
  return withoutSpans(parseStatement(text));
}

const { column, integerLiteral: int, name, selectAll, selectExpression, table, typeName } = ast;
const [a, b] = [column('a'), column('b')];
const star = [selectAll()];

describe('SELECT', () => {
  test('with every clause', () => {
    const text = `select distinct a, b as "B", count(*) n, t.* from t where a group by a, b having b
      order by a desc nulls last, 2 asc, b nulls first limit 10 offset $1;`;
    expect(parse(text)).toEqual(
      ast.select({
        distinct: true,
        items: [
          selectExpression(a),
          selectExpression(b, 'B'),
          selectExpression(ast.call('count', [], { star: true }), 'n'),
          selectAll('t'),
        ],
        from: table('t'),
        where: a,
        groupBy: [a, b],
        having: b,
        orderBy: [ast.orderItem(a, 'desc', 'last'), ast.orderItem(int(2)), ast.orderItem(b, 'asc', 'first')],
        limit: int(10),
        offset: ast.parameter(1),
      }),
    );
  });

  test('LIMIT and OFFSET in either order; LIMIT ALL is none', () => {
    expect(parse('SELECT a OFFSET 2 LIMIT 1')).toEqual(parse('SELECT a LIMIT 1 OFFSET 2'));
    expect(parse('SELECT a LIMIT ALL')).toEqual(parse('SELECT a'));
    expect(() => parse('SELECT a LIMIT 1 OFFSET 2 LIMIT 3')).toThrow(
      'expected the end of the statement, found "LIMIT"',
    );
  });

  test('an output name after AS may be a reserved word', () => {
    expect(parse('SELECT a AS from')).toEqual(ast.select({ items: [selectExpression(a, 'from')] }));
  });

  test('joins associate to the left, parentheses change that, and commas bind least', () => {
    const [t, u, v] = [table('t'), table('u', 'x'), table('v')];
    const parseFrom = (from: string): ast.TableReference | undefined =>
      (parse(`SELECT * FROM ${from}`) as ast.SelectStatement).from;
    expect(parseFrom('t JOIN u AS x ON a LEFT OUTER JOIN v ON b')).toEqual(
      ast.join({ join: 'left', left: ast.join({ join: 'inner', left: t, right: u, on: a }), right: v, on: b }),
    );
    expect(parseFrom('t LEFT JOIN (u x INNER JOIN v ON a) ON b')).toEqual(
      ast.join({ join: 'left', left: t, right: ast.join({ join: 'inner', left: u, right: v, on: a }), on: b }),
    );
    expect(parseFrom('t, u x CROSS JOIN v')).toEqual(
      ast.join({ join: 'cross', left: t, right: ast.join({ join: 'cross', left: u, right: v }) }),
    );
  });

  test('derived tables have an alias', () => {
    const query = ast.select({ items: [selectExpression(a)] });
    expect(parse('SELECT * FROM (SELECT a) AS d')).toEqual(
      ast.select({ items: star, from: ast.derivedTable(query, 'd') }),
    );
    expect(() => parse('SELECT * FROM (SELECT a)')).toThrow('found the end of the text');
  });
});

describe('INSERT', () => {
  test('of rows with DEFAULT, columns and RETURNING', () => {
    expect(parse('INSERT INTO t AS x (a, b) VALUES (1, DEFAULT), (a, b) RETURNING *, a AS c')).toEqual(
      ast.insert({
        table: table('t', 'x'),
        columns: [name('a'), name('b')],
        source: ast.insertValues([
          [int(1), ast.defaultValue()],
          [a, b],
        ]),
        returning: [selectAll(), selectExpression(a, 'c')],
      }),
    );
  });

  test('of a query, and of defaults', () => {
    expect(parse('INSERT INTO t SELECT a FROM u')).toEqual(
      ast.insert({
        table: table('t'),
        source: ast.insertQuery(ast.select({ items: [selectExpression(a)], from: table('u') })),
      }),
    );
    expect(parse('INSERT INTO t DEFAULT VALUES')).toEqual(
      ast.insert({ table: table('t'), source: ast.insertDefaults() }),
    );
  });
});

describe('UPDATE and DELETE', () => {
  test('take an alias, a condition and RETURNING', () => {
    expect(parse('UPDATE t x SET a = a + 1, b = DEFAULT WHERE a RETURNING b')).toEqual(
      ast.update({
        table: table('t', 'x'),
        assignments: [
          ast.assignment(name('a'), ast.binary('+', a, int(1))),
          ast.assignment(name('b'), ast.defaultValue()),
        ],
        where: a,
        returning: [selectExpression(b)],
      }),
    );
    expect(parse('DELETE FROM t AS x WHERE a RETURNING *')).toEqual(
      ast.deleteFrom({ table: table('t', 'x'), where: a, returning: star }),
    );
    expect(parse('EXPLAIN DELETE FROM t')).toEqual(ast.explain(ast.deleteFrom({ table: table('t') })));
  });
});

describe('CREATE TABLE', () => {
  function columnOf(text: string): ast.ColumnDefinition {
    return (parse(`CREATE TABLE t (${text})`) as ast.CreateTableStatement).columns[0]!;
  }

  test.each<[string, Partial<ast.ColumnDefinition>]>([
    ['c int', { type: typeName('int'), notNull: false, primaryKey: false, unique: false }],
    ['c int NULL', { notNull: false }],
    ['c int NOT NULL PRIMARY KEY', { notNull: true, primaryKey: true }],
    [
      'c varchar(9) UNIQUE DEFAULT 1 + 2 NOT NULL',
      { unique: true, defaultValue: ast.binary('+', int(1), int(2)), notNull: true },
    ],
    ['c SERIAL', { type: typeName('integer'), generated: 'by-default', notNull: true }],
    ['c bigserial PRIMARY KEY', { type: typeName('bigint'), generated: 'by-default', primaryKey: true }],
    ['c smallserial', { type: typeName('smallint'), generated: 'by-default' }],
    ['c bigint GENERATED ALWAYS AS IDENTITY', { generated: 'always', notNull: true }],
    ['c int GENERATED BY DEFAULT AS IDENTITY UNIQUE', { generated: 'by-default', unique: true }],
    ['key text', { name: name('key') }],
    ['c timestamp with time zone', { type: typeName('timestamp with time zone') }],
  ])('%s', (text, expected) => {
    expect(columnOf(text)).toMatchObject(expected);
  });

  test('keys with names and of several columns are constraints of the table', () => {
    expect(
      parse(
        'CREATE TABLE IF NOT EXISTS t (a int CONSTRAINT k UNIQUE, b int, PRIMARY KEY (a, b), CONSTRAINT u UNIQUE (b))',
      ),
    ).toEqual(
      ast.createTable({
        table: name('t'),
        ifNotExists: true,
        columns: [
          ast.columnDefinition({ name: name('a'), type: typeName('int') }),
          ast.columnDefinition({ name: name('b'), type: typeName('int') }),
        ],
        constraints: [
          ast.tableConstraint({ constraint: 'unique', name: 'k', columns: [name('a')] }),
          ast.tableConstraint({ constraint: 'primary-key', columns: [name('a'), name('b')] }),
          ast.tableConstraint({ constraint: 'unique', name: 'u', columns: [name('b')] }),
        ],
      }),
    );
  });

  test.each([
    ['c int NOT NULL NOT NULL', 'clause twice'],
    ['c int NULL NOT NULL', 'cannot be NULL as well'],
    ['c int NULL PRIMARY KEY', 'cannot be NULL as well'],
    ['c serial NULL', 'cannot be NULL as well'],
    ['c serial DEFAULT 1', 'has no DEFAULT'],
    ['c int CHECK (c > 0)', 'CHECK constraints are not supported yet'],
    ['c int REFERENCES u', 'foreign keys are not supported yet'],
    ['', 'found ")"'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => columnOf(text)).toThrow(message);
  });
});

describe('indexes and DROP', () => {
  test('an index with and without its name', () => {
    expect(parse('CREATE UNIQUE INDEX IF NOT EXISTS i ON t USING btree (a DESC, b)')).toEqual(
      ast.createIndex({
        index: name('i'),
        table: name('t'),
        unique: true,
        ifNotExists: true,
        columns: [ast.indexColumn(name('a'), 'desc'), ast.indexColumn(name('b'))],
      }),
    );
    expect(parse('CREATE INDEX ON t (a)')).toEqual(
      ast.createIndex({ table: name('t'), columns: [ast.indexColumn(name('a'))] }),
    );
    expect(() => parse('CREATE INDEX ON t USING hash (a)')).toThrow('btree');
  });

  test('DROP of several', () => {
    expect(parse('DROP TABLE IF EXISTS a, b')).toEqual(ast.dropTable([name('a'), name('b')], true));
    expect(parse('DROP INDEX i')).toEqual(ast.dropIndex([name('i')]));
    expect(() => parse('DROP TABLE t CASCADE')).toThrow('CASCADE is not supported yet');
  });
});

describe('scripts', () => {
  test('semicolons separate statements, except in strings, names and comments', () => {
    const text = `;; SELECT ';' ; -- no ; here
      /* nor ; /* nested ; */ here */ SELECT ";" FROM t;`;
    const parsed = parseScript(text);
    expect(parsed.map(({ span }) => text.slice(span.offset, span.offset + span.length))).toEqual([
      "SELECT ';'",
      'SELECT ";" FROM t',
    ]);
    expect(parsed[1]!.span.line).toBe(2);
  });

  test('an empty script has no statements', () => {
    expect(parseScript(' -- nothing\n ; ')).toEqual([]);
  });

  test('a fault in a later statement is placed in the script', () => {
    expect(() => parseScript('SELECT 1;\nSELECT FROM t')).toThrow(
      expect.objectContaining({ facts: { line: 2, column: 8, token: 'FROM', offset: 17 } }),
    );
  });
});
