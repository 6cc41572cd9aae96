/** What the grammar knows about the text being parsed beyond its tokens: nesting and parameters. One per parser, reused. */

import type { IToken } from 'chevrotain';
import type { SqlSyntaxError } from '../../base/index.js';
import { checkLimit, DEFAULT_PARSER_LIMITS, type ParserLimits } from './limits.js';
import { placeOfToken, syntaxError } from './syntax-error.js';

type ParameterStyle = '$1' | '?' | ':name';

export class ParseSession {
  #text = '';
  #limits: ParserLimits = DEFAULT_PARSER_LIMITS;
  #depth = 0;
  #style: ParameterStyle | undefined;
  #questionMarks = 0;

  /** Forgets the last statement, however its parsing ended. */
  begin(text: string, limits: ParserLimits): void {
    this.#text = text;
    this.#limits = limits;
    this.#depth = 0;
    this.#style = undefined;
    this.#questionMarks = 0;
  }

  /** One level further down. Throws LimitError before the parser's own recursion could become a problem. */
  enter(): void {
    this.#depth++;
    checkLimit(this.#limits, 'depth', this.#depth);
  }

  leave(): void {
    this.#depth--;
  }

  /** The parameter's key: its number, the count of `?` so far, or its name. One statement keeps to one style. */
  parameterKey(token: IToken): number | string {
    const first = token.image[0];
    const style = first === '$' ? '$1' : first === '?' ? '?' : ':name';
    if (this.#style !== undefined && this.#style !== style) {
      throw this.fail(token, `parameters are written ${this.#style} or ${style}, not both in one statement`);
    }
    this.#style = style;
    if (style === '?') return ++this.#questionMarks;
    const written = token.image.slice(1);
    if (style === ':name') return written;
    const position = Number(written);
    // More would not fit into an array of parameters worth passing; PostgreSQL stops there too.
    if (position < 1 || position > 65_535) throw this.fail(token, 'parameters are numbered $1 … $65535');
    return position;
  }

  /** A fault that the grammar's actions find. */
  fail(token: IToken, problem: string, sqlState = '42601'): SqlSyntaxError {
    return syntaxError(this.#text, { problem, place: placeOfToken(token), sqlState });
  }
}
