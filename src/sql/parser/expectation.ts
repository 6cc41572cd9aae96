/** From the parsing library's exceptions to plain words: what was expected, and what the author may have meant. */

import type { IParserErrorMessageProvider, IRecognitionException, IToken, TokenType } from 'chevrotain';
import type { SqlSyntaxError } from '../../base/index.js';
import { nearNames, suggestionText } from '../values/index.js';
import { RESERVED_WORDS, UNRESERVED_WORDS } from './keywords.js';
import { foundText, placeOfOffset, placeOfToken, syntaxError } from './syntax-error.js';

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

/** What a later version may know; said instead of an expectation that would puzzle. */
const UNSUPPORTED: ReadonlyMap<string, string> = new Map([
  ['union', 'UNION is not supported yet'],
  ['except', 'EXCEPT is not supported yet'],
  ['intersect', 'INTERSECT is not supported yet'],
  ['right', 'RIGHT JOIN is not supported yet; swap the tables and write LEFT JOIN'],
  ['full', 'FULL JOIN is not supported yet'],
  ['natural', 'NATURAL JOIN is not supported yet; write JOIN … ON'],
  ['using', 'USING is not supported yet; write ON'],
  ['lateral', 'LATERAL is not supported yet'],
  ['with', 'WITH is not supported yet'],
  ['window', 'window functions are not supported yet'],
  ['over', 'window functions are not supported yet'],
  ['filter', 'FILTER is not supported yet; aggregate over CASE'],
  ['check', 'CHECK constraints are not supported yet'],
  ['references', 'foreign keys are not supported yet'],
  ['foreign', 'foreign keys are not supported yet'],
  ['fetch', 'FETCH is not supported yet; write LIMIT'],
  ['for', 'row locks are not supported: transactions are serializable without them'],
  ['collate', 'COLLATE is not supported yet; text is ordered by code point'],
  ['cascade', 'CASCADE is not supported yet'],
]);

/** Statements that begin with a word the grammar does not know. */
const UNSUPPORTED_STATEMENTS: ReadonlyMap<string, string> = new Map([
  ...['begin', 'start', 'commit', 'end', 'rollback', 'abort', 'savepoint', 'release'].map((word): [string, string] => [
    word,
    `${word.toUpperCase()} is not a statement here: use db.transaction(async (tx) => …) and tx.savepoint`,
  ]),
  ...['with', 'alter', 'truncate', 'merge', 'copy', 'grant', 'revoke', 'vacuum', 'analyze', 'values', 'table'].map(
    (word): [string, string] => [word, `${word.toUpperCase()} statements are not supported yet`],
  ),
]);

/** The error for a statement whose first token tells that it cannot be parsed; undefined for any other. */
export function unsupportedStatement(text: string, first: IToken): SqlSyntaxError | undefined {
  const problem = UNSUPPORTED_STATEMENTS.get(first.image.toLowerCase());
  if (problem === undefined) return undefined;
  return syntaxError(text, { problem, place: placeOfToken(first), sqlState: '0A000' });
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
  const suspects = index < 0 ? [last] : [token, tokens[index - 1]];
  const unsupported = suspects.map(unsupportedWord).find((words) => words !== undefined);
  if (unsupported !== undefined) return syntaxError(text, { problem: unsupported, place, sqlState: '0A000' });
  return syntaxError(text, { problem: `${message}, found ${foundText(place)}${keywordSuggestion(suspects)}`, place });
}

function unsupportedWord(token: IToken | undefined): string | undefined {
  return token === undefined ? undefined : UNSUPPORTED.get(token.image.toLowerCase());
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
