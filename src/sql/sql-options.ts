/** What the SQL layer may use. Every limit has a default and a typed error. */

import { DEFAULT_PARSER_LIMITS, type ParserLimits } from './parser/limits.js';

export interface SqlLimits extends ParserLimits {
  /** Bytes that one statement may hold in sorts, groups, hash tables and subqueries. Default 256 MiB. */
  readonly memoryBytes: number;
  /** Rows of one result; streaming has no limit. Default 1,000,000. */
  readonly resultRows: number;
  /** Bytes of one result, strings counted as two per code unit. Default 512 MiB. */
  readonly resultBytes: number;
}

export interface SqlOptions {
  /** Statements kept parsed and planned, by text. Default 512. */
  readonly statementCacheSize?: number | undefined;
  readonly limits?: Partial<SqlLimits> | undefined;
}

const MIB = 1024 * 1024;

export const DEFAULT_SQL_LIMITS: SqlLimits = {
  ...DEFAULT_PARSER_LIMITS,
  memoryBytes: 256 * MIB,
  resultRows: 1_000_000,
  resultBytes: 512 * MIB,
};

export const DEFAULT_STATEMENT_CACHE_SIZE = 512;
