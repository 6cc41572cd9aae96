import { describe, expect, test } from 'vitest';
import { LimitError, SqlSyntaxError } from '../../../../src/base/index.js';
import { DEFAULT_PARSER_LIMITS, type ParserLimits } from '../../../../src/sql/parser/limits.js';
import { parseScript, parseStatement } from '../../../../src/sql/parser/parse.js';

function errorOf(text: string): SqlSyntaxError {
  try {
    parseStatement(text);
  } catch (error) {
    if (error instanceof SqlSyntaxError) return error;
    throw error;
  }
  throw new Error(`parsed: ${text}`);
}

describe('syntax errors', () => {
  test('carry the place as facts, and draw it', () => {
    const error = errorOf('SELECT a,\n\tb c d\nFROM t');
    expect(error).toMatchObject({
      code: 'VARVE_SQL_SYNTAX',
      sqlState: '42601',
      facts: { line: 2, column: 6, token: 'd', offset: 15 },
    });
    expect(error.message).toBe(
      'line 2, column 6: expected the end of the statement, found "d"\n2 | \tb c d\n    \t    ^',
    );
  });

  test('at the end of the text point behind it', () => {
    const error = errorOf('SELECT a FROM');
    expect(error.facts).toEqual({ line: 1, column: 14, token: '', offset: 13 });
    expect(error.message).toContain('expected a name or "(", found the end of the text');
    expect(error.message.endsWith(`\n${' '.repeat(4 + 13)}^`)).toBe(true);
  });

  test('at the end of a statement point behind that, not behind its semicolon', () => {
    expect(errorOf('SELECT a FROM ;').facts).toMatchObject({ offset: 13 });
  });

  test('show a window of a long line', () => {
    const error = errorOf(`SELECT ${'1 + '.repeat(100)}) ${'x'.repeat(300)}`);
    const [, excerpt, caret] = error.message.split('\n') as [string, string, string];
    expect(excerpt.length).toBeLessThan(140);
    expect(excerpt[caret.indexOf('^')]).toBe(')');
  });

  test('underline the whole token', () => {
    expect(errorOf('SELECT 1 FROM t WHERE order').message).toContain('^^^^^');
  });

  test.each([
    ['SELEC 1', 'did you mean SELECT?'],
    ['SELECT a FORM t', 'did you mean FROM?'],
    ['SELECT a FROM t WHER b', 'did you mean WHEN or WHERE?'],
    ['INSERT INTO t VALEUS (1)', 'did you mean VALUES?'],
    ['DELETE t', 'expected FROM, found "t"'],
    ['SELECT (1', 'expected ")", found the end of the text'],
    ['SELECT 1 +', 'expected an expression'],
    ['UPDATE t SET a', 'expected "=", found the end of the text'],
    ['CREATE VEW v', 'expected TABLE, UNIQUE or INDEX, found "VEW"'],
    ['', 'expected a statement, found the end of the text'],
    ['  -- only a comment', 'expected a statement'],
    ['SELECT 1; SELECT 2', 'a script goes through db.exec'],
  ])('%s: %s', (text, message) => {
    expect(errorOf(text).message).toContain(message);
    expect(errorOf(text).sqlState).toBe('42601');
  });

  test.each([
    ["SELECT 'abc", "string without its closing '", 7],
    ['SELECT "abc', 'quoted name without its closing "', 7],
    ['SELECT 1 /* a /* b */', 'comment without its closing */', 9],
    ['SELECT 1 # 2', 'unexpected character "#"', 9],
    ['SELECT \\', 'unexpected character "\\"', 7],
  ])('%s: %s', (text, message, offset) => {
    expect(errorOf(text).message).toContain(message);
    expect(errorOf(text).facts['offset']).toBe(offset);
  });

  test.each([
    ['BEGIN', 'db.transaction'],
    ['start transaction', 'db.transaction'],
    ['COMMIT', 'db.transaction'],
    ['ROLLBACK TO x', 'db.transaction'],
    ['ALTER TABLE t ADD c int', 'ALTER statements are not supported yet'],
    ['WITH x AS (SELECT 1) SELECT 2', 'WITH statements are not supported yet'],
    ['SELECT 1 UNION SELECT 2', 'UNION is not supported yet'],
    ['SELECT * FROM t RIGHT JOIN u ON a', 'RIGHT JOIN is not supported yet'],
    ['SELECT * FROM t JOIN u USING (a)', 'USING is not supported yet; write ON'],
    ['SELECT * FROM t NATURAL JOIN u', 'NATURAL JOIN is not supported yet'],
    ['SELECT sum(a) OVER (ORDER BY b)', 'window functions are not supported yet'],
    ['SELECT a FROM t FOR UPDATE', 'row locks are not supported'],
  ])('%s says: %s', (text, message) => {
    expect(errorOf(text).message).toContain(message);
    expect(errorOf(text).sqlState).toBe('0A000');
  });

  test('leave the parser usable', () => {
    errorOf('SELECT ((((');
    expect(parseStatement('SELECT 1').kind).toBe('select');
  });
});

describe('limits', () => {
  function limitOf(text: string, limits: Partial<ParserLimits>): unknown {
    try {
      parseScript(text, { ...DEFAULT_PARSER_LIMITS, ...limits });
      return undefined;
    } catch (error) {
      if (error instanceof LimitError) return error.facts['limit'];
      throw error;
    }
  }

  test.each<[string, Partial<ParserLimits>, string]>([
    ['SELECT 1', { textLength: 7 }, 'sql.limits.textLength'],
    ['SELECT 1', { tokens: 1 }, 'sql.limits.tokens'],
    ['SELECT (((1)))', { depth: 4 }, 'sql.limits.depth'],
    ['SELECT (SELECT 1)', { depth: 3 }, 'sql.limits.depth'],
    ['SELECT * FROM ((((t))))', { depth: 4 }, 'sql.limits.depth'],
  ])('%s with %o meets %s', (text, limits, limit) => {
    expect(limitOf(text, limits)).toBe(limit);
    const [[key, value]] = Object.entries(limits) as [[keyof ParserLimits, number]];
    expect(limitOf(text, { [key]: value + 1 })).toBeUndefined();
  });

  test.each([
    ['sums', `SELECT 1${' + 1'.repeat(1000)}`],
    ['casts', `SELECT 1${'::int'.repeat(1000)}`],
    ['signs', `SELECT ${'- '.repeat(1000)}a`],
    ['NOTs', `SELECT ${'NOT '.repeat(1000)}a`],
    ['IS tests', `SELECT a${' IS NULL'.repeat(1000)}`],
    ['joins', `SELECT * FROM t${' CROSS JOIN t'.repeat(1000)}`],
    ['commas', `SELECT * FROM t${', t'.repeat(1000)}`],
  ])('a chain of %s is as deep as it is long', (_, text) => {
    expect(limitOf(text, { depth: 100 })).toBe('sql.limits.depth');
    expect(limitOf(text, { depth: 200 })).toBeUndefined();
  });

  test.each([
    ['conditions', `SELECT a${' AND a'.repeat(5000)}`],
    ['alternatives', `SELECT a${' OR a'.repeat(5000)}`],
    ['list members', `SELECT a IN (1${', 1'.repeat(5000)})`],
    ['rows', `INSERT INTO t VALUES (1)${', (1)'.repeat(5000)}`],
  ])('many %s are not deep', (_, text) => {
    expect(limitOf(text, { depth: 10 })).toBeUndefined();
  });

  test('the error counts in the unit of the option, and says the number that it has', () => {
    const limits = { ...DEFAULT_PARSER_LIMITS, depth: 100 };
    const parse = () => parseScript(`SELECT 1${' + 1'.repeat(1000)}`, limits);
    expect(parse).toThrow('sql.limits.depth exceeded: 126 levels, at most 100 levels are allowed');
    expect(() => parseScript(`SELECT ${'('.repeat(200)}`, limits)).toThrow('at most 100 levels');
  });

  test('a limit beyond the stack ends in a typed error all the same', () => {
    expect(limitOf(`SELECT ${'('.repeat(100_000)}`, { depth: 1_000_000, tokens: 1_000_000 })).toBe('sql.limits.depth');
  });
});
