/** What binding makes of a query: a logical plan and the slots its columns end up in. */

import type { LogicalNode } from '../plan/logical-plan.js';
import type { SqlType } from '../values/index.js';
import type { Slot } from './bound-expression.js';

export interface OutputColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly slot: Slot;
  readonly nullable: boolean;
}

export interface BoundQuery {
  readonly node: LogicalNode;
  readonly outputs: readonly OutputColumn[];
  /** Slots of enclosing queries that this one reads; empty: it yields the same rows every time. */
  readonly outerSlots: ReadonlySet<Slot>;
}
