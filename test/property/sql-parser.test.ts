/** Parsing undoes printing, for any statement the grammar can express; and no text makes the parser misbehave. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LimitError, SqlSyntaxError } from '../../src/base/index.js';
import { parseScript, parseStatement } from '../../src/sql/parser/parse.js';
import { propertyOptions } from '../support/seed.js';
import { withoutSpans } from '../support/sql-reference/spans.js';
import { statementText } from '../support/sql-reference/sql-text.js';
import { statementArbitrary } from '../support/sql-reference/statement-arbitrary.js';

describe('round trip of statements', () => {
  test('a printed statement parses to the same tree', () => {
    fc.assert(
      fc.property(statementArbitrary, (statement) => {
        expect(withoutSpans(parseStatement(statementText(statement)))).toEqual(statement);
      }),
      propertyOptions(400),
    );
  });

  test('a script is the list of its statements, each where its span says', () => {
    fc.assert(
      fc.property(fc.array(statementArbitrary, { maxLength: 4 }), (statements) => {
        const text = statements.map(statementText).join(' ;\n-- between;\n');
        const parsed = parseScript(text);
        expect(parsed.map(({ statement }) => withoutSpans(statement))).toEqual(statements);
        for (const { statement, span } of parsed) {
          const slice = text.slice(span.offset, span.offset + span.length);
          expect(withoutSpans(parseStatement(slice))).toEqual(withoutSpans(statement));
        }
      }),
      propertyOptions(40),
    );
  });
});

describe('texts that are no SQL', () => {
  const fragments =
    `SELECT FROM WHERE ( ) , a b 1 'x' NOT AND = * IN BETWEEN IS CASE WHEN END JOIN ON LEFT CAST AS :: INSERT
    INTO VALUES $1 - -- /* CREATE TABLE PRIMARY KEY UPDATE SET GROUP BY ORDER LIMIT " ' . ; €`.split(/ +|\n/);
  const fragment = fc.constantFrom('\n', ...fragments);

  test('fail with a syntax error at a place inside the text, or parse', () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), (chosen) => {
        const text = chosen.join(' ');
        try {
          parseScript(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SqlSyntaxError);
          const { line, column, offset } = (error as SqlSyntaxError).facts as Record<string, number>;
          const lines = text.slice(0, offset).split('\n');
          expect([line, column]).toEqual([lines.length, lines[lines.length - 1]!.length + 1]);
          expect(offset).toBeLessThanOrEqual(text.length);
        }
      }),
      propertyOptions(1000),
    );
  });

  test('nested to any depth fail with a typed error', () => {
    const opening = fc.constantFrom(
      '(',
      'NOT ',
      '- ',
      'f(',
      'CASE WHEN ',
      '(SELECT ',
      'EXISTS (SELECT ',
      'a IN (',
      '1 + ',
    );
    fc.assert(
      fc.property(fc.array(opening, { minLength: 1, maxLength: 4 }), (openings) => {
        const limits = { textLength: 1_000_000, tokens: 1_000_000, depth: 1_000_000 };
        const fail = (): unknown => parseStatement(`SELECT ${openings.join('').repeat(3000)}`, limits);
        expect(fail).toThrow(Error);
        try {
          fail();
        } catch (error) {
          expect(error instanceof LimitError || error instanceof SqlSyntaxError).toBe(true);
        }
      }),
      propertyOptions(5),
    );
  });
});
