/**
 * The way from SQL text to statements. The parsing library is loaded by the first call, synchronously; importing this
 * module costs nothing.
 */

import type { IToken } from 'chevrotain';
import type { SourceSpan, Statement } from '../ast/index.js';
import { loadChevrotain } from './chevrotain.js';
import { spanBetween } from './grammar.js';
import { DEFAULT_PARSER_LIMITS, type ParserLimits } from './limits.js';
import { SqlParser } from './sql-parser.js';
import { placeOfToken, syntaxError } from './syntax-error.js';

let loaded: SqlParser | undefined;

function parser(): SqlParser {
  loaded ??= new SqlParser(loadChevrotain());
  return loaded;
}

/**
 * Parses exactly one statement; a semicolon may end it. Throws SqlSyntaxError (42601, or 0A000 for known things that
 * are not supported) with line, column, token and offset as facts, and LimitError.
 */
export function parseStatement(text: string, limits: ParserLimits = DEFAULT_PARSER_LIMITS): Statement {
  const [tokens, second] = parser().split(text, limits);
  if (tokens === undefined) throw SqlParser.emptyText(text);
  // What is wrong with the first one is said first: a semicolon may be part of something that is not supported.
  const statement = parser().parse(text, tokens, limits);
  if (second !== undefined) {
    const problem = 'expected one statement, found a second one; a script goes through db.exec';
    throw syntaxError(text, { problem, place: placeOfToken(second[0]!) });
  }
  return statement;
}

export interface ScriptStatement {
  readonly statement: Statement;
  /** From the statement's first to its last token, without the semicolon. */
  readonly span: SourceSpan;
}

/** Parses all statements of a script, separated by semicolons. Nothing is returned unless all of them parse. */
export function parseScript(text: string, limits: ParserLimits = DEFAULT_PARSER_LIMITS): ScriptStatement[] {
  return parser()
    .split(text, limits)
    .map((tokens) => ({ statement: parser().parse(text, tokens, limits), span: spanOfTokens(tokens) }));
}

function spanOfTokens(tokens: readonly IToken[]): SourceSpan {
  return spanBetween(tokens[0]!, tokens[tokens.length - 1]!);
}
