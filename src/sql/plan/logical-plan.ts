/**
 * What a statement asks for, as a tree of relational operators over slots. The binder builds it in the order SQL gives
 * meaning to clauses; `predicate-push-down.ts` rewrites it; `planner.ts` decides how each node is carried out.
 */

import type { BoundExpression, Slot } from '../binder/bound-expression.js';
import type { Table } from '../catalog/table.js';
import type { AggregateCall, SqlType } from '../values/index.js';

export type LogicalNode =
  | ScanNode
  | SingleRowNode
  | FilterNode
  | JoinNode
  | AggregateNode
  | ProjectNode
  | DistinctNode
  | SortNode
  | LimitNode;

export interface ScanNode {
  readonly kind: 'scan';
  readonly table: Table;
  readonly alias: string;
  /** Slot of each column, by position; hidden columns included. */
  readonly slots: readonly Slot[];
  /** All must be true. */
  readonly conditions: readonly BoundExpression[];
}

/** One row without columns: SELECT without FROM. */
export interface SingleRowNode {
  readonly kind: 'single-row';
}

export interface FilterNode {
  readonly kind: 'filter';
  readonly input: LogicalNode;
  readonly conditions: readonly BoundExpression[];
}

/** `inner` without conditions is a cross join. */
export interface JoinNode {
  readonly kind: 'join';
  readonly join: 'inner' | 'left';
  readonly left: LogicalNode;
  readonly right: LogicalNode;
  readonly conditions: readonly BoundExpression[];
}

export interface ComputedSlot {
  readonly slot: Slot;
  readonly expression: BoundExpression;
}

export interface AggregateSlot {
  readonly slot: Slot;
  readonly call: AggregateCall;
  readonly arguments: readonly BoundExpression[];
  /** For people: `sum(DISTINCT x)`. */
  readonly label: string;
}

/** Without keys: one row, even over nothing. A key that is a plain column keeps its slot. */
export interface AggregateNode {
  readonly kind: 'aggregate';
  readonly input: LogicalNode;
  readonly keys: readonly ComputedSlot[];
  readonly aggregates: readonly AggregateSlot[];
}

export interface ProjectNode {
  readonly kind: 'project';
  readonly input: LogicalNode;
  readonly computed: readonly ComputedSlot[];
}

export interface TypedSlot {
  readonly slot: Slot;
  readonly type: SqlType;
}

export interface DistinctNode {
  readonly kind: 'distinct';
  readonly input: LogicalNode;
  readonly slots: readonly TypedSlot[];
}

export interface SortKey extends TypedSlot {
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  readonly nullable: boolean;
  readonly label: string;
}

export interface SortNode {
  readonly kind: 'sort';
  readonly input: LogicalNode;
  readonly keys: readonly SortKey[];
}

export interface LimitNode {
  readonly kind: 'limit';
  readonly input: LogicalNode;
  readonly limit: BoundExpression | undefined;
  readonly offset: BoundExpression | undefined;
}

/** Slots that a row of `node` has values in, and their types. */
export function providedSlots(node: LogicalNode, into: Map<Slot, SqlType> = new Map()): Map<Slot, SqlType> {
  switch (node.kind) {
    case 'scan':
      node.slots.forEach((slot, position) => into.set(slot, node.table.columns[position]!.type));
      return into;
    case 'single-row':
      return into;
    case 'join':
      return providedSlots(node.right, providedSlots(node.left, into));
    case 'aggregate':
      for (const { slot, expression } of node.keys) into.set(slot, expression.type);
      for (const { slot, call } of node.aggregates) into.set(slot, call.result);
      return into;
    case 'project':
      for (const { slot, expression } of node.computed) into.set(slot, expression.type);
      return providedSlots(node.input, into);
    default:
      return providedSlots(node.input, into);
  }
}
