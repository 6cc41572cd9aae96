/**
 * Writes single entities through `TableAccess`: the row, the values that the ORM maintains, and the version check. Keeps
 * instances and records in step, through the undo log.
 */

import { ConflictError } from '../../base/index.js';
import type { Transaction } from '../../mvcc/index.js';
import { toJs } from '../../sql/index.js';
import { entityText, type KeyValues, type Properties } from '../mapping/entity-key.js';
import type { EntityRow, ValueSource } from '../mapping/entity-mapper.js';
import { sameStored, storedValue } from '../mapping/field-value.js';
import { shownValue } from '../mapping/reference-form.js';
import type { EntityMetadata, FieldMetadata, ReferenceMetadata } from '../registry/entity-metadata.js';
import { EntityRecord } from './entity-record.js';
import { type EntityReader, keyOfRow } from './entity-reader.js';
import type { UndoLog } from './undo-log.js';

export class RowWriter {
  readonly #reader: EntityReader;
  readonly #tx: Transaction;
  readonly #undo: UndoLog;

  constructor(reader: EntityReader, tx: Transaction, undo: UndoLog) {
    this.#reader = reader;
    this.#tx = tx;
    this.#undo = undo;
  }

  /**
   * Inserts plain objects and returns their entities: the bulk path. Nothing is kept of any when one fails; undoing the
   * writes is the caller's business.
   *
   * @param expiresAtMs when the rows end; undefined: never.
   */
  insertPlain(entity: EntityMetadata, values: readonly object[], source: ValueSource, expiresAtMs?: number): object[] {
    const { core } = this.#reader;
    const mapper = core.mapper(entity);
    const layout = core.layout(this.#tx, entity);
    const { tables } = core.sql;
    const rows: EntityRow[] = new Array<EntityRow>(values.length);
    for (let i = 0; i < values.length; i++) {
      const row = layout.toTable(mapper.newRow(values[i]!, source));
      rows[i] = layout.fromTable(tables.insert(this.#tx, layout.table, row, source, expiresAtMs));
    }
    return rows.map((row, i) => {
      const record = new EntityRecord(
        mapper,
        mapper.createInserted(row, values[i]!, this.#reader),
        keyOfRow(entity, row),
      );
      this.#manage(record, row);
      return record.instance;
    });
  }

  /** Inserts an instance and sets on it whatever the database and the ORM made up. */
  insert(
    entity: EntityMetadata,
    instance: object,
    source: ValueSource,
    deferred: readonly ReferenceMetadata[],
  ): EntityRecord {
    const { core } = this.#reader;
    const mapper = core.mapper(entity);
    const layout = core.layout(this.#tx, entity);
    const values = layout.toTable(mapper.newRow(instance, source, deferred));
    const row = layout.fromTable(core.sql.tables.insert(this.#tx, layout.table, values, source));
    for (const field of mapper.ownFields) {
      if ((instance as Properties)[field.property] === undefined) {
        this.#undo.assign(instance, field.property, toJs(row[field.position]!, field.type));
      }
    }
    for (const reference of entity.references) {
      // A key that stood for its entity gives way to the entity; an instance stays, whatever it is.
      const current = (instance as Properties)[reference.property];
      if (current instanceof reference.target.entityClass || deferred.includes(reference)) continue;
      const key = mapper.referenceKey(reference, instance as Properties);
      const target = key === undefined ? null : this.#reader.reference(reference.target, key);
      this.#undo.assign(instance, reference.property, target);
    }
    const record = new EntityRecord(mapper, instance, keyOfRow(entity, row));
    this.#manage(record, row);
    return record;
  }

  /**
   * Makes an instance that the session did not load known as the row of its key, so that what it shows differently will
   * be written; undefined when there is no such row. What it leaves undefined keeps what the row has, except the version:
   * writing over a versioned row takes knowing it. Throws `ConflictError` for a versioned instance whose row is gone.
   */
  attach(entity: EntityMetadata, instance: object, key: KeyValues): EntityRecord | undefined {
    const { core } = this.#reader;
    const mapper = core.mapper(entity);
    const layout = core.layout(this.#tx, entity);
    const { version } = entity.maintained;
    const properties = instance as Properties;
    const inTable = core.sql.tables.getByKey(this.#tx, layout.table, layout.tableKey(key));
    if (inTable === undefined) {
      if (version !== undefined && shownValue(instance, version.property) != null) throw rowGone(entity, key);
      return undefined;
    }
    const row = layout.fromTable(inTable);
    for (const field of mapper.ownFields) {
      if (field === version || shownValue(instance, field.property) !== undefined) continue;
      properties[field.property] = toJs(row[field.position]!, field.type);
    }
    for (const reference of entity.references) {
      if (shownValue(instance, reference.property) !== undefined) continue;
      properties[reference.property] = mapper.referenced(reference, row, this.#reader);
    }
    const record = new EntityRecord(mapper, instance, key);
    this.#reader.manage(record, row);
    return record;
  }

  /** Writes `changed` over the row of a loaded entity. Throws `ConflictError` when the row moved on or went away. */
  update(record: EntityRecord, changed: EntityRow, source: ValueSource): void {
    const { entity } = record;
    const { version, updatedAt } = entity.maintained;
    const layout = this.#reader.core.layout(this.#tx, entity);
    const { tables } = this.#reader.core.sql;
    const inTable = tables.getByKey(this.#tx, layout.table, layout.tableKey(record.key));
    if (inTable === undefined) throw rowGone(entity, record.key);
    const current = layout.fromTable(inTable);
    if (version !== undefined) checkVersion(entity, record.key, version, changed, current);
    // Only what the program changed is written: the rest may have been changed by SQL in this transaction.
    const next = current.map((value, i) => (sameStored(changed[i]!, record.row![i]!) ? value : changed[i]!));
    if (version !== undefined) this.#maintain(record, next, version, Number(current[version.position]) + 1);
    if (updatedAt !== undefined) this.#maintain(record, next, updatedAt, new Date(source.nowMs));
    tables.update(this.#tx, layout.table, inTable, layout.merged(inTable, next));
    this.#undo.assign(record, 'row', next);
  }

  /** Lets the row of an entity that has one end at `expiresAtMs`. Its version stays what it is: nothing of it changes. */
  expire(entity: EntityMetadata, instance: object, expiresAtMs: number): void {
    const { core } = this.#reader;
    const layout = core.layout(this.#tx, entity);
    const { tables } = core.sql;
    const row = tables.getByKey(this.#tx, layout.table, layout.tableKey(core.mapper(entity).keyOf(instance)!));
    if (row !== undefined) tables.update(this.#tx, layout.table, row, row, expiresAtMs);
  }

  /**
   * Removes the row of an entity, or marks it removed where the entity is deleted softly. False when there was nothing to
   * do. Throws `ConflictError` when a versioned row moved on or went away.
   */
  remove(entity: EntityMetadata, instance: object, key: KeyValues, source: ValueSource): boolean {
    const { deletedAt, version } = entity.maintained;
    const layout = this.#reader.core.layout(this.#tx, entity);
    const { tables } = this.#reader.core.sql;
    const inTable = tables.getByKey(this.#tx, layout.table, layout.tableKey(key));
    if (inTable === undefined) {
      if (version !== undefined) throw rowGone(entity, key);
      return false;
    }
    const current = layout.fromTable(inTable);
    if (version !== undefined) {
      const expected = current.slice();
      expected[version.position] = storedValue(version, shownValue(instance, version.property));
      checkVersion(entity, key, version, expected, current);
    }
    if (deletedAt === undefined) {
      tables.delete(this.#tx, layout.table, inTable);
      return true;
    }
    if (current[deletedAt.position] !== null) return false;
    const record = this.#reader.recordOf(entity, instance);
    this.#markDeleted({ entity, instance, record }, current, source, (next) =>
      tables.update(this.#tx, layout.table, inTable, layout.merged(inTable, next)),
    );
    return true;
  }

  #markDeleted(
    target: { entity: EntityMetadata; instance: object; record: EntityRecord | undefined },
    current: EntityRow,
    source: ValueSource,
    write: (next: EntityRow) => void,
  ): void {
    const { deletedAt, version, updatedAt } = target.entity.maintained;
    const next = current.slice();
    this.#maintain(target, next, deletedAt!, new Date(source.nowMs));
    if (version !== undefined) this.#maintain(target, next, version, Number(current[version.position]) + 1);
    if (updatedAt !== undefined) this.#maintain(target, next, updatedAt, new Date(source.nowMs));
    write(next);
    const { record } = target;
    if (record?.row === undefined) return;
    // What the program changed and did not save stays unsaved.
    const row = record.row.slice();
    for (const field of [deletedAt, version, updatedAt]) if (field) row[field.position] = next[field.position]!;
    this.#undo.assign(record, 'row', row);
  }

  #manage(record: EntityRecord, row: EntityRow): void {
    this.#reader.manage(record, row);
    this.#undo.added(record);
  }

  /** Sets a maintained value in the row and on the instance. */
  #maintain(target: { readonly instance: object }, row: EntityRow, field: FieldMetadata, value: unknown): void {
    row[field.position] = storedValue(field, value);
    this.#undo.assign(target.instance, field.property, value);
  }

  /** Sets references that had to wait until their target had a key. */
  writeDeferred(record: EntityRecord): void {
    const row = record.mapper.changedRow(record.instance, record.row!);
    if (row === undefined) return;
    const layout = this.#reader.core.layout(this.#tx, record.entity);
    const { tables } = this.#reader.core.sql;
    const inTable = tables.getByKey(this.#tx, layout.table, layout.tableKey(record.key))!;
    tables.update(this.#tx, layout.table, inTable, layout.merged(inTable, row));
    this.#undo.assign(record, 'row', row);
  }
}

function checkVersion(
  entity: EntityMetadata,
  key: KeyValues,
  { position, place }: FieldMetadata,
  expected: EntityRow,
  current: EntityRow,
): void {
  if (sameStored(expected[position]!, current[position]!)) return;
  throw new ConflictError(
    `${entityText(entity, key)} was changed since it was loaded: ${place} is ${String(current[position])}, not ${String(expected[position])}`,
    {
      retryable: false, // The same instance would lose again; it must be loaded again first.
      facts: { entity: entity.name, key, expected: expected[position], found: current[position] },
    },
  );
}

/** The row that an instance stands for is not there any more. */
export function rowGone(entity: EntityMetadata, key: KeyValues): ConflictError {
  return new ConflictError(`${entityText(entity, key)} was removed since it was loaded`, {
    retryable: false,
    facts: { entity: entity.name, key },
  });
}
