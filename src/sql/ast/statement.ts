/** Statement nodes other than queries: definitions, changes and EXPLAIN. */

import type { Expression, TypeName } from './expression.js';
import type { NamedTable, Query, SelectItem } from './select.js';
import type { SourceSpan } from './span.js';

export type Statement =
  | Query
  | InsertStatement
  | UpdateStatement
  | DeleteStatement
  | CreateTableStatement
  | CreateIndexStatement
  | DropTableStatement
  | DropIndexStatement
  | ExplainStatement;

/** A name with its place, for errors about that very name. */
export interface Name {
  readonly kind: 'name';
  readonly text: string;
  readonly span: SourceSpan | undefined;
}

export interface CreateTableStatement {
  readonly kind: 'create-table';
  readonly table: Name;
  readonly ifNotExists: boolean;
  readonly columns: readonly ColumnDefinition[];
  readonly constraints: readonly TableConstraint[];
  readonly span: SourceSpan | undefined;
}

export interface ColumnDefinition {
  readonly kind: 'column-definition';
  readonly name: Name;
  /** `serial` and its kin are gone by now: their integer type, `notNull`, and `generated: 'by-default'`. */
  readonly type: TypeName;
  readonly notNull: boolean;
  readonly primaryKey: boolean;
  readonly unique: boolean;
  readonly defaultValue: Expression | undefined;
  /** Ascending integers from a counter. `always`: a statement may not give a value. */
  readonly generated: 'always' | 'by-default' | undefined;
}

export interface TableConstraint {
  readonly kind: 'table-constraint';
  readonly constraint: 'primary-key' | 'unique';
  /** From `CONSTRAINT name`; undefined: the catalog derives one. */
  readonly name: string | undefined;
  readonly columns: readonly Name[];
  readonly span: SourceSpan | undefined;
}

export interface CreateIndexStatement {
  readonly kind: 'create-index';
  /** Undefined: the catalog derives one. */
  readonly index: Name | undefined;
  readonly table: Name;
  readonly unique: boolean;
  readonly ifNotExists: boolean;
  readonly columns: readonly IndexColumn[];
  readonly span: SourceSpan | undefined;
}

export interface IndexColumn {
  readonly kind: 'index-column';
  readonly name: Name;
  readonly direction: 'asc' | 'desc';
}

export interface DropTableStatement {
  readonly kind: 'drop-table';
  readonly tables: readonly Name[];
  readonly ifExists: boolean;
  readonly span: SourceSpan | undefined;
}

export interface DropIndexStatement {
  readonly kind: 'drop-index';
  readonly indexes: readonly Name[];
  readonly ifExists: boolean;
  readonly span: SourceSpan | undefined;
}

export interface InsertStatement {
  readonly kind: 'insert';
  readonly table: NamedTable;
  /** Undefined: all columns in their order. */
  readonly columns: readonly Name[] | undefined;
  readonly source: InsertSource;
  readonly expiry: ExpiryClause | undefined;
  readonly returning: readonly SelectItem[];
  readonly span: SourceSpan | undefined;
}

export type InsertSource = InsertValues | InsertQuery | InsertDefaults;

export interface InsertValues {
  readonly kind: 'insert-values';
  /** At least one row; rows may differ in length, which the binder refuses. */
  readonly rows: readonly (readonly AssignedValue[])[];
}

export interface InsertQuery {
  readonly kind: 'insert-query';
  readonly query: Query;
}

/** `DEFAULT VALUES`: one row of defaults. */
export interface InsertDefaults {
  readonly kind: 'insert-defaults';
}

/** The word DEFAULT where a column's value is expected. */
export interface DefaultValue {
  readonly kind: 'default';
  readonly span: SourceSpan | undefined;
}

export type AssignedValue = Expression | DefaultValue;

/** `USING TTL seconds` or `USING EXPIRY moment`: when the rows of a statement end; at NULL they do not. */
export interface ExpiryClause {
  readonly kind: 'expiry';
  readonly unit: 'ttl' | 'moment';
  readonly value: Expression;
}

export interface UpdateStatement {
  readonly kind: 'update';
  readonly table: NamedTable;
  /** Undefined: as it was before. */
  readonly expiry: ExpiryClause | undefined;
  readonly assignments: readonly Assignment[];
  readonly where: Expression | undefined;
  readonly returning: readonly SelectItem[];
  readonly span: SourceSpan | undefined;
}

export interface Assignment {
  readonly kind: 'assignment';
  readonly column: Name;
  readonly value: AssignedValue;
}

export interface DeleteStatement {
  readonly kind: 'delete';
  readonly table: NamedTable;
  readonly where: Expression | undefined;
  readonly returning: readonly SelectItem[];
  readonly span: SourceSpan | undefined;
}

export interface ExplainStatement {
  readonly kind: 'explain';
  readonly statement: Exclude<Statement, ExplainStatement>;
  readonly span: SourceSpan | undefined;
}
