/** Bound expressions as SQL-like text: for EXPLAIN, and (with slots for names) to tell whether two are the same. */

import { type SqlType, typeText, valueText, type SqlValue } from '../values/index.js';
import type { BoundExpression, BoundSlot, BoundSubquery } from './bound-expression.js';

interface Style {
  slot(slot: BoundSlot): string;
  constant(value: SqlValue, type: SqlType): string;
}

const LABELS: Style = { slot: (slot) => slot.label, constant: constantText };

const IDENTITIES: Style = {
  slot: (slot) => `#${slot.slot}`,
  constant: (value, type) => `${constantText(value, type)}::${typeText(type)}`,
};

/** How EXPLAIN shows an expression. */
export function expressionText(expression: BoundExpression): string {
  return textOf(expression, LABELS);
}

/** Equal for two expressions of a statement exactly when they always have the same value. */
export function expressionIdentity(expression: BoundExpression): string {
  return textOf(expression, IDENTITIES);
}

export function constantText(value: SqlValue, type: SqlType): string {
  if (value === null) return 'NULL';
  const text = valueText(value, type);
  if (type.category === 'integer' || type.category === 'float' || type.category === 'boolean') return text;
  return `'${text.replaceAll("'", "''")}'`;
}

function textOf(expression: BoundExpression, style: Style): string {
  const part = (inner: BoundExpression): string => textOf(inner, style);
  switch (expression.kind) {
    case 'constant':
      return style.constant(expression.value, expression.type);
    case 'parameter':
      return typeof expression.binding.key === 'number' ? `$${expression.binding.key}` : `:${expression.binding.key}`;
    case 'slot':
      return style.slot(expression);
    case 'unary':
      return expression.operator === 'not'
        ? `NOT ${part(expression.operand)}`
        : `${expression.operator}${part(expression.operand)}`;
    case 'binary':
      return `(${part(expression.left)} ${expression.operator} ${part(expression.right)})`;
    case 'cast':
      return `${part(expression.operand)}::${typeText(expression.type)}`;
    case 'call':
      return `${expression.name}(${expression.arguments.map(part).join(', ')})`;
    case 'logical':
      return `(${expression.operands.map(part).join(expression.operator === 'and' ? ' AND ' : ' OR ')})`;
    case 'is-test':
      return `(${part(expression.operand)} IS ${not(expression.negated)}${expression.test.toUpperCase()})`;
    case 'is-distinct':
      return `(${part(expression.left)} IS ${not(expression.negated)}DISTINCT FROM ${part(expression.right)})`;
    case 'in-list':
      return `(${part(expression.operand)} ${not(expression.negated)}IN (${expression.list.map(part).join(', ')}))`;
    case 'like': {
      const operator = expression.caseInsensitive ? 'ILIKE' : 'LIKE';
      const escape = expression.escape === undefined ? '' : ` ESCAPE ${part(expression.escape)}`;
      return `(${part(expression.operand)} ${not(expression.negated)}${operator} ${part(expression.pattern)}${escape})`;
    }
    case 'case': {
      const operand = expression.operand === undefined ? '' : ` ${part(expression.operand)}`;
      const branches = expression.branches.map(({ when, result }) => ` WHEN ${part(when)} THEN ${part(result)}`);
      return `CASE${operand}${branches.join('')} ELSE ${part(expression.otherwise)} END`;
    }
    case 'subquery':
      return subqueryText(expression, part);
  }
}

function not(negated: boolean): string {
  return negated ? 'NOT ' : '';
}

/** A subquery is named after the slot its first column ends up in, which no other query shares. */
function subqueryText(expression: BoundSubquery, part: (inner: BoundExpression) => string): string {
  const name = `(subquery ${expression.query.outputs[0]?.slot ?? 0})`;
  if (expression.form === 'exists') return `EXISTS ${name}`;
  if (expression.operand === undefined) return name;
  return `(${part(expression.operand)} ${not(expression.negated)}IN ${name})`;
}
