/** The token types, made once when the parsing library is loaded. Their labels are the words of error messages. */

import type { CustomPatternMatcherFunc, TokenType } from 'chevrotain';
import type { Chevrotain } from './chevrotain.js';
import { type Keyword, RESERVED_WORDS, UNRESERVED_WORDS } from './keywords.js';

export interface TokenVocabulary extends Categories, Words, Constants, Symbols {
  /** All types in the order in which the lexer tries them. */
  readonly all: TokenType[];
  readonly keywords: Readonly<Record<Keyword, TokenType>>;
  readonly keywordOf: ReadonlyMap<string, TokenType>;
  /** Something begun and never ended, or malformed; each with the words for it. */
  readonly malformed: ReadonlyMap<TokenType, string>;
}

/** The factory with its library; `Lexer.NA` is the pattern of what the lexer never makes by itself. */
type TokenFactory = Pick<Chevrotain, 'createToken' | 'Lexer'>;

export function createVocabulary(factory: TokenFactory): TokenVocabulary {
  const categories = createCategories(factory);
  const keywords = createKeywords(factory, categories);
  const blanks = createBlanks(factory);
  const words = createWords(factory, categories);
  const constants = createConstants(factory);
  const symbols = createSymbols(factory, categories);
  const malformed = createMalformed(factory);
  return {
    // What is whole comes before what is malformed, and a float before the integer it begins with.
    all: [
      ...blanks,
      constants.bytes,
      ...Object.values<TokenType>({ ...words }),
      constants.text,
      constants.float,
      ...malformed.keys(),
      constants.integer,
      constants.numberedParameter,
      constants.nextParameter,
      symbols.doubleColon,
      constants.namedParameter,
      ...createOperators(factory, categories),
      ...Object.values<TokenType>({ ...symbols }).filter((type) => type !== symbols.doubleColon),
      ...Object.values<TokenType>({ ...categories }),
      ...Object.values(keywords),
    ],
    keywords,
    keywordOf: new Map(Object.entries(keywords)),
    malformed,
    ...categories,
    ...words,
    ...constants,
    ...symbols,
  };
}

interface Categories {
  /** Any word, reserved or not. */
  readonly word: TokenType;
  /** A word that is not reserved, or anything in double quotes. */
  readonly name: TokenType;
  /** `+ - * / % ||`. */
  readonly valueOperator: TokenType;
  /** `= <> != < <= > >=`. */
  readonly comparison: TokenType;
  /** `+ -`. */
  readonly sign: TokenType;
}

function createCategories({ createToken, Lexer }: TokenFactory): Categories {
  const word = createToken({ name: 'Word', label: 'a name', pattern: Lexer.NA });
  return {
    word,
    name: createToken({ name: 'Name', label: 'a name', pattern: Lexer.NA, categories: [word] }),
    valueOperator: createToken({ name: 'ValueOperator', label: 'an operator', pattern: Lexer.NA }),
    comparison: createToken({ name: 'Comparison', label: 'a comparison', pattern: Lexer.NA }),
    sign: createToken({ name: 'Sign', label: 'a sign', pattern: Lexer.NA }),
  };
}

/** Keywords have no pattern: a plain name becomes one by lookup, which is cheaper than a pattern for each. */
function createKeywords(
  { createToken, Lexer }: TokenFactory,
  { word, name }: Categories,
): Readonly<Record<Keyword, TokenType>> {
  const create = (keyword: Keyword, parent: TokenType): [Keyword, TokenType] => {
    const label = keyword.toUpperCase();
    return [keyword, createToken({ name: `Keyword_${keyword}`, label, pattern: Lexer.NA, categories: [parent] })];
  };
  const entries = [
    ...RESERVED_WORDS.map((keyword) => create(keyword, word)),
    ...UNRESERVED_WORDS.map((keyword) => create(keyword, name)),
  ];
  return Object.fromEntries(entries) as Record<Keyword, TokenType>;
}

function createBlanks({ createToken, Lexer }: TokenFactory): TokenType[] {
  const group = Lexer.SKIPPED;
  return [
    createToken({ name: 'Space', pattern: /[ \t\r\n\f\v\u00a0\ufeff]+/, group, line_breaks: true }),
    createToken({ name: 'LineComment', pattern: /--[^\n\r]*/, group }),
    createToken({
      name: 'BlockComment',
      pattern: matchBlockComment,
      start_chars_hint: ['/'],
      group,
      line_breaks: true,
    }),
  ];
}

interface Words {
  readonly plainName: TokenType;
  readonly quotedName: TokenType;
}

function createWords({ createToken }: TokenFactory, { name }: Categories): Words {
  return {
    plainName: createToken({
      name: 'PlainName',
      label: 'a name',
      pattern: /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/,
      categories: [name],
    }),
    quotedName: createToken({
      name: 'QuotedName',
      label: 'a name',
      pattern: matchQuoted('"'),
      start_chars_hint: ['"'],
      line_breaks: true,
      categories: [name],
    }),
  };
}

interface Constants {
  readonly text: TokenType;
  readonly bytes: TokenType;
  readonly integer: TokenType;
  readonly float: TokenType;
  readonly numberedParameter: TokenType;
  readonly nextParameter: TokenType;
  readonly namedParameter: TokenType;
}

function createConstants({ createToken }: TokenFactory): Constants {
  return {
    text: createToken({
      name: 'Text',
      label: 'a string',
      pattern: matchQuoted("'"),
      start_chars_hint: ["'"],
      line_breaks: true,
    }),
    bytes: createToken({ name: 'Bytes', label: 'a byte string', pattern: /[xX]'[^']*'/, line_breaks: true }),
    integer: createToken({ name: 'Integer', label: 'a number', pattern: /\d+/ }),
    float: createToken({
      name: 'Float',
      label: 'a number',
      pattern: /(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/,
    }),
    numberedParameter: createToken({ name: 'NumberedParameter', label: 'a parameter', pattern: /\$\d+/ }),
    nextParameter: createToken({ name: 'NextParameter', label: 'a parameter', pattern: '?' }),
    namedParameter: createToken({ name: 'NamedParameter', label: 'a parameter', pattern: /:[A-Za-z_]\w*/ }),
  };
}

interface Symbols {
  readonly doubleColon: TokenType;
  readonly equals: TokenType;
  readonly star: TokenType;
  readonly leftParenthesis: TokenType;
  readonly rightParenthesis: TokenType;
  readonly comma: TokenType;
  readonly dot: TokenType;
  readonly semicolon: TokenType;
}

function createSymbol({ createToken }: TokenFactory, pattern: string, categories: TokenType[] = []): TokenType {
  return createToken({ name: `Symbol ${pattern}`, label: `"${pattern}"`, pattern, categories });
}

function createSymbols(factory: TokenFactory, { comparison, valueOperator }: Categories): Symbols {
  return {
    doubleColon: createSymbol(factory, '::'),
    equals: createSymbol(factory, '=', [comparison]),
    star: createSymbol(factory, '*', [valueOperator]),
    leftParenthesis: createSymbol(factory, '('),
    rightParenthesis: createSymbol(factory, ')'),
    comma: createSymbol(factory, ','),
    dot: createSymbol(factory, '.'),
    semicolon: createSymbol(factory, ';'),
  };
}

/** Operators that the grammar only knows by category, longer ones first. */
function createOperators(factory: TokenFactory, { comparison, valueOperator, sign }: Categories): TokenType[] {
  return [
    createSymbol(factory, '||', [valueOperator]),
    ...['<>', '!=', '<=', '>=', '<', '>'].map((pattern) => createSymbol(factory, pattern, [comparison])),
    ...['+', '-'].map((pattern) => createSymbol(factory, pattern, [valueOperator, sign])),
    ...['/', '%'].map((pattern) => createSymbol(factory, pattern, [valueOperator])),
  ];
}

function createMalformed({ createToken }: TokenFactory): ReadonlyMap<TokenType, string> {
  return new Map([
    [createToken({ name: 'OpenComment', pattern: /\/\*/ }), 'comment without its closing */'],
    [createToken({ name: 'OpenName', pattern: /"/ }), 'quoted name without its closing "'],
    [createToken({ name: 'OpenText', pattern: /'/ }), "string without its closing '"],
    [createToken({ name: 'NumberWithTail', pattern: /\d+[A-Za-z_]\w*/ }), 'number with letters after it'],
  ]);
}

/** A run between two delimiters, which a doubled delimiter does not end. No match when it never ends. */
function matchQuoted(delimiter: string): CustomPatternMatcherFunc {
  return (text, offset) => {
    if (text[offset] !== delimiter) return null;
    let end = text.indexOf(delimiter, offset + 1);
    while (end >= 0 && text[end + 1] === delimiter) end = text.indexOf(delimiter, end + 2);
    return end < 0 ? null : asMatch(text.slice(offset, end + 1));
  };
}

/** C-style comments nest, as the standard has it. No match when one is left open. */
const matchBlockComment: CustomPatternMatcherFunc = (text, offset) => {
  if (!text.startsWith('/*', offset)) return null;
  let depth = 1;
  let at = offset + 2;
  while (depth > 0) {
    const close = text.indexOf('*/', at);
    if (close < 0) return null;
    const open = text.indexOf('/*', at);
    const opens = open >= 0 && open < close;
    depth += opens ? 1 : -1;
    at = (opens ? open : close) + 2;
  }
  return asMatch(text.slice(offset, at));
};

function asMatch(image: string): RegExpExecArray {
  // The lexer reads nothing but the first element.
  return [image] as unknown as RegExpExecArray;
}
