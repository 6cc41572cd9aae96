import { describe, expect, test } from 'vitest';
import * as ast from '../../../../src/sql/ast/index.js';
import { parseStatement } from '../../../../src/sql/parser/parse.js';
import { withoutSpans } from '../../../support/sql-reference/spans.js';

/** The tree of one expression, without places. */
function parse(text: string): ast.Expression {
  const statement = parseStatement(`SELECT ${text}`) as ast.SelectStatement;
  const [item] = statement.items;
  if (statement.items.length !== 1 || item?.kind !== 'select-expression' || item.alias !== undefined) {
    throw new Error(`not one expression: ${text}`);
  }
  return withoutSpans(item.expression);
}

const { binary, column, integerLiteral: int, stringLiteral: str, typeName, unary } = ast;
const [a, b, c] = [column('a'), column('b'), column('c')];

describe('precedence', () => {
  test.each([
    ['a + b * c', 'a + (b * c)'],
    ['a - b - c', '(a - b) - c'],
    ['a * b / c % a', '((a * b) / c) % a'],
    ['a || b + c', 'a || (b + c)'],
    ['a || b || c', '(a || b) || c'],
    ['-a * b', '(-a) * b'],
    ['-a::int', '-(a::int)'],
    ['a + b::int', 'a + (b::int)'],
    ['a < b + c', 'a < (b + c)'],
    ['a || b LIKE c', '(a || b) LIKE c'],
    ['a LIKE b = c', '(a LIKE b) = c'],
    ['a = b IS NULL', '(a = b) IS NULL'],
    ['a IS NULL = b', '(a IS NULL) = b'],
    ['a IS NULL IS NOT TRUE', '(a IS NULL) IS NOT TRUE'],
    ['NOT a = b', 'NOT (a = b)'],
    ['NOT a IS NULL', 'NOT (a IS NULL)'],
    ['NOT NOT a', 'NOT (NOT a)'],
    ['NOT a AND b', '(NOT a) AND b'],
    ['a OR b AND c', 'a OR (b AND c)'],
    ['a AND b OR c', '(a AND b) OR c'],
    ['a BETWEEN b AND c AND a', '(a BETWEEN b AND c) AND a'],
    ['a BETWEEN b + 1 AND c * 2 OR b', '(a BETWEEN (b + 1) AND (c * 2)) OR b'],
    ['a NOT IN (b, c) AND a', '(a NOT IN (b, c)) AND a'],
    ['a IS NOT DISTINCT FROM b AND c', '(a IS NOT DISTINCT FROM b) AND c'],
    ['a = b OR c', '(a = b) OR c'],
  ])('%s reads as %s', (text, parenthesized) => {
    expect(parse(text)).toEqual(parse(parenthesized));
  });

  test('AND and OR chains are one node each, in parentheses or not', () => {
    expect(parse('a AND (b AND c) AND a')).toEqual(ast.logical('and', [a, b, c, a]));
    expect(parse('a OR b OR c')).toEqual(ast.logical('or', [a, b, c]));
  });

  test('a comparison does not chain', () => {
    expect(() => parse('a < b < c')).toThrow('expected the end of the statement, found "<"');
  });
});

describe('literals', () => {
  test.each<[string, ast.Expression]>([
    ['42', int(42)],
    ['-42', int(-42)],
    ['- 42', int(-42)],
    ['-(42)', unary('-', int(42))],
    ['-42::int', unary('-', ast.cast(int(42), typeName('int')))],
    ['- -42', unary('-', int(-42))],
    ['9007199254740993', int(9_007_199_254_740_993n)],
    ['-9223372036854775808', int(-(2n ** 63n))],
    ['9223372036854775808', int(2n ** 63n)],
    [`${'0'.repeat(120)}9223372036854775807`, int(2n ** 63n - 1n)],
    ['1.50', ast.floatLiteral(1.5)],
    ['.5', ast.floatLiteral(0.5)],
    ['5.', ast.floatLiteral(5)],
    ['-1e-3', ast.floatLiteral(-0.001)],
    ["'it''s'", str("it's")],
    ["''", str('')],
    ["'two\nlines'", str('two\nlines')],
    ['TRUE', ast.booleanLiteral(true)],
    ['null', ast.nullLiteral()],
    ["X'00fF'", ast.bytesLiteral(Uint8Array.of(0, 255))],
    ["DATE '2024-01-01'", ast.cast(str('2024-01-01'), typeName('date'))],
    ["timestamp with time zone 'now'", ast.cast(str('now'), typeName('timestamp with time zone'))],
    ["TIMESTAMP '2024-01-01'", ast.cast(str('2024-01-01'), typeName('timestamp'))],
    ['CURRENT_TIMESTAMP', ast.call('now', [])],
    ['current_date', ast.call('current_date', [])],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test.each([
    ["X'0'", 'even number of hexadecimal digits'],
    ["X'zz'", 'even number of hexadecimal digits'],
    ['1e999', 'too large'],
    ['12abc', 'number with letters'],
    ["'\ud800'", 'unpaired surrogate'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

describe('names', () => {
  test.each<[string, ast.Expression]>([
    ['Abc', column('abc')],
    ['"Abc"', column('Abc')],
    ['"a""b"', column('a"b')],
    ['T."C"', column('C', 't')],
    ['t.select', column('select', 't')],
    ['"select"', column('select')],
    ['key', column('key')],
    ['date', column('date')],
    ['timestamp', column('timestamp')],
    ['naïve_1$', column('naïve_1$')],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test('an empty quoted name is refused', () => {
    expect(() => parse('""')).toThrow('quoted name is empty');
  });
});

describe('predicates, casts and calls', () => {
  test.each<[string, ast.Expression]>([
    ['a != b', binary('<>', a, b)],
    ['a IS UNKNOWN', ast.isTest(a, 'unknown')],
    ['a IS NOT TRUE', ast.isTest(a, 'true', true)],
    ['a IS DISTINCT FROM b', ast.isDistinct(a, b)],
    ['a IN (1)', ast.inList(a, [int(1)])],
    ['a NOT BETWEEN 1 AND 2', ast.between(a, { low: int(1), high: int(2) }, true)],
    ["a NOT ILIKE b ESCAPE '!'", ast.like(a, b, { escape: str('!'), caseInsensitive: true, negated: true })],
    ['CASE WHEN a THEN 1 END', ast.caseExpression({ branches: [{ when: a, result: int(1) }] })],
    [
      'CASE a WHEN b THEN 1 WHEN c THEN 2 ELSE 3 END',
      ast.caseExpression({
        operand: a,
        branches: [
          { when: b, result: int(1) },
          { when: c, result: int(2) },
        ],
        otherwise: int(3),
      }),
    ],
    ['a::varchar(5)::TEXT', ast.cast(ast.cast(a, typeName('varchar', [5])), typeName('text'))],
    ['CAST(a AS double precision)', ast.cast(a, typeName('double precision'))],
    ['CAST(a AS CHARACTER VARYING(3))', ast.cast(a, typeName('character varying', [3]))],
    ['a::timestamp without time zone', ast.cast(a, typeName('timestamp without time zone'))],
    ['Lower(a)', ast.call('lower', [a])],
    ['now()', ast.call('now', [])],
    ['COUNT(*)', ast.call('count', [], { star: true })],
    ['count(ALL a)', ast.call('count', [a])],
    ['count(DISTINCT a)', ast.call('count', [a], { distinct: true })],
    ['EXTRACT(YEAR FROM a)', ast.call('extract', [str('year'), a])],
    ["extract('doy' from a)", ast.call('extract', [str('doy'), a])],
    ['substring(a FROM 2 FOR 3)', ast.call('substring', [a, int(2), int(3)])],
    ['substring(a FROM 2)', ast.call('substring', [a, int(2)])],
    ['substring(a, 2)', ast.call('substring', [a, int(2)])],
    ['TRIM(a)', ast.call('trim', [a])],
    ["TRIM(LEADING 'x' FROM a)", ast.call('ltrim', [a, str('x')])],
    ['TRIM(TRAILING FROM a)', ast.call('rtrim', [a])],
    ["TRIM(BOTH 'x' FROM a)", ast.call('trim', [a, str('x')])],
  ])('%s', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test.each([
    ['lower(a FROM b)', 'FROM does not belong here in a call of lower'],
    ['lower(LEADING a)', 'LEADING does not belong here'],
    ['substring(a FOR 3)', 'FOR does not belong here'],
    ['extract(1 + 1 FROM a)', 'FROM does not belong here'],
    ['trim()', undefined],
  ])('%s', (text, message) => {
    if (message === undefined) expect(parse(text)).toEqual(ast.call('trim', []));
    else expect(() => parse(text)).toThrow(message);
  });

  test('subqueries', () => {
    const query = ast.select({ items: [ast.selectExpression(int(1))] });
    expect(parse('(SELECT 1)')).toEqual(ast.subquery(query));
    expect(parse('((SELECT 1))')).toEqual(ast.subquery(query));
    expect(parse('NOT EXISTS (SELECT 1)')).toEqual(ast.not(ast.exists(query)));
    expect(parse('a NOT IN (SELECT 1)')).toEqual(ast.inSubquery(a, query, true));
  });
});

describe('parameters', () => {
  test('are numbered, counted or named', () => {
    expect(parse('$2 + $1')).toEqual(binary('+', ast.parameter(2), ast.parameter(1)));
    expect(parse('? + ?')).toEqual(binary('+', ast.parameter(1), ast.parameter(2)));
    expect(parse(':Age + :age::int')).toEqual(
      binary('+', ast.parameter('Age'), ast.cast(ast.parameter('age'), typeName('int'))),
    );
  });

  test('of each statement are counted anew', () => {
    expect(parse('?')).toEqual(ast.parameter(1));
    expect(parse('?')).toEqual(ast.parameter(1));
  });

  test.each([
    ['$1 + ?', 'not both'],
    [':a + $1', 'not both'],
    ['$0', '$1 … $65535'],
    ['$65536', '$1 … $65535'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});

describe('places', () => {
  test('nodes know where they stood', () => {
    const statement = parseStatement('SELECT\n  a + lower(b),\n  t.c::int') as ast.SelectStatement;
    const [first, second] = statement.items as ast.SelectExpression[];
    const sum = first!.expression as ast.BinaryExpression;
    expect(sum.span).toEqual({ line: 2, column: 5, offset: 11, length: 1 });
    expect(sum.left.span).toEqual({ line: 2, column: 3, offset: 9, length: 1 });
    expect(sum.right.span).toEqual({ line: 2, column: 7, offset: 13, length: 8 });
    expect(second!.expression.span).toEqual({ line: 3, column: 3, offset: 25, length: 8 });
    expect(statement.span).toEqual({ line: 1, column: 1, offset: 0, length: 33 });
  });
});
