/** Answers, for keys or ranges that ascend from call to call, whether any table of some runs may hold them. */

import { compareByteRanges, compareBytes } from '../../base/index.js';
import type { KeySpan } from '../version/version.js';

export class OlderRuns {
  readonly #runs: readonly (readonly KeySpan[])[];
  readonly #positions: number[];

  constructor(runs: readonly (readonly KeySpan[])[]) {
    this.#runs = runs;
    this.#positions = runs.map(() => 0);
  }

  mayHold(key: Uint8Array, start: number, end: number): boolean {
    for (let i = 0; i < this.#runs.length; i++) {
      const span = this.#spanFrom(i, key, start, end);
      if (span !== undefined && compareByteRanges(span.smallest, 0, span.smallest.length, key, start, end) <= 0) {
        return true;
      }
    }
    return false;
  }

  /** Whether they may hold a key from `lower` on that lies before `upper`. */
  mayHoldBetween(lower: Uint8Array, upper: Uint8Array): boolean {
    for (let i = 0; i < this.#runs.length; i++) {
      const span = this.#spanFrom(i, lower, 0, lower.length);
      if (span !== undefined && compareBytes(span.smallest, upper) < 0) return true;
    }
    return false;
  }

  /** The first table of a run that does not end before the key. */
  #spanFrom(number: number, key: Uint8Array, start: number, end: number): KeySpan | undefined {
    const run = this.#runs[number]!;
    let at = this.#positions[number]!;
    while (at < run.length && compareByteRanges(run[at]!.largest, 0, run[at]!.largest.length, key, start, end) < 0)
      at++;
    this.#positions[number] = at;
    return run[at];
  }
}
