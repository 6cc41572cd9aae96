/** Counts what a statement holds back in memory (sorts, groups, hash tables) against its limit. */

import { LimitError } from '../../base/index.js';
import type { SqlValue } from '../values/index.js';

/** Of an array that holds a row, and of the entry that holds the array. */
const ROW_OVERHEAD_BYTES = 48;
const VALUE_BYTES = 8;

export class MemoryMeter {
  readonly #maxBytes: number;
  #bytes = 0;

  /** `maxBytes` is the option `sql.limits.memoryBytes`. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Throws `LimitError` when the statement would hold more than it may. */
  reserve(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) {
      throw LimitError.exceeded('sql.limits.memoryBytes', this.#bytes, this.#maxBytes, 'bytes');
    }
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }

  account(): MemoryAccount {
    return new MemoryAccount(this);
  }
}

/** What one operator holds, given back as a whole when it closes. */
export class MemoryAccount {
  readonly #meter: MemoryMeter;
  #bytes = 0;

  constructor(meter: MemoryMeter) {
    this.#meter = meter;
  }

  readonly reserve = (bytes: number): void => {
    this.#bytes += bytes;
    this.#meter.reserve(bytes);
  };

  /** Returns the bytes reserved. */
  reserveRow(values: readonly (SqlValue | undefined)[]): number {
    const bytes = rowBytes(values);
    this.reserve(bytes);
    return bytes;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
    this.#meter.release(bytes);
  }

  releaseAll(): void {
    this.release(this.#bytes);
  }
}

/** What a row in memory takes, roughly. */
export function rowBytes(values: readonly (SqlValue | undefined)[]): number {
  let bytes = ROW_OVERHEAD_BYTES;
  for (let i = 0; i < values.length; i++) bytes += valueBytes(values[i]);
  return bytes;
}

/** An estimate: strings count two bytes per code unit, everything else its payload. */
export function valueBytes(value: SqlValue | undefined): number {
  if (typeof value === 'string') return VALUE_BYTES + 2 * value.length;
  if (typeof value === 'object' && value !== null) return VALUE_BYTES + value.length;
  return VALUE_BYTES;
}
