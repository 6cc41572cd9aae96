/**
 * Writes one table in a single pass. Memory in use: one data block, the output buffer, and what index-writer.ts bounds. The
 * file exists from the start and is durable only after `finish`; its name not before its directory is synced.
 */

import { join } from 'node:path';
import { assert, compareBytes, EMPTY_BYTES, hashBytes } from '../../base/index.js';
import type { File, FileSystem } from '../../vfs/index.js';
import { copyBytes } from '../byte-copy.js';
import type { BlockSink } from '../cache/written-blocks.js';
import { type EntryKind, isDeletion, pointsToValue, type Timestamp } from '../entry.js';
import { expiryBytesOf } from '../format/expiring-value.js';
import { BlockBuilder } from '../format/data-block.js';
import { encodeFileHeader, FileMagic } from '../format/file-header.js';
import { fileName } from '../format/file-names.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { BLOCK_TRAILER_BYTES, type BlockHandle, storeBlock } from '../format/stored-block.js';
import { ReferenceCounter } from '../values/segment-references.js';
import { encodeFooter, encodeTableProperties } from '../format/table-layout.js';
import { encodeTombstoneBlock } from '../format/tombstone-block.js';
import { RangeTombstones, type TombstoneFragment } from '../tombstone/range-tombstones.js';
import { IndexWriter } from './index-writer.js';

export interface TableFormat {
  /** A block is closed before it would exceed this size, unless a single entry does. */
  readonly blockBytes: number;
  /** 0 for no filter. */
  readonly bloomBitsPerKey: number;
  readonly compression: 'lz4' | 'none';
  /** A table whose index and filter would together be larger has them in partitions. Default: 1 MiB. */
  readonly indexBytesMax?: number | undefined;
}

const OUTPUT_BYTES = 256 * 1024;

export class TableWriter {
  readonly fileNumber: number;
  readonly #file: File;
  readonly #name: string;
  readonly #format: TableFormat;
  readonly #data: BlockBuilder;
  readonly #index: IndexWriter;

  #output = new Uint8Array(OUTPUT_BYTES);
  #outputLength = 0;
  /** Offset in the file of `#output[0]`. */
  #outputOffset = 0;

  #keys = 0;
  #lastKey = new Uint8Array(64);
  #lastKeyLength = 0;
  #lastTimestamp: Timestamp = 0;
  #smallest: Uint8Array | undefined;

  #entries = 0;
  #tombstones = 0;
  #rawBytes = 0;
  #dataBlocks = 0;
  readonly #references = new ReferenceCounter();
  #minTimestamp: Timestamp = Number.MAX_SAFE_INTEGER;
  #maxTimestamp: Timestamp = 0;

  /** Where blocks go of which at least half of the entries are warm. */
  #sink: BlockSink | undefined;
  /** Of the open block. */
  #warmEntries = 0;

  /** A block that is written but not yet in the index: its separator depends on the next key. */
  #pending: BlockHandle | undefined;

  constructor(fileSystem: FileSystem, directory: string, fileNumber: number, format: TableFormat) {
    this.fileNumber = fileNumber;
    this.#format = format;
    this.#name = fileName('table', fileNumber);
    this.#data = new BlockBuilder(format.blockBytes * 2);
    this.#index = new IndexWriter(format, (raw, compress) => this.#store(raw, compress));
    this.#file = fileSystem.open(join(directory, this.#name), 'create');
    this.#append(encodeFileHeader(FileMagic.table, fileNumber));
  }

  get entries(): number {
    return this.#entries;
  }

  /** Bytes of the file so far, the open block not counted. */
  get sizeBytes(): number {
    return this.#outputOffset + this.#outputLength;
  }

  /** The key of the last entry, of which there must be one; a copy. */
  lastKey(): Uint8Array {
    return this.#lastKey.slice(0, this.#lastKeyLength);
  }

  /** True when `key[start, end)` is the key of the last entry. */
  hasLastKey(key: Uint8Array, start: number, end: number): boolean {
    const length = this.#lastKeyLength;
    if (this.#entries === 0 || end - start !== length) return false;
    // From the end: neighbours in order begin alike.
    let i = length - 1;
    while (i >= 0 && this.#lastKey[i] === key[start + i]) i--;
    return i < 0;
  }

  /** Blocks that are likely to be read go to `sink`, besides the file. */
  handBlocksTo(sink: BlockSink): void {
    this.#sink = sink;
  }

  /** The entry added last is likely to be read. */
  markWarm(): void {
    this.#warmEntries++;
  }

  /** Appends an entry, which must come behind all others. */
  add(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    timestamp: Timestamp,
    kind: EntryKind,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const newKey = !this.hasLastKey(key, keyStart, keyEnd);
    assert(newKey || timestamp < this.#lastTimestamp, 'entries of a table are in order and distinct');
    const full = this.#data.sizeWith(key, keyStart, keyEnd, valueEnd - valueStart) > this.#format.blockBytes;
    if (full && this.#data.count > 0) this.#endDataBlock();
    if (this.#pending !== undefined) this.#indexPending(key, keyStart, keyEnd, !newKey);
    if (newKey) this.#rememberKey(key, keyStart, keyEnd);
    const isFirst = newKey || this.#data.count === 0;
    this.#data.add(key, keyStart, keyEnd, timestamp, kind, value, valueStart, valueEnd, !newKey);
    if (isFirst) this.#data.slotLast(this.#index.lastHash);
    this.#lastTimestamp = timestamp;
    this.#entries++;
    if (isDeletion(kind)) this.#tombstones++;
    else if (pointsToValue(kind)) this.#references.add(value, valueStart + expiryBytesOf(kind));
    this.#rawBytes += keyEnd - keyStart + valueEnd - valueStart;
    if (timestamp < this.#minTimestamp) this.#minTimestamp = timestamp;
    if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp;
  }

  /**
   * Writes what is left, and the tombstones, syncs and closes the file. There must be at least one entry or tombstone.
   *
   * @param fragments those of the part of the key space that the table stands for.
   */
  finish(fragments: readonly TombstoneFragment[] = []): TableMeta {
    assert(this.#entries > 0 || fragments.length > 0, 'a table has entries or tombstones');
    if (this.#entries > 0) this.#endDataBlock();
    this.#indexPending(EMPTY_BYTES, 0, 0, false);
    const compress = this.#format.compression === 'lz4';
    const tombstoneBlock = fragments.length > 0 ? this.#store(encodeTombstoneBlock(fragments), compress) : undefined;
    const index = this.#index.finish();
    const summary = {
      entries: this.#entries,
      tombstones: this.#tombstones,
      rawBytes: this.#rawBytes,
      ...this.#extent(new RangeTombstones(fragments)),
    };
    const properties = encodeTableProperties({ ...summary, ...index, tombstoneBlock, dataBlocks: this.#dataBlocks });
    const handle = this.#store(properties, false);
    const place = { fileNumber: this.fileNumber, offset: this.sizeBytes };
    this.#append(encodeFooter(handle, index.indexPartitions > 0 ? 'partitioned' : 'whole', place));
    const sizeBytes = this.sizeBytes;
    this.#flushOutput();
    this.#file.syncNow();
    this.#file.close();
    const references = this.#references.all();
    return { fileNumber: this.fileNumber, sizeBytes, superseded: this.#entries - this.#keys, references, ...summary };
  }

  /** Gives the file up after an error; what was written of it stays, as an orphan. */
  abandon(): void {
    this.#file.close();
  }

  /** What entries and tombstones together span. */
  #extent(
    tombstones: RangeTombstones,
  ): Pick<TableMeta, 'rangeTombstones' | 'minTimestamp' | 'maxTimestamp' | 'smallest' | 'largest'> {
    const lastKey = this.#entries === 0 ? undefined : this.lastKey();
    const ends = [this.#smallest, lastKey, tombstones.smallest, tombstones.largest].filter((key) => key !== undefined);
    ends.sort(compareBytes);
    return {
      rangeTombstones: tombstones.count,
      minTimestamp: Math.min(this.#minTimestamp, tombstones.minTimestamp),
      maxTimestamp: Math.max(this.#maxTimestamp, tombstones.maxTimestamp),
      smallest: ends[0]!,
      largest: ends.at(-1)!,
    };
  }

  #rememberKey(key: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > this.#lastKey.length) this.#lastKey = new Uint8Array(length * 2);
    copyBytes(this.#lastKey, 0, key, start, end);
    this.#lastKeyLength = length;
    this.#smallest ??= key.slice(start, end);
    this.#keys++;
    this.#index.addKey(hashBytes(key, start, end));
  }

  #endDataBlock(): void {
    const isWarm = this.#sink !== undefined && this.#warmEntries * 2 >= this.#data.count;
    this.#warmEntries = 0;
    const block = this.#data.finish();
    if (isWarm) this.#sink?.take(this.fileNumber, this.#dataBlocks, block);
    this.#pending = this.#store(block, this.#format.compression === 'lz4');
    this.#dataBlocks++;
  }

  /**
   * Adds the pending block to the index under the last key, or under a shorter prefix of the next key that still lies
   * strictly between both.
   */
  #indexPending(next: Uint8Array, start: number, end: number, goesOn: boolean): void {
    const handle = this.#pending;
    if (handle === undefined) return;
    this.#pending = undefined;
    let shared = 0;
    while (shared < this.#lastKeyLength && start + shared < end && this.#lastKey[shared] === next[start + shared])
      shared++;
    const length = shared + 1;
    if (length < end - start && length < this.#lastKeyLength) {
      this.#index.addBlock(handle, { key: next, start, end: start + length, timestamp: 0, goesOn });
    } else {
      const timestamp = this.#lastTimestamp;
      this.#index.addBlock(handle, { key: this.#lastKey, start: 0, end: this.#lastKeyLength, timestamp, goesOn });
    }
  }

  #store(raw: Uint8Array, compress: boolean): BlockHandle {
    const room = raw.length + BLOCK_TRAILER_BYTES;
    if (this.#outputLength + room > this.#output.length) this.#flushOutput();
    if (room > this.#output.length) this.#output = new Uint8Array(room);
    const offset = this.sizeBytes;
    const place = { file: this.#name, fileNumber: this.fileNumber, offset };
    const payloadBytes = storeBlock(this.#output.subarray(this.#outputLength), raw, compress, place);
    this.#outputLength += payloadBytes + BLOCK_TRAILER_BYTES;
    return { offset, payloadBytes, rawBytes: raw.length };
  }

  #append(bytes: Uint8Array): void {
    if (this.#outputLength + bytes.length > this.#output.length) this.#flushOutput();
    this.#output.set(bytes, this.#outputLength);
    this.#outputLength += bytes.length;
  }

  #flushOutput(): void {
    if (this.#outputLength === 0) return;
    this.#file.write(this.#output.subarray(0, this.#outputLength), this.#outputOffset);
    this.#outputOffset += this.#outputLength;
    this.#outputLength = 0;
  }
}
