/**
 * The writes of one transaction's session: inserts, changed entities, removals, with hooks before and after. Each
 * operation takes effect as a whole: when it fails, its writes and what it did to instances are taken back.
 */

import { InvalidArgumentError } from '../../base/index.js';
import type { Transaction } from '../../mvcc/index.js';
import { entityText, type KeyValues } from '../mapping/entity-key.js';
import type { ValueSource } from '../mapping/entity-mapper.js';
import type { EntityMetadata } from '../registry/entity-metadata.js';
import { isLoaded, shownValue } from '../mapping/reference-form.js';
import type { EntityReader } from './entity-reader.js';
import type { EntityRecord } from './entity-record.js';
import type { HookEvent } from '../metadata/declaration.js';
import { runHooks } from './lifecycle-hooks.js';
import { leaveCollections, planRemovals, type Removal } from './removal-plan.js';
import { rowGone, RowWriter } from './row-writer.js';
import { UndoLog, type UndoMark, type UndoTarget } from './undo-log.js';
import { type PlannedEntity, type PlanSource, WritePlan } from './write-plan.js';

/** Rounds of hooks that change entities that have hooks, before it must be a mistake. */
const ROUNDS_MAX = 100;

export class UnitOfWork implements PlanSource, UndoTarget {
  readonly #reader: EntityReader;
  readonly #tx: Transaction;
  readonly #undo = new UndoLog();
  readonly #writer: RowWriter;
  readonly #removed = new Set<object>();
  /** Detached instances that the plan being made has made known. */
  #attached: EntityRecord[] = [];

  constructor(reader: EntityReader, tx: Transaction) {
    this.#reader = reader;
    this.#tx = tx;
    this.#writer = new RowWriter(reader, tx, this.#undo);
  }

  /** Inserts plain objects of an entity without hooks and cascades. */
  insertPlain(entity: EntityMetadata, values: readonly object[], expiresAtMs?: number): object[] {
    const source = this.#reader.core.valueSource();
    return this.#atomically(() => this.#writer.insertPlain(entity, values, source, expiresAtMs));
  }

  /**
   * Inserts (`isNew`) or saves instances and everything that `persist` cascades to. Rows of `instances` end at `expiresAtMs`,
   * if that is given; those of others end when they did.
   */
  async save(
    entity: EntityMetadata,
    instances: readonly object[],
    isNew: boolean,
    expiresAtMs?: number,
  ): Promise<void> {
    for (const instance of instances) this.#removed.delete(instance);
    await this.#write(() => {
      const plan = new WritePlan(this);
      for (const instance of instances) {
        if (isNew) plan.reachNew(entity, instance);
        else plan.reach(entity, instance);
      }
      return plan;
    });
    if (expiresAtMs === undefined) return;
    this.#atomically(() => {
      for (const instance of instances) this.#writer.expire(entity, instance, expiresAtMs);
    });
  }

  /** Writes everything that is new or changed; again while hooks go on changing entities. */
  async flush(): Promise<void> {
    for (let round = 0; await this.#write(() => this.#planAll()); round++) {
      if (round === ROUNDS_MAX) throw endlessHooks();
    }
  }

  /** `flush` before a commit: a promise only when there are hooks to wait for. */
  flushAtCommit(): Promise<void> | undefined {
    const plan = this.#planAll();
    const inserts = plan.inserts();
    const known = plan.known();
    if (inserts.some(hasHooks) || known.some(hasHooks)) return this.flush();
    this.#atomically(() => this.#writeAll(inserts, known));
    return undefined;
  }

  /** Removes entities and everything that `remove` cascades to, members before their owners. */
  async remove(entity: EntityMetadata, instances: readonly object[]): Promise<void> {
    const targets = instances.map((instance) => ({ entity, instance }));
    const removals = planRemovals(this.#reader, targets);
    for (const { entity: removed, instance } of removals) {
      const pending = runHooks(removed, 'beforeRemove', instance);
      if (pending !== undefined) await pending;
    }
    const done = this.#atomically(() => {
      const source = this.#reader.core.valueSource();
      return removals.filter((removal) => this.#removeOne(removal, source));
    });
    for (const { entity: removed, instance } of done) await runHooks(removed, 'afterRemove', instance);
  }

  /** The instances' state and the set of known ones now. */
  mark(): UndoMark {
    return this.#undo.mark();
  }

  /** Takes back what happened to instances since `mark`. */
  rollback(mark: UndoMark): void {
    this.#undo.rollback(mark, this);
  }

  undoAdded(record: EntityRecord): void {
    this.#reader.identities.delete(record);
  }

  undoRemoved(instance: object, record: EntityRecord | undefined): void {
    this.#removed.delete(instance);
    if (record !== undefined) this.#reader.identities.add(record);
  }

  /** Stops tracking an entity whose row is gone, and the instance that was given for it. */
  forget(record: EntityRecord | undefined, instance: object | undefined = record?.instance): void {
    if (record !== undefined) this.#reader.identities.delete(record);
    if (instance === undefined) return;
    this.#removed.add(instance);
    this.#undo.removed(instance, record);
  }

  knownRecord(entity: EntityMetadata, instance: object): EntityRecord | undefined {
    const key = this.#reader.core.mapper(entity).keyOf(instance);
    if (key === undefined) return undefined;
    const known = this.#reader.identities.find(entity, key);
    if (known === undefined || (known.instance !== instance && !known.isLoaded)) {
      const record = this.#writer.attach(entity, instance, key);
      if (record !== undefined) this.#attached.push(record);
      else if (!isLoaded(instance)) throw rowGone(entity, key);
      return record;
    }
    if (known.instance !== instance) throw secondInstance(entity, key);
    if (known.isLoaded) return known;
    const record = this.#reader.findByKey(entity, key);
    if (record === undefined) throw rowGone(entity, key);
    return record;
  }

  isPassedBy(entity: EntityMetadata, instance: object): boolean {
    return this.#removed.has(instance) || (!isLoaded(instance) && !isTouched(entity, instance));
  }

  attachCollections(entity: EntityMetadata, instance: object, isNew: boolean): void {
    this.#reader.core.mapper(entity).attachCollections(instance, this.#reader, isNew);
  }

  /**
   * Runs before-hooks, writes, runs after-hooks. The plan is made again after hooks ran, because they may change what it
   * must hold, and nothing comes between a plan and its writes. True when an after-hook ran, which may have changed entities
   * again.
   */
  async #write(makePlan: () => WritePlan): Promise<boolean> {
    const prepared = new Set<object>();
    const attached: EntityRecord[] = [];
    try {
      for (let round = 0; round <= ROUNDS_MAX; round++) {
        this.#attached = attached;
        const plan = makePlan();
        const due = dueHooks(plan, prepared);
        if (due.length === 0) return await this.#apply(plan);
        for (const { entity, event, instance } of due) {
          prepared.add(instance);
          await runHooks(entity, event, instance);
        }
      }
      throw endlessHooks();
    } catch (error) {
      for (const record of attached) this.#reader.identities.delete(record);
      throw error;
    }
  }

  async #apply(plan: WritePlan): Promise<boolean> {
    const inserts = plan.inserts();
    const updated = this.#atomically(() => this.#writeAll(inserts, plan.known()));
    let hooked = false;
    for (const { entity, instance } of inserts) {
      hooked ||= entity.hooks.has('afterInsert');
      await runHooks(entity, 'afterInsert', instance);
    }
    for (const { entity, instance } of updated) {
      hooked ||= entity.hooks.has('afterUpdate');
      await runHooks(entity, 'afterUpdate', instance);
    }
    return hooked;
  }

  #writeAll(inserts: readonly PlannedEntity[], known: readonly EntityRecord[]): EntityRecord[] {
    const source = this.#reader.core.valueSource();
    const waiting: EntityRecord[] = [];
    for (const { entity, instance, deferred } of inserts) {
      const record = this.#writer.insert(entity, instance, source, deferred);
      if (deferred.length > 0) waiting.push(record);
    }
    for (const record of waiting) this.#writer.writeDeferred(record);
    return known.filter((record) => {
      const changed = record.mapper.changedRow(record.instance, record.row!);
      if (changed !== undefined) this.#writer.update(record, changed, source);
      return changed !== undefined;
    });
  }

  /** Everything known to the session. */
  #planAll(): WritePlan {
    const plan = new WritePlan(this);
    const { identities } = this.#reader;
    for (const entity of identities.entities()) {
      const cascades = [...entity.references, ...entity.collections].some((relation) => relation.cascadePersist);
      for (const record of identities.of(entity)) {
        if (record.isLoaded && !cascades) plan.add(record);
        else if (record.isLoaded) plan.reachKnown(record);
        else if (isTouched(entity, record.instance)) plan.reach(entity, record.instance);
      }
    }
    return plan;
  }

  #removeOne(removal: Removal, source: ValueSource): boolean {
    const { entity, instance, key } = removal;
    const removed = this.#writer.remove(entity, instance, key, source);
    if (entity.maintained.deletedAt !== undefined) return removed;
    const known = this.#reader.identities.find(entity, key);
    this.forget(known);
    if (known?.instance !== instance) this.forget(undefined, instance);
    leaveCollections(removal);
    return removed;
  }

  #atomically<T>(work: () => T): T {
    const mark = this.#undo.mark();
    const savepoint = this.#tx.savepoint();
    try {
      const result = work();
      savepoint.release();
      return result;
    } catch (error) {
      savepoint.rollback();
      this.rollback(mark);
      throw error;
    }
  }
}

function hasHooks({ entity }: { readonly entity: EntityMetadata }): boolean {
  const { hooks } = entity;
  return hooks.has('beforeInsert') || hooks.has('afterInsert') || hooks.has('beforeUpdate') || hooks.has('afterUpdate');
}

/** The before-hooks of planned entities that had none run yet. */
function dueHooks(
  plan: WritePlan,
  prepared: ReadonlySet<object>,
): { entity: EntityMetadata; event: HookEvent; instance: object }[] {
  const due: { entity: EntityMetadata; event: HookEvent; instance: object }[] = [];
  for (const { entity, instance } of plan.inserts()) {
    if (!entity.hooks.has('beforeInsert') || prepared.has(instance)) continue;
    due.push({ entity, event: 'beforeInsert', instance });
  }
  for (const record of plan.known()) {
    const { entity, instance } = record;
    if (!entity.hooks.has('beforeUpdate') || prepared.has(instance) || !isChanged(record)) continue;
    due.push({ entity, event: 'beforeUpdate', instance });
  }
  return due;
}

/** Whether a loaded entity has to be written; a reference to a new instance counts as a change. */
function isChanged({ mapper, instance, row }: EntityRecord): boolean {
  return mapper.isChanged(instance, row!);
}

/** Whether the program set anything on a reference that was never loaded. */
function isTouched(entity: EntityMetadata, instance: object): boolean {
  return entity.fields.some((field) => !field.primaryKey && shownValue(instance, field.property) !== undefined);
}

function secondInstance(entity: EntityMetadata, key: KeyValues): InvalidArgumentError {
  return new InvalidArgumentError(
    `${entityText(entity, key)} is part of this transaction already, as another instance: change that one`,
    { facts: { entity: entity.name, key } },
  );
}

function endlessHooks(): InvalidArgumentError {
  return new InvalidArgumentError(`hooks changed entities in ${ROUNDS_MAX} rounds without coming to an end`);
}
