/** Lexer and grammar put together; built once per process, when the first SQL text arrives. */

import type { IToken, TokenType } from 'chevrotain';
import { LimitError } from '../../base/index.js';
import type { Statement } from '../ast/index.js';
import type { Chevrotain } from './chevrotain.js';
import { expectationMessages, explainException } from './expectation.js';
import type { Grammar, SharedRules } from './grammar.js';
import { SqlLexer } from './lexer.js';
import type { ParserLimits } from './limits.js';
import { ParseSession } from './parse-session.js';
import { placeOfOffset, syntaxError } from './syntax-error.js';
import { createVocabulary } from './token-vocabulary.js';
import { defineGrammar } from './statement-grammar.js';
import { treeDepth } from './tree-depth.js';
import { unsupportedStatement } from './unsupported.js';

/** The parts of the library's parser that drive it, beside those that define the grammar. */
interface ParserEngine extends Grammar {
  input: IToken[];
  readonly errors: readonly import('chevrotain').IRecognitionException[];
  performSelfAnalysis(): void;
}

export class SqlParser {
  readonly #lexer: SqlLexer;
  readonly #engine: ParserEngine;
  readonly #semicolon: TokenType;
  readonly #session = new ParseSession();
  readonly #rules: SharedRules;

  constructor(library: Chevrotain) {
    const tokens = createVocabulary(library);
    this.#semicolon = tokens.semicolon;
    this.#lexer = new SqlLexer(library, tokens);
    // The library declares its grammar methods protected, for grammars that are subclasses; ours is a set of functions.
    this.#engine = new library.EmbeddedActionsParser(tokens.all, {
      maxLookahead: 2,
      recoveryEnabled: false,
      errorMessageProvider: expectationMessages,
    }) as unknown as ParserEngine;
    const rules = {} as SharedRules;
    defineGrammar({ grammar: this.#engine, tokens, session: this.#session, rules });
    this.#engine.performSelfAnalysis();
    this.#rules = rules;
  }

  /** The tokens of each statement of a script, without semicolons; empty statements are left out. */
  split(text: string, limits: ParserLimits): IToken[][] {
    const statements: IToken[][] = [[]];
    for (const token of this.#lexer.tokenize(text, limits)) {
      if (token.tokenType === this.#semicolon) statements.push([]);
      else statements[statements.length - 1]!.push(token);
    }
    return statements.filter((tokens) => tokens.length > 0);
  }

  /** Parses the tokens of one statement of `text`; at least one. */
  parse(text: string, tokens: IToken[], limits: ParserLimits): Statement {
    const unsupported = unsupportedStatement(text, tokens[0]!);
    if (unsupported !== undefined) throw unsupported;
    this.#session.begin(text, limits);
    this.#engine.input = tokens;
    const statement = this.#descend(limits);
    const [exception] = this.#engine.errors;
    if (exception !== undefined) throw explainException(text, tokens, exception);
    checkTree(statement, tokens.length, limits);
    return statement;
  }

  /** The depth limit ends the recursion, unless it was set higher than this thread's stack can bear. */
  #descend(limits: ParserLimits): Statement {
    try {
      return this.#rules.statement.call(this.#engine);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new LimitError(
        `SQL text nested too deeply for the stack of this thread (sql.limits.depth is ${limits.depth})`,
        {
          sqlState: '54001',
          cause,
          facts: { limit: 'sql.limits.depth', max: limits.depth, unit: 'levels' },
        },
      );
    }
  }

  /** A text without any statement. */
  static emptyText(text: string): Error {
    const place = placeOfOffset(text, text.length, 0);
    return syntaxError(text, { problem: 'expected a statement, found the end of the text', place });
  }
}

/** One level of nesting in the text makes a few levels of nodes: so many levels of the tree count as one of the text. */
const TREE_LEVELS_PER_TEXT_LEVEL = 8;

/** Chains such as `1 + 1 + …` make deep trees without nesting in the text. Fewer tokens than levels cannot be too deep. */
function checkTree(statement: Statement, tokens: number, { depth }: ParserLimits): void {
  if (tokens <= depth * TREE_LEVELS_PER_TEXT_LEVEL) return;
  const found = Math.ceil(treeDepth(statement) / TREE_LEVELS_PER_TEXT_LEVEL);
  if (found > depth) throw LimitError.exceeded('sql.limits.depth', found, depth, 'levels');
}
