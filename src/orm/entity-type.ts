/** Types that follow from entity classes and definitions. */

import type { EntityClass } from './metadata/declaration.js';
import type { Insertable } from './query/where.js';

/** Carries the type of what `insert` takes; never a value. */
declare const insertType: unique symbol;

/**
 * A class whose instances are rows: one with decorators, or made by `defineEntity`, which also knows what an insert must
 * give. The ORM makes instances with `new Entity()`, without arguments.
 */
export interface EntityTarget<T extends object, Insert = Insertable<T>> extends EntityClass<T> {
  readonly [insertType]?: Insert;
}

/** The instances of an entity class or definition: `type User = EntityOf<typeof User>`. */
export type EntityOf<E extends EntityClass> = InstanceType<E>;

/** What `insert` takes for an entity. */
export type InsertOf<E extends EntityClass> =
  E extends EntityTarget<infer T, infer Insert> ? (unknown extends Insert ? Insertable<T> : Insert) : never;
