/** DDL statements: from their nodes to the plain definitions that programs can give as well. */

import { SqlSemanticError } from '../../base/index.js';
import type {
  ColumnDefinition,
  CreateIndexStatement,
  CreateTableStatement,
  DropIndexStatement,
  DropTableStatement,
  SourceSpan,
} from '../ast/index.js';
import type { ColumnSpecification, UniqueSpecification } from '../catalog/table-definition.js';
import { resolveType } from '../values/index.js';
import type { BoundExpression } from './bound-expression.js';
import type { BoundDefinition } from './bound-statement.js';
import { coerce } from './coercion.js';
import { ExpressionBinder } from './expression-binder.js';
import { childrenOf } from './expression-traversal.js';
import { Scope } from './scope.js';
import type { StatementContext } from './statement-context.js';

export function bindCreateTable(context: StatementContext, statement: CreateTableStatement): BoundDefinition {
  const defaults = new Map<string, BoundExpression>();
  const columns = statement.columns.map((column): ColumnSpecification => {
    const type = resolveType(column.type);
    const { defaultValue, name, notNull, generated } = column;
    if (defaultValue !== undefined) {
      const bound = new ExpressionBinder(context, new Scope([], undefined), { clause: 'DEFAULT' }).bind(defaultValue);
      const place = { what: `default of "${name.text}"`, context: 'assignment', span: defaultValue.span } as const;
      const expression = isPlainCall(bound) ? bound : coerce(bound, type, place);
      checkDefault(expression, name.text, defaultValue.span);
      defaults.set(name.text, expression);
    }
    return { name: name.text, type, nullable: !notNull, generated };
  });
  const definition = { name: statement.table.text, columns, ...keysOf(statement) };
  return { kind: 'create-table', definition, defaults, ifNotExists: statement.ifNotExists };
}

function keysOf({ columns, constraints, table }: CreateTableStatement): {
  primaryKey: UniqueSpecification | undefined;
  unique: UniqueSpecification[];
} {
  const own = (flag: (column: ColumnDefinition) => boolean): UniqueSpecification[] =>
    columns.filter(flag).map(({ name }) => ({ columns: [name.text] }));
  const constrained = (kind: 'primary-key' | 'unique'): UniqueSpecification[] =>
    constraints
      .filter(({ constraint }) => constraint === kind)
      .map(({ name, columns: names }) => ({ name, columns: names.map(({ text }) => text) }));
  const primaryKeys = [...own(({ primaryKey }) => primaryKey), ...constrained('primary-key')];
  if (primaryKeys.length > 1) {
    throw new SqlSemanticError(`table "${table.text}" has ${primaryKeys.length} primary keys`, {
      sqlState: '42P16',
      facts: { table: table.text, ...table.span },
    });
  }
  return { primaryKey: primaryKeys[0], unique: [...own(({ unique }) => unique), ...constrained('unique')] };
}

/** A function without arguments, such as `now()`, is called for every row. */
export function isPlainCall(expression: BoundExpression): expression is Extract<BoundExpression, { kind: 'call' }> {
  return expression.kind === 'call' && expression.arguments.length === 0;
}

/** Anything but a plain call is computed once, when the table is made, so it must not depend on when that is. */
function checkDefault(expression: BoundExpression, column: string, span: SourceSpan | undefined): void {
  if (isPlainCall(expression)) return;
  const varies = (part: BoundExpression): boolean =>
    isPlainCall(part) || part.kind === 'parameter' || part.kind === 'subquery' || childrenOf(part).some(varies);
  if (!varies(expression)) return;
  throw new SqlSemanticError(`default of "${column}" must be a constant, or a function call without arguments`, {
    sqlState: '0A000',
    facts: { columnName: column, ...span },
  });
}

export function bindCreateIndex(statement: CreateIndexStatement): BoundDefinition {
  const definition = {
    name: statement.index?.text,
    table: statement.table.text,
    unique: statement.unique,
    columns: statement.columns.map(({ name, direction }) => ({ name: name.text, descending: direction === 'desc' })),
  };
  return { kind: 'create-index', definition, ifNotExists: statement.ifNotExists };
}

export function bindDrop(statement: DropTableStatement | DropIndexStatement): BoundDefinition {
  const { ifExists } = statement;
  if (statement.kind === 'drop-table') {
    return { kind: 'drop-table', names: statement.tables.map(({ text }) => text), ifExists };
  }
  return { kind: 'drop-index', names: statement.indexes.map(({ text }) => text), ifExists };
}
