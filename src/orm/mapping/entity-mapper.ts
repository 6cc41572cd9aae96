/**
 * Moves values between entities and rows, for one entity class. A row here is the list of stored values in field order
 * (`EntityMetadata.fields`); how fields lie in the table is `table-layout.ts`. Everything is worked out once: per row
 * there are only loops over parallel arrays, no reflection and no closures.
 */

import { InvalidArgumentError } from '../../base/index.js';
import { fromJs, type SqlType, type SqlValue, toJs } from '../../sql/index.js';
import { bindCollection, bindingOf, Collection, type CollectionLoader, unloadCollection } from '../collection.js';
import type {
  CollectionMetadata,
  EntityMetadata,
  FieldMetadata,
  ReferenceMetadata,
} from '../registry/entity-metadata.js';
import { entityText, keyOfArgument, keyOfProperties, type KeyValues, type Properties } from './entity-key.js';
import { isPlainType, sameStored, storedValue } from './field-value.js';
import { ReferenceForm, shownValue } from './reference-form.js';

export type EntityRow = SqlValue[];
/** A row to insert; undefined asks for the table's default. */
export type NewEntityRow = (SqlValue | undefined)[];

/** What an entity is connected to when it is made from a row: the session it belongs to. */
export interface EntityContext {
  /** The instance that stands for this row of the target, loaded or not. */
  reference(target: EntityMetadata, key: KeyValues): object;
  readonly loader: CollectionLoader | undefined;
}

/** Values the ORM makes up for new rows. */
export interface ValueSource {
  readonly nowMs: number;
  uuid(): string;
}

export class EntityMapper {
  readonly entity: EntityMetadata;
  /** Fields that live in a property of their own, as parallel arrays. */
  readonly #positions: number[] = [];
  readonly #properties: string[] = [];
  readonly #types: SqlType[] = [];
  /** True where the stored value is the property's value. */
  readonly #plain: boolean[] = [];
  /** True where the stored value is a `Date`'s number of milliseconds. */
  readonly #instants: boolean[] = [];
  readonly #fields: FieldMetadata[] = [];
  readonly #referenceForm: ReferenceForm;

  constructor(entity: EntityMetadata) {
    this.entity = entity;
    this.#referenceForm = new ReferenceForm(entity);
    for (const field of entity.fields) {
      if (field.joins !== undefined) continue;
      this.#fields.push(field);
      this.#positions.push(field.position);
      this.#properties.push(field.property);
      this.#types.push(field.type);
      this.#plain.push(isPlainType(field.type));
      this.#instants.push(field.type.name === 'timestamp' || field.type.name === 'timestamptz');
    }
  }

  /** Fields that live in a property of their own. */
  get ownFields(): readonly FieldMetadata[] {
    return this.#fields;
  }

  /** An instance with nothing but its key: the stand-in for a row that was not read. */
  createReference(key: KeyValues): object {
    const instance = new this.entity.entityClass();
    this.resetReference(instance, key);
    return instance;
  }

  /** Makes an instance such a stand-in again. */
  resetReference(instance: object, key: KeyValues): void {
    this.#referenceForm.hide(instance, key);
  }

  /** Makes a stand-in an ordinary instance, undefined where nothing was set on it. */
  reveal(instance: object): void {
    this.#referenceForm.reveal(instance);
  }

  create(row: EntityRow, context: EntityContext): object {
    const instance = new this.entity.entityClass();
    this.hydrate(instance, row, context);
    this.attachCollections(instance, context, false);
    return instance;
  }

  /** The entity of a row just inserted from `values`: its collections are known to be empty, its relations hold what was given. */
  createInserted(row: EntityRow, values: object, context: EntityContext): object {
    const instance = new this.entity.entityClass();
    this.hydrate(instance, row, context, values as Properties);
    this.attachCollections(instance, context, true);
    return instance;
  }

  /** Sets every stored property. Instances that `given` has in relations stay the ones. */
  hydrate(instance: object, row: EntityRow, context: EntityContext, given?: Properties): void {
    const target = instance as Properties;
    for (let i = 0; i < this.#positions.length; i++) {
      const value = row[this.#positions[i]!]!;
      target[this.#properties[i]!] = this.#plain[i]! ? value : toJs(value, this.#types[i]!);
    }
    for (const reference of this.entity.references) {
      const kept = given?.[reference.property];
      target[reference.property] =
        kept instanceof reference.target.entityClass ? kept : this.referenced(reference, row, context);
    }
  }

  /**
   * Ties the instance's collections to it and makes those it lacks. Those of a new row are complete; of any other row, what
   * the program has put into one is all that is known, and an empty one is not known to be empty.
   */
  attachCollections(instance: object, context: EntityContext, isNew: boolean): void {
    for (const relation of this.entity.collections) {
      const current = (instance as Properties)[relation.property] ?? new Collection<object>();
      if (!(current instanceof Collection)) throw notACollection(relation);
      const collection = current as Collection<object>;
      if (bindingOf(collection)?.owner === instance) continue;
      bindCollection(collection, { relation, owner: instance, loader: context.loader });
      if (!isNew && collection.isLoaded && collection.length === 0) unloadCollection(collection);
      (instance as Properties)[relation.property] = collection;
    }
  }

  /** Makes the members of all collections unknown. */
  unloadCollections(instance: object): void {
    for (const { property } of this.entity.collections) {
      const collection = (instance as Properties)[property];
      if (collection instanceof Collection) unloadCollection(collection as Collection<object>);
    }
  }

  /**
   * The row of a new entity. Left-out properties (undefined) get what the ORM makes up, or undefined for the table to
   * decide. `deferred` references are stored as NULL for now.
   */
  newRow(values: object, source: ValueSource, deferred: readonly ReferenceMetadata[] = []): NewEntityRow {
    const row: NewEntityRow = new Array<SqlValue | undefined>(this.entity.fields.length);
    const properties = values as Properties;
    for (let i = 0; i < this.#positions.length; i++) {
      const value = properties[this.#properties[i]!];
      const field = this.#fields[i]!;
      row[field.position] = value === undefined ? madeUp(field, source) : storedValue(field, value);
    }
    for (const reference of this.entity.references) {
      const key = deferred.includes(reference) ? undefined : this.referenceKey(reference, properties);
      for (let i = 0; i < reference.fields.length; i++) row[reference.fields[i]!.position] = key?.[i] ?? null;
    }
    return row;
  }

  /**
   * The row as the instance would have it, or undefined when nothing differs from `row`; undefined properties are NULL.
   * Throws `InvalidArgumentError` when the key was changed.
   */
  changedRow(instance: object, row: EntityRow): EntityRow | undefined {
    const properties = instance as Properties;
    let changed: EntityRow | undefined;
    for (let i = 0; i < this.#positions.length; i++) {
      const position = this.#positions[i]!;
      const value = properties[this.#properties[i]!];
      // The two ways in which nearly every value is unchanged; the rest is found out by conversion.
      if (this.#plain[i]! && value === row[position]) continue;
      if (this.#instants[i]! && value instanceof Date && value.getTime() === row[position]) continue;
      if (value === undefined && row[position] === null) continue;
      const field = this.#fields[i]!;
      const stored = storedValue(field, value);
      if (sameField(field, stored, row[position]!)) continue;
      if (field.primaryKey) throw this.#keyChanged(row);
      changed ??= row.slice();
      changed[position] = stored;
    }
    for (const reference of this.entity.references) {
      const key = this.referenceKey(reference, properties);
      for (let i = 0; i < reference.fields.length; i++) {
        const { position } = reference.fields[i]!;
        const stored = key?.[i] ?? null;
        if (sameStored(stored, row[position]!)) continue;
        changed ??= row.slice();
        changed[position] = stored;
      }
    }
    return changed;
  }

  /** Whether `changedRow` has something to say; a reference to an instance without key is a change. */
  isChanged(instance: object, row: EntityRow): boolean {
    for (const { property, target } of this.entity.references) {
      const value = (instance as Properties)[property];
      if (value instanceof target.entityClass && keyOfProperties(target, value as Properties) === undefined)
        return true;
    }
    return this.changedRow(instance, row) !== undefined;
  }

  /** Brings `next` into an instance that still shows `row` (undefined: nothing), except where the program changed it since. */
  refresh(instance: object, row: EntityRow | undefined, next: EntityRow, context: EntityContext): void {
    const target = instance as Properties;
    for (let i = 0; i < this.#positions.length; i++) {
      const property = this.#properties[i]!;
      const position = this.#positions[i]!;
      const current = row === undefined ? shownValue(instance, property) : target[property];
      const untouched =
        row === undefined
          ? current === undefined
          : sameField(this.#fields[i]!, storedValue(this.#fields[i]!, current), row[position]!);
      if (untouched) target[property] = toJs(next[position]!, this.#types[i]!);
    }
    for (const reference of this.entity.references) {
      const untouched =
        row === undefined
          ? shownValue(instance, reference.property) === undefined
          : this.#pointsAsIn(reference, target, row);
      // An instance that the row still means stays: it may be loaded where the session only has a stand-in.
      if (!untouched || (row !== undefined && this.#pointsAsIn(reference, target, next))) continue;
      target[reference.property] = this.referenced(reference, next, context);
    }
  }

  /** The instance a reference of a row stands for; null for none. */
  referenced(reference: ReferenceMetadata, row: EntityRow, context: EntityContext): object | null {
    const key: SqlValue[] = [];
    for (const field of reference.fields) {
      const value = row[field.position]!;
      if (value === null) return null;
      key.push(value);
    }
    return context.reference(reference.target, key);
  }

  /** The key that the instance shows; undefined while a part is missing. */
  keyOf(instance: object): SqlValue[] | undefined {
    return keyOfProperties(this.entity, instance as Properties);
  }

  /** The stored key of what the property refers to; undefined for none. Throws for a target that has no key yet. */
  referenceKey(reference: ReferenceMetadata, properties: Properties): SqlValue[] | undefined {
    const value = properties[reference.property];
    if (value === null || value === undefined) return undefined;
    const { target } = reference;
    if (!(value instanceof target.entityClass)) return keyOfReferenceArgument(reference, value);
    const key = keyOfProperties(target, value as Properties);
    if (key !== undefined) return key;
    throw new InvalidArgumentError(
      `${reference.place} refers to a new ${target.name} that is not saved: save it first, or cascade persist`,
      { facts: { reference: reference.place, target: target.name } },
    );
  }

  #pointsAsIn(reference: ReferenceMetadata, properties: Properties, row: EntityRow): boolean {
    const key = this.referenceKey(reference, properties);
    return reference.fields.every((field, i) => sameStored(key?.[i] ?? null, row[field.position]!));
  }

  #keyChanged(row: EntityRow): InvalidArgumentError {
    const key = this.entity.keyFields.map((field) => row[field.position]!);
    return new InvalidArgumentError(
      `the primary key of ${entityText(this.entity, key)} was changed: insert a new entity and remove the old one`,
      { facts: { entity: this.entity.name } },
    );
  }
}

/** Whether a stored value is the one of a row. JSON text that came by SQL is compared in canonical form. */
function sameField(field: FieldMetadata, stored: SqlValue, inRow: SqlValue): boolean {
  if (sameStored(stored, inRow)) return true;
  if (field.type.name !== 'json' || stored === null || inRow === null) return false;
  return stored === fromJs(toJs(inRow, field.type), field.type, field.place);
}

/** Anything but an instance must be the target's key itself. */
export function keyOfReferenceArgument(reference: ReferenceMetadata, value: unknown): SqlValue[] {
  const { target } = reference;
  const isKey = typeof value !== 'object' || value instanceof Date || value instanceof Uint8Array;
  if (isKey || target.keyFields.length > 1) return keyOfArgument(target, value);
  throw new InvalidArgumentError(`${reference.place} takes a ${target.name} or its primary key; found another object`, {
    facts: { reference: reference.place, target: target.name },
  });
}

export function notACollection({ place }: CollectionMetadata): InvalidArgumentError {
  return new InvalidArgumentError(`${place} must hold a Collection; add members with add()`, {
    facts: { relation: place },
  });
}

function madeUp(field: FieldMetadata, source: ValueSource): SqlValue | undefined {
  switch (field.role) {
    case 'version':
      return 1;
    case 'createdAt':
    case 'updatedAt':
      return storedValue(field, new Date(source.nowMs));
    case 'deletedAt':
      return null;
    case undefined:
      break;
  }
  if (field.generated === 'uuid') return source.uuid();
  return field.defaultFactory === undefined ? undefined : storedValue(field, field.defaultFactory());
}
