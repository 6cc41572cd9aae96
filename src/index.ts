/** Varve: the public API, re-exported by name. */

export {
  ClosedError,
  ConflictError,
  ConstraintError,
  CorruptionError,
  InvalidArgumentError,
  IoError,
  LimitError,
  LockedError,
  SqlSemanticError,
  SqlSyntaxError,
  TimeoutError,
  TransactionClosedError,
  VarveError,
} from './base/index.js';
export { Database, open } from './database.js';
export {
  type BatchOperation,
  type Change,
  type ChangesOptions,
  type Commit,
  Keyspace,
  type KeyspaceOptions,
  KeyspaceReader,
  type ScanOptions,
  type StoreKeyspace,
  type TransactionKeyspace,
  type TupleKey,
} from './kv/index.js';
export type { DatabaseOptions } from './options.js';
export { type MaintenanceOptions, restore, verify } from './maintenance.js';
export type { ChangeFeed } from './mvcc/index.js';
export type {
  History,
  Isolation,
  PointInTime,
  SnapshotOptions,
  StoreStats,
  TransactionOptions,
  WriteOptions,
} from './mvcc/index.js';
export {
  AfterInsert,
  AfterLoad,
  AfterRemove,
  AfterUpdate,
  and,
  BeforeInsert,
  BeforeRemove,
  BeforeUpdate,
  between,
  Collection,
  Column,
  type ColumnType,
  type Condition,
  CreatedAt,
  DeletedAt,
  defineEntity,
  Entity,
  type EntityClass,
  type EntityDefinition,
  type EntityId,
  type EntityOf,
  type EntityTarget,
  type FindOneOptions,
  type FindOptions,
  gt,
  gte,
  Index,
  type Insertable,
  type InsertOf,
  isLoaded,
  isNotNull,
  isNull,
  like,
  lt,
  lte,
  ManyToOne,
  ne,
  not,
  notOneOf,
  OneToMany,
  oneOf,
  type OrderBy,
  or,
  type Patch,
  PrimaryKey,
  type Ref,
  Repository,
  UpdatedAt,
  Version,
  type Where,
  type With,
} from './orm/index.js';
export type { BackupReport, CheckpointReport, RecoveryReport, RestoreReport, VerifyReport } from './recovery/index.js';
export { DatabaseSnapshot } from './snapshot.js';
export { DatabaseTransaction } from './transaction.js';
export type { PreparedStatement, QueryOptions, ResultColumn, SqlParameters, SqlResult } from './sql/index.js';
export type { SqlFunction, SqlFunctionSync } from './sql-function.js';
export type { Durability, EngineEvent, EngineStats } from './storage/index.js';
export type { Environment, File, FileLock, FileStat, FileSystem, OpenMode } from './vfs/index.js';
