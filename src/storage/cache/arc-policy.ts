/**
 * ARC (Megiddo and Modha, "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST 2003): two lists, of blocks read once
 * (T1) and of blocks read again (T2), and the keys of blocks that each of them lost lately (B1, B2). A block that comes back
 * shows which list should have been longer, and moves the target for T1 that way.
 */

import { assert } from '../../base/index.js';
import type { EvictionPolicy } from './eviction-policy.js';
import { KeyQueue } from './key-queue.js';
import { SlotLinks, SlotList } from './slot-list.js';

export class ArcPolicy implements EvictionPolicy {
  readonly #capacity: number;
  readonly #once: SlotList;
  readonly #again: SlotList;
  readonly #lostOnce: KeyQueue;
  readonly #lostAgain: KeyQueue;
  readonly #keys: Uint32Array;
  /** 1 for slots in T2. */
  readonly #isAgain: Uint8Array;
  /** Target size of T1; p in the paper. */
  #onceTarget = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    const links = new SlotLinks(capacity);
    this.#once = new SlotList(links);
    this.#again = new SlotList(links);
    this.#lostOnce = new KeyQueue(capacity);
    this.#lostAgain = new KeyQueue(capacity);
    this.#keys = new Uint32Array(capacity);
    this.#isAgain = new Uint8Array(capacity);
  }

  get size(): number {
    return this.#once.size + this.#again.size;
  }

  insert(slot: number, key: number): void {
    const cameBack = this.#lostOnce.remove(key) || this.#lostAgain.remove(key);
    this.#keys[slot] = key;
    this.#isAgain[slot] = cameBack ? 1 : 0;
    if (cameBack) this.#again.push(slot);
    else this.#once.push(slot);
  }

  visit(slot: number): void {
    if (this.#isAgain[slot] === 1) {
      this.#again.renew(slot);
      return;
    }
    this.#once.remove(slot);
    this.#isAgain[slot] = 1;
    this.#again.push(slot);
  }

  remove(slot: number): void {
    (this.#isAgain[slot] === 1 ? this.#again : this.#once).remove(slot);
  }

  evict(incoming: number): number {
    assert(this.size > 0, 'only a policy with slots evicts');
    const [b1, b2] = [this.#lostOnce, this.#lostAgain];
    if (b1.has(incoming)) {
      this.#onceTarget = Math.min(this.#capacity, this.#onceTarget + Math.max(1, b2.size / b1.size));
    } else if (b2.has(incoming)) {
      this.#onceTarget = Math.max(0, this.#onceTarget - Math.max(1, b1.size / b2.size));
      return this.#replace(this.#once.size >= this.#onceTarget);
    } else if (this.#once.size + b1.size >= this.#capacity) {
      if (b1.size === 0) return this.#take(this.#once);
      b1.dropOldest();
    } else if (this.size + b1.size + b2.size >= 2 * this.#capacity) {
      b2.dropOldest();
    }
    return this.#replace(this.#once.size > this.#onceTarget);
  }

  /** Evicts from T1 if told so and possible, otherwise from T2, and remembers the key. */
  #replace(fromOnce: boolean): number {
    const once = this.#again.size === 0 || (fromOnce && this.#once.size > 0);
    const slot = this.#take(once ? this.#once : this.#again);
    (once ? this.#lostOnce : this.#lostAgain).push(this.#keys[slot]!);
    return slot;
  }

  #take(list: SlotList): number {
    const slot = list.oldest;
    list.remove(slot);
    return slot;
  }
}
