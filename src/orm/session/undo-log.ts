/**
 * What a session did to objects in memory, so that it can be taken back with the writes it belongs to: a savepoint rolled
 * back, an operation that failed half-way, a transaction that will be tried again with the same instances.
 */

import { isHidden, shownValue } from '../mapping/reference-form.js';
import { EntityRecord } from './entity-record.js';

/** A position in the log. */
export type UndoMark = number;

/** A property as it was. */
interface Assignment {
  readonly target: Record<string, unknown>;
  readonly property: string;
  readonly before: unknown;
  /** Set when it was hidden. */
  readonly hidden: PropertyDescriptor | undefined;
}

/** An entity that was removed. */
interface Removed {
  readonly removed: object;
  readonly record: EntityRecord | undefined;
}

export interface UndoTarget {
  /** A record had become known. */
  undoAdded(record: EntityRecord): void;
  /** An instance had been removed, and forgotten where it was known. */
  undoRemoved(instance: object, record: EntityRecord | undefined): void;
}

export class UndoLog {
  readonly #entries: (Assignment | Removed | EntityRecord)[] = [];

  mark(): UndoMark {
    return this.#entries.length;
  }

  /** Sets a property and remembers what it was. */
  assign(target: object, property: string, value: unknown): void {
    const properties = target as Record<string, unknown>;
    const hidden = isHidden(target, property) ? Object.getOwnPropertyDescriptor(target, property) : undefined;
    this.#entries.push({ target: properties, property, before: shownValue(target, property), hidden });
    properties[property] = value;
  }

  added(record: EntityRecord): void {
    this.#entries.push(record);
  }

  removed(instance: object, record: EntityRecord | undefined): void {
    this.#entries.push({ removed: instance, record });
  }

  /** Takes everything since `mark` back, newest first. */
  rollback(mark: UndoMark, owner: UndoTarget): void {
    while (this.#entries.length > mark) {
      const entry = this.#entries.pop()!;
      if (entry instanceof EntityRecord) owner.undoAdded(entry);
      else if ('removed' in entry) owner.undoRemoved(entry.removed, entry.record);
      else if (entry.hidden === undefined) entry.target[entry.property] = entry.before;
      else Object.defineProperty(entry.target, entry.property, entry.hidden);
    }
  }
}
