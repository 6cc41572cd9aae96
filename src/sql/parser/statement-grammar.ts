/** A whole statement. */

import { explain, type Statement } from '../ast/index.js';
import { defineChanges } from './change-grammar.js';
import { defineDefinitions } from './definition-grammar.js';
import { defineExpressions } from './expression-grammar.js';
import { type GrammarContext, type PlainStatement, spanBetween } from './grammar.js';
import { defineNames } from './name-grammar.js';
import { definePrimary } from './primary-grammar.js';
import { defineSelect } from './select-grammar.js';

/** Defines every rule; `context.rules` is complete afterwards. */
export function defineGrammar(context: GrammarContext): void {
  defineNames(context);
  definePrimary(context);
  defineExpressions(context);
  defineSelect(context);
  defineChanges(context);
  defineDefinitions(context);

  const { grammar: g, tokens: t, rules } = context;
  const plainStatement = g.RULE('plainStatement', () =>
    g.OR<PlainStatement>([
      { ALT: () => g.SUBRULE(rules.select) },
      { ALT: () => g.SUBRULE(rules.insert) },
      { ALT: () => g.SUBRULE(rules.update) },
      { ALT: () => g.SUBRULE(rules.delete) },
      { ALT: () => g.SUBRULE(rules.create) },
      { ALT: () => g.SUBRULE(rules.drop) },
    ]),
  );

  rules.statement = g.RULE('statement', () =>
    g.OR<Statement>([
      { ALT: () => g.SUBRULE(plainStatement) },
      {
        ALT: () => {
          const word = g.CONSUME(t.keywords.explain);
          const statement = g.SUBRULE2(plainStatement);
          return g.ACTION(() => explain(statement, spanBetween(word, g.LA(0))));
        },
      },
    ]),
  );
}
