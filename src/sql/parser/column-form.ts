/** A column of CREATE TABLE from its clauses, which come in any order but each at most once. */

import type { IToken } from 'chevrotain';
import {
  type ColumnDefinition,
  columnDefinition,
  type Expression,
  type Name,
  type TableConstraint,
  tableConstraint,
  type TypeName,
  typeName,
} from '../ast/index.js';
import { type GrammarContext, spanOf } from './grammar.js';

interface NullPart {
  readonly part: 'nullable' | 'not-null';
  readonly token: IToken;
}

interface KeyPart {
  readonly part: 'primary-key' | 'unique';
  readonly name: string | undefined;
  readonly token: IToken;
}

interface DefaultPart {
  readonly part: 'default';
  readonly value: Expression;
  readonly token: IToken;
}

interface GeneratedPart {
  readonly part: 'generated';
  readonly mode: 'always' | 'by-default';
  readonly token: IToken;
}

export type ColumnPart = NullPart | KeyPart | DefaultPart | GeneratedPart;

/** PostgreSQL's words for an integer that counts up by itself. */
const SERIAL_TYPES: ReadonlyMap<string, string> = new Map([
  ['smallserial', 'smallint'],
  ['serial2', 'smallint'],
  ['serial', 'integer'],
  ['serial4', 'integer'],
  ['bigserial', 'bigint'],
  ['serial8', 'bigint'],
]);

export interface BuiltColumn {
  readonly column: ColumnDefinition;
  /** Keys with a name of their own are constraints of the table. */
  readonly constraints: readonly TableConstraint[];
}

export function buildColumn(
  context: GrammarContext,
  { name, type }: { readonly name: Name; readonly type: TypeName },
  parts: readonly ColumnPart[],
): BuiltColumn {
  const byKind = new Map<ColumnPart['part'], ColumnPart>();
  for (const part of parts) {
    if (byKind.has(part.part)) throw context.session.fail(part.token, `column "${name.text}" has this clause twice`);
    byKind.set(part.part, part);
  }
  const generated = (byKind.get('generated') as GeneratedPart | undefined)?.mode ?? modeOfSerial(type);
  const nullable = byKind.get('nullable');
  const required = generated !== undefined || byKind.has('not-null') || byKind.has('primary-key');
  if (nullable !== undefined && required) {
    throw context.session.fail(nullable.token, `column "${name.text}" cannot be NULL as well`);
  }
  const given = byKind.get('default') as DefaultPart | undefined;
  if (given !== undefined && generated !== undefined) {
    throw context.session.fail(given.token, `column "${name.text}" is generated and has no DEFAULT`);
  }
  const primaryKey = byKind.get('primary-key') as KeyPart | undefined;
  const unique = byKind.get('unique') as KeyPart | undefined;
  const keys = [primaryKey, unique].filter((key) => key !== undefined);
  return {
    column: columnDefinition({
      name,
      type: typeName(SERIAL_TYPES.get(type.name) ?? type.name, type.arguments, type.span),
      notNull: byKind.has('not-null') || generated !== undefined,
      primaryKey: primaryKey !== undefined && primaryKey.name === undefined,
      unique: unique !== undefined && unique.name === undefined,
      defaultValue: given?.value,
      generated,
    }),
    constraints: keys.filter((key) => key.name !== undefined).map((key) => namedKey(key, name)),
  };
}

function modeOfSerial(type: TypeName): 'by-default' | undefined {
  return SERIAL_TYPES.has(type.name) ? 'by-default' : undefined;
}

function namedKey(key: KeyPart, column: Name): TableConstraint {
  return tableConstraint({ constraint: key.part, name: key.name, columns: [column] }, spanOf(key.token));
}
