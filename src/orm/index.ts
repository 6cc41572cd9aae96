/** Entities over SQL tables: decorators and definitions, repositories, and a unit of work per transaction. */

export { Collection } from './collection.js';
export * from './decorators/index.js';
export {
  defineEntity,
  type EntityDefinition,
  type MaintainedColumn,
  type ManyToOneRelation,
  type OneToManyRelation,
  type ValueColumn,
} from './define-entity.js';
export type { EntityOf, EntityTarget, InsertOf } from './entity-type.js';
export type { ColumnType } from './metadata/column-type.js';
export type { EntityClass } from './metadata/declaration.js';
export { Orm } from './orm.js';
export {
  and,
  between,
  gt,
  gte,
  isNotNull,
  isNull,
  like,
  lt,
  lte,
  ne,
  not,
  notOneOf,
  oneOf,
  or,
} from './query/conditions.js';
export type { Condition } from './query/operator.js';
export type {
  FindOneOptions,
  FindOptions,
  Insertable,
  LoadOptions,
  OrderBy,
  Patch,
  Where,
  With,
} from './query/where.js';
export { type CountOptions, type EntityId, type IterateOptions, Repository } from './repository.js';
export { isLoaded } from './mapping/reference-form.js';
export type { EntitySession, SessionMark } from './session/entity-session.js';
