/** CREATE TABLE, CREATE INDEX, DROP TABLE and DROP INDEX. */

import type { IToken } from 'chevrotain';
import {
  type ColumnDefinition,
  createIndex,
  createTable,
  dropIndex,
  dropTable,
  type IndexColumn,
  indexColumn,
  type Name,
  type TableConstraint,
  tableConstraint,
} from '../ast/index.js';
import { buildColumn, type ColumnPart } from './column-form.js';
import { type GrammarContext, type PlainStatement, type Rule, spanBetween } from './grammar.js';
import { foldName } from './name-grammar.js';

export function defineDefinitions(context: GrammarContext): void {
  const { grammar: g, tokens: t, rules } = context;
  const { keywords: k } = t;

  const ifNotExists = g.RULE('ifNotExists', () => {
    g.CONSUME(k.if);
    g.CONSUME(k.not);
    g.CONSUME(k.exists);
    return true;
  });
  const table = defineCreateTable(context, ifNotExists);
  const index = defineCreateIndex(context, ifNotExists);

  rules.create = g.RULE('createRule', () => {
    const word = g.CONSUME(k.create);
    const finish = g.OR([{ ALT: () => g.SUBRULE(table) }, { ALT: () => g.SUBRULE(index) }]);
    return g.ACTION(() => finish(word));
  });

  const dropTargets = g.RULE('dropTargets', () => {
    const names: Name[] = [];
    const ifExists = g.OPTION(() => {
      g.CONSUME(k.if);
      return g.CONSUME(k.exists);
    });
    g.AT_LEAST_ONE_SEP({ SEP: t.comma, DEF: () => names.push(g.SUBRULE(rules.name)) });
    return { names, ifExists: ifExists !== undefined };
  });

  rules.drop = g.RULE('dropRule', () => {
    const word = g.CONSUME(k.drop);
    const kind = g.OR([{ ALT: () => g.CONSUME(k.table) }, { ALT: () => g.CONSUME(k.index) }]);
    const targets = g.SUBRULE(dropTargets);
    return g.ACTION((): PlainStatement => {
      const drop = kind.tokenType === k.table ? dropTable : dropIndex;
      return drop(targets.names, targets.ifExists, spanBetween(word, g.LA(0)));
    });
  });
}

/** What follows CREATE; finished with that token, where the statement began. */
type CreateTail = (create: IToken) => PlainStatement;

function defineCreateTable(context: GrammarContext, ifNotExists: Rule<boolean>): Rule<CreateTail> {
  const { grammar: g, tokens: t, rules } = context;
  const { keywords: k } = t;
  const constraintName = g.RULE('constraintName', () => {
    g.CONSUME(k.constraint);
    return g.SUBRULE(rules.name);
  });
  const columnRule = defineColumn(context, constraintName);

  const constraintRule = g.RULE('tableConstraint', () => {
    const first = g.LA(1);
    const label = g.OPTION(() => g.SUBRULE(constraintName));
    const constraint = g.OR<'primary-key' | 'unique'>([
      {
        ALT: () => {
          g.CONSUME(k.primary);
          g.CONSUME(k.key);
          return 'primary-key';
        },
      },
      {
        ALT: () => {
          g.CONSUME(k.unique);
          return 'unique';
        },
      },
    ]);
    const columns = g.SUBRULE(rules.nameList);
    return g.ACTION(() => tableConstraint({ constraint, name: label?.text, columns }, spanBetween(first, g.LA(0))));
  });

  return g.RULE('createTable', () => {
    const columns: ColumnDefinition[] = [];
    const constraints: TableConstraint[] = [];
    g.CONSUME(k.table);
    const lenient = g.OPTION(() => g.SUBRULE(ifNotExists)) ?? false;
    const table = g.SUBRULE(rules.name);
    g.CONSUME(t.leftParenthesis);
    g.AT_LEAST_ONE_SEP({
      SEP: t.comma,
      DEF: () =>
        g.OR([
          {
            ALT: () => {
              const built = g.SUBRULE(columnRule);
              g.ACTION(() => {
                columns.push(built.column);
                constraints.push(...built.constraints);
              });
            },
          },
          {
            ALT: () => {
              constraints.push(g.SUBRULE(constraintRule));
            },
          },
        ]),
    });
    g.CONSUME(t.rightParenthesis);
    return g.ACTION(
      (): CreateTail => (create) =>
        createTable({ table, ifNotExists: lenient, columns, constraints }, spanBetween(create, g.LA(0))),
    );
  });
}

function defineColumn(context: GrammarContext, constraintName: Rule<Name>): Rule<ReturnType<typeof buildColumn>> {
  const { grammar: g, rules } = context;
  const { identity, defaultClause } = defineValueClauses(context);
  const { keyClause, nullClause } = defineColumnConstraints(context, constraintName);
  return g.RULE('column', () => {
    const parts: ColumnPart[] = [];
    const name = g.SUBRULE(rules.name);
    const type = g.SUBRULE(rules.typeName);
    g.MANY(() =>
      parts.push(
        g.OR([
          { ALT: () => g.SUBRULE(nullClause) },
          { ALT: () => g.SUBRULE(keyClause) },
          { ALT: () => g.SUBRULE(defaultClause) },
          { ALT: () => g.SUBRULE(identity) },
        ]),
      ),
    );
    return g.ACTION(() => buildColumn(context, { name, type }, parts));
  });
}

/** Where the value of a column comes from when a row is inserted without one. */
function defineValueClauses({ grammar: g, tokens: t, rules }: GrammarContext): {
  readonly identity: Rule<ColumnPart>;
  readonly defaultClause: Rule<ColumnPart>;
} {
  const { keywords: k } = t;

  const identity = g.RULE('identity', () => {
    const word = g.CONSUME(k.generated);
    const mode = g.OR<'always' | 'by-default'>([
      {
        ALT: () => {
          g.CONSUME(k.always);
          return 'always';
        },
      },
      {
        ALT: () => {
          g.CONSUME(k.by);
          g.CONSUME(k.default);
          return 'by-default';
        },
      },
    ]);
    g.CONSUME(k.as);
    g.CONSUME(k.identity);
    return g.ACTION((): ColumnPart => ({ part: 'generated', mode, token: word }));
  });

  const defaultClause = g.RULE('defaultClause', () => {
    const token = g.CONSUME(k.default);
    const value = g.SUBRULE(rules.value);
    return g.ACTION((): ColumnPart => ({ part: 'default', value, token }));
  });
  return { identity, defaultClause };
}

/** What the values of one column must obey. */
function defineColumnConstraints(
  { grammar: g, tokens: t }: GrammarContext,
  constraintName: Rule<Name>,
): { readonly keyClause: Rule<ColumnPart>; readonly nullClause: Rule<ColumnPart> } {
  const { keywords: k } = t;

  const keyClause = g.RULE('keyClause', () => {
    const label = g.OPTION(() => g.SUBRULE(constraintName));
    const token = g.OR([
      {
        ALT: () => {
          const primary = g.CONSUME(k.primary);
          g.CONSUME(k.key);
          return primary;
        },
      },
      { ALT: () => g.CONSUME(k.unique) },
    ]);
    return g.ACTION((): ColumnPart => {
      const part = token.tokenType === k.primary ? 'primary-key' : 'unique';
      return { part, name: label?.text, token };
    });
  });

  const nullClause = g.RULE('nullClause', () => {
    const not = g.OPTION(() => g.CONSUME(k.not));
    const token = g.CONSUME(k.null);
    return g.ACTION((): ColumnPart => ({ part: not === undefined ? 'nullable' : 'not-null', token: not ?? token }));
  });
  return { keyClause, nullClause };
}

function defineCreateIndex(context: GrammarContext, ifNotExists: Rule<boolean>): Rule<CreateTail> {
  const { grammar: g, tokens: t, rules } = context;
  const { keywords: k } = t;

  const columnRule = g.RULE('indexColumn', () => {
    const name = g.SUBRULE(rules.name);
    const direction = g.OPTION(() => g.OR([{ ALT: () => g.CONSUME(k.asc) }, { ALT: () => g.CONSUME(k.desc) }]));
    return g.ACTION(() => indexColumn(name, direction?.tokenType === k.desc ? 'desc' : 'asc'));
  });

  return g.RULE('createIndex', () => {
    const columns: IndexColumn[] = [];
    const unique = g.OPTION(() => g.CONSUME(k.unique)) !== undefined;
    g.CONSUME(k.index);
    const lenient = g.OPTION2(() => g.SUBRULE(ifNotExists)) ?? false;
    const index = g.OPTION3(() => g.SUBRULE(rules.name));
    g.CONSUME(k.on);
    const table = g.SUBRULE2(rules.name);
    g.OPTION4(() => {
      const using = g.CONSUME(k.using);
      const method = g.CONSUME(t.name);
      g.ACTION(() => {
        if (foldName(context, method) !== 'btree')
          throw context.session.fail(using, 'indexes are of type btree', '0A000');
      });
    });
    g.CONSUME(t.leftParenthesis);
    g.AT_LEAST_ONE_SEP({ SEP: t.comma, DEF: () => columns.push(g.SUBRULE(columnRule)) });
    g.CONSUME(t.rightParenthesis);
    return g.ACTION(
      (): CreateTail => (create) =>
        createIndex({ index, table, unique, ifNotExists: lenient, columns }, spanBetween(create, g.LA(0))),
    );
  });
}
