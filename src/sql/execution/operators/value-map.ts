/**
 * A hash map from tuples of values to anything: nested `Map`s, one level per value, so that no key has to be built.
 * Two tuples meet when no value of theirs is distinct from the other's; null meets null.
 */

import { identityKeyOf, type SqlType, type SqlValue } from '../../values/index.js';

export class ValueMap<T> {
  readonly #identities: readonly ((value: SqlValue) => unknown)[];
  readonly #root = new Map<unknown, unknown>();
  readonly #values: T[] = [];

  constructor(types: readonly SqlType[]) {
    this.#identities = types.map((type) => identityKeyOf(type));
  }

  /** In the order in which they were added. */
  get values(): readonly T[] {
    return this.#values;
  }

  get(key: readonly SqlValue[]): T | undefined {
    const last = key.length - 1;
    if (last < 0) return this.#values[0];
    let level = this.#root;
    for (let i = 0; i < last; i++) {
      const next = level.get(this.#identities[i]!(key[i]!));
      if (next === undefined) return undefined;
      level = next as Map<unknown, unknown>;
    }
    return level.get(this.#identities[last]!(key[last]!)) as T | undefined;
  }

  /** Adds a value under a key that is not there. */
  add(key: readonly SqlValue[], value: T): void {
    this.#values.push(value);
    const last = key.length - 1;
    if (last < 0) return;
    let level = this.#root;
    for (let i = 0; i < last; i++) {
      const identity = this.#identities[i]!(key[i]!);
      let next = level.get(identity) as Map<unknown, unknown> | undefined;
      if (next === undefined) level.set(identity, (next = new Map()));
      level = next;
    }
    level.set(this.#identities[last]!(key[last]!), value);
  }
}
