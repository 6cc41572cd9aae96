/** From the parsing library's exceptions to plain words: what was expected, and what the author may have meant. */

import type { IParserErrorMessageProvider, IRecognitionException, IToken, TokenType } from 'chevrotain';
import type { SqlSyntaxError } from '../../base/index.js';
import { nearNames, suggestionText } from '../values/index.js';
import { RESERVED_WORDS, UNRESERVED_WORDS } from './keywords.js';
import { foundText, placeOfOffset, placeOfToken, syntaxError } from './syntax-error.js';
import { unsupportedProblem } from './unsupported.js';

/** Messages hold only the expectation; the place and the finding are added where the text is known. */
export const expectationMessages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => `expected ${labelOf(expected)}`,
  buildNotAllInputParsedMessage: () => 'expected the end of the statement',
  buildNoViableAltMessage: ({ expectedPathsPerAlt }) => expectedOneOf(expectedPathsPerAlt.flat()),
  buildEarlyExitMessage: ({ expectedIterationPaths }) => expectedOneOf(expectedIterationPaths),
};

/** More alternatives than this say nothing to a reader. */
const LISTED_MAX = 8;

function labelOf(type: TokenType): string {
  return type.LABEL ?? type.name;
}

function expectedOneOf(paths: readonly (readonly TokenType[])[]): string {
  const labels = [...new Set(paths.flatMap(([first]) => (first === undefined ? [] : [labelOf(first)])))];
  if (labels.includes('a number') && labels.includes('CASE')) return 'expected an expression';
  const listed = labels.slice(0, LISTED_MAX);
  const last = listed.pop();
  if (last === undefined) return 'unexpected';
  const rest = labels.length > LISTED_MAX ? ', …' : '';
  return `expected ${listed.length === 0 ? last : `${listed.join(', ')} or ${last}`}${rest}`;
}

/** The error for the exception that parsing the statement `tokens` of `text` ended with. */
export function explainException(
  text: string,
  tokens: readonly IToken[],
  { token, message }: IRecognitionException,
): SqlSyntaxError {
  const index = tokens.indexOf(token);
  const last = tokens[tokens.length - 1]!;
  // A token that is none of the statement's stands for its end.
  const place = index < 0 ? placeOfOffset(text, last.startOffset + last.image.length, 0) : placeOfToken(token);
  const failedAt = index < 0 ? tokens.length : index;
  const unsupported = unsupportedProblem(tokens, failedAt);
  if (unsupported !== undefined) return syntaxError(text, { problem: unsupported, place, sqlState: '0A000' });
  const suspects = index < 0 ? [last] : [token, tokens[index - 1]];
  return syntaxError(text, { problem: `${message}, found ${foundText(place)}${keywordSuggestion(suspects)}`, place });
}

const LONG_KEYWORDS: readonly string[] = [...RESERVED_WORDS, ...UNRESERVED_WORDS].filter((word) => word.length >= 4);

/** A misspelt keyword reads as a name or alias, and the fault then shows one token later. */
function keywordSuggestion(suspects: readonly (IToken | undefined)[]): string {
  for (const suspect of suspects) {
    if (suspect?.tokenType.name !== 'PlainName' || suspect.image.length < 4) continue;
    const near = nearNames(suspect.image.toLowerCase(), LONG_KEYWORDS, 2);
    if (near.length > 0) return suggestionText(near.map((word) => word.toUpperCase()));
  }
  return '';
}
