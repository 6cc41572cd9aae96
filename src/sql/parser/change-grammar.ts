/** INSERT, UPDATE and DELETE. */

import {
  type AssignedValue,
  type Assignment,
  assignment,
  defaultValue,
  deleteFrom,
  type ExpiryClause,
  expiryClause,
  insert,
  insertDefaults,
  insertQuery,
  type InsertSource,
  insertValues,
  type SelectItem,
  table,
  update,
} from '../ast/index.js';
import { type GrammarContext, type PlainStatement, type Rule, spanBetween, spanOf } from './grammar.js';
import { foldName } from './name-grammar.js';

export function defineChanges(context: GrammarContext): void {
  const { grammar: g, tokens: t, rules } = context;
  const { keywords: k } = t;

  const assignedValue = g.RULE('assignedValue', () =>
    g.OR<AssignedValue>([
      {
        ALT: () => {
          const word = g.CONSUME(k.default);
          return g.ACTION(() => defaultValue(spanOf(word)));
        },
      },
      { ALT: () => g.SUBRULE(rules.expression) },
    ]),
  );

  const returning = g.RULE('returning', () => {
    g.CONSUME(k.returning);
    return g.SUBRULE(rules.selectItems);
  });

  const where = g.RULE('where', () => {
    g.CONSUME(k.where);
    return g.SUBRULE(rules.expression);
  });

  const expiry = defineExpiry(context);
  defineInsert(context, { assignedValue, returning, expiry });

  const setClause = g.RULE('setClause', () => {
    const column = g.SUBRULE(rules.name);
    g.CONSUME(t.equals);
    const value = g.SUBRULE(assignedValue);
    return g.ACTION(() => assignment(column, value));
  });

  rules.update = g.RULE('updateRule', () => {
    const assignments: Assignment[] = [];
    const word = g.CONSUME(k.update);
    const target = g.SUBRULE(rules.namedTable);
    const end = g.OPTION3(() => g.SUBRULE(expiry));
    g.CONSUME(k.set);
    g.AT_LEAST_ONE_SEP({ SEP: t.comma, DEF: () => assignments.push(g.SUBRULE(setClause)) });
    const condition = g.OPTION(() => g.SUBRULE(where));
    const items = g.OPTION2(() => g.SUBRULE(returning));
    return g.ACTION((): PlainStatement => {
      const parts = { table: target, expiry: end, assignments, where: condition, returning: items ?? [] };
      return update(parts, spanBetween(word, g.LA(0)));
    });
  });

  rules.delete = g.RULE('deleteRule', () => {
    const word = g.CONSUME(k.delete);
    g.CONSUME(k.from);
    const target = g.SUBRULE(rules.namedTable);
    const condition = g.OPTION(() => g.SUBRULE(where));
    const items = g.OPTION2(() => g.SUBRULE(returning));
    return g.ACTION((): PlainStatement => {
      return deleteFrom({ table: target, where: condition, returning: items ?? [] }, spanBetween(word, g.LA(0)));
    });
  });
}

/** `USING TTL seconds` or `USING EXPIRY moment`. */
function defineExpiry({ grammar: g, tokens: { keywords: k }, rules }: GrammarContext): Rule<ExpiryClause> {
  return g.RULE('expiryClause', () => {
    g.CONSUME(k.using);
    const unit = g.OR<ExpiryClause['unit']>([
      {
        ALT: () => {
          g.CONSUME(k.ttl);
          return 'ttl';
        },
      },
      {
        ALT: () => {
          g.CONSUME(k.expiry);
          return 'moment';
        },
      },
    ]);
    const value = g.SUBRULE(rules.value);
    return g.ACTION(() => expiryClause(unit, value));
  });
}

interface InsertRules {
  readonly assignedValue: Rule<AssignedValue>;
  readonly returning: Rule<SelectItem[]>;
  readonly expiry: Rule<ExpiryClause>;
}

function defineInsert(context: GrammarContext, { assignedValue, returning, expiry }: InsertRules): void {
  const { grammar: g, tokens: t, rules } = context;
  const { keywords: k } = t;

  const row = g.RULE('row', () => {
    const values: AssignedValue[] = [];
    g.CONSUME(t.leftParenthesis);
    g.AT_LEAST_ONE_SEP({ SEP: t.comma, DEF: () => values.push(g.SUBRULE(assignedValue)) });
    g.CONSUME(t.rightParenthesis);
    return values;
  });

  const source = g.RULE('insertSource', () =>
    g.OR<InsertSource>([
      {
        ALT: () => {
          const rows: AssignedValue[][] = [];
          g.CONSUME(k.values);
          g.AT_LEAST_ONE_SEP({ SEP: t.comma, DEF: () => rows.push(g.SUBRULE(row)) });
          return g.ACTION(() => insertValues(rows));
        },
      },
      {
        ALT: () => {
          const query = g.SUBRULE(rules.select);
          return g.ACTION(() => insertQuery(query));
        },
      },
      {
        ALT: () => {
          g.CONSUME(k.default);
          g.CONSUME2(k.values);
          return g.ACTION(() => insertDefaults());
        },
      },
    ]),
  );

  rules.insert = g.RULE('insertRule', () => {
    const word = g.CONSUME(k.insert);
    g.CONSUME(k.into);
    const first = g.CONSUME(t.name);
    // No bare alias: a parenthesis after the table begins the columns.
    const alias = g.OPTION(() => {
      g.CONSUME(k.as);
      return g.CONSUME2(t.name);
    });
    const columns = g.OPTION2(() => g.SUBRULE(rules.nameList));
    const given = g.SUBRULE(source);
    const end = g.OPTION4(() => g.SUBRULE(expiry));
    const items = g.OPTION3(() => g.SUBRULE(returning));
    return g.ACTION((): PlainStatement => {
      const aliasText = alias === undefined ? undefined : foldName(context, alias);
      const target = table(foldName(context, first), aliasText, spanOf(first));
      const parts = { table: target, columns, source: given, expiry: end, returning: items ?? [] };
      return insert(parts, spanBetween(word, g.LA(0)));
    });
  });
}
