/**
 * The request distributions of YCSB (Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", 2010), by the method of
 * Gray et al. ("Quickly Generating Billion-Record Synthetic Databases", 1994).
 */

import { fnvHash64 } from './fnv-hash.js';
import type { DrawFraction } from './random.js';

export const ZIPFIAN_THETA = 0.99;
/** Scrambled draws are over this many items, whatever the database holds, so that its zeta is a constant. */
const SCRAMBLED_ITEMS = 1e10;
const SCRAMBLED_ZETA = 26.46902820178302;

/** Ranks 0 … items − 1: rank r is drawn with a probability proportional to 1 / (r + 1)^θ. */
export class Zipfian {
  readonly #fraction: DrawFraction;
  #items: number;
  #zeta: number;
  #eta: number;

  /** @param zeta the sum of 1 / i^θ for i = 1 … items, when it is known. */
  constructor(items: number, fraction: DrawFraction, zeta = zetaBetween(0, items)) {
    this.#fraction = fraction;
    this.#items = items;
    this.#zeta = zeta;
    this.#eta = etaOf(items, zeta);
  }

  next(): number {
    const u = this.#fraction();
    const scaled = u * this.#zeta;
    if (scaled < 1) return 0;
    if (scaled < 1 + 0.5 ** ZIPFIAN_THETA) return 1;
    return Math.floor(this.#items * (this.#eta * u - this.#eta + 1) ** (1 / (1 - ZIPFIAN_THETA)));
  }

  /** The same over more items. */
  growTo(items: number): void {
    if (items <= this.#items) return;
    this.#zeta += zetaBetween(this.#items, items);
    this.#items = items;
    this.#eta = etaOf(items, this.#zeta);
  }
}

/** Zipfian, with the popular items spread over all of them: `fnvhash64(rank) mod items`. */
export class ScrambledZipfian {
  readonly #ranks: Zipfian;
  readonly #items: bigint;

  constructor(items: number, fraction: DrawFraction) {
    this.#ranks = new Zipfian(SCRAMBLED_ITEMS, fraction, SCRAMBLED_ZETA);
    this.#items = BigInt(items);
  }

  next(): number {
    return Number(fnvHash64(this.#ranks.next()) % this.#items);
  }
}

/** The most recent items are the popular ones: last − zipfian(last). */
export class Latest {
  readonly #ages: Zipfian;

  constructor(last: number, fraction: DrawFraction) {
    this.#ages = new Zipfian(last, fraction);
  }

  /** @param last number of the newest item. */
  next(last: number): number {
    this.#ages.growTo(last);
    return last - this.#ages.next();
  }
}

function zetaBetween(from: number, to: number): number {
  let sum = 0;
  for (let i = from + 1; i <= to; i++) sum += i ** -ZIPFIAN_THETA;
  return sum;
}

function etaOf(items: number, zeta: number): number {
  const zetaOfTwo = 1 + 0.5 ** ZIPFIAN_THETA;
  return (1 - (2 / items) ** (1 - ZIPFIAN_THETA)) / (1 - zetaOfTwo / zeta);
}
