/** Primary keys of entities: stored values in the order of `EntityMetadata.keyFields`, and their identity in memory. */

import { InvalidArgumentError } from '../../base/index.js';
import type { SqlValue } from '../../sql/index.js';
import type { EntityMetadata, FieldMetadata } from '../registry/entity-metadata.js';
import { storedValue } from './field-value.js';

export type KeyValues = readonly SqlValue[];

/** Equal exactly for equal keys of one entity; fit for a `Map`. */
export type Identity = string | number | bigint | boolean;

export type Properties = Record<string, unknown>;

export function identityOf(key: KeyValues): Identity {
  const only = key[0]!;
  return key.length === 1 && !(only instanceof Uint8Array) ? only : key.map(identityPart).join('');
}

/** Every part carries its length, so that no two keys run together. */
function identityPart(part: SqlValue): string {
  const text = part instanceof Uint8Array ? Buffer.from(part).toString('hex') : String(part);
  return `${typeof part} ${text.length} ${text};`;
}

/** `User 7`, `Membership (3, 'admin')`: how messages name one entity. */
export function entityText(entity: EntityMetadata, key: KeyValues): string {
  const parts = key.map((part) => (part instanceof Uint8Array ? Buffer.from(part).toString('hex') : String(part)));
  return parts.length === 1 ? `${entity.name} ${parts[0]}` : `${entity.name} (${parts.join(', ')})`;
}

/** The key that an entity's properties hold; undefined while a part is missing. */
export function keyOfProperties(entity: EntityMetadata, properties: Properties): SqlValue[] | undefined {
  const key: SqlValue[] = [];
  for (const field of entity.keyFields) {
    const value = storedValue(field, properties[field.property]);
    if (value === null) return undefined;
    key.push(value);
  }
  return key;
}

/**
 * The key that a caller names: the value itself, or for composite keys an object with exactly the key's properties.
 * Throws `InvalidArgumentError` for anything else.
 */
export function keyOfArgument(entity: EntityMetadata, id: unknown): SqlValue[] {
  const { keyFields } = entity;
  if (keyFields.length === 1) return [requiredPart(keyFields[0]!, id)];
  const names = keyFields.map((field) => field.property);
  if (typeof id !== 'object' || id === null || !hasExactly(id, names)) {
    throw new InvalidArgumentError(`${entity.name} is found by an object with the properties ${names.join(', ')}`, {
      facts: { entity: entity.name, properties: names },
    });
  }
  return keyFields.map((field) => requiredPart(field, (id as Properties)[field.property]));
}

function hasExactly(value: object, names: readonly string[]): boolean {
  return Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name));
}

function requiredPart(field: FieldMetadata, value: unknown): SqlValue {
  const stored = storedValue(field, value);
  if (stored !== null) return stored;
  throw new InvalidArgumentError(`${field.place} is part of the primary key and cannot be ${String(value)}`, {
    facts: { property: field.place, found: String(value) },
  });
}
