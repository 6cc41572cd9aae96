/** The leaves of expressions and everything in parentheses: literals, parameters, columns, calls, CASE, CAST, subqueries. */

import type { IToken } from 'chevrotain';
import {
  booleanLiteral,
  bytesLiteral,
  call,
  type CaseBranch,
  caseExpression,
  cast,
  column,
  exists,
  type Expression,
  floatLiteral,
  integerLiteral,
  nullLiteral,
  parameter,
  stringLiteral,
  subquery,
  typeName,
} from '../ast/index.js';
import { parseHexDigits } from '../values/index.js';
import { type CallParts, callExpression } from './call-form.js';
import { type GrammarContext, type Rule, spanBetween, spanOf } from './grammar.js';
import { foldName, unquoteText } from './name-grammar.js';

export function definePrimary(context: GrammarContext): void {
  const { grammar: g, tokens: t, rules, session } = context;
  const { keywords: k } = t;
  const literal = defineLiteral(context);
  rules.nameExpression = defineNameExpression(context);
  rules.caseExpression = defineCase(context);

  const parameterRule = g.RULE('parameter', () => {
    const token = g.OR([
      { ALT: () => g.CONSUME(t.numberedParameter) },
      { ALT: () => g.CONSUME(t.nextParameter) },
      { ALT: () => g.CONSUME(t.namedParameter) },
    ]);
    return g.ACTION(() => parameter(session.parameterKey(token), spanOf(token)));
  });

  const parenthesized = g.RULE('parenthesized', () => {
    const open = g.CONSUME(t.leftParenthesis);
    const inner = g.OR<Expression>([
      {
        ALT: () => {
          const query = g.SUBRULE(rules.select);
          return g.ACTION(() => subquery(query, spanBetween(open, g.LA(1))));
        },
      },
      { ALT: () => g.SUBRULE(rules.expression) },
    ]);
    g.CONSUME(t.rightParenthesis);
    return inner;
  });

  const castRule = g.RULE('castRule', () => {
    const word = g.CONSUME(k.cast);
    g.CONSUME(t.leftParenthesis);
    const operand = g.SUBRULE(rules.expression);
    g.CONSUME(k.as);
    const type = g.SUBRULE(rules.typeName);
    const close = g.CONSUME(t.rightParenthesis);
    return g.ACTION((): Expression => cast(operand, type, spanBetween(word, close)));
  });

  const existsRule = g.RULE('existsRule', () => {
    const word = g.CONSUME(k.exists);
    g.CONSUME(t.leftParenthesis);
    const query = g.SUBRULE(rules.select);
    const close = g.CONSUME(t.rightParenthesis);
    return g.ACTION((): Expression => exists(query, spanBetween(word, close)));
  });

  rules.primary = g.RULE('primary', () =>
    g.OR<Expression>([
      { ALT: () => g.SUBRULE(rules.nameExpression) },
      { ALT: () => g.SUBRULE(literal) },
      { ALT: () => g.SUBRULE(parameterRule) },
      { ALT: () => g.SUBRULE(parenthesized) },
      { ALT: () => g.SUBRULE(rules.caseExpression) },
      { ALT: () => g.SUBRULE(castRule) },
      { ALT: () => g.SUBRULE(existsRule) },
    ]),
  );
}

function defineLiteral(context: GrammarContext): Rule<Expression> {
  const { grammar: g, tokens: t, session } = context;
  const { keywords: k } = t;
  const makers = new Map<unknown, (token: IToken) => Expression>([
    [t.integer, (token) => integerLiteral(integerOf(token.image), spanOf(token))],
    [t.float, (token) => floatLiteral(floatOf(context, token), spanOf(token))],
    [t.text, (token) => stringLiteral(unquoteText(context, token), spanOf(token))],
    [t.bytes, (token) => bytesLiteral(bytesOf(context, token), spanOf(token))],
    [k.true, (token) => booleanLiteral(true, spanOf(token))],
    [k.false, (token) => booleanLiteral(false, spanOf(token))],
    [k.null, (token) => nullLiteral(spanOf(token))],
    [k.current_timestamp, (token) => call('now', [], {}, spanOf(token))],
    [k.current_date, (token) => call('current_date', [], {}, spanOf(token))],
  ]);
  return g.RULE('literal', () => {
    const token = g.OR([
      { ALT: () => g.CONSUME(t.integer) },
      { ALT: () => g.CONSUME(t.float) },
      { ALT: () => g.CONSUME(t.text) },
      { ALT: () => g.CONSUME(t.bytes) },
      { ALT: () => g.CONSUME(k.true) },
      { ALT: () => g.CONSUME(k.false) },
      { ALT: () => g.CONSUME(k.null) },
      { ALT: () => g.CONSUME(k.current_timestamp) },
      { ALT: () => g.CONSUME(k.current_date) },
    ]);
    return g.ACTION(() => {
      const make = makers.get(token.tokenType);
      if (make === undefined) throw session.fail(token, 'no literal');
      return make(token);
    });
  });
}

/** Longest integer literal: far more digits than any type holds, few enough that reading them costs nothing. */
const INTEGER_DIGITS_MAX = 100;

function integerOf(digits: string): number | bigint {
  const value = Number(digits);
  if (Number.isSafeInteger(value)) return value;
  const first = digits.search(/[1-9]/);
  return BigInt(digits.slice(first, first + INTEGER_DIGITS_MAX));
}

function floatOf({ session }: GrammarContext, token: IToken): number {
  const value = Number(token.image);
  if (!Number.isFinite(value)) throw session.fail(token, 'number too large for double precision', '22003');
  return value;
}

function bytesOf({ session }: GrammarContext, token: IToken): Uint8Array {
  const bytes = parseHexDigits(token.image.slice(2, -1));
  if (bytes === undefined) throw session.fail(token, 'a byte string is an even number of hexadecimal digits');
  return bytes;
}

/** Everything that begins with a name: `column`, `table.column`, `type 'text'`, `function(…)`. */
function defineNameExpression(context: GrammarContext): Rule<Expression> {
  const { grammar: g, tokens: t } = context;
  const { keywords: k } = t;
  const callTail = defineCallTail(context);

  // The words after TIMESTAMP decide; a column of that name cannot have them behind it.
  const zonedLiteral = g.RULE('zonedLiteral', () => {
    const word = g.OR([{ ALT: () => g.CONSUME(k.with) }, { ALT: () => g.CONSUME(k.without) }]);
    g.CONSUME(k.time);
    g.CONSUME(k.zone);
    return { zone: word, text: g.CONSUME(t.text) };
  });

  return g.RULE('nameExpression', () => {
    const first = g.CONSUME(t.name);
    const finish = g.OR<() => Expression>([
      {
        ALT: () => {
          const text = g.CONSUME(t.text);
          return () => typedLiteral(context, [first], text);
        },
      },
      {
        GATE: () => first.image.toLowerCase() === 'timestamp',
        ALT: () => {
          const tail = g.SUBRULE(zonedLiteral);
          return () => typedLiteral(context, [first, tail.zone], tail.text);
        },
      },
      {
        ALT: () => {
          const parts = g.SUBRULE(callTail);
          return () => callExpression(context, first, parts);
        },
      },
      {
        ALT: () => {
          g.CONSUME(t.dot);
          const second = g.CONSUME(t.word);
          return () => column(foldName(context, second), foldName(context, first), spanBetween(first, second));
        },
      },
      { ALT: () => () => column(foldName(context, first), undefined, spanOf(first)) },
    ]);
    return g.ACTION(() => finish());
  });
}

function typedLiteral(context: GrammarContext, words: readonly IToken[], text: IToken): Expression {
  const [first, zone] = words as [IToken, IToken?];
  const written = zone === undefined ? foldName(context, first) : `timestamp ${zone.image.toLowerCase()} time zone`;
  const type = typeName(written, [], spanBetween(first, zone ?? first));
  return cast(stringLiteral(unquoteText(context, text), spanOf(text)), type, spanBetween(first, text));
}

/** `(*)`, `([DISTINCT | ALL] a, b)`, and the forms with words: `(year FROM x)`, `(x FROM 2 FOR 3)`, `(LEADING 'x' FROM y)`. */
function defineCallTail(context: GrammarContext): Rule<CallParts> {
  const { grammar: g, tokens: t, rules } = context;
  const { keywords: k } = t;
  return g.RULE('callTail', () => {
    const values: Expression[] = [];
    g.CONSUME(t.leftParenthesis);
    const words = g.OR<Omit<CallParts, 'values'>>([
      {
        ALT: () => {
          g.CONSUME(t.star);
          return { star: true };
        },
      },
      {
        ALT: () => {
          const quantifier = g.OPTION(() =>
            g.OR2([{ ALT: () => g.CONSUME(k.distinct) }, { ALT: () => g.CONSUME(k.all) }]),
          );
          const side = g.OPTION2(() =>
            g.OR3([
              { ALT: () => g.CONSUME(k.both) },
              { ALT: () => g.CONSUME(k.leading) },
              { ALT: () => g.CONSUME(k.trailing) },
            ]),
          );
          g.MANY_SEP({ SEP: t.comma, DEF: () => values.push(g.SUBRULE(rules.expression)) });
          const from = g.OPTION3(() => ({ word: g.CONSUME(k.from), value: g.SUBRULE2(rules.expression) }));
          const length = g.OPTION4(() => ({ word: g.CONSUME(k.for), value: g.SUBRULE3(rules.expression) }));
          return { star: false, quantifier, side, from, length };
        },
      },
    ]);
    g.CONSUME(t.rightParenthesis);
    return g.ACTION(() => ({ ...words, values }));
  });
}

function defineCase(context: GrammarContext): Rule<Expression> {
  const { grammar: g, tokens: t, rules } = context;
  const { keywords: k } = t;
  return g.RULE('caseRule', () => {
    const branches: CaseBranch[] = [];
    const word = g.CONSUME(k.case);
    const operand = g.OPTION(() => g.SUBRULE(rules.expression));
    g.AT_LEAST_ONE(() => {
      g.CONSUME(k.when);
      const when = g.SUBRULE2(rules.expression);
      g.CONSUME(k.then);
      branches.push({ when, result: g.SUBRULE3(rules.expression) });
    });
    const otherwise = g.OPTION2(() => {
      g.CONSUME(k.else);
      return g.SUBRULE4(rules.expression);
    });
    const end = g.CONSUME(k.end);
    return g.ACTION((): Expression => caseExpression({ operand, branches, otherwise }, spanBetween(word, end)));
  });
}
