/** What a SQL text may cost before it has proven to be sensible. */

import { LimitError } from '../../base/index.js';

export interface ParserLimits {
  /** UTF-16 code units. */
  readonly textLength: number;
  readonly tokens: number;
  /** Nesting of expressions and queries in the text; the tree made of it may have eight times as many levels. */
  readonly depth: number;
}

export const DEFAULT_PARSER_LIMITS: ParserLimits = { textLength: 1_048_576, tokens: 100_000, depth: 100 };

const UNITS: Readonly<Record<keyof ParserLimits, string>> = {
  textLength: 'code units',
  tokens: 'tokens',
  depth: 'levels',
};

/** Throws LimitError when `found` is more than `limits[name]`. */
export function checkLimit(limits: ParserLimits, name: keyof ParserLimits, found: number): void {
  if (found > limits[name]) throw LimitError.exceeded(`sql.limits.${name}`, found, limits[name], UNITS[name]);
}
