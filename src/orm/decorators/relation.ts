/**
 * `@ManyToOne` (the side that owns the joining columns) and `@OneToMany` (its mirror). Targets are thunks, so that
 * modules of entities may import each other; declare the property as `Ref<User>` when they do, because the compiler
 * would otherwise touch the class before it exists.
 */

import { type Cascade, declarationOf, type EntityClass } from '../metadata/declaration.js';
import { decoratedPlace } from './place.js';

/**
 * The type of a `@ManyToOne` property between modules that import each other: `author!: Ref<User>` is a `User` for
 * TypeScript, and nothing for the metadata that the compiler emits.
 */
export type Ref<T> = T;

export interface ManyToOneOptions {
  /** Default: false, every row has a target. */
  readonly nullable?: boolean;
  /** At most one row per target. */
  readonly unique?: boolean;
  /** Joining columns in the order of the target's primary key; default: property and key column, as in `author_id`. */
  readonly columns?: readonly string[];
  /** Index on the joining columns; default: true. */
  readonly index?: boolean;
  /** `persist`: a new target is inserted along. */
  readonly cascade?: readonly 'persist'[];
}

export interface OneToManyOptions {
  /** `persist`: new members are inserted along. `remove`: members are removed with their owner. */
  readonly cascade?: readonly Cascade[];
}

/** Names a property of `T`: `(post) => post.author`, or just `'author'`. */
export type RelationProperty<T> = (keyof T & string) | ((target: T) => unknown);

export function ManyToOne<T extends object>(
  target: () => EntityClass<T>,
  inverse?: RelationProperty<T>,
  options?: ManyToOneOptions,
): PropertyDecorator;
export function ManyToOne<T extends object>(target: () => EntityClass<T>, options: ManyToOneOptions): PropertyDecorator;
export function ManyToOne<T extends object>(
  target: () => EntityClass<T>,
  inverse?: RelationProperty<T> | ManyToOneOptions,
  options?: ManyToOneOptions,
): PropertyDecorator {
  const settings = typeof inverse === 'object' ? inverse : (options ?? {});
  return (prototype, key) => {
    const place = decoratedPlace('@ManyToOne', prototype, key);
    declarationOf(place.constructor).properties.push({
      kind: 'many-to-one',
      property: place.property,
      target,
      inverse: typeof inverse === 'object' ? undefined : inverse,
      nullable: settings.nullable ?? false,
      unique: settings.unique ?? false,
      columns: settings.columns,
      indexed: settings.index ?? true,
      cascade: settings.cascade ?? [],
    });
  };
}

/** The property is a `Collection<T>`. `inverse` names the `@ManyToOne` of the target that points back. */
export function OneToMany<T extends object>(
  target: () => EntityClass<T>,
  inverse: RelationProperty<T>,
  options: OneToManyOptions = {},
): PropertyDecorator {
  return (prototype, key) => {
    const place = decoratedPlace('@OneToMany', prototype, key);
    declarationOf(place.constructor).properties.push({
      kind: 'one-to-many',
      property: place.property,
      target,
      inverse,
      cascade: options.cascade ?? [],
    });
  };
}
