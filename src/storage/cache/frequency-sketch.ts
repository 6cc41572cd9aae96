/**
 * How often keys were seen lately, in a byte per key and row: a count-min sketch (Cormode and Muthukrishnan, J. Algorithms
 * 55, 2005) of four rows with counters up to 15, halved after every ten additions per key of capacity, so that the past
 * fades (Einziger, Friedman and Manes, "TinyLFU", ACM ToS 13, 2017).
 */

const ROWS = 4;
const COUNT_MAX = 15;
const ADDITIONS_PER_KEY = 10;
const ROW_SEEDS = Uint32Array.of(0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f);

export class FrequencySketch {
  readonly #counters: Uint8Array;
  readonly #width: number;
  readonly #shift: number;
  #additionsLeft: number;
  readonly #additions: number;

  constructor(capacity: number) {
    const bits = Math.max(3, Math.ceil(Math.log2(Math.max(1, capacity))));
    this.#width = 2 ** bits;
    this.#shift = 32 - bits;
    this.#counters = new Uint8Array(ROWS * this.#width);
    this.#additions = ADDITIONS_PER_KEY * Math.max(8, capacity);
    this.#additionsLeft = this.#additions;
  }

  add(key: number): void {
    for (let row = 0; row < ROWS; row++) {
      const at = this.#at(row, key);
      if (this.#counters[at]! < COUNT_MAX) this.#counters[at]!++;
    }
    if (--this.#additionsLeft === 0) this.#age();
  }

  /** At least the number of additions since the last ageing plus half of those before; at most 15. */
  estimate(key: number): number {
    let least = COUNT_MAX;
    for (let row = 0; row < ROWS; row++) least = Math.min(least, this.#counters[this.#at(row, key)]!);
    return least;
  }

  #at(row: number, key: number): number {
    const mixed = Math.imul(key ^ (key >>> 15), ROW_SEEDS[row]!);
    return row * this.#width + (Math.imul(mixed ^ (mixed >>> 13), ROW_SEEDS[ROWS - 1 - row]!) >>> this.#shift);
  }

  #age(): void {
    for (let i = 0; i < this.#counters.length; i++) this.#counters[i]! >>>= 1;
    this.#additionsLeft = this.#additions;
  }
}
