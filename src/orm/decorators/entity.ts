/** `@Entity` makes a class a table; `@Index` adds an index to it. */

import { InvalidArgumentError } from '../../base/index.js';
import { declarationOf } from '../metadata/declaration.js';
import { type KnownNames, requireKnownNames } from '../known-names.js';
import { decoratedPlace, refuseStandardDecorator } from './place.js';

export interface EntityOptions {
  /** Table name; default: the class name in snake_case. */
  readonly table?: string;
}

const ENTITY_OPTIONS: KnownNames<EntityOptions> = { table: true };

/** The class must be constructible without arguments. */
export function Entity(options: EntityOptions = {}): ClassDecorator {
  requireKnownNames('options of @Entity', options, ENTITY_OPTIONS);
  return (constructor: object, context?: unknown) => {
    refuseStandardDecorator('@Entity', context);
    const declaration = declarationOf(constructor);
    declaration.isEntity = true;
    declaration.table = options.table;
  };
}

export interface IndexOptions {
  /** Default: table, columns and `index` or `key`, joined by underscores. */
  readonly name?: string;
  readonly unique?: boolean;
}

const INDEX_OPTIONS: KnownNames<IndexOptions> = { name: true, unique: true };

/** On a property: `@Index()`, `@Index({ unique: true })`. */
export function Index(options?: IndexOptions): PropertyDecorator;
/** On the class: `@Index(['lastName', 'firstName'], { unique: true })`. A `@ManyToOne` stands for its columns. */
export function Index(properties: readonly string[], options?: IndexOptions): ClassDecorator;
export function Index(
  propertiesOrOptions: readonly string[] | IndexOptions = {},
  classOptions: IndexOptions = {},
): ClassDecorator & PropertyDecorator {
  const properties = isList(propertiesOrOptions) ? propertiesOrOptions : undefined;
  const options = isList(propertiesOrOptions) ? classOptions : propertiesOrOptions;
  requireKnownNames('options of @Index', options, INDEX_OPTIONS);
  const { name, unique = false } = options;
  return (target: object, key?: string | symbol): void => {
    refuseStandardDecorator('@Index', key);
    if ((key === undefined) !== (properties !== undefined)) throw misplacedIndex(key);
    if (key === undefined) {
      declarationOf(target).indexes.push({ name, unique, properties: properties ?? [] });
      return;
    }
    const place = decoratedPlace('@Index', target, key);
    declarationOf(place.constructor).indexes.push({ name, unique, properties: [place.property] });
  };
}

function isList(value: readonly string[] | IndexOptions): value is readonly string[] {
  return Array.isArray(value);
}

function misplacedIndex(key: string | symbol | undefined): InvalidArgumentError {
  const place = key === undefined ? 'a class' : `the property ${String(key)}`;
  return new InvalidArgumentError(
    `@Index lists properties when it stands on a class, and only then; found it on ${place}`,
    { facts: { place } },
  );
}
