/**
 * Values that a cursor is going to be asked for, read before that in the order of their files. Begins when a second value
 * is asked for, with a few entries, and twice as many each time; a walk over keys alone reads no value.
 */

import { equalBytes } from '../../base/index.js';
import { POINTER_BYTES, pointedLength } from '../format/value-pointer.js';
import { readInFileOrder, type ValueRequest } from '../values/ordered-reads.js';
import type { ValueReader } from '../values/value-reader.js';

/** Walks the entries to come; the caller closes it. */
export interface RequestWalk {
  /** What the next entry with a separated value asks for, in memory of its own; undefined at the end. */
  next(): ValueRequest | undefined;
  close(): void;
}

const ENTRIES_MIN = 4;
const ENTRIES_MAX = 256;
const BYTES_MAX = 1024 * 1024;
/** Larger values gain nothing from being read in another order. */
export const AHEAD_VALUE_BYTES_MAX = 256 * 1024;

export class ValueReadAhead {
  readonly #values: ValueReader;
  readonly #walk: RequestWalk;
  #requests: ValueRequest[] = [];
  #found: (Uint8Array | undefined)[] = [];
  #at = 0;
  #entries = ENTRIES_MIN;

  /** @param walk begins with the entry that is asked for first. */
  constructor(values: ValueReader, walk: RequestWalk) {
    this.#values = values;
    this.#walk = walk;
  }

  /** The value that the pointer at `bytes[at]` leads to; undefined when it is not among those read. Not given twice. */
  take(bytes: Uint8Array, at: number): Uint8Array | undefined {
    if (this.#at === this.#requests.length) this.#readOn();
    const pointer = bytes.subarray(at, at + POINTER_BYTES);
    while (this.#at < this.#requests.length) {
      const i = this.#at++;
      const value = this.#found[i];
      this.#found[i] = undefined;
      if (equalBytes(this.#requests[i]!.valueBytes, pointer)) return value;
    }
    return undefined;
  }

  close(): void {
    this.#found = [];
    this.#walk.close();
  }

  #readOn(): void {
    this.#requests = [];
    this.#at = 0;
    for (let bytes = 0; this.#requests.length < this.#entries && bytes < BYTES_MAX; ) {
      const request = this.#walk.next();
      if (request === undefined) break;
      this.#requests.push(request);
      bytes += pointedLength(request.valueBytes, 0);
    }
    this.#entries = Math.min(ENTRIES_MAX, this.#entries * 2);
    this.#found = readInFileOrder(this.#values, this.#requests);
  }
}
