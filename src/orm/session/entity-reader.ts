/**
 * Reads entities through one view, each row as one instance. Synchronous: what it returns belongs to one state of the
 * database even where the view moves on (`TransactionalStore.latest`).
 */

import type { ReadView } from '../../mvcc/index.js';
import type { CollectionLoader } from '../collection.js';
import type { OrmCore } from '../core.js';
import { keyOfProperties, type KeyValues, type Properties } from '../mapping/entity-key.js';
import type { EntityContext, EntityRow } from '../mapping/entity-mapper.js';
import { isPlainType, sameStored, storedValue } from '../mapping/field-value.js';
import { markGone } from '../mapping/reference-form.js';
import type { BoundStatement } from '../query/statements.js';
import type { EntityMetadata } from '../registry/entity-metadata.js';
import { EntityRecord, IdentityMap } from './entity-record.js';
import { runHooks } from './lifecycle-hooks.js';

export interface ReaderOptions {
  /** Remember rows, to find out later what the program changed. */
  readonly keepsRows: boolean;
  /** Serves `Collection.load()`. */
  readonly loader: CollectionLoader | undefined;
}

/** An entity and the row it was read from. */
export interface ReadEntity {
  readonly record: EntityRecord;
  readonly row: EntityRow;
}

export class EntityReader implements EntityContext {
  readonly core: OrmCore;
  readonly view: ReadView;
  readonly identities = new IdentityMap();
  readonly loader: CollectionLoader | undefined;
  readonly #options: ReaderOptions;
  /** Loaded since the last `runAfterLoad`, of entities that want to know. */
  #fresh: EntityRecord[] = [];

  constructor(core: OrmCore, view: ReadView, options: ReaderOptions) {
    this.core = core;
    this.view = view;
    this.loader = options.loader;
    this.#options = options;
  }

  reference(target: EntityMetadata, key: KeyValues): object {
    const known = this.identities.find(target, key);
    if (known !== undefined) return known.instance;
    const mapper = this.core.mapper(target);
    const record = new EntityRecord(mapper, mapper.createReference(key), key);
    mapper.attachCollections(record.instance, this, false);
    this.identities.add(record);
    return record.instance;
  }

  /** The entity of this key, softly deleted or not; undefined when there is no row. */
  findByKey(entity: EntityMetadata, key: KeyValues): EntityRecord | undefined {
    const layout = this.core.layout(this.view, entity);
    const row = this.core.sql.tables.getByKey(this.view, layout.table, layout.tableKey(key));
    if (row !== undefined) return this.adopt(entity, layout.fromTable(row));
    const known = this.identities.find(entity, key);
    // Its row went away by SQL inside this transaction. A mere reference stays, and says that it dangles.
    if (known?.isLoaded === true) this.identities.delete(known);
    else if (known !== undefined) markGone(known.instance);
    return undefined;
  }

  /** Entities and rows of a statement that yields all their fields in order. */
  select(entity: EntityMetadata, { statement, parameters }: BoundStatement): ReadEntity[] {
    const rows = this.fieldRows(entity, this.core.sql.runSync(statement, parameters, this.view, { rowMode: 'array' }));
    return rows.map((row) => ({ record: this.adopt(entity, row), row }));
  }

  /** Result rows of JavaScript values as rows of stored values; the arrays are reused. */
  fieldRows(entity: EntityMetadata, result: readonly unknown[]): EntityRow[] {
    const rows = result as unknown[][];
    const converted = entity.fields.filter((field) => !isPlainType(field.type));
    for (const field of converted) {
      for (const row of rows) row[field.position] = storedValue(field, row[field.position]);
    }
    return rows as EntityRow[];
  }

  /** The instance of a row that was read. One that is known already keeps what the program changed on it. */
  adopt(entity: EntityMetadata, row: EntityRow): EntityRecord {
    const mapper = this.core.mapper(entity);
    const key = keyOfRow(entity, row);
    const known = this.identities.find(entity, key);
    if (known === undefined) {
      const record = new EntityRecord(mapper, mapper.create(row, this), key);
      this.identities.add(record);
      this.#loaded(record, row);
      return record;
    }
    if (known.isLoaded && (known.row === undefined || sameRow(known.row, row))) return known;
    mapper.refresh(known.instance, known.row, row, this);
    if (known.isLoaded) known.row = row;
    else this.#loaded(known, row);
    return known;
  }

  /** What is known of exactly this instance. */
  recordOf(entity: EntityMetadata, instance: object): EntityRecord | undefined {
    const key = keyOfProperties(entity, instance as Properties);
    const record = key && this.identities.find(entity, key);
    return record?.instance === instance ? record : undefined;
  }

  /** Makes an instance that was just written known; it replaces a mere reference of the same key. */
  manage(record: EntityRecord, row: EntityRow): void {
    record.isLoaded = true;
    if (this.#options.keepsRows) record.row = row;
    record.mapper.reveal(record.instance);
    this.identities.add(record);
  }

  /** Makes a known instance show what is stored, whatever the program did to it; forgets one whose row is gone. */
  restore(record: EntityRecord): void {
    const { entity, mapper, instance, key, isLoaded } = record;
    if (!isLoaded) return mapper.resetReference(instance, key);
    const layout = this.core.layout(this.view, entity);
    const stored = this.core.sql.tables.getByKey(this.view, layout.table, layout.tableKey(key));
    if (stored === undefined) return this.identities.delete(record);
    record.row = layout.fromTable(stored);
    mapper.hydrate(instance, record.row, this);
    mapper.unloadCollections(instance);
  }

  /** Lets freshly loaded entities know, once everything they may look at is there. */
  async runAfterLoad(): Promise<void> {
    while (this.#fresh.length > 0) {
      const fresh = this.#fresh;
      this.#fresh = [];
      for (const { entity, instance } of fresh) await runHooks(entity, 'afterLoad', instance);
    }
  }

  #loaded(record: EntityRecord, row: EntityRow): void {
    if (!record.isLoaded) record.mapper.reveal(record.instance);
    record.isLoaded = true;
    if (this.#options.keepsRows) record.row = row;
    if (record.entity.hooks.has('afterLoad')) this.#fresh.push(record);
  }
}

export function keyOfRow(entity: EntityMetadata, row: EntityRow): KeyValues {
  // Key fields come first in every row.
  return row.slice(0, entity.keyFields.length);
}

function sameRow(a: EntityRow, b: EntityRow): boolean {
  for (let i = 0; i < a.length; i++) if (!sameStored(a[i]!, b[i]!)) return false;
  return true;
}
