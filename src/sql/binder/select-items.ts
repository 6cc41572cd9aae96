/** The select list (and RETURNING): stars expanded, expressions bound, output columns named. */

import { SqlSemanticError } from '../../base/index.js';
import type { Expression, SelectItem } from '../ast/index.js';
import { TEXT } from '../values/index.js';
import type { BoundExpression } from './bound-expression.js';
import { coerce } from './coercion.js';
import type { ExpressionBinder } from './expression-binder.js';
import type { Scope } from './scope.js';

export interface BoundItem {
  readonly name: string;
  readonly expression: BoundExpression;
}

/** Throws `SqlSemanticError` 42601 for a star without tables, and whatever binding the expressions throws. */
export function bindItems(items: readonly SelectItem[], scope: Scope, binder: ExpressionBinder): BoundItem[] {
  return items.flatMap((item): BoundItem[] => {
    if (item.kind === 'select-expression') {
      return [{ name: item.alias ?? nameOf(item.expression), expression: settled(binder.bind(item.expression)) }];
    }
    const sources = item.table === undefined ? scope.sources : [scope.source(item.table, item.span)];
    if (sources.length === 0) {
      throw new SqlSemanticError('SELECT * needs a FROM clause', { sqlState: '42601', facts: { ...item.span } });
    }
    const { span } = item;
    return sources.flatMap((source) =>
      source.columns.map(({ name, expression }) => ({
        name,
        expression: span === undefined ? expression : { ...expression, span },
      })),
    );
  });
}

/** A string literal or NULL that nothing gave a type is text. */
function settled(expression: BoundExpression): BoundExpression {
  if (expression.kind !== 'constant' || expression.type.name !== 'unknown') return expression;
  return coerce(expression, TEXT, { what: 'literal' });
}

/** The name PostgreSQL would give an output column without alias. */
function nameOf(expression: Expression): string {
  switch (expression.kind) {
    case 'column':
    case 'call':
      return expression.name;
    case 'cast': {
      const inner = nameOf(expression.operand);
      return inner === UNNAMED ? expression.type.name : inner;
    }
    case 'case':
      return 'case';
    case 'exists':
      return 'exists';
    case 'subquery': {
      const [item] = expression.query.items;
      return item?.kind === 'select-expression' ? (item.alias ?? nameOf(item.expression)) : UNNAMED;
    }
    default:
      return UNNAMED;
  }
}

const UNNAMED = '?column?';
