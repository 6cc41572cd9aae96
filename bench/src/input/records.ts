/**
 * Keys and values of the key-value suites. Keys are made when they are needed and values come from a pool: a million
 * live buffers would have the collector of the process work for the benchmark instead of the engine.
 */

import type { DrawBelow } from './random.js';

export const KEY_BYTES = 16;
const POOLED_VALUES = 1 << 13;
/** A pool takes no more than this, however large the values are … */
const POOL_BYTES_MAX = 2 ** 25;
/** … but has this many. */
const POOLED_VALUES_MIN = 1 << 4;
/** Longer values repeat themselves in every stretch of this size: compressors do not look far back. */
const STRETCH_BYTES = 4096;
const ZERO = 48;

/** Sixteen ASCII digits, so that byte order is number order. */
export function keyOf(number: number): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  let rest = number;
  for (let i = KEY_BYTES - 1; i >= 0; i--) {
    const next = Math.floor(rest / 10);
    key[i] = ZERO + rest - next * 10;
    rest = next;
  }
  return key;
}

/** A key that is in no database but sorts among those that are, as db_bench's `readmissing` has it. */
export function missingKeyOf(number: number): Buffer {
  return Buffer.concat([keyOf(number), Buffer.from('.')]);
}

/** Values that compress to about one half: random bytes, then the same bytes again. The first `zeros` bytes are 0. */
export class ValuePool {
  readonly #values: readonly Buffer[];

  constructor(valueBytes: number, below: DrawBelow, zeros = 0) {
    let count = POOLED_VALUES;
    while (count > POOLED_VALUES_MIN && count * valueBytes > POOL_BYTES_MAX) count /= 2;
    this.#values = Array.from({ length: count }, () => randomValue(valueBytes, below).fill(0, 0, zeros));
  }

  /** The same for the same number; neighbours differ. */
  at(number: number): Buffer {
    return this.#values[number & (this.#values.length - 1)]!;
  }
}

function randomValue(valueBytes: number, below: DrawBelow): Buffer {
  const value = Buffer.alloc(valueBytes);
  for (let from = 0; from < valueBytes; from += STRETCH_BYTES) {
    const to = Math.min(valueBytes, from + STRETCH_BYTES);
    const half = from + Math.ceil((to - from) / 2);
    for (let i = from; i < half; i++) value[i] = below(256);
    value.copy(value, half, from, from + to - half);
  }
  return value;
}
