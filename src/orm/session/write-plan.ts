/**
 * Which instances a save or flush reaches, and in which order new ones are inserted: targets of references first
 * (depth-first topological order). In a circle of new instances one nullable reference is set after the inserts.
 */

import { InvalidArgumentError } from '../../base/index.js';
import { Collection } from '../collection.js';
import type { Properties } from '../mapping/entity-key.js';
import type { EntityMetadata, ReferenceMetadata } from '../registry/entity-metadata.js';
import type { EntityRecord } from './entity-record.js';

/** One reached instance. */
export interface PlannedEntity {
  readonly entity: EntityMetadata;
  readonly instance: object;
  /** Undefined: to be inserted. */
  readonly record: EntityRecord | undefined;
  /** References to store as NULL first and to set once everything is inserted. */
  readonly deferred: ReferenceMetadata[];
}

/** What the plan asks of the session. */
export interface PlanSource {
  /** The record of a known instance; reads the row of an unknown one that has a key. Undefined: it is new. */
  knownRecord(entity: EntityMetadata, instance: object): EntityRecord | undefined;
  /** Removed in this session, or a mere reference that nobody touched: not reached by a cascade. */
  isPassedBy(entity: EntityMetadata, instance: object): boolean;
  /** Gives a reached instance its collections. */
  attachCollections(entity: EntityMetadata, instance: object, isNew: boolean): void;
}

export class WritePlan {
  readonly #source: PlanSource;
  readonly #reached = new Map<object, PlannedEntity>();
  readonly #known: EntityRecord[] = [];

  constructor(source: PlanSource) {
    this.#source = source;
  }

  /** Reaches an instance and everything that `persist` cascades to from it. */
  reach(entity: EntityMetadata, instance: object): void {
    if (!this.#reached.has(instance)) this.#reach(entity, instance, this.#source.knownRecord(entity, instance));
  }

  /** The same for one that must be inserted, whatever rows there are. */
  reachNew(entity: EntityMetadata, instance: object): void {
    if (!this.#reached.has(instance)) this.#reach(entity, instance, undefined);
  }

  /** The same for a loaded entity, whatever its key says now. */
  reachKnown(record: EntityRecord): void {
    if (!this.#reached.has(record.instance)) this.#reach(record.entity, record.instance, record);
  }

  #reach(entity: EntityMetadata, instance: object, record: EntityRecord | undefined): void {
    this.#reached.set(instance, { entity, instance, record, deferred: [] });
    if (record !== undefined) this.#known.push(record);
    this.#source.attachCollections(entity, instance, record === undefined);
    this.#cascade(entity, instance as Properties);
  }

  /** Adds an entity that has a row and cascades to nothing. */
  add(record: EntityRecord): void {
    this.#known.push(record);
  }

  #cascade(entity: EntityMetadata, properties: Properties): void {
    for (const { cascadePersist, property, target } of entity.references) {
      const value = properties[property];
      if (cascadePersist && value instanceof target.entityClass && !this.#source.isPassedBy(target, value)) {
        this.reach(target, value);
      }
    }
    for (const { cascadePersist, property, target } of entity.collections) {
      const value = properties[property];
      if (!cascadePersist || !(value instanceof Collection) || !value.isLoaded) continue;
      for (const member of value as Collection<object>) {
        if (!this.#source.isPassedBy(target, member)) this.reach(target, member);
      }
    }
  }

  /** Instances that have a row. */
  known(): readonly EntityRecord[] {
    return this.#known;
  }

  /** New instances, each after those it refers to. Throws `InvalidArgumentError` for a circle without nullable link. */
  inserts(): PlannedEntity[] {
    const ordered: PlannedEntity[] = [];
    const states = new Map<PlannedEntity, 'visiting' | 'done'>();
    const visit = (planned: PlannedEntity): void => {
      states.set(planned, 'visiting');
      planned.deferred.length = 0;
      for (const reference of planned.entity.references) {
        const target = (planned.instance as Properties)[reference.property];
        const other = typeof target === 'object' && target !== null ? this.#reached.get(target) : undefined;
        if (other === undefined || other.record !== undefined || states.get(other) === 'done') continue;
        if (states.get(other) !== 'visiting') visit(other);
        else if (reference.nullable) planned.deferred.push(reference);
        else throw circle(reference);
      }
      states.set(planned, 'done');
      ordered.push(planned);
    };
    for (const planned of this.#reached.values()) {
      if (planned.record === undefined && !states.has(planned)) visit(planned);
    }
    return ordered;
  }
}

function circle({ place }: ReferenceMetadata): InvalidArgumentError {
  return new InvalidArgumentError(
    `new entities refer to each other in a circle through ${place}, which is not nullable: none of them can be first`,
    { facts: { reference: place } },
  );
}
