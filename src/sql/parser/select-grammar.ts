/** Queries: SELECT with its clauses, output columns, and table references. */

import type { IToken } from 'chevrotain';
import {
  derivedTable,
  type Expression,
  join,
  type OrderItem,
  orderItem,
  select,
  selectAll,
  selectExpression,
  type SelectItem,
  table,
  type TableReference,
} from '../ast/index.js';
import { type GrammarContext, type Rule, spanBetween, spanOf } from './grammar.js';
import { foldName } from './name-grammar.js';

export function defineSelect(context: GrammarContext): void {
  const { grammar: g, tokens: t, rules, session } = context;
  const { keywords: k } = t;
  defineSelectItems(context);
  const from = defineFrom(context);
  const orderBy = defineOrderBy(context);
  const range = defineRange(context);

  const groupBy = g.RULE('groupBy', () => {
    const keys: Expression[] = [];
    g.CONSUME(k.group);
    g.CONSUME(k.by);
    g.AT_LEAST_ONE_SEP({ SEP: t.comma, DEF: () => keys.push(g.SUBRULE(rules.expression)) });
    return keys;
  });

  rules.select = g.RULE('selectRule', () => {
    const word = g.CONSUME(k.select);
    g.ACTION(() => session.enter());
    const distinct = g.OPTION(() => g.OR([{ ALT: () => g.CONSUME(k.distinct) }, { ALT: () => g.CONSUME(k.all) }]));
    const items = g.SUBRULE(rules.selectItems);
    const source = g.OPTION2(() => g.SUBRULE(from));
    const where = g.OPTION3(() => {
      g.CONSUME(k.where);
      return g.SUBRULE(rules.expression);
    });
    const keys = g.OPTION4(() => g.SUBRULE(groupBy));
    const having = g.OPTION5(() => {
      g.CONSUME(k.having);
      return g.SUBRULE2(rules.expression);
    });
    const order = g.OPTION6(() => g.SUBRULE(orderBy));
    const { limit, offset } = g.SUBRULE(range);
    return g.ACTION(() => {
      session.leave();
      const parts = { items, from: source, where, groupBy: keys ?? [], having, orderBy: order ?? [], limit, offset };
      return select({ ...parts, distinct: distinct?.tokenType === k.distinct }, spanBetween(word, g.LA(0)));
    });
  });
}

interface ResultRange {
  readonly limit: Expression | undefined;
  readonly offset: Expression | undefined;
}

/** LIMIT and OFFSET in either order. `LIMIT ALL` is none. */
function defineRange({ grammar: g, tokens: { keywords: k }, rules }: GrammarContext): Rule<ResultRange> {
  const limitClause = g.RULE('limitClause', () => {
    g.CONSUME(k.limit);
    return g.OR<Expression | undefined>([
      {
        ALT: () => {
          g.CONSUME(k.all);
          return undefined;
        },
      },
      { ALT: () => g.SUBRULE(rules.expression) },
    ]);
  });
  return g.RULE('range', () => {
    const first = g.OPTION(() => ({ limit: g.SUBRULE(limitClause) }));
    const offset = g.OPTION2(() => {
      g.CONSUME(k.offset);
      return g.SUBRULE(rules.expression);
    });
    const last = g.OPTION3({ GATE: () => first === undefined, DEF: () => ({ limit: g.SUBRULE2(limitClause) }) });
    return g.ACTION(() => ({ limit: (first ?? last)?.limit, offset }));
  });
}

function defineSelectItems(context: GrammarContext): void {
  const { grammar: g, tokens: t, rules } = context;
  const { keywords: k } = t;

  const alias = g.RULE('outputAlias', () => {
    const token = g.OR([
      {
        ALT: () => {
          g.CONSUME(k.as);
          return g.CONSUME(t.word);
        },
      },
      { ALT: () => g.CONSUME(t.name) },
    ]);
    return g.ACTION(() => foldName(context, token));
  });

  const item = g.RULE('selectItem', () =>
    g.OR<SelectItem>({
      // The gate below looks further than the library would have to.
      MAX_LOOKAHEAD: 1,
      DEF: [
        {
          ALT: () => {
            const star = g.CONSUME(t.star);
            return g.ACTION(() => selectAll(undefined, spanOf(star)));
          },
        },
        {
          GATE: () => g.LA(2).tokenType === t.dot && g.LA(3).tokenType === t.star,
          // A column of a table begins in the same way; the star behind the dot tells.
          IGNORE_AMBIGUITIES: true,
          ALT: () => {
            const owner = g.CONSUME(t.name);
            g.CONSUME(t.dot);
            const star = g.CONSUME2(t.star);
            return g.ACTION(() => selectAll(foldName(context, owner), spanBetween(owner, star)));
          },
        },
        {
          ALT: () => {
            const value = g.SUBRULE(rules.expression);
            const label = g.OPTION(() => g.SUBRULE(alias));
            return g.ACTION(() => selectExpression(value, label));
          },
        },
      ],
    }),
  );

  rules.selectItems = g.RULE('selectItems', () => {
    const items: SelectItem[] = [];
    g.AT_LEAST_ONE_SEP({ SEP: t.comma, DEF: () => items.push(g.SUBRULE(item)) });
    return items;
  });
}

function defineOrderBy({ grammar: g, tokens: t, rules }: GrammarContext): Rule<OrderItem[]> {
  const { keywords: k } = t;
  const item = g.RULE('orderItem', () => {
    const key = g.SUBRULE(rules.expression);
    const direction = g.OPTION(() => g.OR([{ ALT: () => g.CONSUME(k.asc) }, { ALT: () => g.CONSUME(k.desc) }]));
    const place = g.OPTION2(() => {
      g.CONSUME(k.nulls);
      return g.OR2([{ ALT: () => g.CONSUME(k.first) }, { ALT: () => g.CONSUME(k.last) }]);
    });
    return g.ACTION(() => {
      const nulls = place === undefined ? undefined : place.tokenType === k.first ? 'first' : 'last';
      return orderItem(key, direction?.tokenType === k.desc ? 'desc' : 'asc', nulls);
    });
  });
  return g.RULE('orderBy', () => {
    const items: OrderItem[] = [];
    g.CONSUME(k.order);
    g.CONSUME(k.by);
    g.AT_LEAST_ONE_SEP({ SEP: t.comma, DEF: () => items.push(g.SUBRULE(item)) });
    return items;
  });
}

/** FROM with its comma list, whose members are cross-joined from left to right. */
function defineFrom(context: GrammarContext): Rule<TableReference> {
  const { grammar: g, tokens: t } = context;
  const tableReference = defineJoins(context);
  return g.RULE('from', () => {
    const tables: TableReference[] = [];
    const commas: IToken[] = [];
    g.CONSUME(t.keywords.from);
    tables.push(g.SUBRULE(tableReference));
    g.MANY(() => {
      commas.push(g.CONSUME(t.comma));
      tables.push(g.SUBRULE2(tableReference));
    });
    return g.ACTION(() =>
      tables.reduce((left, right, index) => join({ join: 'cross', left, right }, spanOf(commas[index - 1]!))),
    );
  });
}

/** A table in FROM, or several that are joined one after the other. */
function defineJoins(context: GrammarContext): Rule<TableReference> {
  const { grammar: g } = context;
  // Defined below, since a join may stand in parentheses.
  const own: { tableReference?: Rule<TableReference> } = {};
  const tablePrimary = defineTablePrimary(context, own);
  const joinTail = defineJoinTail(context, tablePrimary);

  own.tableReference = g.RULE('tableReference', () => {
    let joined = g.SUBRULE(tablePrimary);
    g.MANY(() => {
      const tail = g.SUBRULE(joinTail);
      g.ACTION(() => {
        joined = tail(joined);
      });
    });
    return joined;
  });
  return own.tableReference;
}

/** What a join connects: a named table, a query with an alias, or a join in parentheses. */
function defineTablePrimary(
  context: GrammarContext,
  outer: { readonly tableReference?: Rule<TableReference> },
): Rule<TableReference> {
  const { grammar: g, tokens: t, rules, session } = context;

  const tableAlias = g.RULE('tableAlias', () => {
    g.OPTION(() => g.CONSUME(t.keywords.as));
    const token = g.CONSUME(t.name);
    return g.ACTION(() => foldName(context, token));
  });

  rules.namedTable = g.RULE('namedTable', () => {
    const first = g.CONSUME(t.name);
    const alias = g.OPTION(() => g.SUBRULE(tableAlias));
    return g.ACTION(() => table(foldName(context, first), alias, spanOf(first)));
  });

  const parenthesizedTable = g.RULE('parenthesizedTable', () => {
    const open = g.CONSUME(t.leftParenthesis);
    g.ACTION(() => session.enter());
    const finish = g.OR<() => TableReference>([
      {
        ALT: () => {
          const query = g.SUBRULE(rules.select);
          g.CONSUME(t.rightParenthesis);
          const alias = g.SUBRULE(tableAlias);
          return () => derivedTable(query, alias, spanBetween(open, g.LA(0)));
        },
      },
      {
        ALT: () => {
          const inner = g.SUBRULE(outer.tableReference!);
          g.CONSUME2(t.rightParenthesis);
          return () => inner;
        },
      },
    ]);
    return g.ACTION(() => {
      session.leave();
      return finish();
    });
  });

  return g.RULE('tablePrimary', () =>
    g.OR<TableReference>([{ ALT: () => g.SUBRULE(rules.namedTable) }, { ALT: () => g.SUBRULE(parenthesizedTable) }]),
  );
}

/** `CROSS JOIN …` and `[INNER | LEFT [OUTER]] JOIN … ON …`, waiting for what stands on the left. */
function defineJoinTail(
  { grammar: g, tokens: t, rules }: GrammarContext,
  tablePrimary: Rule<TableReference>,
): Rule<(left: TableReference) => TableReference> {
  const { keywords: k } = t;
  return g.RULE('joinTail', () =>
    g.OR<(left: TableReference) => TableReference>([
      {
        ALT: () => {
          const word = g.CONSUME(k.cross);
          g.CONSUME(k.join);
          const right = g.SUBRULE(tablePrimary);
          return (left) => join({ join: 'cross', left, right }, spanOf(word));
        },
      },
      {
        ALT: () => {
          const kind = g.OPTION(() =>
            g.OR2([
              { ALT: () => g.CONSUME(k.inner) },
              {
                ALT: () => {
                  const left = g.CONSUME(k.left);
                  g.OPTION2(() => g.CONSUME(k.outer));
                  return left;
                },
              },
            ]),
          );
          const word = g.CONSUME2(k.join);
          const right = g.SUBRULE2(tablePrimary);
          g.CONSUME(k.on);
          const on = g.SUBRULE(rules.expression);
          return (left) =>
            join({ join: kind?.tokenType === k.left ? 'left' : 'inner', left, right, on }, spanOf(kind ?? word));
        },
      },
    ]),
  );
}
