/** Plain descriptions of tables and indexes to be created: what a DDL statement or an entity class is turned into. */

import type { SqlType } from '../values/index.js';
import type { ColumnDefault, Generated } from './table.js';

export interface ColumnSpecification {
  readonly name: string;
  readonly type: SqlType;
  /** Default true; columns of the primary key and generated columns never are. */
  readonly nullable?: boolean;
  /** A constant must already be a value of `type`. */
  readonly defaultValue?: ColumnDefault | undefined;
  /** Ascending integers from a counter of its own. Only for integer types, and without a default. */
  readonly generated?: Generated | undefined;
}

export interface UniqueSpecification {
  /** Absent: `table_column_key`. */
  readonly name?: string | undefined;
  readonly columns: readonly string[];
}

export interface TableDefinition {
  readonly name: string;
  readonly columns: readonly ColumnSpecification[];
  /** Absent: rows are kept in the order of insertion. */
  readonly primaryKey?: UniqueSpecification | undefined;
  readonly unique?: readonly UniqueSpecification[];
}

export interface IndexDefinition {
  /** Absent: `table_column_idx`. */
  readonly name?: string | undefined;
  readonly table: string;
  readonly unique?: boolean;
  readonly columns: readonly { readonly name: string; readonly descending?: boolean }[];
}
