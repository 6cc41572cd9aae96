/** The door to binding: from any statement node to a bound statement, its parameters and its frame. */

import { SqlSemanticError, unreachable } from '../../base/index.js';
import type { ExplainStatement, Statement } from '../ast/index.js';
import type { Catalog } from '../catalog/catalog.js';
import type { SqlType } from '../values/index.js';
import type { BoundExplain, BoundStatement } from './bound-statement.js';
import { bindDelete, bindInsert, bindUpdate } from './change-binder.js';
import { bindCreateIndex, bindCreateTable, bindDrop } from './definition-binder.js';
import { type ParameterBinding, ParameterBindings, type ParameterKey } from './parameters.js';
import { bindSelect } from './select-binder.js';
import { StatementContext } from './statement-context.js';

export interface Binding {
  readonly statement: BoundStatement;
  readonly parameters: readonly ParameterBinding[];
  /** Parameters that the text gives no type: it must come from their values, see `typesOfValues`. */
  readonly openParameters: readonly ParameterKey[];
  readonly frameSize: number;
}

/** Throws `SqlSemanticError`; `facts` of one about a place in the text hold that place (line, column, offset, length). */
export function bindStatement(
  statement: Statement,
  catalog: Catalog,
  knownTypes?: ReadonlyMap<ParameterKey, SqlType>,
): Binding {
  const parameters = new ParameterBindings(knownTypes);
  const context = new StatementContext(catalog, parameters, bindSelect);
  const bound = bind(context, statement);
  return {
    statement: bound,
    parameters: parameters.all(),
    openParameters: parameters.open(),
    frameSize: context.frameSize,
  };
}

function bind(context: StatementContext, statement: Statement): BoundStatement {
  switch (statement.kind) {
    case 'explain': {
      const inner = bind(context, statement.statement);
      if (!isPlanned(inner)) throw notExplainable(statement);
      return { kind: 'explain', statement: inner };
    }
    case 'select':
      return { kind: 'select', query: bindSelect(context, statement, undefined) };
    case 'insert':
      return bindInsert(context, statement);
    case 'update':
      return bindUpdate(context, statement);
    case 'delete':
      return bindDelete(context, statement);
    case 'create-table':
      return bindCreateTable(context, statement);
    case 'create-index':
      return bindCreateIndex(statement);
    case 'drop-table':
    case 'drop-index':
      return bindDrop(statement);
  }
  unreachable(statement);
}

function isPlanned(statement: BoundStatement): statement is BoundExplain['statement'] {
  const { kind } = statement;
  return kind === 'select' || kind === 'insert' || kind === 'update' || kind === 'delete';
}

function notExplainable({ statement, span }: ExplainStatement): SqlSemanticError {
  const found = statement.kind.replace('-', ' ').toUpperCase();
  return new SqlSemanticError(`EXPLAIN shows plans of SELECT, INSERT, UPDATE and DELETE; ${found} has none`, {
    sqlState: '0A000',
    facts: { statement: found, ...span },
  });
}
