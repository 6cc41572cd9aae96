/**
 * Everything a repository does, for one view of the database. A session of a transaction that writes knows each row as
 * one instance and writes what the program changed on it; any other only reads.
 */

import { InvalidArgumentError } from '../../base/index.js';
import { type ExpiryOptions, expiryFrom, type ReadView, type Transaction } from '../../mvcc/index.js';
import { bindingOf, type Collection, type CollectionLoader } from '../collection.js';
import type { OrmCore } from '../core.js';
import { keyOfArgument, keyOfProperties, type Properties } from '../mapping/entity-key.js';
import { changesOf } from '../query/patch.js';
import type { Changes, QueryOptions } from '../query/statements.js';
import type { EntityMetadata } from '../registry/entity-metadata.js';
import { EntityReader, keyOfRow } from './entity-reader.js';
import type { EntityRecord } from './entity-record.js';
import { insertable, isInstance } from './insert-values.js';
import { fillCollections, loadRelations } from './relation-loader.js';
import type { UndoMark } from './undo-log.js';
import { UnitOfWork } from './unit-of-work.js';

/** A point that the session can go back to, together with a savepoint of its transaction. */
export interface SessionMark {
  readonly undo: UndoMark;
}

export interface EntityQuery extends QueryOptions {
  readonly with?: unknown;
}

export class EntitySession {
  readonly #core: OrmCore;
  readonly #reader: EntityReader;
  readonly #unit: UnitOfWork | undefined;

  private constructor(core: OrmCore, view: ReadView, tx: Transaction | undefined, canLoad: boolean) {
    const loader: CollectionLoader = (collection) => this.#loadCollection(collection);
    this.#core = core;
    this.#reader = new EntityReader(core, view, {
      keepsRows: tx !== undefined,
      loader: canLoad ? loader : undefined,
    });
    if (tx === undefined) return;
    const unit = new UnitOfWork(this.#reader, tx);
    this.#unit = unit;
    tx.onBeforeCommit(() => unit.flushAtCommit());
    tx.onEnd((outcome) => {
      // Instances that outlive a failed transaction must be as they were, to be saved again.
      if (outcome === 'rolled-back') unit.rollback(0);
      this.#reader.identities.clear();
    });
  }

  /** For the life of a transaction. What it changed is written before the commit. */
  static ofTransaction(core: OrmCore, tx: Transaction): EntitySession {
    return new EntitySession(core, tx, tx.readOnly ? undefined : tx, true);
  }

  /** For reads of a snapshot; its collections can load while the snapshot is open. */
  static ofSnapshot(core: OrmCore, view: ReadView): EntitySession {
    return new EntitySession(core, view, undefined, true);
  }

  /** For one read of a state that moves on: what it returns is detached. */
  static ofMoment(core: OrmCore, view: ReadView): EntitySession {
    return new EntitySession(core, view, undefined, false);
  }

  async find(entity: EntityMetadata, query: EntityQuery): Promise<object[]> {
    await this.flush();
    const records = this.#reader
      .select(entity, this.#core.statements(entity).select(query))
      .map(({ record }) => record);
    return this.#finish(entity, records, query);
  }

  /** The next entities in the order of their keys, after the instance `after`. */
  async findBatch(
    entity: EntityMetadata,
    query: EntityQuery,
    { after, limit }: { readonly after: object | undefined; readonly limit: number },
  ): Promise<object[]> {
    await this.flush();
    const key = after && entity.keyFields.map((field) => (after as Properties)[field.property]);
    const statement = this.#core.statements(entity).batch(query, { after: key, limit });
    const records = this.#reader.select(entity, statement).map(({ record }) => record);
    return this.#finish(entity, records, query);
  }

  async findById(entity: EntityMetadata, id: unknown, query: EntityQuery): Promise<object | undefined> {
    const record = this.#reader.findByKey(entity, keyOfArgument(entity, id));
    const { deletedAt } = entity.maintained;
    if (record === undefined) return undefined;
    const isDeleted = deletedAt !== undefined && (record.instance as Properties)[deletedAt.property] != null;
    if (isDeleted && query.withDeleted !== true) return undefined;
    const [instance] = await this.#finish(entity, [record], query);
    return instance;
  }

  /** The instance of a key, whether there is such a row or not; nothing is read. */
  reference(entity: EntityMetadata, id: unknown): object {
    return this.#reader.reference(entity, keyOfArgument(entity, id));
  }

  async count(entity: EntityMetadata, query: QueryOptions): Promise<number> {
    await this.flush();
    const { statement, parameters } = this.#core.statements(entity).count(query);
    const rows = this.#core.sql.runSync(statement, parameters, this.#reader.view, { rowMode: 'array' });
    return (rows as unknown as number[][])[0]![0]!;
  }

  async exists(entity: EntityMetadata, query: QueryOptions): Promise<boolean> {
    await this.flush();
    const { statement, parameters } = this.#core.statements(entity).probe(query);
    return this.#core.sql.runSync(statement, parameters, this.#reader.view, { rowMode: 'array' }).length > 0;
  }

  async insert(entity: EntityMetadata, values: readonly object[], expiry: ExpiryOptions = {}): Promise<object[]> {
    const unit = this.#writable();
    const expiresAtMs = this.#expiryFrom(expiry);
    const { plain, instances } = insertable(entity, values);
    if (plain !== undefined) return unit.insertPlain(entity, plain, expiresAtMs);
    await unit.save(entity, instances, true, expiresAtMs);
    return instances;
  }

  async save(entity: EntityMetadata, instances: readonly object[], expiry: ExpiryOptions = {}): Promise<void> {
    for (const instance of instances) requireInstance(entity, instance, 'save');
    const unit = this.#writable();
    await unit.save(entity, instances, false, this.#expiryFrom(expiry));
  }

  /** When the row of a key ends, in milliseconds since the epoch. */
  expiryById(entity: EntityMetadata, id: unknown): number | undefined {
    const { view } = this.#reader;
    const layout = this.#core.layout(view, entity);
    return this.#core.sql.tables.expiryByKey(view, layout.table, layout.tableKey(keyOfArgument(entity, id)));
  }

  async remove(entity: EntityMetadata, instances: readonly object[]): Promise<void> {
    const unit = this.#writable();
    for (const instance of instances) requireInstance(entity, instance, 'remove');
    // Members are found by what is stored.
    if (entity.collections.some((relation) => relation.cascadeRemove)) await unit.flush();
    await unit.remove(entity, instances);
  }

  /** Rows changed. Entities that the session knows are brought up to date; no hooks run. */
  async update(entity: EntityMetadata, where: unknown, patch: unknown): Promise<number> {
    const unit = this.#writable();
    const { nowMs } = this.#core.valueSource();
    const changes = changesOf(entity, patch, nowMs);
    await unit.flush();
    return this.#updateRows(entity, where, changes);
  }

  /** Rows removed, or marked as removed. Entities that the session knows are forgotten; no hooks run, no cascades. */
  async delete(entity: EntityMetadata, where: unknown): Promise<number> {
    const unit = this.#writable();
    await unit.flush();
    const { deletedAt, version } = entity.maintained;
    if (deletedAt !== undefined) {
      const value = new Date(this.#core.valueSource().nowMs);
      const changes = { assignments: [{ column: deletedAt.column, value }], raise: version?.column };
      return this.#updateRows(entity, where, changes);
    }
    const isKnown = this.#reader.identities.has(entity);
    const { statement, parameters } = this.#core.statements(entity).delete(where, isKnown);
    const result = this.#core.sql.runSync(statement, parameters, this.#transaction(), { rowMode: 'array' });
    for (const row of this.#reader.fieldRows(entity, result)) {
      unit.forget(this.#reader.identities.find(entity, keyOfRow(entity, row)));
    }
    return result.count;
  }

  /** Writes what is new or changed; nothing happens where nothing can be written. */
  async flush(): Promise<void> {
    await this.#unit?.flush();
  }

  /** Writes what is pending and remembers where that leaves every instance. */
  async mark(): Promise<SessionMark> {
    await this.flush();
    return { undo: this.#unit?.mark() ?? 0 };
  }

  /**
   * Goes back to `mark`, after the transaction went back to its savepoint: known instances show what is stored again, those
   * inserted since are as they were before, and collections must be loaded again.
   */
  rollback(mark: SessionMark): void {
    const unit = this.#unit;
    if (unit === undefined) return;
    unit.rollback(mark.undo);
    for (const entity of this.#reader.identities.entities()) {
      for (const record of this.#reader.identities.of(entity)) this.#reader.restore(record);
    }
  }

  #expiryFrom(options: ExpiryOptions): number | undefined {
    const tx = this.#transaction();
    return expiryFrom(options, () => tx.nowMs());
  }

  #updateRows(entity: EntityMetadata, where: unknown, changes: Changes): number {
    const isKnown = this.#reader.identities.has(entity);
    const { statement, parameters } = this.#core.statements(entity).update(where, changes, isKnown);
    const result = this.#core.sql.runSync(statement, parameters, this.#transaction(), { rowMode: 'array' });
    for (const row of this.#reader.fieldRows(entity, result)) {
      if (this.#reader.identities.find(entity, keyOfRow(entity, row)) !== undefined) this.#reader.adopt(entity, row);
    }
    return result.count;
  }

  async #finish(entity: EntityMetadata, records: readonly EntityRecord[], query: EntityQuery): Promise<object[]> {
    loadRelations(this.#reader, entity, records, { with: query.with, withDeleted: query.withDeleted ?? false });
    await this.#reader.runAfterLoad();
    return records.map((record) => record.instance);
  }

  async #loadCollection(collection: Collection<object>): Promise<void> {
    await this.flush();
    const { relation, owner } = bindingOf(collection)!;
    const key = keyOfProperties(relation.owner, owner as Properties);
    if (key === undefined) return;
    fillCollections(this.#reader, relation, [{ key, instance: owner }], false);
    await this.#reader.runAfterLoad();
  }

  #transaction(): Transaction {
    return this.#reader.view as Transaction;
  }

  #writable(): UnitOfWork {
    if (this.#unit !== undefined) return this.#unit;
    throw new InvalidArgumentError('a repository of a snapshot or of a read-only transaction does not write');
  }
}

function requireInstance(entity: EntityMetadata, value: unknown, operation: string): void {
  if (isInstance(entity, value)) return;
  throw new InvalidArgumentError(`${operation} takes instances of ${entity.name}; for plain objects there is insert`, {
    facts: { entity: entity.name, operation },
  });
}
