/**
 * Entities without decorators. The definition is the single source: TypeScript infers the type of instances from it, and
 * of what `insert` needs. `type User = EntityOf<typeof User>`.
 */

import { Collection } from './collection.js';
import { columnDeclaration } from './decorators/column.js';
import { ROLE_TYPES } from './decorators/maintained-column.js';
import { checkDefinition } from './definition-check.js';
import type { EntityOf, EntityTarget } from './entity-type.js';
import type { ColumnType, ColumnValues } from './metadata/column-type.js';
import {
  type Cascade,
  type ColumnDeclaration,
  type ColumnRole,
  declarationOf,
  type DefaultLiteral,
  type EntityClass,
  type HookEvent,
  type PropertyDeclaration,
} from './metadata/declaration.js';
import type { KeyScalar } from './query/where.js';

/** A column that holds what the program puts there. */
export interface ValueColumn {
  readonly type: ColumnType;
  readonly name?: string;
  readonly nullable?: boolean;
  readonly unique?: boolean;
  readonly length?: number;
  readonly default?: DefaultLiteral | (() => unknown);
  readonly primaryKey?: boolean;
  readonly generated?: 'increment' | 'uuid';
}

/** A column that the ORM maintains; see `@Version`, `@CreatedAt`, `@UpdatedAt`, `@DeletedAt`. */
export interface MaintainedColumn {
  readonly role: ColumnRole;
  readonly name?: string;
}

export interface ManyToOneRelation {
  readonly kind: 'many-to-one';
  readonly target: () => EntityClass;
  readonly inverse?: string;
  readonly nullable?: boolean;
  readonly unique?: boolean;
  readonly columns?: readonly string[];
  readonly index?: boolean;
  readonly cascade?: readonly 'persist'[];
}

export interface OneToManyRelation {
  readonly kind: 'one-to-many';
  readonly target: () => EntityClass;
  readonly inverse: string;
  readonly cascade?: readonly Cascade[];
}

type Columns = Readonly<Record<string, ValueColumn | MaintainedColumn>>;
type Relations = Readonly<Record<string, ManyToOneRelation | OneToManyRelation>>;

type ColumnValue<C> = C extends { role: infer Role }
  ? Role extends 'version'
    ? number
    : Role extends 'deletedAt'
      ? Date | null
      : Date
  : C extends { type: infer Type extends ColumnType }
    ? C extends { nullable: true }
      ? ColumnValues[Type] | null
      : ColumnValues[Type]
    : never;

type RelationValue<R> = R extends { target: () => infer Target extends EntityClass }
  ? R extends { kind: 'one-to-many' }
    ? Collection<EntityOf<Target>>
    : R extends { nullable: true }
      ? EntityOf<Target> | null
      : EntityOf<Target>
  : never;

/** Names that a column or relation does not know compile for none of them: what they were meant to say would be lost. */
type NamesOf<Known> = Known extends unknown ? keyof Known : never;
type Exact<Value, Known> = { readonly [K in Exclude<keyof Value, NamesOf<Known>>]: never };
type ExactColumns<C> = {
  readonly [K in keyof C]: Exact<C[K], C[K] extends { readonly role: unknown } ? MaintainedColumn : ValueColumn>;
};
type ExactRelations<R> = {
  readonly [K in keyof R]: Exact<
    R[K],
    R[K] extends { readonly kind: 'one-to-many' } ? OneToManyRelation : ManyToOneRelation
  >;
};

type Flat<T> = { [K in keyof T]: T[K] };

/** The instances of a definition. */
export type DefinedShape<C, R> = Flat<
  { -readonly [K in keyof C]: ColumnValue<C[K]> } & { -readonly [K in keyof R]: RelationValue<R[K]> }
>;

/** Names of the columns that an insert may leave out. */
type OptionalColumn<C> = {
  [K in keyof C]: C[K] extends
    | { role: ColumnRole }
    | { nullable: true }
    | { generated: string }
    | { default: DefaultLiteral | (() => unknown) }
    ? K
    : never;
}[keyof C];

type References<R> = { [K in keyof R]: R[K] extends { kind: 'many-to-one' } ? K : never }[keyof R];
type NullableReference<R> = { [K in References<R>]: R[K] extends { nullable: true } ? K : never }[References<R>];

/** What an insert takes: columns without default are required. */
export type DefinedInsert<C, R> = Flat<
  { readonly [K in Exclude<keyof C, OptionalColumn<C>>]: ColumnValue<C[K]> } & {
    readonly [K in OptionalColumn<C>]?: ColumnValue<C[K]> | null;
  } & { readonly [K in Exclude<References<R>, NullableReference<R>>]: RelationValue<R[K]> | KeyScalar } & {
    readonly [K in NullableReference<R>]?: RelationValue<R[K]> | KeyScalar | null;
  }
>;

export interface EntityDefinition<C extends Columns, R extends Relations> {
  /** Class name, and in snake_case the table's. */
  readonly name: string;
  readonly table?: string;
  readonly columns: C & ExactColumns<NoInfer<C>>;
  readonly relations?: R & ExactRelations<NoInfer<R>>;
  readonly indexes?: readonly {
    readonly properties: readonly (keyof NoInfer<C & R> & string)[];
    readonly unique?: boolean;
    readonly name?: string;
  }[];
  readonly hooks?: {
    readonly [Event in HookEvent]?: (entity: DefinedShape<NoInfer<C>, NoInfer<R>>) => void | Promise<void>;
  };
}

/**
 * Makes an entity class. New instances have an empty `Collection` for every one-to-many relation. Throws
 * `InvalidArgumentError` listing every name in the definition that nothing would read; what the names say is judged when
 * the database opens.
 */
export function defineEntity<const C extends Columns, const R extends Relations = {}>(
  definition: EntityDefinition<C, R>,
): EntityTarget<DefinedShape<C, R>, DefinedInsert<C, R>> {
  checkDefinition(definition);
  const { name, columns, relations = {}, hooks = {} } = definition;
  const entityClass = namedClass(name, relations);
  const declaration = declarationOf(entityClass);
  declaration.isEntity = true;
  declaration.table = definition.table;
  for (const [property, column] of Object.entries(columns)) {
    declaration.properties.push(columnOf(property, column));
  }
  for (const [property, relation] of Object.entries<ManyToOneRelation | OneToManyRelation>(relations)) {
    declaration.properties.push(relationOf(property, relation));
  }
  for (const { name: index, unique = false, properties } of definition.indexes ?? []) {
    declaration.indexes.push({ name: index, unique, properties });
  }
  for (const [event, hook] of Object.entries(hooks) as [HookEvent, (entity: object) => void | Promise<void>][]) {
    Object.defineProperty(entityClass.prototype, event, {
      value(this: object) {
        return hook(this);
      },
    });
    declaration.hooks.push({ event, method: event });
  }
  return entityClass as EntityTarget<DefinedShape<C, R>, DefinedInsert<C, R>>;
}

function namedClass(name: string, relations: Relations): EntityClass {
  const collections = Object.keys(relations).filter((property) => relations[property]!.kind === 'one-to-many');
  // A computed name is the one way to name a class at run time.
  const named = {
    // oxlint-disable-next-line typescript/no-extraneous-class -- its instances get their other properties from rows
    [name]: class {
      constructor() {
        for (const property of collections) (this as Record<string, unknown>)[property] = new Collection();
      }
    },
  };
  return named[name] as EntityClass;
}

function columnOf(property: string, column: ValueColumn | MaintainedColumn): ColumnDeclaration {
  if ('role' in column) {
    const nullable = column.role === 'deletedAt';
    const base = columnDeclaration(property, ROLE_TYPES[column.role], { ...column, nullable });
    return { ...base, role: column.role };
  }
  const base = columnDeclaration(property, column.type, column);
  return { ...base, primaryKey: column.primaryKey ?? false, generated: column.generated };
}

function relationOf(property: string, relation: ManyToOneRelation | OneToManyRelation): PropertyDeclaration {
  const { target, cascade = [] } = relation;
  if (relation.kind === 'one-to-many') {
    return { kind: 'one-to-many', property, target, inverse: relation.inverse, cascade };
  }
  return {
    kind: 'many-to-one',
    property,
    target,
    inverse: relation.inverse,
    nullable: relation.nullable ?? false,
    unique: relation.unique ?? false,
    columns: relation.columns,
    indexed: relation.index ?? true,
    cascade,
  };
}
