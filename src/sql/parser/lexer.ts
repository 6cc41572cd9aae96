/** Text to tokens: names become keywords, malformed tokens become errors. */

import type { IToken, Lexer } from 'chevrotain';
import type { Chevrotain } from './chevrotain.js';
import { checkLimit, type ParserLimits } from './limits.js';
import { foundText, placeOfOffset, placeOfToken, syntaxError } from './syntax-error.js';
import type { TokenVocabulary } from './token-vocabulary.js';
import { unsupportedOperator } from './unsupported.js';

export class SqlLexer {
  readonly #lexer: Lexer;
  readonly #vocabulary: TokenVocabulary;

  constructor({ Lexer }: Chevrotain, vocabulary: TokenVocabulary) {
    this.#vocabulary = vocabulary;
    this.#lexer = new Lexer(vocabulary.all, { positionTracking: 'onlyStart', ensureOptimizations: true });
  }

  /** Throws SqlSyntaxError for the first character or token that cannot be, LimitError for a text too long. */
  tokenize(text: string, limits: ParserLimits): IToken[] {
    checkLimit(limits, 'textLength', text.length);
    const { tokens, errors } = this.#lexer.tokenize(text);
    const [error] = errors;
    for (const token of tokens) {
      if (error !== undefined && token.startOffset > error.offset) break;
      this.#refine(text, token);
    }
    if (error !== undefined) {
      const place = placeOfOffset(text, error.offset, text.codePointAt(error.offset)! > 0xffff ? 2 : 1);
      const unsupported = unsupportedOperator(text, error.offset);
      if (unsupported !== undefined) throw syntaxError(text, { problem: unsupported, place, sqlState: '0A000' });
      throw syntaxError(text, { problem: `unexpected character ${foundText(place)}`, place });
    }
    checkLimit(limits, 'tokens', tokens.length);
    return tokens;
  }

  #refine(text: string, token: IToken): void {
    const { keywordOf, malformed, plainName } = this.#vocabulary;
    if (token.tokenType === plainName) {
      const keyword = keywordOf.get(token.image.toLowerCase());
      if (keyword === undefined) return;
      token.tokenType = keyword;
      token.tokenTypeIdx = keyword.tokenTypeIdx!;
      return;
    }
    const problem = malformed.get(token.tokenType);
    if (problem !== undefined) throw syntaxError(text, { problem, place: placeOfToken(token) });
  }
}
