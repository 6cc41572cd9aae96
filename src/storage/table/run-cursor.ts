/** Walks a run, tables whose key ranges ascend without overlap, as if it were one table. Opens each when it gets there. */

import { assert, compareBytes, type KeyRange } from '../../base/index.js';
import type { Timestamp } from '../entry.js';
import { TableCursor, type TableCursorOptions } from './table-cursor.js';
import type { TableReader } from './table-reader.js';

/** A table that need not be open yet. */
export interface RunTable {
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
  readonly minTimestamp?: Timestamp;
  reader(): TableReader;
}

export interface RunCursorOptions extends TableCursorOptions {
  /** Tables that lie outside need not be walked. */
  readonly range?: KeyRange;
  /** Tables that hold only newer entries need not be walked. */
  readonly asOf?: Timestamp;
}

export class RunCursor extends TableCursor {
  readonly #tables: readonly RunTable[];
  readonly #options: RunCursorOptions;
  /** Of the table it stands in. */
  tableNumber = -1;

  /** @param tables at least one, ascending. */
  constructor(tables: readonly RunTable[], options: RunCursorOptions) {
    super(undefined, options);
    assert(tables.length > 0, 'a run has tables');
    this.#tables = tables;
    this.#options = options;
  }

  override seekToStart(): void {
    if (this.#turnTo(this.#options.reverse ? this.#tables.length - 1 : 0)) super.seekToStart();
  }

  override seek(key: Uint8Array, timestamp: Timestamp): void {
    const number = this.#options.reverse ? this.#lastStartingUpTo(key) : this.#firstEndingFrom(key);
    const wanted = this.#tables[number];
    if (!this.#turnTo(number)) return;
    // A table that was passed over leaves only whole tables behind it.
    if (this.#tables[this.tableNumber] === wanted) super.seek(key, timestamp);
    else super.seekToStart();
  }

  override close(): void {
    super.close();
    this.tableNumber = -1;
  }

  protected override endTable(): void {
    if (this.#turnTo(this.#options.reverse ? this.tableNumber - 1 : this.tableNumber + 1)) this.startTable();
  }

  /** Turns to table `number` or the next one behind it that matters; false, and not valid, when there is none. */
  #turnTo(number: number): boolean {
    const { reverse, range, asOf } = this.#options;
    const tables = this.#tables;
    const upper = range?.upper;
    const lower = range?.lower;
    for (let at = number; at >= 0 && at < tables.length; at += reverse ? -1 : 1) {
      const table = tables[at]!;
      if (asOf !== undefined && (table.minTimestamp ?? 0) > asOf) continue;
      if (!reverse && upper !== undefined && compareBytes(table.smallest, upper) >= 0) break;
      if (reverse && lower !== undefined && compareBytes(table.largest, lower) < 0) break;
      if (at !== this.tableNumber) this.turnTo(table.reader());
      this.tableNumber = at;
      return true;
    }
    this.valid = false;
    return false;
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
