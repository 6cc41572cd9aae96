/**
 * Walks the entries of one table, in either direction. The block that a `seek` lands on comes through the block cache;
 * what follows is read ahead in windows that double from 8 to 256 KiB and does not displace what is cached. The current
 * block is the cursor's own copy or window, so nothing needs pinning.
 */

import { assert, CorruptionError, EMPTY_BYTES } from '../../base/index.js';
import { type EntryCursor, EntryKind, type Timestamp } from '../entry.js';
import { BlockReader } from '../format/data-block.js';
import { BLOCK_TRAILER_BYTES, type BlockHandle } from '../format/stored-block.js';
import type { TableReader } from './table-reader.js';

const WINDOW_BYTES_MIN = 8 * 1024;
const WINDOW_BYTES_MAX = 256 * 1024;

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
  valueBytes: Uint8Array = EMPTY_BYTES;
  valueStart = 0;
  valueEnd = 0;

  #table: TableReader;
  readonly #reverse: boolean;
  readonly #bulk: boolean;
  readonly #index = new BlockReader();
  readonly #block = new BlockReader();
  #blockNumber = -1;
  #entry = 0;

  /** Private memory for blocks copied out of the cache. */
  #copy: Uint8Array = EMPTY_BYTES;
  /** Bytes `[#windowStart, #windowEnd)` of the file. */
  #window: Uint8Array = EMPTY_BYTES;
  #windowStart = 0;
  #windowEnd = 0;
  #windowBytes = WINDOW_BYTES_MIN;

  constructor(table: TableReader, options: TableCursorOptions) {
    this.#table = table;
    this.#reverse = options.reverse;
    this.#bulk = options.bulk;
    this.#index.reset(table.indexBytes, 0, table.indexBytes.length);
    this.#forgetWindow();
  }

  /** Goes on with another table, nowhere in it yet. The window keeps its size, as that table is read in sequence. */
  turnTo(table: TableReader): void {
    this.#table = table;
    this.#index.reset(table.indexBytes, 0, table.indexBytes.length);
    this.#windowEnd = this.#windowStart = 0;
    this.#blockNumber = -1;
    this.valid = false;
  }

  seekToStart(): void {
    const first = this.#reverse ? this.#index.count - 1 : 0;
    if (!this.#bulk && this.#blockNumber >= 0) this.#forgetWindow();
    this.#loadInSequence(first);
    this.#show(this.#reverse ? this.#block.count - 1 : 0);
  }

  seek(key: Uint8Array, timestamp: Timestamp): void {
    if (!this.#bulk) this.#forgetWindow();
    const at = this.#index.lowerBound(key, timestamp);
    if (at === this.#index.count) {
      if (this.#reverse) this.seekToStart();
      else this.valid = false;
      return;
    }
    this.#loadSought(at);
    const entry = this.#block.lowerBound(key, timestamp);
    if (!this.#reverse) {
      if (entry < this.#block.count) this.#show(entry);
      else this.#nextBlock();
      return;
    }
    if (entry < this.#block.count) {
      this.#block.load(entry);
      if (this.#block.timestamp === timestamp && this.#block.hasKey(key)) {
        this.#show(entry);
        return;
      }
    }
    if (entry > 0) this.#show(entry - 1);
    else this.#nextBlock();
  }

  next(): void {
    assert(this.valid, 'only a cursor that stands on an entry moves on');
    const entry = this.#reverse ? this.#entry - 1 : this.#entry + 1;
    if (entry >= 0 && entry < this.#block.count) this.#show(entry);
    else this.#nextBlock();
  }

  close(): void {
    this.valid = false;
    this.keyBytes = this.valueBytes = this.#window = this.#copy = EMPTY_BYTES;
    this.#block.clear();
    this.#windowEnd = this.#windowStart = 0;
  }

  #show(entry: number): void {
    const block = this.#block;
    block.load(entry);
    this.#entry = entry;
    this.keyBytes = block.bytes;
    this.keyStart = block.keyStart;
    this.keyEnd = block.keyEnd;
    this.timestamp = block.timestamp;
    this.kind = block.kind;
    this.valueBytes = block.bytes;
    this.valueStart = block.valueStart;
    this.valueEnd = block.valueEnd;
    this.valid = true;
  }

  #nextBlock(): void {
    const number = this.#reverse ? this.#blockNumber - 1 : this.#blockNumber + 1;
    if (number < 0 || number >= this.#index.count) {
      this.valid = false;
      return;
    }
    this.#loadInSequence(number);
    this.#show(this.#reverse ? this.#block.count - 1 : 0);
  }

  #forgetWindow(): void {
    this.#windowStart = this.#windowEnd = 0;
    this.#windowBytes = this.#bulk ? WINDOW_BYTES_MAX : WINDOW_BYTES_MIN;
  }

  #loadSought(number: number): void {
    if (this.#bulk) {
      this.#loadInSequence(number);
      return;
    }
    this.#blockNumber = number;
    this.#index.load(number);
    this.#table.loadThroughCache(this.#index, this.#block);
    const block = this.#block;
    this.#own(block.bytes.subarray(block.start, block.end));
  }

  #loadInSequence(number: number): void {
    this.#blockNumber = number;
    this.#index.load(number);
    const handle = this.#table.handleAt(this.#index);
    const cache = this.#bulk ? undefined : this.#table.cache;
    const slot = cache === undefined ? -1 : cache.find(this.#table.fileNumber, handle.offset);
    if (slot >= 0) {
      this.#own(cache!.bytesOf(slot).subarray(cache!.startOf(slot), cache!.endOf(slot)));
      return;
    }
    const length = handle.payloadBytes + BLOCK_TRAILER_BYTES;
    if (handle.offset < this.#windowStart || handle.offset + length > this.#windowEnd) this.#fillWindow(handle, length);
    const at = handle.offset - this.#windowStart;
    const block = this.#table.unwrap(this.#window.subarray(at, at + length), handle);
    this.#block.reset(block, 0, block.length);
  }

  /** Copies a block that lies in the cache, whose memory may be reused by the time it has been walked. */
  #own(block: Uint8Array): void {
    if (block.length > this.#copy.length) this.#copy = new Uint8Array(block.length + (block.length >>> 2));
    this.#copy.set(block);
    this.#block.reset(this.#copy, 0, block.length);
  }

  /** Reads a window that begins (descending: ends) with the block at `handle`. */
  #fillWindow(handle: BlockHandle, length: number): void {
    const dataEnd = this.#table.properties.index.offset;
    const end = handle.offset + length;
    if (end > dataEnd) {
      const what = { expected: `a data block before ${dataEnd}`, found: `one up to ${end}` };
      throw CorruptionError.at(this.#table.name, handle.offset, what);
    }
    const bytes = Math.max(length, this.#windowBytes);
    this.#windowStart = this.#reverse ? Math.max(0, end - bytes) : handle.offset;
    this.#windowEnd = this.#reverse ? end : Math.min(dataEnd, handle.offset + bytes);
    this.#windowBytes = Math.min(this.#windowBytes * 2, WINDOW_BYTES_MAX);
    const size = this.#windowEnd - this.#windowStart;
    if (size > this.#window.length) this.#window = new Uint8Array(Math.max(size, bytes));
    const read = this.#table.file.read(this.#window.subarray(0, size), this.#windowStart);
    if (read < size) {
      const what = { expected: `${size} bytes`, found: `${read} bytes` };
      throw CorruptionError.at(this.#table.name, this.#windowStart, what);
    }
  }
}
