/**
 * Numbers that are never handed out twice: table ids, schema versions, identity columns, row numbers. They live outside
 * transactions, as sequences do in PostgreSQL: a rolled-back transaction leaves a gap, and two open transactions never
 * wait for or conflict with each other over a number.
 *
 * Numbers are handed out from memory; what is stored is a mark that no handed-out number reaches. It is written before
 * the first number below it leaves, so it precedes in the log every commit that could contain such a number.
 */

import { assert } from '../../base/index.js';
import { decodeNumber, encodeNumber, sequenceKey } from './table-record.js';

/** Where marks are kept. Writes take effect at once and in call order, outside any transaction. */
export interface SequenceStorage {
  read(key: Uint8Array): Uint8Array | undefined;
  write(key: Uint8Array, value: Uint8Array): void;
}

/** Numbers tables, sequences and schema versions. */
export const OBJECT_SEQUENCE_ID = 0;

const FIRST = 1;
/** A block doubles with every refill, so that bulk inserts rarely stop and small tables leave small gaps. */
const BLOCK_MIN = 8;
const BLOCK_MAX = 4096;

interface Counter {
  next: number;
  /** The stored mark: `next` may not pass it. */
  mark: number;
  block: number;
}

export class Sequences {
  readonly #storage: SequenceStorage;
  readonly #counters = new Map<number, Counter>();

  constructor(storage: SequenceStorage) {
    this.#storage = storage;
  }

  /** A number greater than all that were handed out or noted before. */
  next(sequenceId: number): number {
    const counter = this.#counter(sequenceId);
    if (counter.next >= counter.mark) this.#extend(sequenceId, counter, counter.next);
    return counter.next++;
  }

  /** Notes a number that was chosen by hand, so that `next` will not meet it. Numbers of another range are ignored. */
  note(sequenceId: number, value: number | bigint): void {
    if (typeof value !== 'number' || value < FIRST || value >= Number.MAX_SAFE_INTEGER) return;
    const counter = this.#counter(sequenceId);
    if (value < counter.next) return;
    if (value >= counter.mark) this.#extend(sequenceId, counter, value);
    counter.next = value + 1;
  }

  /** Drops what is known about a sequence whose table goes away. */
  forget(sequenceId: number): void {
    this.#counters.delete(sequenceId);
  }

  /** Gives unused numbers back, so that a clean restart leaves no gaps. Nothing may be handed out afterwards. */
  release(): void {
    for (const [sequenceId, { next, mark }] of this.#counters) {
      if (next < mark) this.#storage.write(sequenceKey(sequenceId), encodeNumber(next));
    }
    this.#counters.clear();
  }

  #counter(sequenceId: number): Counter {
    const known = this.#counters.get(sequenceId);
    if (known !== undefined) return known;
    const stored = this.#storage.read(sequenceKey(sequenceId));
    const mark = stored === undefined ? FIRST : decodeNumber(stored);
    const counter = { next: mark, mark, block: BLOCK_MIN };
    this.#counters.set(sequenceId, counter);
    return counter;
  }

  /** Stores a mark above `value`. */
  #extend(sequenceId: number, counter: Counter, value: number): void {
    const mark = Math.min(value + counter.block, Number.MAX_SAFE_INTEGER);
    assert(mark > value, 'a sequence ends at 2^53 - 1');
    this.#storage.write(sequenceKey(sequenceId), encodeNumber(mark));
    counter.mark = mark;
    counter.block = Math.min(counter.block * 2, BLOCK_MAX);
  }
}
