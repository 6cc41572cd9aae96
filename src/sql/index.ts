/**
 * SQL over transactions: `SqlDatabase` runs statements, `TableAccess` works on rows and schema directly, and the syntax
 * tree's factories build statements without text. Loading this loads no parser; the first SQL text does.
 */

export * from './ast/index.js';
export type { SqlParameters } from './binder/parameters.js';
export { Catalog } from './catalog/catalog.js';
export {
  type Column,
  type ColumnDefault,
  type Generated,
  type Index,
  type IndexedColumn,
  type Row,
  Table,
} from './catalog/table.js';
export type {
  ColumnSpecification,
  IndexDefinition,
  TableDefinition,
  UniqueSpecification,
} from './catalog/table-definition.js';
export type {
  ArrayRowOptions,
  ObjectRowOptions,
  QueryOptions,
  ResultColumn,
  RowMode,
  SqlResult,
} from './execution/result.js';
export { type NewRow, TableAccess } from './execution/table-access.js';
export { PreparedStatement, type RunSummary } from './prepared-statement.js';
export { SqlDatabase } from './sql-database.js';
export { splitSqlKey } from './rows/key-layout.js';
export { DEFAULT_SQL_LIMITS, DEFAULT_STATEMENT_CACHE_SIZE, type SqlLimits, type SqlOptions } from './sql-options.js';
export type { SqlTarget, WriteTarget } from './statement-runner.js';
export {
  BIGINT,
  BOOLEAN,
  BYTEA,
  DATE,
  DOUBLE,
  type EvaluationContext,
  fromJs,
  INTEGER,
  inferType,
  isComparable,
  JSON_TEXT,
  JSONB,
  REAL,
  resolveType,
  SMALLINT,
  type SqlType,
  type SqlTypeName,
  type SqlValue,
  sameType,
  TEXT,
  TIMESTAMP,
  TIMESTAMPTZ,
  toJs,
  typeText,
  UUID,
  VARCHAR,
  varchar,
} from './values/index.js';
