/**
 * An open table: its file, index and filter. Everything read is verified; damage is a `CorruptionError` naming the file
 * and the offset. A hit on a cached block: filter, index search, cache slot, block hash. Where index and filter are
 * partitioned, the top index is searched before, and the partitions lie in the cache like the block.
 */

import { join } from 'node:path';
import { CorruptionError, EMPTY_BYTES, type MalformedInput } from '../../base/index.js';
import type { File, FileSystem } from '../../vfs/index.js';
import type { BlockCache } from '../cache/block-cache.js';
import { NOT_CACHED } from '../cache/cached-blocks.js';
import type { EntryKind, Timestamp } from '../entry.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { BloomFilter } from '../format/bloom-filter.js';
import { BlockReader } from '../format/data-block.js';
import { checkFileHeader, FILE_HEADER_BYTES, FileMagic } from '../format/file-header.js';
import { fileName } from '../format/file-names.js';
import { BLOCK_TRAILER_BYTES, type BlockHandle, unwrapBlock } from '../format/stored-block.js';
import { decodeFooter, decodeTableProperties, FOOTER_BYTES, type TableProperties } from '../format/table-layout.js';
import { decodeTombstoneBlock } from '../format/tombstone-block.js';
import { RangeTombstones } from '../tombstone/range-tombstones.js';
import { PartitionedIndex } from './partitioned-index.js';
import { type BlockIndex, TableIndex } from './table-index.js';

export interface TableSource {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  /** Shared by all tables; compaction reads without one. */
  readonly cache: BlockCache | undefined;
}

/** What a block is loaded into: it turns to `bytes[start, end)`. */
export interface BlockTarget {
  reset(bytes: Uint8Array, start: number, end: number): void;
}

const SCRATCH_BYTES_MAX = 256 * 1024;
/**
 * Where keys are found as a rule, the filter's cache miss is wasted: 150 of 1,350 ns of a random read from a million
 * entries. A cached block says no almost as fast; one that is not cached is never read without the filter's consent.
 */
const FILTER_CREDIT_MAX = 8;

export class TableReader {
  readonly name: string;
  readonly fileNumber: number;
  readonly properties: TableProperties;
  readonly file: File;
  readonly cache: BlockCache | undefined;
  readonly index: BlockIndex;
  /** The timestamp of every entry, whatever the file says; 0 where the file says it. */
  readonly linkedAt: Timestamp;

  /** Set by `find` when it returns true; the value is a view that holds until the next call into storage. */
  foundKind: EntryKind = 1;
  foundTimestamp: Timestamp = 0;
  foundValueBytes: Uint8Array = EMPTY_BYTES;
  foundValueStart = 0;
  foundValueEnd = 0;

  /** Undefined when the table has none. */
  readonly tombstones: RangeTombstones | undefined;

  readonly #data = new BlockReader();
  /** The whole filter. */
  readonly #filter: BloomFilter | undefined;
  /** Set instead where index and filter are partitioned: the same as `index`. */
  readonly #partitions: PartitionedIndex | undefined;
  /** How many more keys must be found in a row before cached blocks are searched without asking the filter. */
  #filterCredit = FILTER_CREDIT_MAX;
  /** Asked once: the file never changes. */
  readonly #sizeBytes: number;
  #scratch = new Uint8Array(0);

  /** @param meta what the manifest says; undefined to trust the file. */
  constructor(source: TableSource, fileNumber: number, meta?: Pick<TableMeta, 'sizeBytes' | 'linkedAt'>) {
    const sizeBytes = meta?.sizeBytes;
    this.name = fileName('table', fileNumber);
    this.fileNumber = fileNumber;
    this.linkedAt = meta?.linkedAt ?? 0;
    this.cache = source.cache;
    this.file = source.fileSystem.open(join(source.directory, this.name), 'read');
    try {
      const found = this.file.size();
      this.#sizeBytes = found;
      if (sizeBytes !== undefined && found !== sizeBytes) {
        const what = { expected: `a file of ${sizeBytes} bytes`, found: `${found} bytes` };
        throw CorruptionError.at(this.name, Math.min(found, sizeBytes), what);
      }
      this.properties = this.#readFrame(found);
      this.#partitions = this.properties.indexPartitions > 0 ? this.#readTopIndex() : undefined;
      this.index = this.#partitions ?? this.#readIndex();
      this.#filter = this.#readFilter();
      this.tombstones = this.#readTombstones();
      this.cache?.written.handTo(this.index);
    } catch (cause) {
      this.file.close();
      throw cause;
    }
  }

  /**
   * Looks up the newest version of `key` that is not newer than `asOf`. True when there is one, deletions included; the
   * `found…` fields then describe it. `hash` is `hashBytes(key)`.
   */
  find(key: Uint8Array, hash: number, asOf: Timestamp): boolean {
    if (this.linkedAt > asOf) return false;
    if (this.#partitions !== undefined) return this.#findInPartition(this.#partitions, key, hash, asOf);
    const filter = this.#filter;
    const asksFirst = filter !== undefined && this.#filterCredit > 0;
    if (asksFirst && !filter.mayContain(hash)) return this.#isAbsent();
    const { index } = this;
    const number = index.blockFor(key, asOf);
    if (number === index.count) return this.#isAbsent();
    if (!asksFirst && filter !== undefined && index.slots[number] === NOT_CACHED && !filter.mayContain(hash)) {
      return this.#isAbsent();
    }
    if (!this.#findInBlock(number, key, hash, asOf)) return this.#isAbsent();
    if (asksFirst) this.#filterCredit--;
    return true;
  }

  /** The same; neither partition nor data block is read from the file without the filter's consent. */
  #findInPartition(partitions: PartitionedIndex, key: Uint8Array, hash: number, asOf: Timestamp): boolean {
    const partition = partitions.partitionFor(key, asOf);
    if (partition === partitions.partitions) return this.#isAbsent();
    const asksFirst = this.#filterCredit > 0 || !partitions.isIndexCached(partition);
    if (asksFirst && !partitions.mayContain(partition, hash)) return this.#isAbsent();
    const number = partitions.blockIn(partition, key, asOf);
    if (!asksFirst && !partitions.isBlockCached(number) && !partitions.mayContain(partition, hash)) {
      return this.#isAbsent();
    }
    if (!this.#findInBlock(number, key, hash, asOf)) return this.#isAbsent();
    if (this.#filterCredit > 0) this.#filterCredit--;
    return true;
  }

  #findInBlock(number: number, key: Uint8Array, hash: number, asOf: Timestamp): boolean {
    const data = this.#data;
    this.loadThroughCache(number, data);
    if (!data.find(key, hash, asOf)) return false;
    this.foundKind = data.kind;
    this.foundTimestamp = this.linkedAt === 0 ? data.timestamp : this.linkedAt;
    this.foundValueBytes = data.bytes;
    this.foundValueStart = data.valueStart;
    this.foundValueEnd = data.valueEnd;
    return true;
  }

  /** Lets go of what `find` found, so that a large block does not stay in memory until the next call. */
  releaseFound(): void {
    this.foundValueBytes = EMPTY_BYTES;
    this.foundValueStart = this.foundValueEnd = 0;
    this.#data.clear();
  }

  #isAbsent(): false {
    this.#filterCredit = FILTER_CREDIT_MAX;
    return false;
  }

  /** Turns `target` to a block of the index by way of the cache. Holds until the cache changes. */
  loadThroughCache(number: number, target: BlockTarget): void {
    const cache = this.cache;
    if (cache === undefined) {
      const block = this.readBlock(this.index.handleAt(number));
      target.reset(block, 0, block.length);
      return;
    }
    let slot = cache.find(this.index, number);
    if (slot === NOT_CACHED) {
      const block = this.readBlock(this.index.handleAt(number));
      slot = cache.insert(this.index, number, block);
      if (slot === NOT_CACHED) {
        target.reset(block, 0, block.length);
        return;
      }
    }
    const start = cache.startOf(slot);
    target.reset(cache.bytesOf(slot), start, start + cache.lengthOf(slot));
  }

  /** The same if the block lies in the cache; otherwise false, and nothing happens. */
  loadIfCached(number: number, target: BlockReader): boolean {
    const cache = this.cache;
    if (cache === undefined || this.index.slots[number] === NOT_CACHED) return false;
    const slot = cache.find(this.index, number);
    const start = cache.startOf(slot);
    target.reset(cache.bytesOf(slot), start, start + cache.lengthOf(slot));
    return true;
  }

  /** Reads and verifies one block. A view that holds until the next read through this reader. */
  readBlock(handle: BlockHandle): Uint8Array {
    const length = handle.payloadBytes + BLOCK_TRAILER_BYTES;
    const room = this.#sizeBytes - handle.offset;
    if (length > room) {
      const what = { expected: `a block of ${length} bytes`, found: `${Math.max(0, room)} bytes` };
      throw CorruptionError.at(this.name, handle.offset, what);
    }
    const stored = this.#memoryFor(length);
    this.#readFully(stored, handle.offset);
    return this.unwrap(stored, handle);
  }

  /** Kept between reads, unless it would be much: a value of 20 MB is a block of its own. */
  #memoryFor(length: number): Uint8Array {
    if (length > SCRATCH_BYTES_MAX) return new Uint8Array(length);
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length + (length >>> 2));
    return this.#scratch.subarray(0, length);
  }

  /** Verifies a block that somebody else has read. */
  unwrap(stored: Uint8Array, handle: BlockHandle): Uint8Array {
    const place = { file: this.name, fileNumber: this.fileNumber, offset: handle.offset };
    return unwrapBlock(stored, handle.rawBytes, place);
  }

  get memoryBytes(): number {
    return this.index.memoryBytes + (this.#filter?.sizeBytes ?? 0) + (this.tombstones?.byteSize ?? 0);
  }

  close(): void {
    this.cache?.release(this.index);
    this.file.close();
  }

  #readFrame(sizeBytes: number): TableProperties {
    if (sizeBytes < FILE_HEADER_BYTES + FOOTER_BYTES) {
      throw CorruptionError.at(this.name, 0, { expected: 'a table', found: `${sizeBytes} bytes` });
    }
    const header = new Uint8Array(FILE_HEADER_BYTES);
    this.#readFully(header, 0);
    checkFileHeader(header, FileMagic.table, this.fileNumber, this.name);
    const footer = new Uint8Array(FOOTER_BYTES);
    const offset = sizeBytes - FOOTER_BYTES;
    this.#readFully(footer, offset);
    const handle = decodeFooter(footer, { file: this.name, fileNumber: this.fileNumber, offset });
    return decodeTableProperties(this.readBlock(handle), { file: this.name, offset: handle.offset });
  }

  #readIndex(): TableIndex {
    const { index } = this.properties;
    return new TableIndex(this.fileNumber, this.readBlock(index), this.#malformedAt(index));
  }

  #readTopIndex(): PartitionedIndex {
    const { index, dataBlocks, indexPartitions } = this.properties;
    const expected = { dataBlocks, indexPartitions };
    return new PartitionedIndex(this, this.readBlock(index), expected, this.#malformedAt(index));
  }

  #readFilter(): BloomFilter | undefined {
    const handle = this.properties.filter;
    if (handle === undefined) return undefined;
    return new BloomFilter(this.readBlock(handle).slice(), { file: this.name, offset: handle.offset });
  }

  #malformedAt({ offset }: BlockHandle): MalformedInput {
    return (at, expected, found) => CorruptionError.at(this.name, offset, { expected, found: `${found} at ${at}` });
  }

  #readTombstones(): RangeTombstones | undefined {
    const { rangeTombstones, tombstoneBlock } = this.properties;
    if (tombstoneBlock === undefined) return undefined;
    const malformed = this.#malformedAt(tombstoneBlock);
    const tombstones = new RangeTombstones(decodeTombstoneBlock(this.readBlock(tombstoneBlock), malformed));
    if (tombstones.count === rangeTombstones) return tombstones;
    throw malformed(0, `${rangeTombstones} range tombstones`, String(tombstones.count));
  }

  #readFully(target: Uint8Array, offset: number): void {
    const read = this.file.read(target, offset);
    if (read === target.length) return;
    const what = { expected: `${target.length} bytes`, found: `${read} bytes` };
    throw CorruptionError.at(this.name, offset, what);
  }
}
