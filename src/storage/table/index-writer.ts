/**
 * Index and filter of a table that is being written. Both are gathered in memory, and written whole at the end, while they
 * stay below a bound. Past it they are written in partitions between the data blocks, each of about the size of a data
 * block, and what is left in memory is one partition and an entry of the top index for each of those written: 29 bytes for
 * 361 KB of entries of 116 bytes (docs/adr/0011-large-tables-partition-their-index.md).
 */

import { ByteWriter } from '../../base/index.js';
import { EntryKind, type Timestamp } from '../entry.js';
import { bloomFilterBytes, buildBloomFilter } from '../format/bloom-filter.js';
import { BlockBuilder, BlockReader } from '../format/data-block.js';
import { encodePartition } from '../format/index-partition.js';
import { type BlockHandle, encodeHandle } from '../format/stored-block.js';
import type { TableFormat } from './table-writer.js';

/** Of index and filter together, for some 45 MB of entries of 116 bytes. */
const INDEX_BYTES_MAX = 2 ** 20;

/** Appends a block to the table; its bytes may be used again afterwards. */
export type StoreBlock = (raw: Uint8Array, compress: boolean) => BlockHandle;

/** What lies between the last entry of a data block and the first of the next. */
export interface BlockEnd {
  /** `key[start, end)`. */
  readonly key: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly timestamp: Timestamp;
  /** The next block begins with the key of the last entry of this one. */
  readonly goesOn: boolean;
}

/** What the table's properties say of its index. */
export interface WrittenIndex {
  readonly index: BlockHandle;
  readonly filter: BlockHandle | undefined;
  /** 0 when `index` and `filter` are whole. */
  readonly indexPartitions: number;
}

export class IndexWriter {
  readonly #format: TableFormat;
  readonly #store: StoreBlock;
  readonly #bytesMax: number;
  readonly #value = new ByteWriter(64);

  /** The whole index; undefined once there are partitions. */
  #whole: BlockBuilder | undefined = new BlockBuilder(16 * 1024);
  /** Per entry of the whole index: twice the `#keys` of that time, and 1 where the next block goes on with the last key. */
  #ends = new Float64Array(256);

  /** Hashes of the keys that no filter covers yet, and those only. */
  #hashes = new Uint32Array(1024);
  #keys = 0;

  #partition = new BlockBuilder(1024);
  readonly #closed = new BlockReader();
  /** The part of `#hashes` that belongs to `#partition`, and whether the next partition begins with the last of them. */
  #from = 0;
  #to = 0;
  #goesOn = false;
  readonly #top = new BlockBuilder(1024);

  constructor(format: TableFormat, store: StoreBlock) {
    this.#format = format;
    this.#store = store;
    this.#bytesMax = format.indexBytesMax ?? INDEX_BYTES_MAX;
  }

  /** The next distinct key, before the block that holds its first entry is added. */
  addKey(hash: number): void {
    if (this.#keys === this.#hashes.length) {
      const grown = new Uint32Array(this.#keys * 2);
      grown.set(this.#hashes);
      this.#hashes = grown;
    }
    this.#hashes[this.#keys++] = hash;
  }

  /** Hash of the key added last. */
  get lastHash(): number {
    return this.#hashes[this.#keys - 1]!;
  }

  /** The next data block, after all of its keys were added and before those of the block behind it. */
  addBlock(handle: BlockHandle, blockEnd: BlockEnd): void {
    this.#value.reset();
    encodeHandle(this.#value, handle);
    const value = this.#value.bytes();
    if (this.#whole !== undefined) {
      const { key, start, end, timestamp, goesOn } = blockEnd;
      if (this.#whole.sizeWith(key, start, end, value.length) + this.#filterBytes(this.#keys) <= this.#bytesMax) {
        this.#rememberEnd(this.#whole.count, goesOn);
        this.#whole.add(key, start, end, timestamp, EntryKind.Put, value, 0, value.length);
        return;
      }
      this.#divide(this.#whole);
    }
    this.#place(blockEnd, value, this.#keys);
    this.#dropCoveredHashes();
  }

  /** Writes what is still in memory. */
  finish(): WrittenIndex {
    const compress = this.#format.compression === 'lz4';
    if (this.#whole !== undefined) {
      const filter = this.#storeFilter(0, this.#keys);
      return { filter, index: this.#store(this.#whole.finish(), compress), indexPartitions: 0 };
    }
    this.#closePartition();
    const indexPartitions = this.#top.count;
    return { filter: undefined, index: this.#store(this.#top.finish(), compress), indexPartitions };
  }

  /** Takes what was to be a whole index apart again. */
  #divide(whole: BlockBuilder): void {
    this.#whole = undefined;
    const entries = new BlockReader();
    const block = whole.finish();
    entries.reset(block, 0, block.length);
    for (let i = 0; i < entries.count; i++) {
      entries.load(i);
      const key = entries.key();
      const value = entries.bytes.subarray(entries.valueStart, entries.valueEnd);
      const to = Math.floor(this.#ends[i]! / 2);
      const goesOn = this.#ends[i]! % 2 === 1;
      this.#place({ key, start: 0, end: key.length, timestamp: entries.timestamp, goesOn }, value, to);
    }
    this.#ends = new Float64Array(0);
    this.#dropCoveredHashes();
    this.#hashes = this.#hashes.slice(0, this.#keys);
  }

  /** @param to how many of `#hashes` belong to this block and those before. */
  #place({ key, start, end, timestamp, goesOn }: BlockEnd, value: Uint8Array, to: number): void {
    const { blockBytes } = this.#format;
    const full =
      this.#partition.sizeWith(key, start, end, value.length) > blockBytes ||
      this.#filterBytes(to - this.#from) > blockBytes;
    if (full && this.#partition.count > 0) this.#closePartition();
    this.#partition.add(key, start, end, timestamp, EntryKind.Put, value, 0, value.length);
    this.#to = to;
    this.#goesOn = goesOn;
  }

  #closePartition(): void {
    const filter = this.#storeFilter(this.#from, this.#to);
    const block = this.#partition.finish();
    const closed = this.#closed;
    closed.reset(block, 0, block.length);
    closed.load(closed.count - 1);
    const key = closed.key();
    const index = this.#store(block, this.#format.compression === 'lz4');
    const writer = new ByteWriter(64);
    encodePartition(writer, { index, dataBlocks: closed.count, filter });
    const value = writer.bytes();
    this.#top.add(key, 0, key.length, closed.timestamp, EntryKind.Put, value, 0, value.length);
    // A key that goes on behind the partition is looked up there too.
    this.#from = this.#goesOn ? this.#to - 1 : this.#to;
  }

  /** Keeps the last one, which blocks that begin with its key ask for. */
  #dropCoveredHashes(): void {
    const dropped = Math.min(this.#from, this.#keys - 1);
    if (dropped === 0) return;
    this.#hashes.copyWithin(0, dropped, this.#keys);
    this.#keys -= dropped;
    this.#from -= dropped;
    this.#to -= dropped;
  }

  #storeFilter(from: number, to: number): BlockHandle | undefined {
    const bitsPerKey = this.#format.bloomBitsPerKey;
    if (bitsPerKey === 0 || to === from) return undefined;
    return this.#store(buildBloomFilter(this.#hashes.subarray(from, to), to - from, bitsPerKey), false);
  }

  #filterBytes(keys: number): number {
    const bitsPerKey = this.#format.bloomBitsPerKey;
    return bitsPerKey === 0 ? 0 : bloomFilterBytes(keys, bitsPerKey);
  }

  #rememberEnd(at: number, goesOn: boolean): void {
    if (at === this.#ends.length) {
      const grown = new Float64Array(at * 2);
      grown.set(this.#ends);
      this.#ends = grown;
    }
    this.#ends[at] = this.#keys * 2 + (goesOn ? 1 : 0);
  }
}
