/**
 * A sorted list of keys that is searched by number: behind the prefix that all of them share, the next six bytes of each
 * are one exact double, zeros standing for bytes that a key does not have. The order of these numbers never contradicts
 * the order of the keys, and where they are equal the keys themselves decide.
 *
 * Hot code. Searching 3,300 keys of 23 bytes: 87 ns, where a binary search comparing bytes takes 344 ns.
 */

import { keyRank } from '../key-rank.js';

export class SortedKeys {
  readonly count: number;
  /** All keys, one behind the other; key i is `[starts[i], starts[i + 1])`. */
  readonly #bytes: Uint8Array;
  readonly #starts: Uint32Array;
  /** Length of the prefix that all keys share. */
  readonly #shared: number;
  readonly #prefixes: Float64Array;

  /** @param keyAt called once per index, in order; the keys ascend, equal ones allowed. */
  constructor(count: number, keyAt: (index: number) => Uint8Array) {
    this.count = count;
    let bytes = new Uint8Array(count * 24);
    this.#starts = new Uint32Array(count + 1);
    let length = 0;
    for (let i = 0; i < count; i++) {
      const key = keyAt(i);
      if (length + key.length > bytes.length) {
        const grown = new Uint8Array((length + key.length) * 2);
        grown.set(bytes);
        bytes = grown;
      }
      bytes.set(key, length);
      length += key.length;
      this.#starts[i + 1] = length;
    }
    this.#bytes = bytes.slice(0, length);
    this.#shared = this.#sharedLength();
    this.#prefixes = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      this.#prefixes[i] = keyRank(this.#bytes, this.#starts[i]! + this.#shared, this.#starts[i + 1]!);
    }
  }

  get memoryBytes(): number {
    return this.#bytes.length + this.#starts.byteLength + this.#prefixes.byteLength;
  }

  /** Index of the first key that is not below `key`; `count` when there is none. */
  lowerBound(key: Uint8Array): number {
    const beside = this.#compareShared(key);
    if (beside !== 0) return beside < 0 ? 0 : this.count;
    const prefix = keyRank(key, this.#shared, key.length);
    const prefixes = this.#prefixes;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (prefixes[middle]! < prefix) low = middle + 1;
      else high = middle;
    }
    return low < this.count && prefixes[low] === prefix ? this.#amongEqual(low, prefix, key) : low;
  }

  /** Order of the key at `index` and `key`. */
  compare(index: number, key: Uint8Array): number {
    const bytes = this.#bytes;
    const start = this.#starts[index]!;
    const length = this.#starts[index + 1]! - start;
    const shared = length < key.length ? length : key.length;
    for (let i = 0; i < shared; i++) {
      const difference = bytes[start + i]! - key[i]!;
      if (difference !== 0) return difference;
    }
    return length - key.length;
  }

  /** Goes on by comparing keys where `low` is the first of those whose number is `prefix`. */
  #amongEqual(low: number, prefix: number, key: Uint8Array): number {
    if (this.compare(low, key) >= 0) return low;
    let high = low + 1;
    for (let step = 1; high < this.count && this.#prefixes[high] === prefix; step *= 2) {
      if (this.compare(high, key) >= 0) break;
      low = high;
      high = Math.min(high + step, this.count);
    }
    // Key `low` is below; key `high` is not, or has another number, or is none.
    while (low + 1 < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(middle, key) < 0) low = middle;
      else high = middle;
    }
    return high;
  }

  /** Where `key` lies: before (−1), after (1) or among (0) the keys with the shared prefix. */
  #compareShared(key: Uint8Array): number {
    const bytes = this.#bytes;
    const shared = this.#shared;
    for (let i = 0; i < shared; i++) {
      if (i === key.length) return -1;
      const difference = key[i]! - bytes[i]!;
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** The first and the last key share what all of them share. */
  #sharedLength(): number {
    if (this.count === 0) return 0;
    const bytes = this.#bytes;
    const last = this.#starts[this.count - 1]!;
    const limit = Math.min(this.#starts[1]!, bytes.length - last);
    let shared = 0;
    while (shared < limit && bytes[shared] === bytes[last + shared]) shared++;
    return shared;
  }
}
