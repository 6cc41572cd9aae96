/** Names, lists of names, and types. */

import type { IToken } from 'chevrotain';
import { type Name, name, typeName } from '../ast/index.js';
import { type GrammarContext, spanBetween, spanOf } from './grammar.js';

/** What a word means as a name: itself when quoted, else in lower case. Quoted names are never empty. */
export function foldName({ session, tokens }: GrammarContext, token: IToken): string {
  if (token.tokenType !== tokens.quotedName) return token.image.toLowerCase();
  const text = token.image.slice(1, -1).replaceAll('""', '"');
  if (text === '') throw session.fail(token, 'a quoted name is empty');
  if (!text.isWellFormed()) throw session.fail(token, 'a quoted name has an unpaired surrogate');
  return text;
}

/** The text of a string token. */
export function unquoteText({ session }: GrammarContext, token: IToken): string {
  const text = token.image.slice(1, -1).replaceAll("''", "'");
  if (!text.isWellFormed()) throw session.fail(token, 'a string has an unpaired surrogate');
  return text;
}

export function defineNames(context: GrammarContext): void {
  const { grammar: g, tokens: t, rules } = context;
  const { keywords: k } = t;

  rules.name = g.RULE('nameRule', () => {
    const token = g.CONSUME(t.name);
    return g.ACTION(() => name(foldName(context, token), spanOf(token)));
  });

  rules.nameList = g.RULE('nameList', () => {
    const names: Name[] = [];
    g.CONSUME(t.leftParenthesis);
    g.AT_LEAST_ONE_SEP({ SEP: t.comma, DEF: () => names.push(g.SUBRULE(rules.name)) });
    g.CONSUME(t.rightParenthesis);
    return names;
  });

  // double precision · character varying(20) · timestamp with time zone
  rules.typeName = g.RULE('typeName', () => {
    const first = g.CONSUME(t.name);
    const words: IToken[] = [first];
    const typeArguments: IToken[] = [];
    const begins = (word: string): boolean => first.image.toLowerCase() === word;
    g.OPTION({ GATE: () => begins('double'), DEF: () => words.push(g.CONSUME(k.precision)) });
    g.OPTION2({ GATE: () => begins('character'), DEF: () => words.push(g.CONSUME(k.varying)) });
    g.OPTION3(() => {
      g.CONSUME(t.leftParenthesis);
      g.AT_LEAST_ONE_SEP({ SEP: t.comma, DEF: () => typeArguments.push(g.CONSUME(t.integer)) });
      g.CONSUME(t.rightParenthesis);
    });
    g.OPTION4({
      GATE: () => begins('timestamp') || begins('time'),
      DEF: () => {
        words.push(g.OR([{ ALT: () => g.CONSUME(k.with) }, { ALT: () => g.CONSUME(k.without) }]));
        words.push(g.CONSUME(k.time), g.CONSUME(k.zone));
      },
    });
    return g.ACTION(() => {
      const written = words.map((word) => foldName(context, word)).join(' ');
      const numbers = typeArguments.map((token) => Number(token.image));
      return typeName(written, numbers, spanBetween(first, g.LA(0)));
    });
  });
}
