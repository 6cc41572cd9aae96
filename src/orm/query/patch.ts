/** What `update(where, patch)` changes, as column values. */

import { InvalidArgumentError } from '../../base/index.js';
import { toJs } from '../../sql/index.js';
import { keyOfProperties, type Properties } from '../mapping/entity-key.js';
import { keyOfReferenceArgument } from '../mapping/entity-mapper.js';
import { storedValue } from '../mapping/field-value.js';
import type { EntityMetadata, FieldMetadata, ReferenceMetadata } from '../registry/entity-metadata.js';
import type { Changes } from './statements.js';
import { columnOf } from './where-compiler.js';

type Assignments = Changes['assignments'][number][];

/** Raises the version and sets the time of the update as well. Throws `InvalidArgumentError`. */
export function changesOf(entity: EntityMetadata, patch: unknown, nowMs: number): Changes {
  if (typeof patch !== 'object' || patch === null || Object.keys(patch).length === 0) {
    throw new InvalidArgumentError(`update takes an object with the properties of ${entity.name} to change`, {
      facts: { entity: entity.name },
    });
  }
  const assignments: Assignments = [];
  for (const name of Object.keys(patch)) {
    const value = (patch as Properties)[name];
    const column = columnOf(entity, name);
    if (value === undefined) {
      throw new InvalidArgumentError(`${column.place} is undefined: leave it out to keep it, use null to clear it`, {
        facts: { property: column.place },
      });
    }
    if (column.kind === 'field') assignField(column, value, assignments);
    else assignReference(column, value, assignments);
  }
  const { updatedAt, version } = entity.maintained;
  if (updatedAt !== undefined && !Object.hasOwn(patch, updatedAt.property)) {
    assignments.push({ column: updatedAt.column, value: new Date(nowMs) });
  }
  return { assignments, raise: version?.column };
}

function assignField(field: FieldMetadata, value: unknown, assignments: Assignments): void {
  if (field.primaryKey || field.role === 'version') {
    const what = field.primaryKey ? 'part of the primary key' : 'the version';
    throw new InvalidArgumentError(`${field.place} is ${what} and is not changed by update`, {
      facts: { property: field.place },
    });
  }
  storedValue(field, value);
  assignments.push({ column: field.column, value });
}

function assignReference(reference: ReferenceMetadata, value: unknown, assignments: Assignments): void {
  const key = value === null ? undefined : keyOf(reference, value);
  for (const [i, field] of reference.fields.entries()) {
    assignments.push({ column: field.column, value: key === undefined ? null : toJs(key[i]!, field.type) });
  }
}

function keyOf(reference: ReferenceMetadata, value: unknown): ReturnType<typeof keyOfReferenceArgument> {
  const { target, place } = reference;
  if (!(value instanceof target.entityClass)) return keyOfReferenceArgument(reference, value);
  const key = keyOfProperties(target, value as Properties);
  if (key !== undefined) return key;
  throw new InvalidArgumentError(`${place} refers to a new ${target.name} that is not saved`, {
    facts: { reference: place, target: target.name },
  });
}
