/**
 * Index and filter of a table whose writer wrote them in partitions. In memory: the top index, and the cache slot of every
 * block of the table, 4 bytes each. Partitions are read when they are needed, verified, by way of the block cache, and
 * searched where they lie there; a reader without a cache keeps the last one of either kind.
 *
 * Blocks are numbered for the cache: first the data blocks, and behind them index and filter of each partition in turn.
 */

import { ByteReader, CorruptionError, EMPTY_BYTES, type MalformedInput } from '../../base/index.js';
import type { BlockCache } from '../cache/block-cache.js';
import { NOT_CACHED } from '../cache/cached-blocks.js';
import type { Timestamp } from '../entry.js';
import { BloomFilter, buildBloomFilter } from '../format/bloom-filter.js';
import { BlockReader } from '../format/data-block.js';
import { decodePartition } from '../format/index-partition.js';
import { type BlockHandle, decodeHandle } from '../format/stored-block.js';
import { type BlockIndex, TableIndex } from './table-index.js';
import type { BlockTarget } from './table-reader.js';

/** The table, as far as its index needs it. */
export interface PartitionSource {
  readonly name: string;
  readonly fileNumber: number;
  readonly cache: BlockCache | undefined;
  loadThroughCache(number: number, target: BlockTarget): void;
}

export class PartitionedIndex implements BlockIndex {
  readonly fileNumber: number;
  readonly count: number;
  readonly partitions: number;
  readonly slots: Int32Array;

  readonly #source: PartitionSource;
  /** What it takes for data blocks are the index partitions. */
  readonly #top: TableIndex;
  /** Number of the first data block of each partition, and of the one behind the last. */
  readonly #firsts: Float64Array;
  /** Offset and size of each filter. A table has all of them or none. */
  readonly #filterOffsets: Float64Array;
  readonly #filterBytes: Uint32Array;
  readonly #hasFilters: boolean;

  /** The partition that was searched last, which is likely to have the next handle that is asked for. */
  #last = 0;
  readonly #index = new KeptBlock(new BlockReader());
  readonly #filterPlace: { file: string; offset: number };
  readonly #filter: KeptBlock<BloomFilter>;

  /**
   * Decodes a verified top index.
   *
   * @param expected what the table's properties say.
   */
  constructor(
    source: PartitionSource,
    block: Uint8Array,
    expected: { readonly dataBlocks: number; readonly indexPartitions: number },
    malformed: MalformedInput,
  ) {
    this.#source = source;
    this.fileNumber = source.fileNumber;
    this.#top = new TableIndex(source.fileNumber, block, malformed);
    this.partitions = this.#top.count;
    this.#firsts = new Float64Array(this.partitions + 1);
    this.#filterOffsets = new Float64Array(this.partitions);
    this.#filterBytes = new Uint32Array(this.partitions);
    const filters = this.#decode(block, malformed);
    this.count = this.#firsts[this.partitions]!;
    this.#hasFilters = filters > 0;
    if (filters > 0 && filters < this.partitions) throw malformed(0, `${this.partitions} filters`, String(filters));
    if (this.partitions !== expected.indexPartitions || this.count !== expected.dataBlocks) {
      const wanted = `${expected.dataBlocks} data blocks in ${expected.indexPartitions} partitions`;
      throw malformed(0, wanted, `${this.count} in ${this.partitions}`);
    }
    const cached = source.cache === undefined ? 0 : this.count + this.partitions * 2;
    this.slots = new Int32Array(cached).fill(NOT_CACHED);
    this.#filterPlace = { file: source.name, offset: 0 };
    this.#filter = new KeptBlock(new BloomFilter(buildBloomFilter(new Uint32Array(0), 0, 1), this.#filterPlace));
  }

  get memoryBytes(): number {
    const arrays = this.#firsts.byteLength + this.#filterOffsets.byteLength + this.#filterBytes.byteLength;
    return this.#top.memoryBytes + arrays + this.slots.byteLength;
  }

  /** The only partition that can hold the first entry at or behind `(key, timestamp)`; `partitions` when there is none. */
  partitionFor(key: Uint8Array, timestamp: Timestamp): number {
    return this.#top.blockFor(key, timestamp);
  }

  /** True when the data block `number` can be reached without reading the file. */
  isBlockCached(number: number): boolean {
    return this.#source.cache !== undefined && this.slots[number] !== NOT_CACHED;
  }

  /** True when the index of a partition can be searched without reading the file. */
  isIndexCached(partition: number): boolean {
    return this.isBlockCached(this.#indexNumber(partition));
  }

  /** False when no key with this hash has an entry in the partition's data blocks. */
  mayContain(partition: number, hash: number): boolean {
    if (!this.#hasFilters) return true;
    this.#filterPlace.offset = this.#filterOffsets[partition]!;
    return this.#filter.at(this.#indexNumber(partition) + 1, this.#source).mayContain(hash);
  }

  /** The block for `(key, timestamp)`, whose partition this is. */
  blockIn(partition: number, key: Uint8Array, timestamp: Timestamp): number {
    const index = this.#turnTo(partition);
    const at = index.lowerBound(key, timestamp);
    if (at < index.count) return this.#firsts[partition]! + at;
    throw this.#refuse(partition, 'the last key that the top index says', 'a lower one');
  }

  blockFor(key: Uint8Array, timestamp: Timestamp): number {
    const partition = this.partitionFor(key, timestamp);
    return partition === this.partitions ? this.count : this.blockIn(partition, key, timestamp);
  }

  handleAt(number: number): BlockHandle {
    if (number >= this.count) return this.#partitionHandle(number - this.count);
    const partition = this.#partitionOf(number);
    const index = this.#turnTo(partition);
    index.load(number - this.#firsts[partition]!);
    const value = index.bytes.subarray(index.valueStart, index.valueEnd);
    return decodeHandle(
      new ByteReader(value, (_at, expected, found) => this.#refuse(partition, `${expected} in a handle`, found)),
    );
  }

  /** Fills the arrays and returns how many partitions have a filter. */
  #decode(block: Uint8Array, malformed: MalformedInput): number {
    const reader = new BlockReader();
    reader.reset(block, 0, block.length);
    let filters = 0;
    for (let i = 0; i < reader.count; i++) {
      reader.load(i);
      const value = block.subarray(reader.valueStart, reader.valueEnd);
      const { dataBlocks, filter } = decodePartition(new ByteReader(value, malformed));
      this.#firsts[i + 1] = this.#firsts[i]! + dataBlocks;
      if (filter === undefined) continue;
      filters++;
      this.#filterOffsets[i] = filter.offset;
      this.#filterBytes[i] = filter.payloadBytes;
    }
    return filters;
  }

  #indexNumber(partition: number): number {
    return this.count + partition * 2;
  }

  /** @param at counted from the index of partition 0. */
  #partitionHandle(at: number): BlockHandle {
    const partition = at >>> 1;
    if ((at & 1) === 0) return this.#top.handleAt(partition);
    const bytes = this.#filterBytes[partition]!;
    return { offset: this.#filterOffsets[partition]!, payloadBytes: bytes, rawBytes: bytes };
  }

  #turnTo(partition: number): BlockReader {
    this.#last = partition;
    const index = this.#index.at(this.#indexNumber(partition), this.#source);
    const blocks = this.#firsts[partition + 1]! - this.#firsts[partition]!;
    if (index.count === blocks) return index;
    throw this.#refuse(partition, `an index of ${blocks} data blocks`, `one of ${index.count}`);
  }

  #partitionOf(number: number): number {
    const firsts = this.#firsts;
    if (number >= firsts[this.#last]! && number < firsts[this.#last + 1]!) return this.#last;
    let low = 0;
    let high = this.partitions;
    while (low + 1 < high) {
      const middle = (low + high) >>> 1;
      if (firsts[middle]! <= number) low = middle;
      else high = middle;
    }
    return low;
  }

  #refuse(partition: number, expected: string, found: string): CorruptionError {
    return CorruptionError.at(this.#source.name, this.#top.offsets[partition]!, { expected, found });
  }
}

/** A block on which one view after another is had: in the cache, or, where there is none, in memory of its own. */
class KeptBlock<View extends BlockTarget> {
  readonly #view: View;
  #number = -1;
  #bytes: Uint8Array = EMPTY_BYTES;

  constructor(view: View) {
    this.#view = view;
  }

  at(number: number, source: PartitionSource): View {
    if (source.cache !== undefined) source.loadThroughCache(number, this.#view);
    else if (number !== this.#number) this.#keep(number, source);
    return this.#view;
  }

  #keep(number: number, source: PartitionSource): void {
    // What is here is lost when reading fails.
    this.#number = -1;
    source.loadThroughCache(number, this);
    this.#view.reset(this.#bytes, 0, this.#bytes.length);
    this.#number = number;
  }

  /** Takes a copy. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes.slice(start, end);
  }
}
