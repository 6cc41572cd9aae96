/**
 * Which keys and ranges of keys were committed when, as far back as an open transaction may need: the evidence for
 * validation. Every commit is recorded when its timestamp is assigned, so commits in flight count.
 *
 * Generations, oldest first. A generation goes as a whole once no transaction can need it; when they outgrow their limit
 * the oldest goes anyway, and transactions from before its end can no longer be validated. Asking for a key costs one
 * lookup per generation, and a comparison per range written since; ranges that nobody wrote cost nothing.
 */

import type { KeyRange } from '../base/index.js';
import type { Timestamp } from '../storage/index.js';
import { CommitGeneration } from './commit-generation.js';

const GENERATIONS = 8;
/** Each range written since is compared with every key asked for, so a generation takes only so many. */
const GENERATION_RANGES_MAX = 1024;
/** A generation is cleared and used again while it is smaller than this, and replaced when it is larger. */
const CLEARED_KEYS_MAX = 256;
/**
 * While transactions overlap there is always one that needs the newest generation. So that it does not grow out of the
 * processor's caches all the same, the first few end with so many keys, and come and go.
 */
const SHORT_GENERATION_KEYS = 128;
const SHORT_GENERATIONS = 2;

export class RecentCommits {
  readonly #generationBytes: number;
  #generations: CommitGeneration[] = [new CommitGeneration()];
  /** Empty, for the next that is needed. */
  #spare: CommitGeneration | undefined;
  #floor: Timestamp = 0;
  #last: Timestamp = 0;

  /** @param bytesMax memory that recorded keys and ranges may use. */
  constructor(bytesMax: number) {
    this.#generationBytes = Math.ceil(bytesMax / GENERATIONS);
  }

  /** Transactions with a snapshot below this cannot be validated any more. */
  get floor(): Timestamp {
    return this.#floor;
  }

  /** The newest commit recorded; 0 when there is none. */
  get lastTimestamp(): Timestamp {
    return this.#last;
  }

  get byteSize(): number {
    return this.#generations.reduce((sum, generation) => sum + generation.byteSize, 0);
  }

  /**
   * Makes room before a commit is recorded: `oldestNeeded` is the lowest snapshot that will ever be validated again,
   * those of future transactions included.
   */
  startCommit(timestamp: Timestamp, oldestNeeded: Timestamp): void {
    while (this.#generations[0]!.lastTimestamp <= oldestNeeded && !this.#generations[0]!.isEmpty) {
      const old = this.#generations.shift()!;
      if (old.keyCount <= CLEARED_KEYS_MAX) old.clear();
      if (old.isEmpty) this.#spare = old;
      if (this.#generations.length === 0) this.#begin();
    }
    if (this.#isFull(this.#generations.at(-1)!)) {
      this.#begin();
      if (this.#generations.length > GENERATIONS) this.#floor = this.#generations.shift()!.lastTimestamp;
    }
    this.#last = timestamp;
  }

  #isFull({ keyCount, byteSize, rangeCount }: CommitGeneration): boolean {
    if (keyCount >= SHORT_GENERATION_KEYS && this.#generations.length <= SHORT_GENERATIONS) return true;
    return byteSize >= this.#generationBytes || rangeCount >= GENERATION_RANGES_MAX;
  }

  #begin(): void {
    this.#generations.push(this.#spare ?? new CommitGeneration());
    this.#spare = undefined;
  }

  /** Records one key of the commit last started. */
  record(bytes: Uint8Array, keyStart: number, keyEnd: number): void {
    this.#generations.at(-1)!.addKey(this.#last, bytes, keyStart, keyEnd);
  }

  /** Records that the commit last started wrote every key of `range`, whatever there is of them. Copies the bounds. */
  recordRange(range: KeyRange): void {
    this.#generations.at(-1)!.addRange(this.#last, range);
  }

  /** True when `key` was committed after `since`. */
  keyChanged(bytes: Uint8Array, keyStart: number, keyEnd: number, since: Timestamp): boolean {
    for (let i = this.#generations.length - 1; i >= 0; i--) {
      const generation = this.#generations[i]!;
      // Begun for a commit that recorded nothing.
      if (generation.isEmpty) continue;
      if (generation.lastTimestamp <= since) return false;
      if (generation.keyChanged(bytes, keyStart, keyEnd, since)) return true;
    }
    return false;
  }

  /**
   * A key of `range` that was committed after `since`: one that was written by itself, or else the first that a range
   * written then has in common with `range`. Undefined when there is none.
   */
  changeInRange(range: KeyRange, since: Timestamp): Uint8Array | undefined {
    for (let i = this.#generations.length - 1; i >= 0; i--) {
      const generation = this.#generations[i]!;
      // Begun for a commit that recorded nothing.
      if (generation.isEmpty) continue;
      if (generation.lastTimestamp <= since) return undefined;
      const changed = generation.changeInRange(range, since);
      if (changed !== undefined) return changed;
    }
    return undefined;
  }
}
