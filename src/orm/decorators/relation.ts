/**
 * `@ManyToOne` (the side that owns the joining columns) and `@OneToMany` (its mirror). Targets are thunks, so that
 * modules of entities may import each other; declare the property as `Ref<User>` when they do, because the compiler
 * would otherwise touch the class before it exists.
 */

import { type Cascade, declarationOf, type EntityClass } from '../metadata/declaration.js';
import { type KnownNames, NameCheck } from '../known-names.js';
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

export const MANY_TO_ONE_OPTIONS: KnownNames<ManyToOneOptions> = {
  nullable: true,
  unique: true,
  columns: true,
  index: true,
  cascade: true,
};
export const ONE_TO_MANY_OPTIONS: KnownNames<OneToManyOptions> = { cascade: true };

/** What a relation of each kind can cascade. */
const CASCADES = { 'many-to-one': { persist: true }, 'one-to-many': { persist: true, remove: true } } as const;

/** Notes every cascade there is not. */
export function checkCascade(check: NameCheck, subject: string, kind: keyof typeof CASCADES, cascade: unknown): void {
  if (cascade === undefined) return;
  if (!Array.isArray(cascade))
    check.problem(`cascade of ${subject} must be a list of ${Object.keys(CASCADES[kind]).join(', ')}`);
  else for (const event of cascade) check.oneOf(`cascade of ${subject}`, event, CASCADES[kind]);
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
  checkRelation('@ManyToOne', 'many-to-one', target, settings);
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

/**
 * The property is a `Collection<T>`; declare it with an empty one, `posts = new Collection<Post>()`, which is what `new`
 * gives: the ORM has no part in that. `inverse` names the `@ManyToOne` of the target that points back.
 */
export function OneToMany<T extends object>(
  target: () => EntityClass<T>,
  inverse: RelationProperty<T>,
  options: OneToManyOptions = {},
): PropertyDecorator {
  checkRelation('@OneToMany', 'one-to-many', target, options);
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

function checkRelation(
  decorator: string,
  kind: keyof typeof CASCADES,
  target: unknown,
  options: { readonly cascade?: unknown },
): void {
  const check = new NameCheck();
  const known: object = kind === 'many-to-one' ? MANY_TO_ONE_OPTIONS : ONE_TO_MANY_OPTIONS;
  if (typeof target !== 'function')
    check.problem(`${decorator} takes a function that returns an entity class: () => User`);
  if (check.object(`options of ${decorator}`, options, known)) checkCascade(check, decorator, kind, options.cascade);
  check.throwIfAny();
}
