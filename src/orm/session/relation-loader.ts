/** Loads relations of many entities at once: a reference by its key, a collection by one query per batch of owners. */

import { InvalidArgumentError } from '../../base/index.js';
import type { SqlValue } from '../../sql/index.js';
import { Collection, fillCollection } from '../collection.js';
import { identityOf, type Identity, type KeyValues } from '../mapping/entity-key.js';
import { notACollection } from '../mapping/entity-mapper.js';
import type { CollectionMetadata, EntityMetadata, ReferenceMetadata } from '../registry/entity-metadata.js';
import type { EntityReader } from './entity-reader.js';
import type { EntityRecord } from './entity-record.js';

/** Owners whose members one query asks for. */
const OWNERS_PER_QUERY = 1000;
/** `with` inside `with`; a deeper one is a cycle in the options. */
const DEPTH_MAX = 20;

export interface RelationOptions {
  /** Already stripped of types; every part is checked here. */
  readonly with: unknown;
  readonly withDeleted: boolean;
}

export function loadRelations(
  reader: EntityReader,
  entity: EntityMetadata,
  records: readonly EntityRecord[],
  options: RelationOptions,
  depth = 0,
): void {
  if (options.with === undefined || options.with === true) return;
  if (typeof options.with !== 'object' || options.with === null || depth > DEPTH_MAX) throw wrongWith(entity, depth);
  for (const [name, nested] of Object.entries(options.with)) {
    if (nested === undefined || nested === false) continue;
    const relation = entity.properties.get(name);
    if (relation === undefined || relation.kind === 'field') throw unknownRelation(entity, name);
    const reached =
      relation.kind === 'reference'
        ? loadReferences(reader, relation, records)
        : loadCollections(reader, relation, records, options.withDeleted);
    loadRelations(reader, relation.target, reached, { ...options, with: nested as unknown }, depth + 1);
  }
}

/** Removed targets are loaded too: the reference is there, and says so in its `DeletedAt`. */
function loadReferences(
  reader: EntityReader,
  { property, target }: ReferenceMetadata,
  records: readonly EntityRecord[],
): EntityRecord[] {
  const reached = new Set<EntityRecord>();
  for (const { instance } of records) {
    const value = (instance as Record<string, unknown>)[property];
    if (typeof value !== 'object' || value === null) continue;
    const known = reader.recordOf(target, value);
    const record = known?.isLoaded === true ? known : known && reader.findByKey(target, known.key);
    if (record !== undefined) reached.add(record);
  }
  return [...reached];
}

function loadCollections(
  reader: EntityReader,
  relation: CollectionMetadata,
  owners: readonly EntityRecord[],
  withDeleted: boolean,
): EntityRecord[] {
  const wanted = owners.filter((owner) => !collectionOf(owner.instance, relation).isLoaded);
  const reached = new Set<EntityRecord>();
  for (let at = 0; at < wanted.length; at += OWNERS_PER_QUERY) {
    const batch = wanted.slice(at, at + OWNERS_PER_QUERY);
    fillCollections(reader, relation, batch, withDeleted);
  }
  for (const owner of owners) {
    for (const member of collectionOf(owner.instance, relation)) {
      const record = reader.recordOf(relation.target, member);
      if (record !== undefined) reached.add(record);
    }
  }
  return [...reached];
}

/** One query for the members of all these owners. */
export function fillCollections(
  reader: EntityReader,
  relation: CollectionMetadata,
  owners: readonly { readonly key: KeyValues; readonly instance: object }[],
  withDeleted: boolean,
): void {
  if (owners.length === 0) return;
  const keys = owners.map((owner) => owner.key);
  const members = new Map<Identity, object[]>(keys.map((key) => [identityOf(key), []]));
  const { target, mappedBy } = relation;
  const statement = reader.core.statements(target).members(mappedBy, keys, withDeleted);
  for (const { record, row } of reader.select(target, statement)) {
    const ownerKey = mappedBy.fields.map((field) => row[field.position] as SqlValue);
    members.get(identityOf(ownerKey))?.push(record.instance);
  }
  for (const owner of owners) {
    fillCollection(collectionOf(owner.instance, relation), members.get(identityOf(owner.key)) ?? []);
  }
}

/** The collection in an entity's property. Throws `InvalidArgumentError` when the program put something else there. */
function collectionOf(owner: object, relation: CollectionMetadata): Collection<object> {
  const value = (owner as Record<string, unknown>)[relation.property];
  if (value instanceof Collection) return value as Collection<object>;
  throw notACollection(relation);
}

function unknownRelation(entity: EntityMetadata, name: string): InvalidArgumentError {
  const known = [...entity.references, ...entity.collections].map((relation) => relation.property);
  return new InvalidArgumentError(
    `${entity.name} has no relation ${JSON.stringify(name)} to load with it; it has ${known.join(', ') || 'none'}`,
    { facts: { entity: entity.name, relation: name, known } },
  );
}

function wrongWith(entity: EntityMetadata, depth: number): InvalidArgumentError {
  const problem = depth > DEPTH_MAX ? `is nested more than ${DEPTH_MAX} deep` : 'must name relations, or be true';
  return new InvalidArgumentError(`with of ${entity.name} ${problem}`, { facts: { entity: entity.name } });
}
