/**
 * What SQL has and this dialect does not (yet): recognised where parsing fails, so that the error says so, 0A000, instead of
 * naming an expectation that would puzzle.
 */

import type { IToken } from 'chevrotain';
import type { SqlSyntaxError } from '../../base/index.js';
import { placeOfToken, syntaxError } from './syntax-error.js';

const ONE_SCHEMA = 'schema-qualified names are not supported: there is one schema, and no system catalog';
const EXPRESSION_INDEX = 'indexes on expressions are not supported yet';
const ARRAYS = 'arrays are not supported';
const ROWS = 'row values are not supported yet; compare column by column';
const QUANTIFIED = 'ANY, SOME and ALL are not supported yet; write IN (…), or EXISTS (SELECT …)';

/**
 * `[statement, words, problem]`: parsing fails at the word marked `^` (or, where the mark stands alone, at whatever follows),
 * in a statement that begins so (`''`: in any). `*` is any word.
 */
const PATTERNS: readonly (readonly [statement: string, words: string, problem: string])[] = [
  ['insert', '^on conflict', 'ON CONFLICT is not supported yet'],
  ['insert', '^on duplicate', 'ON DUPLICATE KEY is not supported'],
  ['insert', 'insert ^or', 'INSERT OR … is not supported'],
  ['insert', '^overriding', 'OVERRIDING is not supported yet'],
  ['update', '^from', 'UPDATE … FROM is not supported yet; use subqueries in SET and WHERE'],
  ['update', 'set ^(', 'assigning several columns at once is not supported yet; write SET a = …, b = …'],
  ['delete', '^using', 'DELETE … USING is not supported yet; use a subquery in WHERE'],
  ['', 'distinct ^on', 'DISTINCT ON is not supported yet'],
  ['create index', '^where', 'partial indexes are not supported yet'],
  ['create index', '^include', 'INCLUDE is not supported yet'],
  ['create index', '^nulls', 'NULLS FIRST and LAST are not supported in an index'],
  ['create index', '( ^(', EXPRESSION_INDEX],
  ['create index', '( * ^(', EXPRESSION_INDEX],
  ['create index', ', ^(', EXPRESSION_INDEX],
  ['create index', ', * ^(', EXPRESSION_INDEX],
  ['create index', '* ^+', EXPRESSION_INDEX],
  ['create index', '* ^-', EXPRESSION_INDEX],
  ['create index', '* ^||', EXPRESSION_INDEX],
  ['create index', 'concurrently ^', 'CONCURRENTLY is not supported'],
  ['create table', '^as', 'CREATE TABLE … AS is not supported yet; create the table, then INSERT … SELECT'],
  ['create table', 'as ^(', 'computed columns are not supported yet'],
  ['create table', '^exclude', 'EXCLUDE constraints are not supported'],
  ['create table', '^inherits', 'INHERITS is not supported'],
  ['create table', '^partition', 'partitions are not supported'],
  ['create table', '^tablespace', 'tablespaces are not supported'],
  ['create table', '^like', 'CREATE TABLE … LIKE is not supported yet'],
  ['create table', '^deferrable', 'deferred constraints are not supported yet'],
  ['explain', 'explain ^analyze', 'EXPLAIN ANALYZE is not supported yet'],
  ['explain', 'explain ^verbose', 'options of EXPLAIN are not supported'],
  ['explain', 'explain ^(', 'options of EXPLAIN are not supported'],
  ['', 'any ( ^', QUANTIFIED],
  ['', 'some ( ^', QUANTIFIED],
  ['', '= ^all', QUANTIFIED],
  ['', '<> ^all', QUANTIFIED],
  ['', '!= ^all', QUANTIFIED],
  ['', '< ^all', QUANTIFIED],
  ['', '<= ^all', QUANTIFIED],
  ['', '> ^all', QUANTIFIED],
  ['', '>= ^all', QUANTIFIED],
  ['', 'like ^all', QUANTIFIED],
  ['', 'array ( ^', ARRAYS],
  ['', '- ^>', 'the JSON operators -> and ->> are not supported yet'],
  ['', '* . * ^.', ONE_SCHEMA],
  ['', '* . * ^(', ONE_SCHEMA],
  ['', '* ^. *', ONE_SCHEMA],
  ['', '^left (', 'the function left is not supported; write substring(text FROM 1 FOR n)'],
  ['', '^right (', 'the function right is not supported; write substring(text FROM n)'],
  ['', 'position ( * in ^*', 'the function position is not supported; write LIKE'],
  ['select', '( * ^,', ROWS],
  ['insert', '( * ^,', ROWS],
  ['update', '( * ^,', ROWS],
  ['delete', '( * ^,', ROWS],
  ['', 'from * ^(', 'functions in FROM are not supported yet'],
  ['', 'join * ^(', 'functions in FROM are not supported yet'],
  ['', 'from ( ^values', 'VALUES is supported in INSERT only'],
  ['', 'at ^time', 'AT TIME ZONE is not supported: times are UTC'],
  ['', '^similar', 'SIMILAR TO is not supported; write LIKE'],
  ['', 'grouping ^', 'GROUPING SETS is not supported yet'],
  ['', '^within', 'WITHIN GROUP is not supported yet'],
  ['', '^tablesample', 'TABLESAMPLE is not supported'],
  ['', '^rows', 'ROWS is not supported; write LIMIT n OFFSET m'],
  ['', '^union', 'UNION is not supported yet'],
  ['', '^except', 'EXCEPT is not supported yet'],
  ['', '^intersect', 'INTERSECT is not supported yet'],
  ['', '^right', 'RIGHT JOIN is not supported yet; swap the tables and write LEFT JOIN'],
  ['', '^full', 'FULL JOIN is not supported yet'],
  ['', 'full ^', 'FULL JOIN is not supported yet'],
  ['', '^natural', 'NATURAL JOIN is not supported yet; write JOIN … ON'],
  ['', '^using', 'USING is not supported yet; write ON'],
  ['', '^lateral', 'LATERAL is not supported yet'],
  ['', '^with', 'WITH is not supported yet'],
  ['', '^window', 'window functions are not supported yet'],
  ['', '^over', 'window functions are not supported yet'],
  ['', 'over ^', 'window functions are not supported yet'],
  ['', '^filter', 'FILTER is not supported yet; aggregate over CASE'],
  ['', 'filter ^', 'FILTER is not supported yet; aggregate over CASE'],
  ['', '^check', 'CHECK constraints are not supported yet'],
  ['', '^references', 'foreign keys are not supported yet'],
  ['', '^foreign', 'foreign keys are not supported yet'],
  ['', '^fetch', 'FETCH is not supported yet; write LIMIT'],
  ['', '^for', 'row locks are not supported: transactions are serializable without them'],
  ['', '^collate', 'COLLATE is not supported yet; text is ordered by code point'],
  ['', '^cascade', 'CASCADE is not supported yet'],
];

/** What can stand after CREATE and DROP in PostgreSQL and is not a table or an index. */
const UNSUPPORTED_OBJECTS: ReadonlySet<string> = new Set(
  `aggregate cast collation conversion database domain event extension foreign function global group language local
  materialized operator or policy procedure publication role routine rule schema sequence server statistics subscription
  tablespace temp temporary text transform trigger type unlogged user view virtual`.split(/\s+/),
);

/** Statements that begin with a word the grammar does not know. */
const UNSUPPORTED_STATEMENTS: ReadonlyMap<string, string> = new Map([
  ...['begin', 'start', 'commit', 'end', 'rollback', 'abort', 'savepoint', 'release'].map((word): [string, string] => [
    word,
    `${word.toUpperCase()} is not a statement here: use db.transaction(async (tx) => …) and tx.savepoint`,
  ]),
  ...`alter analyze attach call cluster comment copy deallocate declare detach discard do execute fetch grant import listen
    load lock merge move notify pragma prepare reassign refresh reindex replace reset revoke set show table truncate unlisten
    use vacuum values with`
    .split(/\s+/)
    .map((word): [string, string] => [word, `${word.toUpperCase()} statements are not supported yet`]),
  ['(', 'a statement in parentheses is not supported'],
]);

interface Pattern {
  readonly statement: string;
  readonly words: readonly string[];
  /** Index of the word at which parsing fails; the number of words when that is whatever follows. */
  readonly at: number;
  readonly problem: string;
}

const COMPILED: readonly Pattern[] = PATTERNS.map(([statement, words, problem]) => {
  const marked = words.split(' ');
  const at = marked.findIndex((word) => word.startsWith('^'));
  const bare = marked.map((word) => (word.startsWith('^') ? word.slice(1) : word)).filter((word) => word !== '');
  return { statement, words: bare, at, problem };
});

/** The error for a statement whose first token tells that it cannot be parsed; undefined for any other. */
export function unsupportedStatement(text: string, first: IToken): SqlSyntaxError | undefined {
  const problem = UNSUPPORTED_STATEMENTS.get(wordOf(first));
  if (problem === undefined) return undefined;
  return syntaxError(text, { problem, place: placeOfToken(first), sqlState: '0A000' });
}

/** What is not supported, when that is why parsing `tokens` failed at the token of this index (or at their end). */
export function unsupportedProblem(tokens: readonly IToken[], failedAt: number): string | undefined {
  const object = unsupportedObject(tokens, failedAt);
  if (object !== undefined) return object;
  const statement = statementOf(tokens);
  const isExplained = wordOf(tokens[0]) === 'explain';
  return COMPILED.find(
    (pattern) =>
      (pattern.statement === '' ||
        pattern.statement === statement ||
        (isExplained && pattern.statement === 'explain')) &&
      pattern.words.every((word, i) => matches(word, tokens[failedAt - pattern.at + i])),
  )?.problem;
}

/** `CREATE VIEW`, `DROP VIEW`; also `EXPLAIN` of a statement that is not supported. */
function unsupportedObject(tokens: readonly IToken[], failedAt: number): string | undefined {
  const before = wordOf(tokens[failedAt - 1]);
  const failed = wordOf(tokens[failedAt]);
  if (before === 'explain') return UNSUPPORTED_STATEMENTS.get(failed);
  const isObject = failedAt === 1 && (before === 'create' || before === 'drop') && UNSUPPORTED_OBJECTS.has(failed);
  return isObject ? `${before.toUpperCase()} ${failed.toUpperCase()} is not supported yet` : undefined;
}

/** The words that tell what kind of statement it is: `update`, `create index`. */
function statementOf(tokens: readonly IToken[]): string {
  const words = tokens.slice(0, 4).map(wordOf);
  if (words[0] === 'explain') words.shift();
  if (words[0] !== 'create') return words[0] ?? '';
  return `create ${words[1] === 'unique' ? words[2] : words[1]}`;
}

function matches(word: string, token: IToken | undefined): boolean {
  if (token === undefined) return false;
  return word === '*' || word === wordOf(token);
}

function wordOf(token: IToken | undefined): string {
  return token?.image.toLowerCase() ?? '';
}

/** Operators of PostgreSQL with characters that no token here has. */
const UNSUPPORTED_OPERATORS: readonly (readonly [pattern: RegExp, problem: string])[] = [
  [/@>|<@|@@|@\?|#>|#-/y, 'the JSON operators @>, <@, @@, @? and #> are not supported yet'],
  [/!?~/y, 'regular expressions are not supported yet; write LIKE or ILIKE'],
  [/\[/y, ARRAYS],
  [/[&^]|\|(?!\|)/y, 'the operators &, | and ^ are not supported yet'],
];

/** The error for a character at `offset` that no token has, when it belongs to an operator of PostgreSQL. */
export function unsupportedOperator(text: string, offset: number): string | undefined {
  for (const start of [offset, offset - 1]) {
    for (const [pattern, problem] of UNSUPPORTED_OPERATORS) {
      pattern.lastIndex = Math.max(0, start);
      const found = pattern.exec(text);
      if (found !== null && found.index + found[0].length > offset) return problem;
    }
  }
  return undefined;
}

/** Words that read as a call but are none: `any(…)`. Undefined for names that may be functions. */
export function unsupportedCall(name: string): string | undefined {
  if (name === 'any' || name === 'some') return QUANTIFIED;
  if (name === 'row') return ROWS;
  if (name === 'rollup' || name === 'cube') return `${name.toUpperCase()} is not supported yet`;
  return undefined;
}
