/**
 * The index of an open table, decoded once into arrays: which data block may hold a key, and where that block lies, in the
 * file and in the cache.
 */

import { ByteReader, type MalformedInput } from '../../base/index.js';
import { type CachedBlocks, NOT_CACHED } from '../cache/cached-blocks.js';
import type { Timestamp } from '../entry.js';
import { BlockReader } from '../format/data-block.js';
import { type BlockHandle, decodeHandle } from '../format/stored-block.js';
import { SortedKeys } from './sorted-keys.js';

/** Where the data blocks of an open table lie, numbered in order. */
export interface BlockIndex extends CachedBlocks {
  /** Data blocks of the table. */
  readonly count: number;
  readonly memoryBytes: number;
  /** The only block that can hold the first entry at or behind `(key, timestamp)`; `count` when there is none. */
  blockFor(key: Uint8Array, timestamp: Timestamp): number;
  handleAt(number: number): BlockHandle;
}

/** An index that is in memory whole. */
export class TableIndex implements BlockIndex {
  readonly count: number;
  /** Per block: offset in the file, stored size without trailer, size of the block itself. */
  readonly offsets: Float64Array;
  readonly payloadBytes: Uint32Array;
  readonly rawBytes: Uint32Array;
  readonly fileNumber: number;
  readonly slots: Int32Array;
  /** The key and timestamp that end each block. */
  readonly #keys: SortedKeys;
  readonly #timestamps: Float64Array;

  /** Decodes a verified index block. Throws what `malformed` builds. */
  constructor(fileNumber: number, block: Uint8Array, malformed: MalformedInput) {
    this.fileNumber = fileNumber;
    const reader = new BlockReader();
    reader.reset(block, 0, block.length);
    this.count = reader.count;
    this.offsets = new Float64Array(this.count);
    this.payloadBytes = new Uint32Array(this.count);
    this.rawBytes = new Uint32Array(this.count);
    this.slots = new Int32Array(this.count).fill(NOT_CACHED);
    this.#timestamps = new Float64Array(this.count);
    this.#keys = new SortedKeys(this.count, (number) => {
      reader.load(number);
      const handle = decodeHandle(new ByteReader(block.subarray(reader.valueStart, reader.valueEnd), malformed));
      this.offsets[number] = handle.offset;
      this.payloadBytes[number] = handle.payloadBytes;
      this.rawBytes[number] = handle.rawBytes;
      this.#timestamps[number] = reader.timestamp;
      return reader.key();
    });
  }

  get memoryBytes(): number {
    const perBlock = 8 + 4 + 4 + 4 + 8;
    return this.count * perBlock + this.#keys.memoryBytes;
  }

  blockFor(key: Uint8Array, timestamp: Timestamp): number {
    const number = this.#keys.lowerBound(key);
    if (number === this.count || this.#timestamps[number]! <= timestamp) return number;
    return this.#keys.compare(number, key) === 0 ? this.#behindNewer(number, key, timestamp) : number;
  }

  handleAt(number: number): BlockHandle {
    return {
      offset: this.offsets[number]!,
      payloadBytes: this.payloadBytes[number]!,
      rawBytes: this.rawBytes[number]!,
    };
  }

  /** Passes the blocks, from `number` on, that end with newer versions of `key`. */
  #behindNewer(number: number, key: Uint8Array, timestamp: Timestamp): number {
    let low = number + 1;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timestamps[middle]! > timestamp && this.#keys.compare(middle, key) === 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
