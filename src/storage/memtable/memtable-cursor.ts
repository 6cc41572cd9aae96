/**
 * Merges the sorted runs of a memtable, in either direction. Holds the arena and the runs of the moment it was made:
 * whatever the memtable does later (grow, add, truncate) does not show here.
 */

import { assert, EMPTY_BYTES } from '../../base/index.js';
import { type EntryCursor, EntryKind, type Timestamp } from '../entry.js';
import {
  compareEntryKeys,
  compareEntryKeyTo,
  entryKind,
  entryTimestamp,
  HEADER_WORDS,
  KEY_LENGTH,
  VALUE_LENGTH,
} from './entry-layout.js';
import type { SortedRun } from './sorted-run.js';

const NO_WORDS = new Uint32Array(0);
/** Positions of entries start at 1. */
const NO_ENTRY = 0;

/** So many entries, and so many words of each, are touched together by a cursor that will come by all of them. */
const TOUCHED_ENTRIES = 16;
const TOUCHED_WORDS = 32;
/** Words of a line of the processor's cache. */
const LINE_WORDS = 16;

/** How many cursors look at one arena. */
export interface ArenaReaders {
  count: number;
}

export class MemtableCursor implements EntryCursor {
  valid = false;
  keyBytes: Uint8Array;
  keyStart = 0;
  keyEnd = 0;
  timestamp: Timestamp = 0;
  kind: EntryKind = EntryKind.Put;
  repeats = false;
  valueBytes: Uint8Array;
  valueStart = 0;
  valueEnd = 0;

  #words: Uint32Array;
  #runs: readonly SortedRun[];
  /** Index of the next entry of each run, in this cursor's direction. */
  readonly #positions: number[] = [];
  readonly #step: 1 | -1;
  #readers: ArenaReaders | undefined;
  /** The run that holds the current entry. */
  #current = 0;
  #entry = NO_ENTRY;
  /** The entry of another run that comes next after those of the current run; lets most steps do with one comparison. */
  #runnerUp = NO_ENTRY;
  readonly #bulk: boolean;

  /**
   * @param options.readers among which it has been counted; it leaves them when it is closed. @param options.bulk all entries
   * of the only run will be read, in order.
   */
  constructor(
    words: Uint32Array,
    bytes: Uint8Array,
    runs: readonly SortedRun[],
    options: { readonly reverse: boolean; readonly readers?: ArenaReaders; readonly bulk?: boolean },
  ) {
    this.#words = words;
    this.#runs = runs;
    this.#step = options.reverse ? -1 : 1;
    this.#readers = options.readers;
    this.#bulk = options.bulk === true;
    this.keyBytes = bytes;
    this.valueBytes = bytes;
    for (let run = 0; run < runs.length; run++) this.#positions.push(0);
  }

  seekToStart(): void {
    this.#entry = NO_ENTRY;
    for (let run = 0; run < this.#runs.length; run++) {
      this.#positions[run] = this.#step > 0 ? 0 : this.#runs[run]!.entries.length - 1;
    }
    this.#select();
  }

  seek(key: Uint8Array, timestamp: Timestamp): void {
    this.#entry = NO_ENTRY;
    for (let run = 0; run < this.#runs.length; run++) {
      const entries = this.#runs[run]!.entries;
      this.#positions[run] =
        this.#step > 0
          ? this.#countBefore(entries, key, timestamp, 0)
          : this.#countBefore(entries, key, timestamp, 1) - 1;
    }
    this.#select();
  }

  next(): void {
    assert(this.valid, 'only a cursor that stands on an entry moves on');
    const run = this.#current;
    const entries = this.#runs[run]!.entries;
    const position = this.#positions[run]! + this.#step;
    this.#positions[run] = position;
    if (this.#bulk && position % TOUCHED_ENTRIES === 0) this.#touch(entries, position);
    const entry = position >= 0 && position < entries.length ? entries[position]! : NO_ENTRY;
    const runnerUp = this.#runnerUp;
    if (runnerUp === NO_ENTRY) {
      if (entry === NO_ENTRY) this.valid = false;
      else this.#load(entry);
    } else if (entry !== NO_ENTRY && compareEntryKeys(this.#words, this.keyBytes, entry, runnerUp) * this.#step < 0) {
      this.#load(entry);
    } else {
      this.#select();
    }
  }

  close(): void {
    this.valid = false;
    if (this.#readers !== undefined) this.#readers.count--;
    this.#readers = undefined;
    this.#runs = [];
    this.#words = NO_WORDS;
    this.keyBytes = EMPTY_BYTES;
    this.valueBytes = EMPTY_BYTES;
  }

  /** Finds the first entry over all runs and its runner-up, passing over versions that a later addition replaced. */
  #select(): void {
    let best = NO_ENTRY;
    let bestRun = 0;
    let second = NO_ENTRY;
    for (let run = 0; run < this.#runs.length; run++) {
      const entries = this.#runs[run]!.entries;
      const position = this.#positions[run]!;
      if (position < 0 || position >= entries.length) continue;
      const entry = entries[position]!;
      const order = best === NO_ENTRY ? -1 : this.#order(entry, best);
      if (order === 0) {
        // The same version twice: the later addition counts. Step over the other one and begin again; this is rare.
        const replaced = entry < best ? run : bestRun;
        this.#positions[replaced]! += this.#step;
        best = second = NO_ENTRY;
        run = -1;
      } else if (order < 0) {
        second = best;
        best = entry;
        bestRun = run;
      } else if (second === NO_ENTRY || this.#order(entry, second) < 0) {
        second = entry;
      }
    }
    this.#current = bestRun;
    this.#runnerUp = second;
    if (best === NO_ENTRY) this.valid = false;
    else this.#load(best);
  }

  /**
   * Reads from the entries that come next, one right after the other: the processor then waits for all of them at once. They lie
   * all over an arena that another core has written, and waiting for each in turn was a fifth of a flush.
   */
  #touch(entries: Uint32Array, from: number): void {
    const words = this.#words;
    const to = Math.min(from + TOUCHED_ENTRIES, entries.length);
    let touched = 0;
    for (let i = from; i < to; i++) {
      const entry = entries[i]!;
      const last = Math.min(entry + TOUCHED_WORDS, words.length - 1);
      for (let word = entry; word <= last; word += LINE_WORDS) touched += words[word]!;
    }
    // Always true: what is read has to be used, or it would not be read.
    assert(touched >= 0, 'words are not negative');
  }

  /** Order of two entries in this cursor's direction; 0 when they are the same version. */
  #order(a: number, b: number): number {
    const byKey = compareEntryKeys(this.#words, this.keyBytes, a, b);
    if (byKey !== 0) return byKey * this.#step;
    if (entryTimestamp(this.#words, a) === entryTimestamp(this.#words, b)) return 0;
    return (b - a) * this.#step;
  }

  /** How many of `entries` come before `(key, timestamp)`, which itself counts `inclusive` times. */
  #countBefore(entries: Uint32Array, key: Uint8Array, timestamp: Timestamp, inclusive: 0 | 1): number {
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = entries[middle]!;
      let order = compareEntryKeyTo(this.#words, this.keyBytes, entry, key);
      if (order === 0) order = timestamp - entryTimestamp(this.#words, entry);
      if (order < inclusive) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #load(entry: number): void {
    const words = this.#words;
    const before = this.#entry;
    this.repeats = before !== NO_ENTRY && compareEntryKeys(words, this.keyBytes, before, entry) === 0;
    this.#entry = entry;
    const keyStart = (entry + HEADER_WORDS) * 4;
    const keyEnd = keyStart + words[entry + KEY_LENGTH]!;
    this.keyStart = keyStart;
    this.keyEnd = keyEnd;
    this.timestamp = entryTimestamp(words, entry);
    this.kind = entryKind(words, entry);
    this.valueStart = keyEnd;
    this.valueEnd = keyEnd + words[entry + VALUE_LENGTH]!;
    this.valid = true;
  }
}
