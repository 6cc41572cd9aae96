/** Which of the entries that a merge writes come from blocks that are read: those that lay in the cache when the job was made. */

import type { MergingCursor } from '../cursor/merging-cursor.js';
import type { RunCursor } from '../table/run-cursor.js';

/** For each table of each input 1 per block that is in the cache; undefined for a table without any. */
export type CachedInputs = readonly (readonly (Uint8Array | undefined)[])[];

export class InputHeat {
  readonly #merge: MergingCursor;
  readonly #runs: readonly RunCursor[];
  readonly #read: CachedInputs;

  constructor(merge: MergingCursor, runs: readonly RunCursor[], read: CachedInputs) {
    this.#merge = merge;
    this.#runs = runs;
    this.#read = read;
  }

  /** Of the entry on which the merge stands. */
  get isWarm(): boolean {
    const number = this.#merge.child;
    const run = this.#runs[number]!;
    return this.#read[number]![run.tableNumber]?.[run.blockNumber] === 1;
  }
}
