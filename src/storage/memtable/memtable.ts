/**
 * Multi-version sorted buffer for the newest writes: an arena of entries, an open-addressing hash for point lookups with
 * version chains newest first (`memtable-keys.ts`), and an order that is built only when somebody scans (`sorted-run.ts`).
 * Owned by one thread; the arena may be a `SharedArrayBuffer`, whose bytes another thread can read once no more is added.
 *
 * A shared memtable enters keys into the hash when somebody looks for one, `UNENTERED_MAX` at a time at most: in a load that
 * nobody reads meanwhile, most memtables are flushed without. A batch of 100 takes 36 µs instead of 51 then, and the first
 * look 0.06 to 0.09 µs for each entry (docs/adr/0021-filling.md).
 *
 * Cursors keep the arena they were made over. Entries are never changed but for the chain of their key, so additions do not
 * disturb them; growing and truncating what a cursor may see move to a new arena and leave the old one alone.
 *
 * Measured (2 shared cores, Node 20.20, 16-byte keys, 100-byte values, 200k entries, private arena): 4.9–5.5M additions/s;
 * find 63 ns in cache, 190 ns walking all keys, 580 ns at random; first cursor sorts 6.6M entries/s; scan 15M entries/s
 * over one run, 8M over merged runs; adding one entry and seeking a new cursor, alternately, 3.3 µs for both. A private
 * one costs 15 ns to make and 1.2 µs with its first addition.
 */

import { assert, EMPTY_BYTES, hashBytes } from '../../base/index.js';
import { copyBytes } from '../byte-copy.js';
import { type EntryCursor, EntryKind, type Timestamp } from '../entry.js';
import {
  entryAfter,
  entryKind,
  entryTimestamp,
  FIRST_ENTRY,
  HEADER_WORDS,
  KEY_LENGTH,
  OLDER,
  packTimestampHigh,
  TIMESTAMP_HIGH,
  TIMESTAMP_LOW,
  VALUE_LENGTH,
} from './entry-layout.js';
import { type ArenaReaders, MemtableCursor } from './memtable-cursor.js';
import type { MemtableMemory } from './memtable-memory.js';
import { RangeTombstones } from '../tombstone/range-tombstones.js';
import { MemtableKeys } from './memtable-keys.js';
import type { SharedEntries } from './shared-entries.js';
import { type SortedRun, sortTail, withRun } from './sorted-run.js';
import type { BatchVisitor } from '../write-batch.js';

export interface MemtableOptions {
  /** Arena bytes reserved by the first addition; doubled whenever they do not suffice. */
  readonly initialBytes: number;
  /** Puts the arena in a `SharedArrayBuffer`. */
  readonly shared: boolean;
  readonly memory?: MemtableMemory | undefined;
}

/** A state of one memtable to which `truncate` can go back. */
export interface MemtableMark {
  readonly end: number;
  readonly count: number;
  readonly firstTimestamp: Timestamp;
  readonly lastTimestamp: Timestamp;
}

/** Arena positions are words in 32 bits; byte positions stay below 2^32. */
const ARENA_BYTES_MAX = 2 ** 32 - 8;
/** So many entries may be missing in the hash of a shared memtable: whoever looks for a key first has to wait for them. */
const UNENTERED_MAX = 2 ** 16;
const NO_WORDS = new Uint32Array(0);
const NO_RUNS: readonly SortedRun[] = [];

export class Memtable {
  /** Set by `find` when it returns true; the value is a view that holds until the memtable changes. */
  foundKind: EntryKind = EntryKind.Put;
  foundTimestamp: Timestamp = 0;
  foundValueBytes: Uint8Array = EMPTY_BYTES;
  foundValueStart = 0;
  foundValueEnd = 0;

  readonly #initialBytes: number;
  readonly #shared: boolean;
  #words: Uint32Array = NO_WORDS;
  #bytes: Uint8Array = EMPTY_BYTES;
  /** Word behind the last entry. */
  #end = FIRST_ENTRY;
  readonly #keys: MemtableKeys;
  #count = 0;
  #firstTimestamp: Timestamp = 0;
  #lastTimestamp: Timestamp = 0;
  /** Oldest first; together they cover the arena up to `#sortedEnd`. The list is replaced, never changed. */
  #runs: readonly SortedRun[] = NO_RUNS;
  #sortedEnd = FIRST_ENTRY;
  #sortedCount = 0;
  readonly #readers: ArenaReaders = { count: 0 };

  #tombstones: RangeTombstones | undefined;

  /** Allocates nothing until the first addition. */
  constructor({ initialBytes, shared, memory }: MemtableOptions) {
    this.#initialBytes = initialBytes;
    this.#shared = shared;
    this.#keys = new MemtableKeys(memory?.slots);
    if (memory !== undefined) this.#useArena(memory.arena);
  }

  /** Entries, that is versions, added, and range deletions. */
  get count(): number {
    return this.#count + (this.#tombstones?.count ?? 0);
  }

  /** The range deletions added; undefined when there is none. They hide nothing here: that is for readers to do. */
  get tombstones(): RangeTombstones | undefined {
    return this.#tombstones;
  }

  /** Distinct keys. */
  get keyCount(): number {
    this.#enter();
    return this.#keys.count;
  }

  /** Bytes in use: keys and values with 20 bytes of header and up to 3 of padding each; and range deletions. */
  get byteSize(): number {
    return (this.#end - FIRST_ENTRY) * 4 + (this.#tombstones?.byteSize ?? 0);
  }

  /** Lowest timestamp added; 0 when empty. */
  get firstTimestamp(): Timestamp {
    return this.#firstTimestamp;
  }

  /** Highest timestamp added; 0 when empty. */
  get lastTimestamp(): Timestamp {
    return this.#lastTimestamp;
  }

  /**
   * Copies one version in. Timestamps of one key must not decrease; a version with key and timestamp of an earlier one
   * replaces it. `value` is ignored for a deletion; for the deletion of a range it is the end, and timestamps never decrease.
   */
  add(key: Uint8Array, timestamp: Timestamp, kind: EntryKind, value: Uint8Array): void {
    const valueLength = kind === EntryKind.Delete ? 0 : value.length;
    this.#add(timestamp, kind, key, 0, key.length, value, 0, valueLength);
  }

  /** The same for ranges of one buffer, as a `WriteBatch` visits them. */
  addRanges(
    timestamp: Timestamp,
    kind: EntryKind,
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    this.#add(timestamp, kind, bytes, keyStart, keyEnd, bytes, valueStart, valueEnd);
  }

  /**
   * Looks up the newest version of `key` that is not newer than `maxTimestamp`. True when there is one, deletions
   * included; it is then described by the `found…` fields. `hash` is `hashBytes(key)`, for those who have it already.
   */
  find(key: Uint8Array, maxTimestamp: Timestamp, hash: number = hashBytes(key)): boolean {
    return this.#find(key, 0, key.length, maxTimestamp, hash);
  }

  /** The same for a key that is a range of a larger buffer. */
  findRange(bytes: Uint8Array, keyStart: number, keyEnd: number, maxTimestamp: Timestamp): boolean {
    return this.#find(bytes, keyStart, keyEnd, maxTimestamp, hashBytes(bytes, keyStart, keyEnd));
  }

  /** Visits the newest version of every key, in the order of their addition. The memtable must not change meanwhile. */
  forEachNewest(visit: BatchVisitor): void {
    const words = this.#words;
    const bytes = this.#bytes;
    const unique = this.keyCount === this.#count;
    for (let entry = FIRST_ENTRY; entry < this.#end; entry = entryAfter(words, entry)) {
      const keyStart = (entry + HEADER_WORDS) * 4;
      const keyEnd = keyStart + words[entry + KEY_LENGTH]!;
      if (!unique) {
        const hash = hashBytes(bytes, keyStart, keyEnd);
        if (this.#keys.newest(words, bytes, bytes, keyStart, keyEnd, hash) !== entry) continue;
      }
      visit(entryKind(words, entry), bytes, keyStart, keyEnd, keyEnd, keyEnd + words[entry + VALUE_LENGTH]!);
    }
  }

  /**
   * A cursor over exactly the entries present now. It stays valid, and unchanged, whatever happens to the memtable.
   * The first one after additions sorts these.
   */
  cursor(reverse = false): EntryCursor {
    this.#sortTail();
    this.#readers.count++;
    return new MemtableCursor(this.#words, this.#bytes, this.#runs, { reverse, readers: this.#readers });
  }

  /** Gives up the memory and is empty; undefined when cursors are open, or it has none to share. */
  takeMemory(): MemtableMemory | undefined {
    const { buffer: arena } = this.#words;
    if (this.#readers.count > 0 || !(arena instanceof SharedArrayBuffer)) return undefined;
    const slots = this.#keys.takeSlots();
    this.#words = NO_WORDS;
    this.#bytes = EMPTY_BYTES;
    this.#end = this.#sortedEnd = FIRST_ENTRY;
    this.#count = this.#sortedCount = 0;
    this.#runs = NO_RUNS;
    this.#tombstones = undefined;
    return { arena, slots };
  }

  /** The content for a reader on another thread. The memtable must be `shared` and take no more additions. */
  shareable(): SharedEntries {
    const arena = this.#words.buffer;
    assert(arena instanceof SharedArrayBuffer, 'only a shared memtable that is not empty has an arena to share');
    const tombstones = this.#tombstones?.fragments ?? [];
    const shadowing = this.#keys.shadowing || this.#keys.end < this.#end;
    return { arena, end: this.#end, count: this.#count, shadowing, tombstones };
  }

  mark(): MemtableMark {
    return {
      end: this.#end,
      count: this.#count,
      firstTimestamp: this.#firstTimestamp,
      lastTimestamp: this.#lastTimestamp,
    };
  }

  /**
   * Forgets everything added since `mark` was taken, in time proportional to that. Marks taken in between become
   * invalid. Copies the arena when cursors may be looking at what is forgotten.
   */
  truncate(mark: MemtableMark): void {
    assert(mark.end <= this.#end && this.#tombstones === undefined, 'only entries are ever taken back');
    if (mark.end === this.#end) return;
    this.#keys.truncate(this.#words, this.#bytes, mark.end);
    if (this.#sortedEnd > mark.end) {
      this.#dropRunsFrom(mark);
      this.#moveArena(this.#bytes.length, mark.end);
    }
    this.#end = mark.end;
    this.#count = mark.count;
    this.#firstTimestamp = mark.firstTimestamp;
    this.#lastTimestamp = mark.lastTimestamp;
  }

  #find(source: Uint8Array, start: number, end: number, maxTimestamp: Timestamp, hash: number): boolean {
    this.#enter();
    const words = this.#words;
    let entry = this.#keys.newest(words, this.#bytes, source, start, end, hash);
    while (entry !== 0 && entryTimestamp(words, entry) > maxTimestamp) entry = words[entry + OLDER]!;
    if (entry === 0) return false;
    this.foundKind = entryKind(words, entry);
    this.foundTimestamp = entryTimestamp(words, entry);
    this.foundValueBytes = this.#bytes;
    this.foundValueStart = (entry + HEADER_WORDS) * 4 + words[entry + KEY_LENGTH]!;
    this.foundValueEnd = this.foundValueStart + words[entry + VALUE_LENGTH]!;
    return true;
  }

  #add(
    timestamp: Timestamp,
    kind: EntryKind,
    keySource: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueSource: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    if (kind === EntryKind.RangeDelete) {
      this.#addTombstone(timestamp, keySource.slice(keyStart, keyEnd), valueSource.slice(valueStart, valueEnd));
      return;
    }
    const keyLength = keyEnd - keyStart;
    const valueLength = valueEnd - valueStart;
    const entry = this.#end;
    const end = entry + HEADER_WORDS + Math.ceil((keyLength + valueLength) / 4);
    if (end * 4 > this.#bytes.length) this.#grow(end * 4);
    const words = this.#words;
    words[entry + OLDER] = 0;
    words[entry + TIMESTAMP_LOW] = timestamp >>> 0;
    words[entry + TIMESTAMP_HIGH] = packTimestampHigh(timestamp, kind);
    words[entry + KEY_LENGTH] = keyLength;
    words[entry + VALUE_LENGTH] = valueLength;
    const keyAt = (entry + HEADER_WORDS) * 4;
    copyBytes(this.#bytes, keyAt, keySource, keyStart, keyEnd);
    copyBytes(this.#bytes, keyAt + keyLength, valueSource, valueStart, valueEnd);
    if (!this.#shared || this.#count - this.#keys.entries >= UNENTERED_MAX) this.#keys.enterNext(words, this.#bytes);
    this.#end = end;
    this.#noteTimestamp(timestamp);
    this.#count++;
  }

  /** Enters what was added since the last time somebody looked for a key. */
  #enter(): void {
    if (this.#keys.end < this.#end) this.#keys.enterUntil(this.#words, this.#bytes, this.#end);
  }

  #addTombstone(timestamp: Timestamp, start: Uint8Array, end: Uint8Array): void {
    if (this.#bytes.length === 0) this.#grow(this.#end * 4);
    this.#noteTimestamp(timestamp);
    (this.#tombstones ??= new RangeTombstones()).add(start, end, timestamp);
  }

  #noteTimestamp(timestamp: Timestamp): void {
    this.#firstTimestamp = this.#firstTimestamp === 0 ? timestamp : Math.min(this.#firstTimestamp, timestamp);
    this.#lastTimestamp = Math.max(this.#lastTimestamp, timestamp);
  }

  #grow(neededBytes: number): void {
    assert(neededBytes <= ARENA_BYTES_MAX, 'a memtable is sealed long before its arena is full');
    let bytes = Math.max(this.#initialBytes, 64, this.#bytes.length * 2);
    while (bytes < neededBytes) bytes *= 2;
    this.#moveArena(Math.min(bytes + (-bytes & 3), ARENA_BYTES_MAX), this.#end);
  }

  /** Continues in a new arena of `sizeBytes` with the words before `end`; the old one is left to its cursors. */
  #moveArena(sizeBytes: number, end: number): void {
    const old = this.#words;
    this.#useArena(this.#shared ? new SharedArrayBuffer(sizeBytes) : new ArrayBuffer(sizeBytes));
    if (this.#count > 0) this.#words.set(old.subarray(0, end));
  }

  #useArena(buffer: ArrayBufferLike): void {
    this.#words = new Uint32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
  }

  #sortTail(): void {
    if (this.#sortedEnd === this.#end) return;
    this.#enter();
    const run = sortTail(this.#words, this.#bytes, {
      start: this.#sortedEnd,
      end: this.#end,
      count: this.#count - this.#sortedCount,
      shadowing: this.#keys.shadowing,
    });
    this.#runs = withRun(this.#runs, run, this.#words, this.#bytes, this.#keys.shadowing);
    this.#sortedEnd = this.#end;
    this.#sortedCount = this.#count;
  }

  /** Drops the runs that reach beyond `mark`; what they held of older entries is sorted again by the next cursor. */
  #dropRunsFrom(mark: MemtableMark): void {
    const kept = this.#runs.filter((run) => run.end <= mark.end);
    this.#runs = kept;
    this.#sortedEnd = kept.at(-1)?.end ?? FIRST_ENTRY;
    let unsorted = 0;
    for (let entry = this.#sortedEnd; entry < mark.end; entry = entryAfter(this.#words, entry)) unsorted++;
    this.#sortedCount = mark.count - unsorted;
  }
}
