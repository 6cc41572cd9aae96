/** Decorators of entity classes. They write metadata and do nothing else. */

export { Column, type ColumnDecorator, type ColumnOptions, PrimaryKey, type PrimaryKeyOptions } from './column.js';
export { Entity, type EntityOptions, Index, type IndexOptions } from './entity.js';
export {
  AfterInsert,
  AfterLoad,
  AfterRemove,
  AfterUpdate,
  BeforeInsert,
  BeforeRemove,
  BeforeUpdate,
  type HookDecorator,
} from './lifecycle.js';
export { CreatedAt, DeletedAt, type MaintainedColumnOptions, UpdatedAt, Version } from './maintained-column.js';
export {
  ManyToOne,
  type ManyToOneOptions,
  OneToMany,
  type OneToManyOptions,
  type Ref,
  type RelationProperty,
} from './relation.js';
