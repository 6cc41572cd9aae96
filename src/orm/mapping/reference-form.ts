/**
 * How an instance looks that stands for a row nobody has read: it has its key, and reading any other stored property
 * throws, so that nothing unknown passes for undefined. Hidden properties are accessors of the instance itself and not
 * enumerable: JSON, copies and inspection show the key alone. Setting one makes it an ordinary property.
 */

import { InvalidArgumentError } from '../../base/index.js';
import { toJs } from '../../sql/index.js';
import type { EntityMetadata } from '../registry/entity-metadata.js';
import { entityText, keyOfProperties, type KeyValues, type Properties } from './entity-key.js';

/** Stand-ins: of rows not read yet, and of rows that were looked for and are not there. */
const standIns = new WeakMap<object, 'unread' | 'gone'>();

/** False for the stand-in of a row that was not read: a `ManyToOne` that no `with` asked for, or one without a row. */
export function isLoaded(instance: object): boolean {
  return !standIns.has(instance);
}

/** What a property holds; undefined where a stand-in hides it. */
export function shownValue(instance: object, property: string): unknown {
  return isHidden(instance, property) ? undefined : (instance as Properties)[property];
}

/** Whether reading the property throws. */
export function isHidden(instance: object, property: string): boolean {
  return standIns.has(instance) && hidesItself(instance, property);
}

/** Says of a stand-in that its row is not there; nothing happens to loaded instances. */
export function markGone(instance: object): void {
  if (standIns.has(instance)) standIns.set(instance, 'gone');
}

interface HiddenProperty {
  readonly name: string;
  readonly accessor: PropertyDescriptor;
  /** The class has an accessor of its own for it. */
  readonly isInherited: boolean;
}

export class ReferenceForm {
  readonly #entity: EntityMetadata;
  readonly #hidden: readonly HiddenProperty[];

  constructor(entity: EntityMetadata) {
    this.#entity = entity;
    this.#hidden = Array.from(entity.properties.values())
      .filter((property) => property.kind === 'reference' || (property.kind === 'field' && !property.primaryKey))
      .map(({ property, place }) => hiddenProperty(entity, property, place));
  }

  /** Leaves nothing but the key: what the class presets, or the program set, is not what the row holds. */
  hide(instance: object, key: KeyValues): void {
    for (const [i, field] of this.#entity.keyFields.entries()) {
      (instance as Properties)[field.property] = toJs(key[i]!, field.type);
    }
    for (const { name, accessor } of this.#hidden) Object.defineProperty(instance, name, accessor);
    standIns.set(instance, 'unread');
  }

  /** Makes it an ordinary instance, undefined where it was hidden; nothing happens to any that is one. */
  reveal(instance: object): void {
    if (!standIns.delete(instance)) return;
    for (const { name, isInherited } of this.#hidden) {
      if (!hidesItself(instance, name)) continue;
      if (isInherited) Reflect.deleteProperty(instance, name);
      else defineOrdinary(instance, name, undefined);
    }
  }
}

function hidesItself(instance: object, name: string): boolean {
  return Object.hasOwn(instance, name) && !Object.prototype.propertyIsEnumerable.call(instance, name);
}

function defineOrdinary(instance: object, name: string, value: unknown): void {
  Object.defineProperty(instance, name, { value, writable: true, enumerable: true, configurable: true });
}

function hiddenProperty(entity: EntityMetadata, name: string, place: string): HiddenProperty {
  const isInherited = name in entity.entityClass.prototype;
  const accessor: PropertyDescriptor = {
    configurable: true,
    enumerable: false,
    get(this: object): never {
      throw unknownValue(entity, this, place);
    },
    set(this: object, value: unknown) {
      if (!isInherited) return defineOrdinary(this, name, value);
      Reflect.deleteProperty(this, name);
      (this as Properties)[name] = value;
    },
  };
  return { name, accessor, isInherited };
}

function unknownValue(entity: EntityMetadata, instance: object, place: string): InvalidArgumentError {
  const key = keyOfProperties(entity, instance as Properties) ?? [];
  const what = entityText(entity, key);
  const facts = { entity: entity.name, key, property: place };
  if (standIns.get(instance) === 'gone') {
    return new InvalidArgumentError(
      `${place} cannot be read: there is no ${what}; what refers to it refers to nothing`,
      {
        facts,
      },
    );
  }
  return new InvalidArgumentError(
    `${place} is not loaded: ${what} is only referred to; load the relation with { with: … }, or find it by its key`,
    { facts },
  );
}
