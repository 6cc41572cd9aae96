/** Walks a run, tables whose key ranges ascend without overlap, as if it were one table. Opens each when it gets there. */

import { assert, compareBytes, EMPTY_BYTES } from '../../base/index.js';
import { type EntryCursor, EntryKind, type Timestamp } from '../entry.js';
import { TableCursor, type TableCursorOptions } from './table-cursor.js';
import type { TableReader } from './table-reader.js';

/** A table that need not be open yet. */
export interface RunTable {
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
  reader(): TableReader;
}

export class RunCursor implements EntryCursor {
  valid = false;
  keyBytes: Uint8Array = EMPTY_BYTES;
  keyStart = 0;
  keyEnd = 0;
  timestamp: Timestamp = 0;
  kind: EntryKind = EntryKind.Put;
  valueBytes: Uint8Array = EMPTY_BYTES;
  valueStart = 0;
  valueEnd = 0;

  readonly #tables: readonly RunTable[];
  readonly #options: TableCursorOptions;
  #cursor: TableCursor | undefined;
  #number = -1;

  /** @param tables at least one, ascending. */
  constructor(tables: readonly RunTable[], options: TableCursorOptions) {
    assert(tables.length > 0, 'a run has tables');
    this.#tables = tables;
    this.#options = options;
  }

  seekToStart(): void {
    this.#turnTo(this.#options.reverse ? this.#tables.length - 1 : 0).seekToStart();
    this.#copyFields();
  }

  seek(key: Uint8Array, timestamp: Timestamp): void {
    const reverse = this.#options.reverse;
    const number = reverse ? this.#lastStartingUpTo(key) : this.#firstEndingFrom(key);
    if (number < 0 || number >= this.#tables.length) {
      this.valid = false;
      return;
    }
    this.#turnTo(number).seek(key, timestamp);
    this.#settle();
  }

  next(): void {
    assert(this.valid && this.#cursor !== undefined, 'only a cursor that stands on an entry moves on');
    this.#cursor.next();
    this.#settle();
  }

  close(): void {
    this.valid = false;
    this.#cursor?.close();
    this.#cursor = undefined;
    this.#number = -1;
    this.keyBytes = this.valueBytes = EMPTY_BYTES;
  }

  /** Goes on to the next table when the cursor has left its own. */
  #settle(): void {
    if (!this.#cursor!.valid) {
      const number = this.#options.reverse ? this.#number - 1 : this.#number + 1;
      if (number < 0 || number >= this.#tables.length) {
        this.valid = false;
        return;
      }
      this.#turnTo(number).seekToStart();
    }
    this.#copyFields();
  }

  #turnTo(number: number): TableCursor {
    if (this.#cursor === undefined) {
      this.#cursor = new TableCursor(this.#tables[number]!.reader(), this.#options);
    } else if (number !== this.#number) {
      this.#cursor.turnTo(this.#tables[number]!.reader());
    }
    this.#number = number;
    return this.#cursor;
  }

  #copyFields(): void {
    const cursor = this.#cursor!;
    this.keyBytes = cursor.keyBytes;
    this.keyStart = cursor.keyStart;
    this.keyEnd = cursor.keyEnd;
    this.timestamp = cursor.timestamp;
    this.kind = cursor.kind;
    this.valueBytes = cursor.valueBytes;
    this.valueStart = cursor.valueStart;
    this.valueEnd = cursor.valueEnd;
    this.valid = cursor.valid;
  }

  /** First table whose largest key is not below `key`. */
  #firstEndingFrom(key: Uint8Array): number {
    let low = 0;
    let high = this.#tables.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(this.#tables[middle]!.largest, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Last table whose smallest key is not above `key`. */
  #lastStartingUpTo(key: Uint8Array): number {
    let low = 0;
    let high = this.#tables.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(this.#tables[middle]!.smallest, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
