/** Values of entity properties to and from the values of their columns, with errors that name the property. */

import { InvalidArgumentError, SqlSemanticError } from '../../base/index.js';
import { fromJs, type SqlType, type SqlValue } from '../../sql/index.js';
import type { FieldMetadata } from '../registry/entity-metadata.js';

/**
 * The stored form of `value`; null and undefined are NULL. Throws `InvalidArgumentError` when the column cannot hold it:
 * in particular an object or array where a scalar belongs, whatever its own properties say.
 */
export function storedValue(field: FieldMetadata, value: unknown): SqlValue {
  if (value === null || value === undefined) return null;
  const { type } = field;
  if (typeof value === 'object' && !mayBeObject(value, type)) throw misplacedObject(field, value);
  try {
    return fromJs(value, type, field.place);
  } catch (cause) {
    if (!(cause instanceof SqlSemanticError)) throw cause;
    throw new InvalidArgumentError(cause.message, {
      cause,
      ...(cause.sqlState === undefined ? {} : { sqlState: cause.sqlState }),
      facts: { ...cause.facts, property: field.place },
    });
  }
}

function mayBeObject(value: object, type: SqlType): boolean {
  switch (type.category) {
    case 'json':
      return true;
    case 'bytes':
      return value instanceof Uint8Array;
    case 'time':
      return value instanceof Date;
    default:
      return false;
  }
}

function misplacedObject(field: FieldMetadata, value: object): InvalidArgumentError {
  const found = Array.isArray(value) ? 'an array' : `an object (${Object.prototype.toString.call(value).slice(8, -1)})`;
  return new InvalidArgumentError(
    `${field.place} is of type ${field.type.name} and takes no ${Array.isArray(value) ? 'array' : 'object'}; found ${found}`,
    { sqlState: '42804', facts: { property: field.place, type: field.type.name, found } },
  );
}

/** True for types whose JavaScript value and stored value are the same immutable thing. */
export function isPlainType(type: SqlType): boolean {
  return type.category !== 'time' && type.category !== 'json' && type.category !== 'bytes';
}

/** Identity of two stored values of one column. */
export function sameStored(a: SqlValue, b: SqlValue): boolean {
  if (a === b) return true;
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return typeof a === 'number' && Number.isNaN(a) && Number.isNaN(b);
}
