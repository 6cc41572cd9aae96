/**
 * Keeps inner joins from multiplying tables that nothing connects. Tables are joined as written for as long as each is
 * connected to those before it; where one is not, a later one that is goes first. `FROM a, b, c WHERE a.x = c.x AND
 * c.y = b.y` becomes a, c, b. Outer joins stay where they are, each as one unit.
 */

import type { BoundExpression, Slot } from '../binder/bound-expression.js';
import { usedSlots } from '../binder/expression-traversal.js';
import { type LogicalNode, providedSlots } from './logical-plan.js';

interface Unit {
  readonly node: LogicalNode;
  readonly slots: ReadonlyMap<Slot, unknown>;
  /** Conditions on this unit alone: rows are refused before they are joined. */
  readonly ownConditions: number;
}

/** The same rows from a tree of inner joins under `conditions`, in another order where that avoids cross products. */
export function orderJoins(node: LogicalNode, conditions: readonly BoundExpression[]): LogicalNode {
  if (!isInnerJoin(node)) return node;
  const collected: BoundExpression[] = [...conditions];
  const leaves: LogicalNode[] = [];
  flatten(node, leaves, collected);
  if (leaves.length < 3) return node;
  const uses = collected.map((condition) => usedSlots(condition));
  const units = leaves.map((leaf): Unit => {
    const slots = providedSlots(leaf);
    const isOwn = (used: ReadonlySet<Slot>): boolean => used.size > 0 && [...used].every((slot) => slots.has(slot));
    return { node: leaf, slots, ownConditions: uses.filter(isOwn).length };
  });
  const ordered = connectedOrder(units, uses);
  if (ordered.every((unit, i) => unit === units[i])) return node;
  const joinConditions = collected.slice(conditions.length);
  return ordered.slice(1).reduce(
    (left: LogicalNode, { node: right }, i): LogicalNode => ({
      kind: 'join',
      join: 'inner',
      left,
      right,
      // Pushing down puts each condition where it belongs; any place above its tables will do.
      conditions: i === ordered.length - 2 ? joinConditions : [],
    }),
    ordered[0]!.node,
  );
}

type InnerJoin = Extract<LogicalNode, { kind: 'join' }>;

function isInnerJoin(node: LogicalNode): node is InnerJoin {
  return node.kind === 'join' && node.join === 'inner';
}

function flatten(node: LogicalNode, leaves: LogicalNode[], conditions: BoundExpression[]): void {
  if (!isInnerJoin(node)) {
    leaves.push(node);
    return;
  }
  flatten(node.left, leaves, conditions);
  flatten(node.right, leaves, conditions);
  conditions.push(...node.conditions);
}

function connectedOrder(units: readonly Unit[], uses: readonly ReadonlySet<Slot>[]): Unit[] {
  const joined = new Set<Slot>();
  const left = [...units];
  const ordered: Unit[] = [];
  while (left.length > 0) {
    const next = left.find((unit) => connects(unit, joined, uses)) ?? startingUnit(left, uses, ordered.length === 0);
    left.splice(left.indexOf(next), 1);
    ordered.push(next);
    for (const slot of next.slots.keys()) joined.add(slot);
  }
  return ordered;
}

/** True when a condition on the unit becomes decidable with what is joined already, and reads some of that. */
function connects(unit: Unit, joined: ReadonlySet<Slot>, uses: readonly ReadonlySet<Slot>[]): boolean {
  return uses.some((used) => {
    let [own, others] = [false, false];
    for (const slot of used) {
      if (unit.slots.has(slot)) own = true;
      else if (joined.has(slot)) others = true;
      else return false;
    }
    return own && others;
  });
}

/**
 * Where nothing is connected: as written, as long as the tables before it were joined as written; but a join that has to
 * be reordered anyway starts from a table that conditions of its own make small.
 */
function startingUnit(left: readonly Unit[], uses: readonly ReadonlySet<Slot>[], isFirst: boolean): Unit {
  if (isFirst && isConnectedAsWritten(left, uses)) return left[0]!;
  return left.reduce((best, unit) => (unit.ownConditions > best.ownConditions ? unit : best));
}

function isConnectedAsWritten(units: readonly Unit[], uses: readonly ReadonlySet<Slot>[]): boolean {
  const joined = new Set<Slot>();
  return units.every((unit, i) => {
    const connected = i === 0 || connects(unit, joined, uses);
    for (const slot of unit.slots.keys()) joined.add(slot);
    return connected;
  });
}
