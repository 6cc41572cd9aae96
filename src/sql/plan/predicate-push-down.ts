/**
 * Moves every condition as far down the plan as its columns allow, so that rows are refused before they are joined,
 * grouped or sorted, and scans see the conditions that can become key ranges.
 */

import type { BoundExpression, Slot } from '../binder/bound-expression.js';
import { usedSlots } from '../binder/expression-traversal.js';
import { orderJoins } from './join-order.js';
import { type JoinNode, type LogicalNode, providedSlots } from './logical-plan.js';

/** The same rows, with `conditions` (all must be true) taken in. */
export function pushDown(written: LogicalNode, conditions: readonly BoundExpression[] = []): LogicalNode {
  return push(orderJoins(written, conditions), conditions);
}

function push(node: LogicalNode, conditions: readonly BoundExpression[]): LogicalNode {
  switch (node.kind) {
    case 'filter':
      return pushDown(node.input, [...node.conditions, ...conditions]);
    case 'scan':
      return conditions.length === 0 ? node : { ...node, conditions: [...node.conditions, ...conditions] };
    case 'join':
      return pushIntoJoin(node, conditions);
    case 'project': {
      const computed = new Set(node.computed.map(({ slot }) => slot));
      const [above, below] = partition(conditions, (condition) => reads(condition, computed));
      return filtered({ ...node, input: pushDown(node.input, below) }, above);
    }
    case 'aggregate': {
      // A condition on grouping columns alone holds for a group exactly when it holds for each of its rows.
      const kept = new Set(node.keys.flatMap(({ slot, expression }) => (expression.kind === 'slot' ? [slot] : [])));
      const own = providedSlots(node);
      const movable = (condition: BoundExpression): boolean =>
        node.keys.length > 0 && [...usedSlots(condition)].every((slot) => kept.has(slot) || !own.has(slot));
      const [below, above] = partition(conditions, movable);
      return filtered({ ...node, input: pushDown(node.input, below) }, above);
    }
    case 'sort':
    case 'distinct':
      return { ...node, input: pushDown(node.input, conditions) };
    case 'limit':
      return filtered({ ...node, input: pushDown(node.input) }, conditions);
    case 'single-row':
      return filtered(node, conditions);
  }
}

function pushIntoJoin(node: JoinNode, conditions: readonly BoundExpression[]): LogicalNode {
  const left = providedSlots(node.left);
  const right = providedSlots(node.right);
  if (node.join === 'inner') {
    const all = [...node.conditions, ...conditions];
    const [rest, forLeft] = partition(all, (condition) => reads(condition, right));
    const [joining, forRight] = partition(rest, (condition) => reads(condition, left));
    // Inner joins directly below belong to this one, whose order is settled.
    return { ...node, left: push(node.left, forLeft), right: push(node.right, forRight), conditions: joining };
  }
  // What stands in ON may refuse rows of the right side early, but never rows of the left; what stands in WHERE the reverse.
  const [joining, forRight] = partition(node.conditions, (condition) => reads(condition, left));
  const [above, forLeft] = partition(conditions, (condition) => reads(condition, right));
  const join = {
    ...node,
    left: pushDown(node.left, forLeft),
    right: pushDown(node.right, forRight),
    conditions: joining,
  };
  return filtered(join, above);
}

function filtered(input: LogicalNode, conditions: readonly BoundExpression[]): LogicalNode {
  return conditions.length === 0 ? input : { kind: 'filter', input, conditions };
}

function reads(expression: BoundExpression, slots: { has(slot: Slot): boolean }): boolean {
  for (const slot of usedSlots(expression)) if (slots.has(slot)) return true;
  return false;
}

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): [first: T[], second: T[]] {
  const first: T[] = [];
  const second: T[] = [];
  for (const item of items) (isFirst(item) ? first : second).push(item);
  return [first, second];
}
