/**
 * Decodes one table file part by part, each by itself, where `TableReader` needs all of its frame before it answers. Memory:
 * the top index and one partition, or the whole index, the filter while it is checked, and one data block.
 */

import { CorruptionError, ByteReader } from '../../base/index.js';
import type { File, FileSystem } from '../../vfs/index.js';
import { type EntryKind, MAX_TIMESTAMP, type Timestamp } from '../entry.js';
import { BloomFilter } from '../format/bloom-filter.js';
import { BlockReader } from '../format/data-block.js';
import { FileMagic } from '../format/file-header.js';
import { decodePartition, type IndexPartition } from '../format/index-partition.js';
import { BLOCK_TRAILER_BYTES, type BlockHandle, decodeHandle, unwrapBlock } from '../format/stored-block.js';
import { decodeFooter, decodeTableProperties, FOOTER_BYTES, type TableProperties } from '../format/table-layout.js';
import { decodeTombstoneBlock } from '../format/tombstone-block.js';
import type { TombstoneFragment } from '../tombstone/range-tombstones.js';
import { type DamageItem, damageOf, type HeaderItem, inspectHeader } from './finding.js';

/** Where a part of a table lies. */
interface PlacedItem {
  readonly offset: number;
  /** As stored, without the trailer. */
  readonly payloadBytes: number;
  readonly rawBytes: number;
}

export interface TablePropertiesItem extends PlacedItem {
  readonly item: 'properties';
  readonly properties: TableProperties;
}

/** The index of an index in partitions. Each of them follows, with its filter, before its data blocks. */
export interface TableTopIndexItem extends PlacedItem {
  readonly item: 'top-index';
  readonly partitions: number;
}

/** The whole index, or a partition of it. */
export interface TableIndexItem extends PlacedItem {
  readonly item: 'index';
  readonly blocks: number;
}

export interface TableFilterItem extends PlacedItem {
  readonly item: 'filter';
}

export interface TableTombstonesItem extends PlacedItem {
  readonly item: 'tombstones';
  readonly fragments: readonly TombstoneFragment[];
}

/** A data block that holds, with what the index says of it. Its entries follow. */
export interface TableBlockItem extends PlacedItem {
  readonly item: 'block';
  /** From 0. */
  readonly number: number;
  readonly entries: number;
  /** The index's key and timestamp: at or behind the last entry of this block, before the first of the next. */
  readonly endKey: Uint8Array;
  readonly endTimestamp: Timestamp;
}

/** The value is a view that holds until the next item. */
export interface TableEntryItem {
  readonly item: 'entry';
  readonly key: Uint8Array;
  readonly timestamp: Timestamp;
  readonly kind: EntryKind;
  readonly value: Uint8Array;
}

export type TableItem =
  | HeaderItem
  | DamageItem
  | TablePropertiesItem
  | TableTopIndexItem
  | TableIndexItem
  | TableFilterItem
  | TableTombstonesItem
  | TableBlockItem
  | TableEntryItem;

export interface InspectedTable {
  readonly path: string;
  /** For messages. */
  readonly name: string;
  readonly fileNumber: number;
}

/** What one index block, whole or a partition, and its filter stand for. */
interface IndexedPart {
  readonly index: BlockHandle;
  readonly filter: BlockHandle | undefined;
  /** Number of its first data block. */
  readonly firstBlock: number;
}

/**
 * Yields header, properties, tombstones, index, filter, and then the data blocks with their entries, beginning at the first
 * entry whose key is not below `from`. Where index and filter are partitioned: header, properties, tombstones, top index, and then per partition
 * the same from its index on.
 */
export function* inspectTable(fileSystem: FileSystem, table: InspectedTable, from?: Uint8Array): Generator<TableItem> {
  const file = fileSystem.open(table.path, 'read');
  try {
    yield* new TableInspection(file, table).items(from);
  } finally {
    file.close();
  }
}

class TableInspection {
  readonly #file: File;
  readonly #table: InspectedTable;

  constructor(file: File, table: InspectedTable) {
    this.#file = file;
    this.#table = table;
  }

  *items(from: Uint8Array | undefined): Generator<TableItem> {
    const { name, fileNumber } = this.#table;
    yield inspectHeader(this.#file, FileMagic.table, fileNumber, name);
    let top: BlockReader;
    try {
      const { properties, ...place } = this.#properties();
      yield { item: 'properties', ...place, properties };
      const { index, filter, tombstoneBlock } = properties;
      if (tombstoneBlock !== undefined) yield this.#tombstones(tombstoneBlock);
      if (properties.indexPartitions === 0) {
        yield* this.#part({ index, filter, firstBlock: 0 }, from);
        return;
      }
      top = this.#block(index);
      yield { item: 'top-index', ...index, partitions: top.count };
    } catch (error) {
      yield damageOf(error);
      return;
    }
    yield* this.#partitions(top, from);
  }

  *#partitions(top: BlockReader, from: Uint8Array | undefined): Generator<TableItem> {
    const first = from === undefined ? 0 : top.lowerBound(from, MAX_TIMESTAMP);
    let firstBlock = 0;
    for (let number = 0; number < top.count; number++) {
      let part: IndexPartition;
      try {
        top.load(number);
        part = decodePartition(this.#valueOf(top, `partition ${number}`));
      } catch (error) {
        yield damageOf(error);
        return;
      }
      if (number >= first) yield* this.#part({ ...part, firstBlock }, number === first ? from : undefined);
      firstBlock += part.dataBlocks;
    }
  }

  *#part(part: IndexedPart, from: Uint8Array | undefined): Generator<TableItem> {
    let index: BlockReader;
    try {
      index = this.#block(part.index);
    } catch (error) {
      yield damageOf(error);
      return;
    }
    yield { item: 'index', ...part.index, blocks: index.count };
    if (part.filter !== undefined) yield this.#filter(part.filter);
    const first = from === undefined ? 0 : index.lowerBound(from, MAX_TIMESTAMP);
    for (let at = first; at < index.count; at++) {
      try {
        yield* this.#dataBlock(index, at, part.firstBlock, at === first ? from : undefined);
      } catch (error) {
        yield damageOf(error);
      }
    }
  }

  #properties(): BlockHandle & { readonly properties: TableProperties } {
    const { name: file, fileNumber } = this.#table;
    const offset = Math.max(0, this.#file.size() - FOOTER_BYTES);
    const handle = decodeFooter(this.#read(offset, FOOTER_BYTES), { file, fileNumber, offset });
    return { ...handle, properties: decodeTableProperties(this.#payload(handle), { file, offset: handle.offset }) };
  }

  #filter(handle: BlockHandle): TableFilterItem | DamageItem {
    try {
      const filter = new BloomFilter(this.#payload(handle), { file: this.#table.name, offset: handle.offset });
      return { item: 'filter', ...handle, rawBytes: filter.sizeBytes };
    } catch (error) {
      return damageOf(error);
    }
  }

  #tombstones(handle: BlockHandle): TableTombstonesItem | DamageItem {
    const malformed = (at: number, expected: string, found: string): Error =>
      CorruptionError.at(this.#table.name, handle.offset, { expected, found: `${found} at ${at}` });
    try {
      return {
        item: 'tombstones',
        ...handle,
        fragments: decodeTombstoneBlock(this.#payload(handle), malformed),
      };
    } catch (error) {
      return damageOf(error);
    }
  }

  *#dataBlock(index: BlockReader, at: number, firstBlock: number, from: Uint8Array | undefined): Generator<TableItem> {
    const number = firstBlock + at;
    index.load(at);
    const { timestamp } = index;
    const handle = decodeHandle(this.#valueOf(index, `block ${number}`));
    const block = this.#block(handle);
    yield {
      item: 'block',
      number,
      ...handle,
      entries: block.count,
      endKey: index.key(),
      endTimestamp: timestamp,
    };
    for (let i = from === undefined ? 0 : block.lowerBound(from, MAX_TIMESTAMP); i < block.count; i++) {
      block.load(i);
      yield {
        item: 'entry',
        key: block.key(),
        timestamp: block.timestamp,
        kind: block.kind,
        value: block.bytes.subarray(block.valueStart, block.valueEnd),
      };
    }
  }

  /** The value of the loaded entry, which says where something lies. */
  #valueOf(index: BlockReader, what: string): ByteReader {
    return new ByteReader(index.bytes.subarray(index.valueStart, index.valueEnd), (at, expected, found) =>
      CorruptionError.at(this.#table.name, at, { expected: `${expected} in the handle of ${what}`, found }),
    );
  }

  #block(handle: BlockHandle): BlockReader {
    const bytes = this.#payload(handle);
    const reader = new BlockReader();
    reader.reset(bytes, 0, bytes.length);
    return reader;
  }

  /** A block as it was before compression; its checksum holds. */
  #payload(handle: BlockHandle): Uint8Array {
    const { name, fileNumber } = this.#table;
    const stored = this.#read(handle.offset, handle.payloadBytes + BLOCK_TRAILER_BYTES);
    return unwrapBlock(stored, handle.rawBytes, { file: name, fileNumber, offset: handle.offset });
  }

  #read(offset: number, length: number): Uint8Array {
    const room = Math.max(0, this.#file.size() - offset);
    if (length > room) {
      const what = { expected: `${length} bytes`, found: `${room} bytes` };
      throw CorruptionError.at(this.#table.name, offset, what);
    }
    const bytes = new Uint8Array(length);
    this.#file.read(bytes, offset);
    return bytes;
  }
}
