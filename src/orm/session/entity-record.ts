/** The entities that a session knows: exactly one instance per row. */

import type { EntityMetadata } from '../registry/entity-metadata.js';
import type { EntityMapper, EntityRow } from '../mapping/entity-mapper.js';
import { type Identity, identityOf, type KeyValues } from '../mapping/entity-key.js';

export class EntityRecord {
  readonly mapper: EntityMapper;
  readonly instance: object;
  readonly key: KeyValues;
  readonly identity: Identity;
  /** False for a reference whose row was not read. */
  isLoaded = false;
  /** The row as the instance showed it last; kept only by sessions that write. */
  row: EntityRow | undefined = undefined;

  constructor(mapper: EntityMapper, instance: object, key: KeyValues) {
    this.mapper = mapper;
    this.instance = instance;
    this.key = key;
    this.identity = identityOf(key);
  }

  get entity(): EntityMetadata {
    return this.mapper.entity;
  }
}

export class IdentityMap {
  readonly #records = new Map<EntityMetadata, Map<Identity, EntityRecord>>();

  find(entity: EntityMetadata, key: KeyValues): EntityRecord | undefined {
    return this.#records.get(entity)?.get(identityOf(key));
  }

  /** Replaces what was known under the same key. */
  add(record: EntityRecord): void {
    const records = this.#records.get(record.entity);
    if (records === undefined) this.#records.set(record.entity, new Map([[record.identity, record]]));
    else records.set(record.identity, record);
  }

  /** Forgets exactly this record; another one of the same key stays. */
  delete(record: EntityRecord): void {
    const records = this.#records.get(record.entity);
    if (records?.get(record.identity) === record) records.delete(record.identity);
  }

  entities(): Iterable<EntityMetadata> {
    return this.#records.keys();
  }

  of(entity: EntityMetadata): Iterable<EntityRecord> {
    return this.#records.get(entity)?.values() ?? [];
  }

  has(entity: EntityMetadata): boolean {
    return (this.#records.get(entity)?.size ?? 0) > 0;
  }

  clear(): void {
    this.#records.clear();
  }
}
