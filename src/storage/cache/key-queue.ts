/** A bounded queue of distinct 32-bit keys with lookup: what a policy remembers of blocks that are gone. */

import { assert } from '../../base/index.js';
import { SlotLinks, SlotList } from './slot-list.js';

export class KeyQueue {
  readonly #order: SlotList;
  readonly #keys: Uint32Array;
  readonly #free: Int32Array;
  #freeCount: number;
  /** Open addressing, linear probing; place in `#keys` + 1, and 0 for free. */
  readonly #table: Int32Array;

  constructor(capacity: number) {
    this.#order = new SlotList(new SlotLinks(capacity));
    this.#keys = new Uint32Array(capacity);
    this.#free = Int32Array.from({ length: capacity }, (_, i) => i);
    this.#freeCount = capacity;
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(capacity * 2 + 2)));
  }

  get size(): number {
    return this.#order.size;
  }

  has(key: number): boolean {
    return this.#table[this.#find(key)] !== 0;
  }

  /** Adds a key as the newest; drops the oldest when the queue is full. Nothing happens when the key is there. */
  push(key: number): void {
    if (this.#keys.length === 0 || this.has(key)) return;
    if (this.#freeCount === 0) this.dropOldest();
    const place = this.#free[--this.#freeCount]!;
    this.#keys[place] = key;
    this.#order.push(place);
    this.#table[this.#find(key)] = place + 1;
  }

  /** True when the key was there. */
  remove(key: number): boolean {
    const at = this.#find(key);
    const place = this.#table[at]! - 1;
    if (place < 0) return false;
    this.#order.remove(place);
    this.#free[this.#freeCount++] = place;
    this.#vacate(at);
    return true;
  }

  dropOldest(): void {
    assert(this.size > 0, 'only a queue with keys drops one');
    this.remove(this.#keys[this.#order.oldest]!);
  }

  /** Where in the table the key is, or would go. */
  #find(key: number): number {
    const mask = this.#table.length - 1;
    let at = key & mask;
    while (this.#table[at] !== 0 && this.#keys[this.#table[at]! - 1] !== key) at = (at + 1) & mask;
    return at;
  }

  /** Frees a place in the table, moving back what had probed past it (Knuth, TAOCP 3, 6.4, algorithm R). */
  #vacate(from: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let hole = from;
    for (let at = (hole + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const home = this.#keys[table[at]! - 1]! & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      table[hole] = table[at]!;
      hole = at;
    }
    table[hole] = 0;
  }
}
