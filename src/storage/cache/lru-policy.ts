/** Least recently used: evicts what was not read for longest. The yardstick; any scan longer than the cache empties it. */

import { assert } from '../../base/index.js';
import type { EvictionPolicy } from './eviction-policy.js';
import { SlotLinks, SlotList } from './slot-list.js';

export class LruPolicy implements EvictionPolicy {
  readonly #slots: SlotList;

  constructor(capacity: number) {
    this.#slots = new SlotList(new SlotLinks(capacity));
  }

  get size(): number {
    return this.#slots.size;
  }

  insert(slot: number): void {
    this.#slots.push(slot);
  }

  visit(slot: number): void {
    this.#slots.renew(slot);
  }

  remove(slot: number): void {
    this.#slots.remove(slot);
  }

  evict(): number {
    assert(this.size > 0, 'only a policy with slots evicts');
    const slot = this.#slots.oldest;
    this.#slots.remove(slot);
    return slot;
  }
}
