/** `@Column` and `@PrimaryKey`: scalar columns. They only write metadata; the registry judges the whole at `open`. */

import { InvalidArgumentError } from '../../base/index.js';
import { type KnownNames, requireKnownNames } from '../known-names.js';
import { type ColumnType, type ColumnValues, columnTypeOfDesign } from '../metadata/column-type.js';
import { type ColumnDeclaration, type DefaultLiteral, declarationOf, designTypeOf } from '../metadata/declaration.js';
import { decoratedPlace } from './place.js';

export interface ColumnOptions {
  /** Column type, for those who prefer one object; the first argument of the decorator says the same. */
  readonly type?: ColumnType;
  /** Column name; default: the property in snake_case. */
  readonly name?: string;
  readonly nullable?: boolean;
  readonly unique?: boolean;
  /** Most characters of a `varchar`. */
  readonly length?: number;
  /** A constant becomes the table's DEFAULT; a function is called by the ORM at every insert that leaves it out. */
  readonly default?: DefaultLiteral | (() => unknown);
}

export interface PrimaryKeyOptions {
  readonly type?: ColumnType;
  readonly name?: string;
  readonly length?: number;
  /** `increment`: ascending integers from the table's counter. `uuid`: version 7, made by the ORM. */
  readonly generated?: 'increment' | 'uuid';
}

const COLUMN_OPTIONS: KnownNames<ColumnOptions> = {
  type: true,
  name: true,
  nullable: true,
  unique: true,
  length: true,
  default: true,
};
const KEY_OPTIONS: KnownNames<PrimaryKeyOptions> = { type: true, name: true, length: true, generated: true };

/**
 * Decorates a property that holds values of a column. A property of another type does not compile; private ones, whose
 * types cannot be looked at, are taken as they are.
 */
export type ColumnDecorator<Value> = <T extends object, K extends string | symbol>(
  target: T,
  property: K & Fitting<T, K, Value>,
) => void;

type Fitting<T, K, Value> = K extends keyof T
  ? NonNullable<T[K]> extends Value
    ? K
    : { readonly 'the property does not hold values of the column type': Value }
  : K;

type ValueOf<Type> = Type extends ColumnType ? ColumnValues[Type] : unknown;

/**
 * A stored scalar. Without a type, the compiler's `design:type` is used where it says enough: String text, Number
 * double, Boolean boolean, BigInt bigint, Date timestamptz, Uint8Array bytea; anything else throws
 * `InvalidArgumentError`.
 */
export function Column<Type extends ColumnType>(
  type: Type,
  options?: ColumnOptions,
): ColumnDecorator<ColumnValues[Type]>;
export function Column<Type extends ColumnType | undefined = undefined>(
  options?: ColumnOptions & { readonly type?: Type },
): ColumnDecorator<ValueOf<Type>>;
export function Column(type?: ColumnType | ColumnOptions, options?: ColumnOptions): PropertyDecorator {
  const [explicit, settings] = typeAndOptions('@Column', type, options, COLUMN_OPTIONS);
  return (target, key) => {
    const place = decoratedPlace('@Column', target, key);
    const designed = explicit ?? columnTypeOfDesign(designTypeOf(target, place.property), place.text);
    declarationOf(place.constructor).properties.push(columnDeclaration(place.property, designed, settings));
  };
}

/**
 * Part of the primary key; several make a composite key, in the order of declaration. Without a type: `bigint` for
 * `generated: 'increment'` and for numbers, `uuid` for `generated: 'uuid'`, else as for `@Column`.
 */
export function PrimaryKey<Type extends ColumnType>(
  type: Type,
  options?: PrimaryKeyOptions,
): ColumnDecorator<ColumnValues[Type]>;
export function PrimaryKey<Type extends ColumnType | undefined = undefined>(
  options?: PrimaryKeyOptions & { readonly type?: Type },
): ColumnDecorator<ValueOf<Type>>;
export function PrimaryKey(type?: ColumnType | PrimaryKeyOptions, options?: PrimaryKeyOptions): PropertyDecorator {
  const [explicit, settings] = typeAndOptions('@PrimaryKey', type, options, KEY_OPTIONS);
  return (target, key) => {
    const place = decoratedPlace('@PrimaryKey', target, key);
    const keyType = explicit ?? keyTypeOf(settings.generated, designTypeOf(target, place.property), place.text);
    declarationOf(place.constructor).properties.push({
      ...columnDeclaration(place.property, keyType, settings),
      primaryKey: true,
      generated: settings.generated,
    });
  };
}

function typeAndOptions<Options extends { readonly type?: ColumnType }>(
  decorator: string,
  type: ColumnType | Options | undefined,
  options: Options | undefined,
  known: KnownNames<Options>,
): [ColumnType | undefined, Options] {
  const settings = typeof type === 'object' ? type : (options ?? ({} as Options));
  requireKnownNames(`options of ${decorator}`, settings, known);
  const isTwice = typeof type === 'object' ? options !== undefined : type !== undefined && settings.type !== undefined;
  if (isTwice || !['string', 'object', 'undefined'].includes(typeof type)) {
    throw new InvalidArgumentError(`${decorator} takes a column type and options, each at most once`, {
      facts: { decorator, found: [type, options] },
    });
  }
  return [typeof type === 'string' ? type : settings.type, settings];
}

function keyTypeOf(generated: 'increment' | 'uuid' | undefined, designType: unknown, place: string): ColumnType {
  if (generated !== undefined) return generated === 'uuid' ? 'uuid' : 'bigint';
  return designType === Number ? 'bigint' : columnTypeOfDesign(designType, place);
}

/** A declaration with every default filled in. */
export function columnDeclaration(property: string, type: ColumnType, options: ColumnOptions): ColumnDeclaration {
  return {
    kind: 'column',
    property,
    type,
    length: options.length,
    column: options.name,
    nullable: options.nullable ?? false,
    unique: options.unique ?? false,
    primaryKey: false,
    generated: undefined,
    defaultValue: options.default,
    role: undefined,
  };
}
