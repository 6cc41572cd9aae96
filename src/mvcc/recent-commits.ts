/**
 * Which keys were committed when, as far back as an open transaction may need: the evidence for validation. Every
 * commit is recorded when its timestamp is assigned, so commits in flight count.
 *
 * Generations of memtables, oldest first. A generation goes as a whole once no transaction can need it; when they
 * outgrow their limit the oldest goes anyway, and transactions from before its end can no longer be validated.
 */

import { compareByteRanges, EMPTY_BYTES, type KeyRange } from '../base/index.js';
import { EntryKind, MAX_TIMESTAMP, Memtable, type Timestamp } from '../storage/index.js';

const INITIAL_BYTES = 16 * 1024;
const GENERATIONS = 8;
/** An idle index is cleared in place while it is smaller than this, and replaced when it is larger. */
const CLEARED_KEYS_MAX = 256;

export class RecentCommits {
  readonly #generationBytes: number;
  readonly #empty = newGeneration().mark();
  #generations: Memtable[] = [newGeneration()];
  #floor: Timestamp = 0;
  #last: Timestamp = 0;

  /** @param bytesMax memory that recorded keys may use. */
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
    while (this.#generations.length > 1 && this.#generations[0]!.lastTimestamp <= oldestNeeded)
      this.#generations.shift();
    const current = this.#generations.at(-1)!;
    if (current.count > 0 && this.#generations.length === 1 && current.lastTimestamp <= oldestNeeded) {
      if (current.keyCount <= CLEARED_KEYS_MAX) current.truncate(this.#empty);
      else this.#generations = [newGeneration()];
    } else if (current.byteSize >= this.#generationBytes) {
      this.#generations.push(newGeneration());
      if (this.#generations.length > GENERATIONS) this.#floor = this.#generations.shift()!.lastTimestamp;
    }
    this.#last = timestamp;
  }

  /** Records one key of the commit last started. */
  record(bytes: Uint8Array, keyStart: number, keyEnd: number): void {
    this.#generations.at(-1)!.addRanges(this.#last, EntryKind.Put, bytes, keyStart, keyEnd, 0, 0);
  }

  /** True when `key` was committed after `since`. */
  keyChanged(bytes: Uint8Array, keyStart: number, keyEnd: number, since: Timestamp): boolean {
    for (let i = this.#generations.length - 1; i >= 0; i--) {
      const generation = this.#generations[i]!;
      if (generation.lastTimestamp <= since) return false;
      if (generation.findRange(bytes, keyStart, keyEnd, MAX_TIMESTAMP)) return generation.foundTimestamp > since;
    }
    return false;
  }

  /** A key of `range` that was committed after `since`; undefined when there is none. */
  changeInRange(range: KeyRange, since: Timestamp): Uint8Array | undefined {
    for (let i = this.#generations.length - 1; i >= 0; i--) {
      const generation = this.#generations[i]!;
      if (generation.lastTimestamp <= since) return undefined;
      const cursor = generation.cursor();
      for (cursor.seek(range.lower ?? EMPTY_BYTES, MAX_TIMESTAMP); cursor.valid; cursor.next()) {
        const { keyBytes, keyStart, keyEnd } = cursor;
        const { upper } = range;
        if (upper !== undefined && compareByteRanges(keyBytes, keyStart, keyEnd, upper, 0, upper.length) >= 0) break;
        if (cursor.timestamp > since) return keyBytes.slice(keyStart, keyEnd);
      }
    }
    return undefined;
  }
}

function newGeneration(): Memtable {
  return new Memtable({ initialBytes: INITIAL_BYTES, shared: false });
}
