/** What callers may ask for, typed by entity: conditions, order, relations to load. */

import type { Collection } from '../collection.js';
import type { Condition } from './operator.js';

/** Values that fit one column and compare by value. */
export type Scalar = string | number | bigint | boolean | symbol | Date | Uint8Array;

/** Names of the properties that hold data: no methods, no collections. */
export type DataProperty<T> = {
  [K in keyof T]-?: NonNullable<T[K]> extends ((...parameters: never[]) => unknown) | Collection<infer _> ? never : K;
}[keyof T] &
  string;

/** What may stand for one column: a scalar key for a reference, the value itself for everything. */
export type KeyScalar = string | number | bigint | Date | Uint8Array;

type Comparable<V> = [V] extends [Scalar] ? V : V | KeyScalar;

/** A value to be equal to (null: IS NULL), or a condition. */
export type PropertyCondition<V> =
  | Comparable<NonNullable<V>>
  | Condition<Comparable<NonNullable<V>>>
  | Extract<V, null>
  | null;

/** Conditions on properties, all of which must hold. Names that are not properties of the entity are refused. */
export type WhereProperties<T> = { readonly [K in DataProperty<T>]?: PropertyCondition<T[K]> };

/** Conditions on properties, or `and`, `or`, `not` over such. */
export type Where<T> = WhereProperties<T> | Condition<WhereOf<T>>;

/** Tells conditions on entities from conditions on values. */
export interface WhereOf<out T> {
  readonly entity: T;
}

/** Sort keys in the order of the object's own properties. NULLs come last when ascending, first when descending. */
export type OrderBy<T> = { readonly [K in DataProperty<T>]?: 'asc' | 'desc' };

/** The entity behind a relation's property; never for everything else. */
export type RelationTarget<V> =
  NonNullable<V> extends Collection<infer Member>
    ? Member
    : NonNullable<V> extends Scalar | readonly unknown[] | ((...parameters: never[]) => unknown)
      ? never
      : NonNullable<V> extends object
        ? NonNullable<V>
        : never;

/** Names of the properties that hold an entity or a collection of them. */
export type RelationProperties<T> = {
  [K in keyof T]-?: [RelationTarget<T[K]>] extends [never] ? never : K;
}[keyof T];

/** Relations to load along, each with one query however many entities there are. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- an entity without relations has nothing to load
export type With<T> = { readonly [K in RelationProperties<T>]?: true | With<RelationTarget<T[K]>> };

export interface LoadOptions<T> {
  // oxlint-disable-next-line typescript/no-generated-empty-object-type -- the same
  readonly with?: With<T>;
  /** Include softly deleted rows. Default: false. */
  readonly withDeleted?: boolean;
}

export interface FindOneOptions<T> extends LoadOptions<T> {
  readonly orderBy?: OrderBy<T> | readonly OrderBy<T>[];
}

export interface FindOptions<T> extends FindOneOptions<T> {
  readonly where?: Where<T>;
  /** Rows at most. */
  readonly limit?: number;
  /** Rows to leave out first. */
  readonly offset?: number;
}

type InsertValue<V> = [NonNullable<V>] extends [Scalar] ? V : V | KeyScalar;

/** Properties for a new entity: whatever is left out gets its default. References take an entity or its key. */
export type Insertable<T> = { readonly [K in DataProperty<T>]?: InsertValue<T[K]> | null };

/** Properties to change. */
export type Patch<T> = Insertable<T>;
