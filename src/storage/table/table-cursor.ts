/**
 * Walks the entries of one table, in either direction. The first blocks after a `seek` come through the block cache, so
 * that short ranges which are read often stay in memory; what follows is read ahead in windows that double from 16 to
 * 256 KiB and does not displace what is cached. The current block is the cursor's own copy or window: nothing is pinned.
 *
 * Measured under an engine's cursor, blocks in memory: 2 µs to make one, seek and close; 60 ns per 100-byte entry.
 */

import { assert, CorruptionError, EMPTY_BYTES } from '../../base/index.js';
import { copyBytes } from '../byte-copy.js';
import { type EntryCursor, EntryKind, type Timestamp, UNDATED_TIMESTAMP } from '../entry.js';
import { BlockReader } from '../format/data-block.js';
import { BLOCK_TRAILER_BYTES, type BlockHandle } from '../format/stored-block.js';
import { giveBlockMemory, takeBlockMemory } from './block-memory.js';
import type { TableReader } from './table-reader.js';

const WINDOW_BYTES_MIN = 16 * 1024;
const WINDOW_BYTES_MAX = 256 * 1024;
/** A walk that is longer than this is taken for a scan. */
const CACHED_BYTES_MAX = 64 * 1024;

export interface TableCursorOptions {
  readonly reverse: boolean;
  /** For whole-table readers: largest windows from the start, and the cache is neither asked nor filled. */
  readonly bulk: boolean;
}

export class TableCursor implements EntryCursor {
  valid = false;
  keyBytes: Uint8Array = EMPTY_BYTES;
  keyStart = 0;
  keyEnd = 0;
  timestamp: Timestamp = 0;
  kind: EntryKind = EntryKind.Put;
  repeats = false;
  valueBytes: Uint8Array = EMPTY_BYTES;
  valueStart = 0;
  valueEnd = 0;
  /** Of the block in which it stands; −1 while it stands in none. */
  blockNumber = -1;

  #table: TableReader | undefined;
  /** The table's. */
  #linkedAt: Timestamp;
  readonly #reverse: boolean;
  readonly #bulk: boolean;
  readonly #block = new BlockReader();
  #entry = 0;
  /** The entry that the cursor stands on, or stood on before its block ended, has the key of the one before in the table. */
  #sharesKeyWithBefore = false;
  /** What may still be read through the cache before the walk counts as a scan. */
  #cachedBytesLeft = 0;

  /** Private memory for blocks copied out of the cache. */
  #copy: Uint8Array = EMPTY_BYTES;
  /** The current key where its block keeps only the end of it. */
  #key = new Uint8Array(64);
  /** Bytes `[#windowStart, #windowEnd)` of the file. */
  #window: Uint8Array = EMPTY_BYTES;
  #windowStart = 0;
  #windowEnd = 0;
  #windowBytes = WINDOW_BYTES_MIN;

  constructor(table: TableReader | undefined, options: TableCursorOptions) {
    this.#table = table;
    this.#linkedAt = table?.linkedAt ?? 0;
    this.#reverse = options.reverse;
    this.#bulk = options.bulk;
    this.#forgetWindow();
  }

  /** Goes on with another table, nowhere in it yet. The window keeps its size, as that table is read in sequence. */
  turnTo(table: TableReader): void {
    this.#table = table;
    this.#linkedAt = table.linkedAt;
    this.#windowEnd = this.#windowStart = 0;
    this.blockNumber = -1;
    this.valid = false;
  }

  seekToStart(): void {
    if (!this.#bulk && this.blockNumber >= 0) this.#forgetWindow();
    this.startTable();
    this.repeats = false;
  }

  seek(key: Uint8Array, wanted: Timestamp): void {
    const index = this.#table!.index;
    const timestamp = this.#linkedAt === 0 ? wanted : UNDATED_TIMESTAMP + Math.sign(wanted - this.#linkedAt);
    if (!this.#bulk) this.#forgetWindow();
    const number = index.blockFor(key, timestamp);
    if (number === index.count) {
      if (this.#reverse) this.startTable();
      else this.endTable();
      this.repeats = false;
      return;
    }
    this.#loadBlock(number);
    const block = this.#block;
    const entry = block.lowerBound(key, timestamp);
    if (!this.#reverse) {
      if (entry < block.count) this.#show(entry);
      else this.#nextBlock();
    } else if (entry < block.count && this.#standsOn(entry, key, timestamp)) {
      this.#show(entry);
    } else if (entry > 0) {
      this.#show(entry - 1);
    } else {
      this.#nextBlock();
    }
    this.repeats = false;
  }

  next(): void {
    assert(this.valid, 'only a cursor that stands on an entry moves on');
    const entry = this.#reverse ? this.#entry - 1 : this.#entry + 1;
    if (entry >= 0 && entry < this.#block.count) this.#show(entry);
    else this.#nextBlock();
  }

  close(): void {
    this.valid = false;
    this.keyBytes = this.valueBytes = EMPTY_BYTES;
    this.#block.clear();
    this.#window = EMPTY_BYTES;
    this.#windowEnd = this.#windowStart = 0;
    if (this.#copy.length > 0) giveBlockMemory(this.#copy);
    this.#copy = EMPTY_BYTES;
  }

  /** Stands on the first entry of the table in this cursor's direction; behind the table when it has only tombstones. */
  protected startTable(): void {
    const blocks = this.#table!.index.count;
    if (blocks === 0) {
      this.endTable();
      return;
    }
    this.#loadBlock(this.#reverse ? blocks - 1 : 0);
    this.#show(this.#reverse ? this.#block.count - 1 : 0);
  }

  /** Called when the cursor has passed the last entry of its table. */
  protected endTable(): void {
    this.valid = false;
  }

  #standsOn(entry: number, key: Uint8Array, timestamp: Timestamp): boolean {
    this.#block.load(entry);
    return this.#block.timestamp === timestamp && this.#block.hasKey(key);
  }

  #show(entry: number): void {
    const block = this.#block;
    block.load(entry);
    this.#entry = entry;
    if (block.prefixLength === 0) {
      this.keyBytes = block.bytes;
      this.keyStart = block.keyStart;
      this.keyEnd = block.keyEnd;
    } else {
      this.#showWholeKey();
    }
    this.timestamp = this.#linkedAt === 0 ? block.timestamp : this.#linkedAt;
    this.kind = block.kind;
    this.repeats = this.#reverse ? this.#sharesKeyWithBefore : block.repeats;
    this.#sharesKeyWithBefore = block.repeats;
    this.valueBytes = block.bytes;
    this.valueStart = block.valueStart;
    this.valueEnd = block.valueEnd;
    this.valid = true;
  }

  /** Puts the rest of the key behind the block's prefix, which is there already. */
  #showWholeKey(): void {
    const block = this.#block;
    const end = block.prefixLength + block.keyEnd - block.keyStart;
    if (end > this.#key.length) {
      const grown = new Uint8Array(end * 2);
      grown.set(this.#key.subarray(0, block.prefixLength));
      this.#key = grown;
    }
    copyBytes(this.#key, block.prefixLength, block.bytes, block.keyStart, block.keyEnd);
    this.keyBytes = this.#key;
    this.keyStart = 0;
    this.keyEnd = end;
  }

  #takePrefix(): void {
    const { bytes, prefixStart, prefixLength } = this.#block;
    if (prefixLength > this.#key.length) this.#key = new Uint8Array(prefixLength * 2);
    copyBytes(this.#key, 0, bytes, prefixStart, prefixStart + prefixLength);
  }

  #nextBlock(): void {
    const number = this.#reverse ? this.blockNumber - 1 : this.blockNumber + 1;
    if (number < 0 || number >= this.#table!.index.count) {
      this.endTable();
      return;
    }
    this.#loadBlock(number);
    this.#show(this.#reverse ? this.#block.count - 1 : 0);
  }

  #forgetWindow(): void {
    this.#windowStart = this.#windowEnd = 0;
    this.#windowBytes = this.#bulk ? WINDOW_BYTES_MAX : WINDOW_BYTES_MIN;
    this.#cachedBytesLeft = this.#bulk ? 0 : CACHED_BYTES_MAX;
  }

  #loadBlock(number: number): void {
    this.#turnToBlock(number);
    if (this.#block.prefixLength > 0) this.#takePrefix();
  }

  #turnToBlock(number: number): void {
    const table = this.#table!;
    this.blockNumber = number;
    if (this.#cachedBytesLeft > 0) {
      table.loadThroughCache(number, this.#block);
      this.#own();
      this.#cachedBytesLeft -= this.#block.end;
      return;
    }
    if (!this.#bulk && table.loadIfCached(number, this.#block)) {
      this.#own();
      return;
    }
    const handle = table.index.handleAt(number);
    const length = handle.payloadBytes + BLOCK_TRAILER_BYTES;
    if (handle.offset < this.#windowStart || handle.offset + length > this.#windowEnd) this.#fillWindow(handle, length);
    const at = handle.offset - this.#windowStart;
    const block = table.unwrap(this.#window.subarray(at, at + length), handle);
    this.#block.reset(block, 0, block.length);
  }

  /** Copies the block, which lies in the cache, whose memory may be reused by the time it has been walked. */
  #own(): void {
    const block = this.#block;
    const length = block.end - block.start;
    if (length > this.#copy.length) {
      if (this.#copy.length > 0) giveBlockMemory(this.#copy);
      this.#copy = takeBlockMemory(length);
    }
    this.#copy.set(block.bytes.subarray(block.start, block.end));
    block.moveTo(this.#copy);
  }

  /** Reads a window that begins (descending: ends) with the block at `handle`. */
  #fillWindow(handle: BlockHandle, length: number): void {
    const table = this.#table!;
    const dataEnd = table.properties.index.offset;
    const end = handle.offset + length;
    if (end > dataEnd) {
      const what = { expected: `a data block before ${dataEnd}`, found: `one up to ${end}` };
      throw CorruptionError.at(table.name, handle.offset, what);
    }
    const bytes = Math.max(length, this.#windowBytes);
    this.#windowStart = this.#reverse ? Math.max(0, end - bytes) : handle.offset;
    this.#windowEnd = this.#reverse ? end : Math.min(dataEnd, handle.offset + bytes);
    this.#windowBytes = Math.min(this.#windowBytes * 2, WINDOW_BYTES_MAX);
    const size = this.#windowEnd - this.#windowStart;
    if (size > this.#window.length) this.#window = new Uint8Array(Math.max(size, bytes));
    const read = table.file.read(this.#window.subarray(0, size), this.#windowStart);
    if (read < size) {
      const what = { expected: `${size} bytes`, found: `${read} bytes` };
      throw CorruptionError.at(table.name, this.#windowStart, what);
    }
  }
}
