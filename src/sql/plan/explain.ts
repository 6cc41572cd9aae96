/**
 * A physical plan as text, one operator per line, indented under the operator that reads it:
 *
 *   Limit 10
 *     Nested loop left join, rows of the right side remembered
 *       Scan flights by primary key, 10 <= id < 20
 *       Look up airports by primary key, code = flights.origin
 */

import type { BoundExpression, BoundSubquery } from '../binder/bound-expression.js';
import { expressionText } from '../binder/expression-text.js';
import { childrenOf } from '../binder/expression-traversal.js';
import { isPoint } from './access-path.js';
import type { SortKey } from './logical-plan.js';
import type { HashJoin, NestedLoopJoin, PhysicalNode, RowLimit, TableScan } from './physical-plan.js';
import { planQuery } from './planner.js';

export function explainPlan(node: PhysicalNode, depth = 0): string[] {
  const lines = [`${'  '.repeat(depth)}${titleOf(node)}`];
  for (const input of inputsOf(node)) lines.push(...explainPlan(input, depth + 1));
  for (const subquery of expressionsOf(node).flatMap(subqueriesIn)) {
    const correlated = subquery.query.outerSlots.size > 0 ? ' (run for each row)' : '';
    lines.push(`${'  '.repeat(depth + 1)}Subquery ${subquery.query.outputs[0]?.slot ?? 0}${correlated}`);
    lines.push(...explainPlan(planQuery(subquery.query), depth + 2));
  }
  return lines;
}

function inputsOf(node: PhysicalNode): readonly PhysicalNode[] {
  switch (node.kind) {
    case 'table-scan':
    case 'single-row':
      return [];
    case 'nested-loop':
    case 'hash-join':
      return [node.left, node.right];
    default:
      return [node.input];
  }
}

function expressionsOf(node: PhysicalNode): readonly BoundExpression[] {
  switch (node.kind) {
    case 'table-scan':
      return [
        ...node.filter,
        ...node.path.prefix.flatMap((values) => values.map(({ expression }) => expression)),
        ...[node.path.lower, node.path.upper].flatMap((bound) => (bound === undefined ? [] : [bound.expression])),
      ];
    case 'filter':
    case 'nested-loop':
    case 'hash-join':
      return node.conditions;
    case 'aggregate':
      return [...node.keys.map(({ expression }) => expression), ...node.aggregates.flatMap((each) => each.arguments)];
    case 'project':
      return node.computed.map(({ expression }) => expression);
    default:
      return [];
  }
}

function subqueriesIn(expression: BoundExpression): BoundSubquery[] {
  const inside = childrenOf(expression).flatMap(subqueriesIn);
  return expression.kind === 'subquery' ? [expression, ...inside] : inside;
}

function titleOf(node: PhysicalNode): string {
  switch (node.kind) {
    case 'table-scan':
      return scanTitle(node);
    case 'single-row':
      return 'One row';
    case 'filter':
      return `Filter ${allOf(node.conditions)}`;
    case 'nested-loop':
      return nestedLoopTitle(node);
    case 'hash-join':
      return hashJoinTitle(node);
    case 'aggregate': {
      const keys = node.keys.map(({ expression }) => expressionText(expression));
      const aggregates = node.aggregates.map(({ label }) => label);
      const by = keys.length === 0 ? '' : ` by ${keys.join(', ')}`;
      return `Aggregate${by}${aggregates.length === 0 ? '' : `: ${aggregates.join(', ')}`}`;
    }
    case 'project':
      return `Compute ${node.computed.map(({ expression }) => expressionText(expression)).join(', ')}`;
    case 'distinct':
      return 'Distinct';
    case 'sort':
      return node.limit === undefined
        ? `Sort by ${orderText(node.keys)}`
        : `Top ${limitText(node.limit)} by ${orderText(node.keys)}`;
    case 'limit':
      return `Limit ${limitText(node)}`;
  }
}

function scanTitle({ scan, path, filter }: TableScan): string {
  const { table, alias } = scan;
  const name = alias === table.name ? table.name : `${table.name} as ${alias}`;
  const isKey = path.index === table.primaryKey;
  const bounded = path.prefix.length > 0 || path.lower !== undefined || path.upper !== undefined;
  const verb = isPoint(path) ? 'Look up' : 'Scan';
  const range = bounded ? `, ${rangeText(path)}` : '';
  const whole = isKey && !bounded && !path.reverse;
  const by = whole ? '' : isKey ? ' by primary key' : ` by index ${path.index.name}`;
  const direction = path.reverse ? ' backwards' : '';
  return `${verb} ${name}${by}${direction}${range}${filter.length === 0 ? '' : `, filter ${allOf(filter)}`}`;
}

function rangeText({ index, prefix, lower, upper }: TableScan['path']): string {
  const parts = prefix.map((values, i) => {
    const { name } = index.columns[i]!.column;
    const texts = values.map(({ expression }) => expressionText(expression));
    if (values.some(({ matchesNull }) => matchesNull)) return `${name} IS NULL`;
    return texts.length === 1 ? `${name} = ${texts[0]}` : `${name} IN (${texts.join(', ')})`;
  });
  const ranged = index.columns[prefix.length]?.column.name;
  if (lower !== undefined || upper !== undefined) {
    const below = lower === undefined ? '' : `${expressionText(lower.expression)} ${lower.inclusive ? '<=' : '<'} `;
    const above = upper === undefined ? '' : ` ${upper.inclusive ? '<=' : '<'} ${expressionText(upper.expression)}`;
    parts.push(`${below}${ranged}${above}`);
  }
  return parts.join(', ');
}

function nestedLoopTitle({ join, conditions, dependsOn }: NestedLoopJoin): string {
  const left = join === 'left' ? ' left' : '';
  if (dependsOn.length > 0) return `Nested loop${left} join, rows of the right side remembered`;
  return `Nested loop${left} join${conditions.length === 0 ? '' : ` on ${allOf(conditions)}`}`;
}

function hashJoinTitle({ join, keys, conditions }: HashJoin): string {
  const equalities = keys.map(({ left, right }) => `${expressionText(left)} = ${expressionText(right)}`);
  const rest = conditions.length === 0 ? '' : `, filter ${allOf(conditions)}`;
  return `Hash${join === 'left' ? ' left' : ''} join on ${equalities.join(' AND ')}${rest}`;
}

function allOf(conditions: readonly BoundExpression[]): string {
  return conditions.map(expressionText).join(' AND ');
}

function orderText(keys: readonly SortKey[]): string {
  return keys
    .map(({ label, descending, nullsFirst }) => {
      const nulls = nullsFirst === descending ? '' : ` NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`;
      return `${label}${descending ? ' DESC' : ''}${nulls}`;
    })
    .join(', ');
}

function limitText({ limit, offset }: RowLimit): string {
  const count = limit === undefined ? 'all' : expressionText(limit);
  return offset === undefined ? count : `${count} after ${expressionText(offset)}`;
}
