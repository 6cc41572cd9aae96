/**
 * The many side of a relation. Loaded, it is an ordered set of entities; unloaded, everything but `isLoaded` and `load`
 * throws, so that an empty result never stands for an unasked question. Changing a collection changes the reference of
 * its members, which is what is stored.
 */

import { InvalidArgumentError } from '../base/index.js';
import type { CollectionMetadata } from './registry/entity-metadata.js';

/** Brings the members of a collection in; throws when the transaction or snapshot it came from has ended. */
export type CollectionLoader = (collection: Collection<object>) => Promise<void>;

/** What connects a collection to its owner. */
export interface CollectionBinding {
  readonly relation: CollectionMetadata;
  readonly owner: object;
  /** Undefined for entities that belong to no transaction. */
  readonly loader: CollectionLoader | undefined;
}

/** Ties a collection to its owner. Members it already has get a reference to the owner. */
export let bindCollection: (collection: Collection<object>, binding: CollectionBinding) => void;
/** Sets the members as the database has them. */
export let fillCollection: (collection: Collection<object>, members: readonly object[]) => void;
/** Takes a member out that is no entity any more; nothing happens when the members are unknown. */
export let dropMember: (collection: Collection<object>, member: object) => void;
/** Makes the members unknown. */
export let unloadCollection: (collection: Collection<object>) => void;
/** The relation and owner; undefined for one that was made by the program and never saved. */
export let bindingOf: (collection: Collection<object>) => CollectionBinding | undefined;

export class Collection<T extends object> implements Iterable<T> {
  #members: Set<T> | undefined;
  #binding: CollectionBinding | undefined;

  static {
    bindCollection = (collection, binding) => {
      collection.#binding = binding;
      for (const member of collection.#members ?? []) setReference(member, binding.relation, binding.owner);
    };
    fillCollection = (collection, members) => {
      collection.#members = new Set(members);
    };
    dropMember = (collection, member) => {
      collection.#members?.delete(member);
    };
    unloadCollection = (collection) => {
      collection.#members = undefined;
    };
    bindingOf = (collection) => collection.#binding;
  }

  /** A loaded collection for a new entity: `posts = new Collection<Post>()`. */
  constructor(members: Iterable<T> = []) {
    this.#members = new Set(members);
  }

  get isLoaded(): boolean {
    return this.#members !== undefined;
  }

  get length(): number {
    return this.#loaded().size;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#loaded().values();
  }

  /** A copy. */
  toArray(): T[] {
    return [...this.#loaded()];
  }

  has(member: T): boolean {
    return this.#loaded().has(member);
  }

  /** Makes the members refer to this collection's owner. Saved with it when the relation cascades `persist`. */
  add(...members: readonly T[]): void {
    const set = this.#loaded();
    for (const member of members) {
      if (this.#binding !== undefined) setReference(member, this.#binding.relation, this.#binding.owner);
      set.add(member);
    }
  }

  /**
   * Clears the member's reference to the owner; true when it was a member. Throws `InvalidArgumentError` when every
   * member must have an owner: such a member can only be removed as an entity, or given another owner.
   */
  remove(member: T): boolean {
    const relation = this.#binding?.relation;
    if (relation !== undefined && !relation.mappedBy.nullable) {
      throw new InvalidArgumentError(
        `${relation.mappedBy.place} is not nullable: remove the ${relation.target.name} itself, or give it another owner`,
        { facts: { relation: relation.place, reference: relation.mappedBy.place } },
      );
    }
    const removed = this.#loaded().delete(member);
    if (removed && relation !== undefined) setReference(member, relation, null);
    return removed;
  }

  /**
   * Loads the members through the transaction or snapshot that the owner came from. Nothing happens when they are
   * loaded. Throws `InvalidArgumentError` for an owner that came from neither, `TransactionClosedError` after the end.
   */
  async load(): Promise<this> {
    if (this.#members !== undefined) return this;
    const { loader } = this.#binding ?? {};
    if (loader === undefined) {
      throw new InvalidArgumentError(
        `${this.#place()} belongs to a detached entity and cannot load: ask for it with { with: … }, or load in a transaction`,
        { facts: { relation: this.#place() } },
      );
    }
    await loader(this);
    return this;
  }

  /** Copies of the members without what refers back to the owner, so that no circle begins here; undefined while unloaded. */
  toJSON(): object[] | undefined {
    const owner = this.#binding?.owner;
    return (
      this.#members &&
      Array.from(this.#members, (member) =>
        Object.fromEntries(Object.entries(member).filter(([, value]) => value === undefined || value !== owner)),
      )
    );
  }

  #loaded(): Set<T> {
    if (this.#members !== undefined) return this.#members;
    throw new InvalidArgumentError(
      `${this.#place()} is not loaded: ask for it with { with: { ${this.#binding?.relation.property}: true } } or await its load()`,
      { facts: { relation: this.#place() } },
    );
  }

  #place(): string {
    return this.#binding?.relation.place ?? 'a collection';
  }
}

function setReference(member: object, relation: CollectionMetadata, owner: object | null): void {
  (member as Record<string, unknown>)[relation.mappedBy.property] = owner;
}
