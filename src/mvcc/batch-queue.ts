/** Batches on their way through the log, oldest first. */

import type { Timestamp, WriteBatch } from '../storage/index.js';

const COMPACT_AFTER = 256;

export class BatchQueue {
  /** Those before `#head` are through. */
  readonly #timestamps: Timestamp[] = [];
  readonly #batches: (WriteBatch | undefined)[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#timestamps.length;
  }

  /** Timestamps ascend. */
  push(timestamp: Timestamp, batch: WriteBatch): void {
    this.#timestamps.push(timestamp);
    this.#batches.push(batch);
  }

  /** Everything up to `timestamp` is through. */
  through(timestamp: Timestamp): void {
    while (this.#head < this.#timestamps.length && this.#timestamps[this.#head]! <= timestamp) {
      this.#batches[this.#head++] = undefined;
    }
    if (this.isEmpty) {
      this.clear();
    } else if (this.#head >= COMPACT_AFTER && this.#head * 2 >= this.#timestamps.length) {
      this.#timestamps.splice(0, this.#head);
      this.#batches.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Takes out everything. */
  takeAll(): { readonly timestamp: Timestamp; readonly batch: WriteBatch }[] {
    const all = this.#timestamps.slice(this.#head).map((timestamp, i) => {
      return { timestamp, batch: this.#batches[this.#head + i]! };
    });
    this.clear();
    return all;
  }

  clear(): void {
    this.#timestamps.length = this.#batches.length = this.#head = 0;
  }
}
