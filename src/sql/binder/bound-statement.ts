/** Statements after binding: everything a statement needs from names, types and schema is settled. */

import type { IndexDefinition, TableDefinition } from '../catalog/table-definition.js';
import type { Table } from '../catalog/table.js';
import type { LogicalNode } from '../plan/logical-plan.js';
import type { BoundExpression, Slot } from './bound-expression.js';
import type { BoundQuery, OutputColumn } from './bound-query.js';

export type BoundStatement = BoundSelectStatement | BoundChange | BoundDefinition | BoundExplain;

export interface BoundSelectStatement {
  readonly kind: 'select';
  readonly query: BoundQuery;
}

export type BoundChange = BoundInsert | BoundUpdate | BoundDelete;

/** One value per column of the table, in column order; undefined asks for the column's default. */
export type NewRowExpressions = readonly (BoundExpression | undefined)[];

/** What RETURNING yields, computed over a changed row in `slots`. */
export interface BoundReturning {
  /** Expressions to compute first, each into its slot. */
  readonly computed: readonly { readonly slot: Slot; readonly expression: BoundExpression }[];
  readonly outputs: readonly OutputColumn[];
}

/** Seconds from the statement on, or a moment; the same for all rows of a statement. */
export interface BoundExpiry {
  readonly unit: 'ttl' | 'moment';
  readonly expression: BoundExpression;
}

export interface BoundInsert {
  readonly kind: 'insert';
  readonly table: Table;
  /** Slots of the table's columns, for RETURNING. */
  readonly slots: readonly Slot[];
  readonly source:
    | { readonly kind: 'values'; readonly rows: readonly NewRowExpressions[] }
    | { readonly kind: 'query'; readonly query: BoundQuery; readonly row: NewRowExpressions };
  readonly expiry: BoundExpiry | undefined;
  readonly returning: BoundReturning | undefined;
}

export interface BoundUpdate {
  readonly kind: 'update';
  readonly table: Table;
  readonly slots: readonly Slot[];
  /** Yields the rows to change, all columns in `slots`. */
  readonly input: LogicalNode;
  readonly assignments: readonly { readonly position: number; readonly expression: BoundExpression | undefined }[];
  readonly expiry: BoundExpiry | undefined;
  readonly returning: BoundReturning | undefined;
}

export interface BoundDelete {
  readonly kind: 'delete';
  readonly table: Table;
  readonly slots: readonly Slot[];
  readonly input: LogicalNode;
  readonly returning: BoundReturning | undefined;
}

export type BoundDefinition =
  | {
      readonly kind: 'create-table';
      /** Defaults are in `defaults`, still as expressions. */
      readonly definition: TableDefinition;
      readonly defaults: ReadonlyMap<string, BoundExpression>;
      readonly ifNotExists: boolean;
    }
  | { readonly kind: 'create-index'; readonly definition: IndexDefinition; readonly ifNotExists: boolean }
  | { readonly kind: 'drop-table'; readonly names: readonly string[]; readonly ifExists: boolean }
  | { readonly kind: 'drop-index'; readonly names: readonly string[]; readonly ifExists: boolean };

export interface BoundExplain {
  readonly kind: 'explain';
  readonly statement: BoundSelectStatement | BoundChange;
}
