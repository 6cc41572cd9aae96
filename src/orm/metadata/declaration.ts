/**
 * What decorators and `defineEntity` write down: plain records, kept on the class with reflect-metadata and understood
 * by nobody but the registry. Nothing is validated here beyond what only the decorator can know.
 */

import 'reflect-metadata';
import type { ColumnType } from './column-type.js';

/** A class whose instances are rows. The ORM creates instances with `new Entity()` when it loads them. */
export interface EntityClass<T extends object = object> {
  new (): T;
  readonly name: string;
  readonly prototype: T;
}

/** A constant that the table itself knows as the column's default. */
export type DefaultLiteral = string | number | bigint | boolean;

/** What the ORM maintains by itself in a column. */
export type ColumnRole = 'version' | 'createdAt' | 'updatedAt' | 'deletedAt';

export interface ColumnDeclaration {
  readonly kind: 'column';
  readonly property: string;
  readonly type: ColumnType;
  readonly length: number | undefined;
  /** Undefined: derived from the property. */
  readonly column: string | undefined;
  readonly nullable: boolean;
  readonly unique: boolean;
  readonly primaryKey: boolean;
  readonly generated: 'increment' | 'uuid' | undefined;
  readonly defaultValue: DefaultLiteral | (() => unknown) | undefined;
  readonly role: ColumnRole | undefined;
}

export type Cascade = 'persist' | 'remove';

/** Picks a property: called once with a recording object, never with an entity. */
export type PropertySelector = (target: never) => unknown;

export interface ManyToOneDeclaration {
  readonly kind: 'many-to-one';
  readonly property: string;
  readonly target: () => EntityClass;
  readonly inverse: string | PropertySelector | undefined;
  readonly nullable: boolean;
  readonly unique: boolean;
  /** Names of the joining columns, in the order of the target's primary key; undefined: derived. */
  readonly columns: readonly string[] | undefined;
  /** Whether the joining columns get an index. */
  readonly indexed: boolean;
  readonly cascade: readonly Cascade[];
}

export interface OneToManyDeclaration {
  readonly kind: 'one-to-many';
  readonly property: string;
  readonly target: () => EntityClass;
  /** The `ManyToOne` of the target that points back. */
  readonly inverse: string | PropertySelector;
  readonly cascade: readonly Cascade[];
}

export type PropertyDeclaration = ColumnDeclaration | ManyToOneDeclaration | OneToManyDeclaration;

export interface IndexDeclaration {
  /** Undefined: derived from table and columns. */
  readonly name: string | undefined;
  readonly unique: boolean;
  readonly properties: readonly string[];
}

export type HookEvent =
  | 'beforeInsert'
  | 'afterInsert'
  | 'beforeUpdate'
  | 'afterUpdate'
  | 'beforeRemove'
  | 'afterRemove'
  | 'afterLoad';

export interface HookDeclaration {
  readonly event: HookEvent;
  /** Name of a method of the entity. */
  readonly method: string;
}

/** Everything declared on one class. */
export interface EntityDeclaration {
  /** False until `@Entity` was seen: a base class may carry columns without being an entity. */
  isEntity: boolean;
  table: string | undefined;
  readonly properties: PropertyDeclaration[];
  readonly indexes: IndexDeclaration[];
  readonly hooks: HookDeclaration[];
}

const DECLARATION = Symbol('varve:entity');

/** The declaration of exactly this class, created on first use. */
export function declarationOf(constructor: object): EntityDeclaration {
  const known = Reflect.getOwnMetadata(DECLARATION, constructor) as EntityDeclaration | undefined;
  if (known !== undefined) return known;
  const fresh: EntityDeclaration = { isEntity: false, table: undefined, properties: [], indexes: [], hooks: [] };
  Reflect.defineMetadata(DECLARATION, fresh, constructor);
  return fresh;
}

/** The class's declaration with those of its base classes, base first; undefined when the class itself has none. */
export function inheritedDeclaration(constructor: object): EntityDeclaration | undefined {
  const own = Reflect.getOwnMetadata(DECLARATION, constructor) as EntityDeclaration | undefined;
  if (own === undefined) return undefined;
  const chain: EntityDeclaration[] = [];
  for (let current: object | null = constructor; current !== null; current = Object.getPrototypeOf(current) as object) {
    const declared = Reflect.getOwnMetadata(DECLARATION, current) as EntityDeclaration | undefined;
    if (declared !== undefined) chain.unshift(declared);
  }
  return {
    isEntity: own.isEntity,
    table: own.table,
    properties: chain.flatMap((declaration) => declaration.properties),
    indexes: chain.flatMap((declaration) => declaration.indexes),
    hooks: chain.flatMap((declaration) => declaration.hooks),
  };
}

/** The compiler's type of a decorated property. */
export function designTypeOf(prototype: object, property: string): unknown {
  return Reflect.getMetadata('design:type', prototype, property) as unknown;
}
