/** What callers give to `insert`: plain objects take the bulk path unless something must look at them as entities. */

import { InvalidArgumentError } from '../../base/index.js';
import { isLoaded } from '../mapping/reference-form.js';
import type { Properties } from '../mapping/entity-key.js';
import { columnOf } from '../query/where-compiler.js';
import type { EntityMetadata } from '../registry/entity-metadata.js';

/** Either all values as they are, or all of them as instances. */
export type Insertables =
  | { readonly plain: readonly object[]; readonly instances?: undefined }
  | { readonly plain?: undefined; readonly instances: object[] };

/** Throws `InvalidArgumentError` for anything but entities and objects whose every property the entity stores. */
export function insertable(entity: EntityMetadata, values: readonly object[]): Insertables {
  let hasInstances = needsInstances(entity);
  for (const value of values) {
    if (!isInstance(entity, value)) checkProperties(entity, value);
    else if (isLoaded(value)) hasInstances = true;
    else throw insertedReference(entity);
  }
  if (!hasInstances) return { plain: values };
  return { instances: values.map((value) => (isInstance(entity, value) ? value : instanceOf(entity, value))) };
}

export function isInstance(entity: EntityMetadata, value: unknown): boolean {
  return value instanceof entity.entityClass;
}

function needsInstances(entity: EntityMetadata): boolean {
  return (
    entity.hooks.has('beforeInsert') ||
    entity.hooks.has('afterInsert') ||
    entity.references.some((reference) => reference.cascadePersist)
  );
}

function checkProperties(entity: EntityMetadata, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError(`insert takes objects with properties of ${entity.name}`, {
      facts: { entity: entity.name, found: value === null ? 'null' : typeof value },
    });
  }
  for (const name of Object.keys(value)) {
    const property = entity.properties.get(name);
    if (property === undefined || property.kind === 'collection') columnOf(entity, name);
  }
}

function insertedReference({ name }: EntityMetadata): InvalidArgumentError {
  return new InvalidArgumentError(
    `a ${name} that stands for a row which was not read cannot be inserted: give a new ${name}`,
    {
      facts: { entity: name },
    },
  );
}

function instanceOf(entity: EntityMetadata, values: object): object {
  const instance = new entity.entityClass() as Properties;
  for (const name of Object.keys(values)) instance[name] = (values as Properties)[name];
  return instance;
}
