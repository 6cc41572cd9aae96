/** Walks over bound expressions: their parts, the slots they read, and copies with parts exchanged. */

import type { BoundExpression, Slot } from './bound-expression.js';

export function childrenOf(expression: BoundExpression): readonly BoundExpression[] {
  switch (expression.kind) {
    case 'constant':
    case 'parameter':
    case 'slot':
      return [];
    case 'unary':
    case 'cast':
    case 'is-test':
      return [expression.operand];
    case 'binary':
    case 'is-distinct':
      return [expression.left, expression.right];
    case 'call':
      return expression.arguments;
    case 'logical':
      return expression.operands;
    case 'in-list':
      return [expression.operand, ...expression.list];
    case 'like':
      return [expression.operand, expression.pattern, ...present(expression.escape)];
    case 'case':
      return [
        ...present(expression.operand),
        ...expression.branches.flatMap(({ when, result }) => [when, result]),
        expression.otherwise,
      ];
    case 'subquery':
      return present(expression.operand);
  }
}

function present(expression: BoundExpression | undefined): BoundExpression[] {
  return expression === undefined ? [] : [expression];
}

/** Every slot that evaluating `expression` reads, those that its subqueries take from outside included. */
export function usedSlots(expression: BoundExpression, into: Set<Slot> = new Set()): Set<Slot> {
  if (expression.kind === 'slot') into.add(expression.slot);
  if (expression.kind === 'subquery') for (const slot of expression.query.outerSlots) into.add(slot);
  for (const child of childrenOf(expression)) usedSlots(child, into);
  return into;
}

export function hasSubquery(expression: BoundExpression): boolean {
  return expression.kind === 'subquery' || childrenOf(expression).some(hasSubquery);
}

/** A copy with every direct part replaced by what `change` makes of it. */
export function mapChildren(
  expression: BoundExpression,
  change: (part: BoundExpression) => BoundExpression,
): BoundExpression {
  switch (expression.kind) {
    case 'constant':
    case 'parameter':
    case 'slot':
      return expression;
    case 'unary':
    case 'cast':
    case 'is-test':
      return { ...expression, operand: change(expression.operand) };
    case 'binary':
    case 'is-distinct':
      return { ...expression, left: change(expression.left), right: change(expression.right) };
    case 'call':
      return { ...expression, arguments: expression.arguments.map(change) };
    case 'logical':
      return { ...expression, operands: expression.operands.map(change) };
    case 'in-list':
      return { ...expression, operand: change(expression.operand), list: expression.list.map(change) };
    case 'like':
      return {
        ...expression,
        operand: change(expression.operand),
        pattern: change(expression.pattern),
        escape: expression.escape && change(expression.escape),
      };
    case 'case':
      return {
        ...expression,
        operand: expression.operand && change(expression.operand),
        branches: expression.branches.map(({ when, result }) => ({ when: change(when), result: change(result) })),
        otherwise: change(expression.otherwise),
      };
    case 'subquery':
      return { ...expression, operand: expression.operand && change(expression.operand) };
  }
}

/** The conditions that must all be true for `expression` to be. */
export function conjunctsOf(expression: BoundExpression): readonly BoundExpression[] {
  if (expression.kind === 'logical' && expression.operator === 'and') return expression.operands.flatMap(conjunctsOf);
  return [expression];
}
