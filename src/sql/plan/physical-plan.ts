/** How a statement is carried out: one node per operator that will run, with everything decided. Plain data. */

import type { BoundExpression, Slot } from '../binder/bound-expression.js';
import type { AccessPath } from './access-path.js';
import type { AggregateSlot, ComputedSlot, ScanNode, SortKey, TypedSlot } from './logical-plan.js';

export type PhysicalNode =
  | TableScan
  | SingleRow
  | Filter
  | NestedLoopJoin
  | HashJoin
  | Aggregate
  | Project
  | Distinct
  | Sort
  | Limit;

export interface TableScan {
  readonly kind: 'table-scan';
  readonly scan: ScanNode;
  readonly path: AccessPath;
  readonly filter: readonly BoundExpression[];
  /** Positions of the columns that are needed above. */
  readonly positions: readonly number[];
}

export interface SingleRow {
  readonly kind: 'single-row';
}

export interface Filter {
  readonly kind: 'filter';
  readonly input: PhysicalNode;
  readonly conditions: readonly BoundExpression[];
}

/**
 * Runs the right side once per row of the left, or once per distinct combination of the left's values that it reads: its
 * rows are remembered. A right side that reads nothing of the left runs once.
 */
export interface NestedLoopJoin {
  readonly kind: 'nested-loop';
  readonly join: 'inner' | 'left';
  readonly left: PhysicalNode;
  readonly right: PhysicalNode;
  readonly conditions: readonly BoundExpression[];
  /** What the right side reads of the left. */
  readonly dependsOn: readonly TypedSlot[];
  /** Slots of the right side that are needed above. */
  readonly rightSlots: readonly Slot[];
}

/** Keeps the right side in a hash table. */
export interface HashJoin {
  readonly kind: 'hash-join';
  readonly join: 'inner' | 'left';
  readonly left: PhysicalNode;
  readonly right: PhysicalNode;
  readonly keys: readonly HashKey[];
  /** Conditions beyond the equalities. */
  readonly conditions: readonly BoundExpression[];
  readonly rightSlots: readonly Slot[];
}

export interface HashKey {
  readonly left: BoundExpression;
  readonly right: BoundExpression;
  readonly type: TypedSlot['type'];
}

export interface Aggregate {
  readonly kind: 'aggregate';
  readonly input: PhysicalNode;
  readonly keys: readonly ComputedSlot[];
  readonly aggregates: readonly AggregateSlot[];
}

export interface Project {
  readonly kind: 'project';
  readonly input: PhysicalNode;
  readonly computed: readonly ComputedSlot[];
}

export interface Distinct {
  readonly kind: 'distinct';
  readonly input: PhysicalNode;
  readonly slots: readonly TypedSlot[];
}

export interface Sort {
  readonly kind: 'sort';
  readonly input: PhysicalNode;
  readonly keys: readonly SortKey[];
  /** Slots that must survive. */
  readonly slots: readonly Slot[];
  /** Present: only the first rows are wanted, and only so many are kept. */
  readonly limit: RowLimit | undefined;
}

export interface Limit extends RowLimit {
  readonly kind: 'limit';
  readonly input: PhysicalNode;
}

export interface RowLimit {
  readonly limit: BoundExpression | undefined;
  readonly offset: BoundExpression | undefined;
}
