/**
 * The newest commits in memory, for readers of changes that keep up. Shared by all of them and bounded: whoever falls behind
 * reads from history instead. Holds nothing while there is no reader.
 */

import type { Timestamp, WriteBatch } from '../storage/index.js';

const BYTES_MAX = 4 * 1024 * 1024;
/** What a commit costs besides its bytes. */
const OVERHEAD_BYTES = 200;

/** One commit as it was handed to the engine. */
export interface TailCommit {
  readonly timestamp: Timestamp;
  readonly batch: WriteBatch;
}

export class ChangeTail {
  #readers = 0;
  #commits: TailCommit[] = [];
  #bytes = 0;
  /** Every commit after it is here. */
  #floor: Timestamp = 0;
  #wakers: (() => void)[] = [];

  get byteSize(): number {
    return this.#bytes;
  }

  /** A reader begins. @param submitted the newest commit handed to the engine. */
  enter(submitted: Timestamp): void {
    if (this.#readers++ === 0) this.#floor = submitted;
  }

  leave(): void {
    if (--this.#readers === 0) this.#forget(this.#floor);
  }

  /** Told of every commit handed to the engine, in their order. Copies the batch. */
  record(batch: WriteBatch, timestamp: Timestamp): void {
    if (this.#readers === 0) return;
    const bytes = batch.byteSize + OVERHEAD_BYTES;
    if (bytes > BYTES_MAX) return this.#forget(timestamp);
    this.#commits.push({ timestamp, batch: batch.copy() });
    this.#bytes += bytes;
    while (this.#bytes > BYTES_MAX) {
      const oldest = this.#commits.shift()!;
      this.#bytes -= oldest.batch.byteSize + OVERHEAD_BYTES;
      this.#floor = oldest.timestamp;
    }
  }

  /** Told, in the same order, of a commit whose changes are to be read from history. */
  skip(timestamp: Timestamp): void {
    if (this.#readers > 0) this.#forget(timestamp);
  }

  /** The first commit after `after`; undefined when there is none, 'missing' when there may be one that is not here. */
  nextAfter(after: Timestamp): TailCommit | 'missing' | undefined {
    if (after < this.#floor) return 'missing';
    let low = 0;
    let high = this.#commits.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#commits[middle]!.timestamp <= after) low = middle + 1;
      else high = middle;
    }
    return this.#commits[low];
  }

  /** Calls `wake` once, when something has been published or has failed. The returned function takes that back. */
  onPublished(wake: () => void): () => void {
    this.#wakers.push(wake);
    return () => {
      this.#wakers = this.#wakers.filter((other) => other !== wake);
    };
  }

  /** Commits have become readable, or never will. */
  published(): void {
    if (this.#wakers.length === 0) return;
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }

  #forget(floor: Timestamp): void {
    this.#commits = [];
    this.#bytes = 0;
    this.#floor = floor;
  }
}
