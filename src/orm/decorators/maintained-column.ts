/** Columns whose values the ORM keeps by itself: `@Version`, `@CreatedAt`, `@UpdatedAt`, `@DeletedAt`. */

import type { ColumnType } from '../metadata/column-type.js';
import { type ColumnRole, declarationOf } from '../metadata/declaration.js';
import { columnDeclaration } from './column.js';
import { type KnownNames, requireKnownNames } from '../known-names.js';
import { decoratedPlace } from './place.js';

export interface MaintainedColumnOptions {
  /** Column name; default: the property in snake_case. */
  readonly name?: string;
}

const MAINTAINED_OPTIONS: KnownNames<MaintainedColumnOptions> = { name: true };

/** Type of the column behind each role. */
export const ROLE_TYPES: Readonly<Record<ColumnRole, ColumnType>> = {
  version: 'integer',
  createdAt: 'timestamptz',
  updatedAt: 'timestamptz',
  deletedAt: 'timestamptz',
};

function maintained(decorator: string, role: ColumnRole, options: MaintainedColumnOptions): PropertyDecorator {
  requireKnownNames(`options of ${decorator}`, options, MAINTAINED_OPTIONS);
  return (target, key) => {
    const place = decoratedPlace(decorator, target, key);
    const nullable = role === 'deletedAt';
    declarationOf(place.constructor).properties.push({
      ...columnDeclaration(place.property, ROLE_TYPES[role], { ...options, nullable }),
      role,
    });
  };
}

/**
 * Optimistic lock: 1 after the insert, one more with every update. Updating or removing an entity whose row has moved
 * on since it was loaded throws `ConflictError`.
 */
export function Version(options: MaintainedColumnOptions = {}): PropertyDecorator {
  return maintained('@Version', 'version', options);
}

/** Set when the row is inserted, unless the entity already has a value. */
export function CreatedAt(options: MaintainedColumnOptions = {}): PropertyDecorator {
  return maintained('@CreatedAt', 'createdAt', options);
}

/** Set by every insert and every update. */
export function UpdatedAt(options: MaintainedColumnOptions = {}): PropertyDecorator {
  return maintained('@UpdatedAt', 'updatedAt', options);
}

/**
 * Soft delete: removing sets the column and keeps the row, and every read leaves such rows out unless it asks with
 * `withDeleted`. A reference to a removed entity still resolves.
 */
export function DeletedAt(options: MaintainedColumnOptions = {}): PropertyDecorator {
  return maintained('@DeletedAt', 'deletedAt', options);
}
