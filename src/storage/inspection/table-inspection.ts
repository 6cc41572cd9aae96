/**
 * Decodes one table file part by part, each by itself, where `TableReader` needs all of its frame before it answers. Memory:
 * the index block, the filter while it is checked, and one data block, whatever the size of the table.
 */

import { CorruptionError, ByteReader } from '../../base/index.js';
import type { File, FileSystem } from '../../vfs/index.js';
import { type EntryKind, MAX_TIMESTAMP, type Timestamp } from '../entry.js';
import { BloomFilter } from '../format/bloom-filter.js';
import { BlockReader } from '../format/data-block.js';
import { FileMagic } from '../format/file-header.js';
import { BLOCK_TRAILER_BYTES, type BlockHandle, decodeHandle, unwrapBlock } from '../format/stored-block.js';
import { decodeFooter, decodeTableProperties, FOOTER_BYTES, type TableProperties } from '../format/table-layout.js';
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

export interface TableIndexItem extends PlacedItem {
  readonly item: 'index';
  readonly blocks: number;
}

export interface TableFilterItem extends PlacedItem {
  readonly item: 'filter';
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
  | TableIndexItem
  | TableFilterItem
  | TableBlockItem
  | TableEntryItem;

export interface InspectedTable {
  readonly path: string;
  /** For messages. */
  readonly name: string;
  readonly fileNumber: number;
}

/**
 * Yields header, properties, index, filter, and then the data blocks with their entries, beginning at the first entry whose
 * key is not below `from`.
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
    let index: BlockReader;
    try {
      const { properties, ...place } = this.#properties();
      yield { item: 'properties', ...place, properties };
      index = this.#block(properties.index);
      yield { item: 'index', ...properties.index, blocks: index.count };
      if (properties.filter !== undefined) yield this.#filter(properties.filter);
    } catch (error) {
      yield damageOf(error);
      return;
    }
    const first = from === undefined ? 0 : index.lowerBound(from, MAX_TIMESTAMP);
    for (let number = first; number < index.count; number++) {
      try {
        yield* this.#dataBlock(index, number, number === first ? from : undefined);
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

  *#dataBlock(index: BlockReader, number: number, from: Uint8Array | undefined): Generator<TableItem> {
    index.load(number);
    const { valueStart, valueEnd, timestamp } = index;
    const malformed = (at: number, expected: string, found: string): Error =>
      CorruptionError.at(this.#table.name, at, { expected: `${expected} in the handle of block ${number}`, found });
    const handle = decodeHandle(new ByteReader(index.bytes.subarray(valueStart, valueEnd), malformed));
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
