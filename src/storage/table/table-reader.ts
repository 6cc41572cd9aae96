/**
 * An open table: its file, index and filter. Everything read is verified; damage is a `CorruptionError` naming the file
 * and the offset. A hit on a cached block costs about half a microsecond: filter, index search, cache, block search.
 */

import { join } from 'node:path';
import { ByteReader, CorruptionError } from '../../base/index.js';
import type { File, FileSystem } from '../../vfs/index.js';
import type { BlockCache } from '../cache/block-cache.js';
import type { EntryKind, Timestamp } from '../entry.js';
import { BloomFilter } from '../format/bloom-filter.js';
import { BlockReader } from '../format/data-block.js';
import { checkFileHeader, FILE_HEADER_BYTES, FileMagic } from '../format/file-header.js';
import { fileName } from '../format/file-names.js';
import { BLOCK_TRAILER_BYTES, type BlockHandle, decodeHandle, unwrapBlock } from '../format/stored-block.js';
import { decodeFooter, decodeTableProperties, FOOTER_BYTES, type TableProperties } from '../format/table-layout.js';

export interface TableSource {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  /** Shared by all tables; compaction reads without one. */
  readonly cache: BlockCache | undefined;
}

export class TableReader {
  readonly name: string;
  readonly fileNumber: number;
  readonly properties: TableProperties;
  readonly file: File;
  readonly cache: BlockCache | undefined;
  /** The whole index; do not keep it `load`ed across calls into this reader. */
  readonly indexBytes: Uint8Array;

  /** Set by `find` when it returns true; the value is a view that holds until the next call into storage. */
  foundKind: EntryKind = 1;
  foundTimestamp: Timestamp = 0;
  foundValueBytes: Uint8Array;
  foundValueStart = 0;
  foundValueEnd = 0;

  readonly #index = new BlockReader();
  readonly #data = new BlockReader();
  readonly #filter: BloomFilter | undefined;
  /** Asked once: the file never changes. */
  readonly #sizeBytes: number;
  #scratch = new Uint8Array(0);

  /** @param sizeBytes what the manifest says; undefined to trust the file. */
  constructor(source: TableSource, fileNumber: number, sizeBytes?: number) {
    this.name = fileName('table', fileNumber);
    this.fileNumber = fileNumber;
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
      this.indexBytes = this.readBlock(this.properties.index).slice();
      this.#index.reset(this.indexBytes, 0, this.indexBytes.length);
      this.foundValueBytes = this.indexBytes;
      this.#filter = this.#readFilter();
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
    if (this.#filter !== undefined && !this.#filter.mayContain(hash)) return false;
    const index = this.#index;
    const at = index.lowerBound(key, asOf);
    if (at === index.count) return false;
    index.load(at);
    const data = this.#data;
    this.loadThroughCache(index, data);
    const entry = data.lowerBound(key, asOf);
    if (entry === data.count) return false;
    data.load(entry);
    if (!data.hasKey(key)) return false;
    this.foundKind = data.kind;
    this.foundTimestamp = data.timestamp;
    this.foundValueBytes = data.bytes;
    this.foundValueStart = data.valueStart;
    this.foundValueEnd = data.valueEnd;
    return true;
  }

  /** Turns `target` to the data block of the loaded index entry, by way of the cache. Holds until the cache changes. */
  loadThroughCache(index: BlockReader, target: BlockReader): void {
    const cache = this.cache;
    const offset = handleOffset(index);
    let slot = cache === undefined ? -1 : cache.find(this.fileNumber, offset);
    if (slot < 0) {
      const block = this.readBlock(this.handleAt(index));
      if (cache !== undefined) slot = cache.insert(this.fileNumber, offset, block);
      if (slot < 0) {
        target.reset(block, 0, block.length);
        return;
      }
    }
    target.reset(cache!.bytesOf(slot), cache!.startOf(slot), cache!.endOf(slot));
  }

  /** The handle in the loaded index entry. */
  handleAt(index: BlockReader): BlockHandle {
    return decodeHandle(
      new ByteReader(index.bytes.subarray(index.valueStart, index.valueEnd), (at, expected, found) =>
        CorruptionError.at(this.name, this.properties.index.offset, { expected, found: `${found} at ${at}` }),
      ),
    );
  }

  /** Reads and verifies one block. A view that holds until the next read through this reader. */
  readBlock(handle: BlockHandle): Uint8Array {
    const length = handle.payloadBytes + BLOCK_TRAILER_BYTES;
    const room = this.#sizeBytes - handle.offset;
    if (length > room) {
      const what = { expected: `a block of ${length} bytes`, found: `${Math.max(0, room)} bytes` };
      throw CorruptionError.at(this.name, handle.offset, what);
    }
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length + (length >>> 2));
    const stored = this.#scratch.subarray(0, length);
    this.#readFully(stored, handle.offset);
    return this.unwrap(stored, handle);
  }

  /** Verifies a block that somebody else has read. */
  unwrap(stored: Uint8Array, handle: BlockHandle): Uint8Array {
    const place = { file: this.name, fileNumber: this.fileNumber, offset: handle.offset };
    return unwrapBlock(stored, handle.rawBytes, place);
  }

  get memoryBytes(): number {
    return this.indexBytes.length + (this.#filter?.sizeBytes ?? 0);
  }

  close(): void {
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

  #readFilter(): BloomFilter | undefined {
    const handle = this.properties.filter;
    if (handle === undefined) return undefined;
    return new BloomFilter(this.readBlock(handle).slice(), { file: this.name, offset: handle.offset });
  }

  #readFully(target: Uint8Array, offset: number): void {
    const read = this.file.read(target, offset);
    if (read === target.length) return;
    const what = { expected: `${target.length} bytes`, found: `${read} bytes` };
    throw CorruptionError.at(this.name, offset, what);
  }
}

/** First number of the handle in the loaded index entry, without an object. */
function handleOffset(index: BlockReader): number {
  const bytes = index.bytes;
  let at = index.valueStart;
  let value = 0;
  let scale = 1;
  for (; bytes[at]! >= 0x80; at++) {
    value += (bytes[at]! & 0x7f) * scale;
    scale *= 0x80;
  }
  return value + bytes[at]! * scale;
}
