/** What a remove takes along by cascade, and what it leaves behind in memory. */

import { InvalidArgumentError } from '../../base/index.js';
import { Collection, dropMember } from '../collection.js';
import type { KeyValues, Properties } from '../mapping/entity-key.js';
import { shownValue } from '../mapping/reference-form.js';
import type { EntityMetadata } from '../registry/entity-metadata.js';
import type { EntityReader } from './entity-reader.js';

export interface Removal {
  readonly entity: EntityMetadata;
  readonly instance: object;
  readonly key: KeyValues;
}

/**
 * The instances and everything that `remove` cascades to, members before their owners. Throws `InvalidArgumentError` for
 * an instance that was never saved.
 */
export function planRemovals(
  reader: EntityReader,
  targets: readonly { readonly entity: EntityMetadata; readonly instance: object }[],
): Removal[] {
  const removals: Removal[] = [];
  const seen = new Set<object>();
  const plan = ({ entity, instance }: (typeof targets)[number]): void => {
    if (seen.has(instance)) return;
    seen.add(instance);
    const key = reader.core.mapper(entity).keyOf(instance);
    if (key === undefined) throw neverSaved(entity);
    // A mere reference learns its version, so that removing it can be checked.
    if (reader.recordOf(entity, instance)?.isLoaded === false) reader.findByKey(entity, key);
    for (const { cascadeRemove, target, mappedBy } of entity.collections) {
      if (!cascadeRemove) continue;
      const members = reader.core.statements(target).members(mappedBy, [key], false);
      for (const { record } of reader.select(target, members)) plan(record);
    }
    removals.push({ entity, instance, key });
  };
  for (const target of targets) plan(target);
  return removals;
}

function neverSaved(entity: EntityMetadata): InvalidArgumentError {
  return new InvalidArgumentError(`a ${entity.name} without primary key was never saved and cannot be removed`, {
    facts: { entity: entity.name },
  });
}

/** Takes a removed entity out of the loaded collections of its owners. */
export function leaveCollections({ entity, instance }: Removal): void {
  for (const reference of entity.references) {
    const owner = shownValue(instance, reference.property);
    if (!(owner instanceof reference.target.entityClass)) continue;
    for (const { mappedBy, property } of reference.target.collections) {
      const collection = mappedBy === reference ? (owner as Properties)[property] : undefined;
      if (collection instanceof Collection) dropMember(collection as Collection<object>, instance);
    }
  }
}
