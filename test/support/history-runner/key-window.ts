/**
 * The keys that clients use. Registers stay the same; of the lists a few are in use, and one that has grown long makes room
 * for a new one, as its whole value is copied with every append.
 */

import { type Random, randomBelow } from '../../../src/base/index.js';
import { listKey, registerKey } from '../history-checker/history.js';

export class KeyWindow {
  readonly registers: number;
  readonly #lists: string[];
  readonly #lengthMax: number;
  #created: number;

  /** @param lengthMax of a list that is still used, in characters. */
  constructor(sizes: { readonly lists: number; readonly registers: number; readonly lengthMax: number }) {
    this.registers = sizes.registers;
    this.#lists = Array.from({ length: sizes.lists }, (_, number) => listKey(number));
    this.#lengthMax = sizes.lengthMax;
    this.#created = sizes.lists;
  }

  /** One of the lists in use, the first more often than the last. */
  list(random: Random): string {
    const { length } = this.#lists;
    return this.#lists[Math.min(randomBelow(random, length), randomBelow(random, length))]!;
  }

  grew(key: string, length: number): void {
    const at = this.#lists.indexOf(key);
    if (at >= 0 && length > this.#lengthMax) this.#lists[at] = listKey(this.#created++);
  }

  /** The interval of all keys. */
  everything(): { lower: string; upper: string } {
    return { lower: listKey(0), upper: registerKey(this.registers) };
  }
}
