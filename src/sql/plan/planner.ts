/**
 * From logical to physical: how tables are read, how joins run, and what can be left out. Joins keep the order in which
 * they are written. A join whose right side has an index on the joined columns looks its rows up; any other join over
 * equalities builds a hash table; the rest compares every pair.
 */

import type { BoundExpression, Slot } from '../binder/bound-expression.js';
import type { BoundQuery } from '../binder/bound-query.js';
import { usedSlots } from '../binder/expression-traversal.js';
import type { SqlType } from '../values/index.js';
import { type AccessWish, chooseAccess } from './access-path.js';
import {
  type JoinNode,
  type LogicalNode,
  providedSlots,
  type ScanNode,
  type SortKey,
  type TypedSlot,
} from './logical-plan.js';
import type { HashKey, PhysicalNode, RowLimit, TableScan } from './physical-plan.js';
import { pushDown } from './predicate-push-down.js';

/** Plans `node` so that at least the slots in `required` have values. */
export function planNode(node: LogicalNode, required: ReadonlySet<Slot>): PhysicalNode {
  return plan(pushDown(node), required, NO_WISH).node;
}

export function planQuery(query: BoundQuery): PhysicalNode {
  return planNode(query.node, new Set(query.outputs.map(({ slot }) => slot)));
}

type SlotTypes = ReadonlyMap<Slot, SqlType>;

const NO_WISH: AccessWish = { order: [], limited: false };

interface Planned {
  readonly node: PhysicalNode;
  /** True when the rows come in the order that was wished for. */
  readonly ordered: boolean;
}

function plan(node: LogicalNode, required: ReadonlySet<Slot>, wish: AccessWish): Planned {
  switch (node.kind) {
    case 'scan':
      return planScan(node, required, wish);
    case 'single-row':
      return { node: { kind: 'single-row' }, ordered: true };
    case 'filter': {
      const { conditions } = node;
      const input = plan(node.input, withUses(required, conditions), wish);
      return { node: { kind: 'filter', input: input.node, conditions }, ordered: input.ordered };
    }
    case 'join':
      return planJoin(node, required, wish);
    case 'aggregate': {
      const aggregates = node.aggregates.filter(({ slot }) => required.has(slot));
      const expressions = [
        ...node.keys.map(({ expression }) => expression),
        ...aggregates.flatMap((aggregate) => aggregate.arguments),
      ];
      const input = plan(node.input, withUses(new Set(), expressions), NO_WISH).node;
      return { node: { kind: 'aggregate', input, keys: node.keys, aggregates }, ordered: false };
    }
    case 'project': {
      const computed = node.computed.filter(({ slot }) => required.has(slot));
      const below = withUses(
        required,
        computed.map(({ expression }) => expression),
      );
      const input = plan(node.input, below, wish);
      if (computed.length === 0) return input;
      return { node: { kind: 'project', input: input.node, computed }, ordered: input.ordered };
    }
    case 'distinct': {
      const { slots } = node;
      const input = plan(node.input, new Set([...required, ...slots.map(({ slot }) => slot)]), wish);
      return { node: { kind: 'distinct', input: input.node, slots }, ordered: input.ordered };
    }
    case 'sort':
      return { node: planSort(node.input, node.keys, required, undefined), ordered: false };
    case 'limit':
      return { node: planLimit(node.input, node, required), ordered: false };
  }
}

function planSort(
  input: LogicalNode,
  keys: readonly SortKey[],
  required: ReadonlySet<Slot>,
  limit: RowLimit | undefined,
): PhysicalNode {
  const needed = new Set([...required, ...keys.map(({ slot }) => slot)]);
  const sorted = plan(input, needed, { order: keys, limited: limit !== undefined });
  if (sorted.ordered) return limit === undefined ? sorted.node : limitOf(sorted.node, limit);
  const provided = providedSlots(input);
  const slots = [...needed].filter((slot) => provided.has(slot));
  return { kind: 'sort', input: sorted.node, keys, slots, limit };
}

function planLimit(input: LogicalNode, limit: RowLimit, required: ReadonlySet<Slot>): PhysicalNode {
  // An offset without a limit still reads everything: nothing to gain from keeping only the first rows.
  if (input.kind === 'sort' && limit.limit !== undefined) {
    return planSort(input.input, input.keys, required, limit);
  }
  return limitOf(plan(input, required, NO_WISH).node, limit);
}

function limitOf(input: PhysicalNode, { limit, offset }: RowLimit): PhysicalNode {
  return { kind: 'limit', input, limit, offset };
}

function planScan(scan: ScanNode, required: ReadonlySet<Slot>, wish: AccessWish): Planned {
  const { path, filter, ordered } = chooseAccess(scan, wish);
  const needed = withUses(required, filter);
  const positions = scan.slots.flatMap((slot, position) => (needed.has(slot) ? [position] : []));
  return { node: { kind: 'table-scan', scan, path, filter, positions }, ordered };
}

function planJoin(node: JoinNode, required: ReadonlySet<Slot>, wish: AccessWish): Planned {
  const { join, conditions } = node;
  const needed = withUses(required, conditions);
  const leftSlots = providedSlots(node.left);
  const rightSlots = providedSlots(node.right);
  const left = plan(node.left, needed, belongsTo(wish, leftSlots));
  const { ordered } = left;
  const both = (right: PhysicalNode) => ({ join, left: left.node, right });
  const kept = (slots: ReadonlySet<Slot>): Slot[] => [...slots].filter((slot) => rightSlots.has(slot));
  const lookup = planLookup(node, required, leftSlots);
  if (lookup !== undefined) {
    const rest = { conditions: [], dependsOn: dependencies(lookup, leftSlots), rightSlots: kept(required) };
    return { node: { kind: 'nested-loop', ...both(lookup), ...rest }, ordered };
  }
  const right = plan(node.right, needed, NO_WISH).node;
  const { keys, rest } = hashKeys(conditions, leftSlots, rightSlots);
  if (keys.length > 0) {
    const parts = { keys, conditions: rest, rightSlots: kept(needed) };
    return { node: { kind: 'hash-join', ...both(right), ...parts }, ordered };
  }
  const parts = { conditions, dependsOn: [], rightSlots: kept(needed) };
  return { node: { kind: 'nested-loop', ...both(right), ...parts }, ordered };
}

/** The right side as a scan that finds its rows by a key made from the left; undefined when no index serves. */
function planLookup(node: JoinNode, required: ReadonlySet<Slot>, leftSlots: SlotTypes): TableScan | undefined {
  if (node.right.kind !== 'scan' || node.conditions.length === 0) return undefined;
  const scan = { ...node.right, conditions: [...node.right.conditions, ...node.conditions] };
  const { node: planned } = planScan(scan, required, NO_WISH);
  if (planned.kind !== 'table-scan') return undefined;
  const byLeft = planned.path.prefix.some((values) => values.some(({ expression }) => readsAny(expression, leftSlots)));
  return byLeft ? planned : undefined;
}

/** Slots of the left side that a lookup reads, in its keys or its filter. */
function dependencies({ path, filter }: TableScan, leftSlots: SlotTypes): TypedSlot[] {
  const keys = path.prefix.flatMap((values) => values.map(({ expression }) => expression));
  const bounds = [path.lower, path.upper].flatMap((bound) => (bound === undefined ? [] : [bound.expression]));
  const used = withUses(new Set(), [...keys, ...bounds, ...filter]);
  return [...used].flatMap((slot) => {
    const type = leftSlots.get(slot);
    return type === undefined ? [] : [{ slot, type }];
  });
}

/** The equalities between the two sides, and every other condition. */
function hashKeys(
  conditions: readonly BoundExpression[],
  left: SlotTypes,
  right: SlotTypes,
): { keys: HashKey[]; rest: BoundExpression[] } {
  const keys: HashKey[] = [];
  const rest: BoundExpression[] = [];
  for (const condition of conditions) {
    const key = condition.kind === 'binary' && condition.operator === '=' ? condition : undefined;
    if (key === undefined) rest.push(condition);
    else if (isOnly(key.left, left, right) && isOnly(key.right, right, left)) {
      keys.push({ left: key.left, right: key.right, type: key.operandType });
    } else if (isOnly(key.right, left, right) && isOnly(key.left, right, left)) {
      keys.push({ left: key.right, right: key.left, type: key.operandType });
    } else rest.push(condition);
  }
  return { keys, rest };
}

/** True when the expression reads the one side and not the other. */
function isOnly(expression: BoundExpression, side: SlotTypes, other: SlotTypes): boolean {
  return readsAny(expression, side) && !readsAny(expression, other);
}

function readsAny(expression: BoundExpression, slots: SlotTypes): boolean {
  for (const slot of usedSlots(expression)) if (slots.has(slot)) return true;
  return false;
}

/** The wish as far as one input alone can fulfil it. */
function belongsTo(wish: AccessWish, slots: SlotTypes): AccessWish {
  return wish.order.every(({ slot }) => slots.has(slot)) ? wish : NO_WISH;
}

function withUses(required: ReadonlySet<Slot>, expressions: readonly BoundExpression[]): Set<Slot> {
  const all = new Set(required);
  for (const expression of expressions) usedSlots(expression, all);
  return all;
}
