/** Makers of frozen statement nodes. */

import { assert } from '../../base/index.js';
import type { Expression, TypeName } from './expression.js';
import type { NamedTable, Query, SelectItem } from './select.js';
import type { SourceSpan } from './span.js';
import type {
  AssignedValue,
  Assignment,
  ColumnDefinition,
  CreateIndexStatement,
  CreateTableStatement,
  DefaultValue,
  DeleteStatement,
  DropIndexStatement,
  DropTableStatement,
  ExpiryClause,
  ExplainStatement,
  IndexColumn,
  InsertDefaults,
  InsertQuery,
  InsertSource,
  InsertStatement,
  InsertValues,
  Name,
  Statement,
  TableConstraint,
  UpdateStatement,
} from './statement.js';

export function name(text: string, span?: SourceSpan): Name {
  return Object.freeze({ kind: 'name', text, span } as const);
}

export interface CreateTableParts {
  readonly table: Name;
  readonly ifNotExists?: boolean;
  readonly columns: readonly ColumnDefinition[];
  readonly constraints?: readonly TableConstraint[];
}

export function createTable(parts: CreateTableParts, span?: SourceSpan): CreateTableStatement {
  return Object.freeze({
    kind: 'create-table',
    table: parts.table,
    ifNotExists: parts.ifNotExists ?? false,
    columns: Object.freeze([...parts.columns]),
    constraints: Object.freeze([...(parts.constraints ?? [])]),
    span,
  } as const);
}

export interface ColumnDefinitionParts {
  readonly name: Name;
  readonly type: TypeName;
  readonly notNull?: boolean;
  readonly primaryKey?: boolean;
  readonly unique?: boolean;
  readonly defaultValue?: Expression | undefined;
  readonly generated?: 'always' | 'by-default' | undefined;
}

export function columnDefinition(parts: ColumnDefinitionParts): ColumnDefinition {
  return Object.freeze({
    kind: 'column-definition',
    name: parts.name,
    type: parts.type,
    notNull: parts.notNull ?? false,
    primaryKey: parts.primaryKey ?? false,
    unique: parts.unique ?? false,
    defaultValue: parts.defaultValue,
    generated: parts.generated,
  } as const);
}

export interface TableConstraintParts {
  readonly constraint: 'primary-key' | 'unique';
  readonly name?: string | undefined;
  readonly columns: readonly Name[];
}

export function tableConstraint(parts: TableConstraintParts, span?: SourceSpan): TableConstraint {
  return Object.freeze({
    kind: 'table-constraint',
    constraint: parts.constraint,
    name: parts.name,
    columns: Object.freeze([...parts.columns]),
    span,
  } as const);
}

export interface CreateIndexParts {
  readonly index?: Name | undefined;
  readonly table: Name;
  readonly unique?: boolean;
  readonly ifNotExists?: boolean;
  readonly columns: readonly IndexColumn[];
}

export function createIndex(parts: CreateIndexParts, span?: SourceSpan): CreateIndexStatement {
  return Object.freeze({
    kind: 'create-index',
    index: parts.index,
    table: parts.table,
    unique: parts.unique ?? false,
    ifNotExists: parts.ifNotExists ?? false,
    columns: Object.freeze([...parts.columns]),
    span,
  } as const);
}

export function indexColumn(columnName: Name, direction: 'asc' | 'desc' = 'asc'): IndexColumn {
  return Object.freeze({ kind: 'index-column', name: columnName, direction } as const);
}

export function dropTable(tables: readonly Name[], ifExists = false, span?: SourceSpan): DropTableStatement {
  return Object.freeze({ kind: 'drop-table', tables: Object.freeze([...tables]), ifExists, span } as const);
}

export function dropIndex(indexes: readonly Name[], ifExists = false, span?: SourceSpan): DropIndexStatement {
  return Object.freeze({ kind: 'drop-index', indexes: Object.freeze([...indexes]), ifExists, span } as const);
}

export interface InsertParts {
  readonly table: NamedTable;
  readonly columns?: readonly Name[] | undefined;
  readonly source: InsertSource;
  readonly expiry?: ExpiryClause | undefined;
  readonly returning?: readonly SelectItem[];
}

export function insert(parts: InsertParts, span?: SourceSpan): InsertStatement {
  return Object.freeze({
    kind: 'insert',
    table: parts.table,
    columns: parts.columns === undefined ? undefined : Object.freeze([...parts.columns]),
    source: parts.source,
    expiry: parts.expiry,
    returning: Object.freeze([...(parts.returning ?? [])]),
    span,
  } as const);
}

/** At least one row. */
export function insertValues(rows: readonly (readonly AssignedValue[])[]): InsertValues {
  assert(rows.length >= 1, 'VALUES has at least one row');
  return Object.freeze({
    kind: 'insert-values',
    rows: Object.freeze(rows.map((row) => Object.freeze([...row]))),
  } as const);
}

export function insertQuery(query: Query): InsertQuery {
  return Object.freeze({ kind: 'insert-query', query } as const);
}

export function insertDefaults(): InsertDefaults {
  return Object.freeze({ kind: 'insert-defaults' } as const);
}

export function defaultValue(span?: SourceSpan): DefaultValue {
  return Object.freeze({ kind: 'default', span } as const);
}

export function expiryClause(unit: ExpiryClause['unit'], value: Expression): ExpiryClause {
  return Object.freeze({ kind: 'expiry', unit, value } as const);
}

export interface UpdateParts {
  readonly table: NamedTable;
  readonly expiry?: ExpiryClause | undefined;
  /** At least one. */
  readonly assignments: readonly Assignment[];
  readonly where?: Expression | undefined;
  readonly returning?: readonly SelectItem[];
}

export function update(parts: UpdateParts, span?: SourceSpan): UpdateStatement {
  assert(parts.assignments.length >= 1, 'an UPDATE sets at least one column');
  return Object.freeze({
    kind: 'update',
    table: parts.table,
    expiry: parts.expiry,
    assignments: Object.freeze([...parts.assignments]),
    where: parts.where,
    returning: Object.freeze([...(parts.returning ?? [])]),
    span,
  } as const);
}

export function assignment(columnName: Name, value: AssignedValue): Assignment {
  return Object.freeze({ kind: 'assignment', column: columnName, value } as const);
}

export interface DeleteParts {
  readonly table: NamedTable;
  readonly where?: Expression | undefined;
  readonly returning?: readonly SelectItem[];
}

export function deleteFrom(parts: DeleteParts, span?: SourceSpan): DeleteStatement {
  return Object.freeze({
    kind: 'delete',
    table: parts.table,
    where: parts.where,
    returning: Object.freeze([...(parts.returning ?? [])]),
    span,
  } as const);
}

export function explain(statement: Exclude<Statement, ExplainStatement>, span?: SourceSpan): ExplainStatement {
  return Object.freeze({ kind: 'explain', statement, span } as const);
}
