/** A table of the live database: what the manifest says of it, and its reader once somebody needs it. */

import { NOT_CACHED } from '../cache/cached-blocks.js';
import type { VersionHold } from '../compaction/version-holds.js';
import type { Timestamp } from '../entry.js';
import type { TableMeta } from '../format/manifest-edit.js';
import type { SegmentReference } from '../values/segment-references.js';
import { TableReader, type TableSource } from './table-reader.js';

export class Table implements TableMeta {
  readonly fileNumber: number;
  readonly sizeBytes: number;
  readonly entries: number;
  readonly tombstones: number;
  readonly rangeTombstones: number;
  readonly superseded: number;
  readonly holds: readonly VersionHold[] | undefined;
  readonly rawBytes: number;
  readonly minTimestamp: Timestamp;
  readonly maxTimestamp: Timestamp;
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
  readonly linkedAt: Timestamp | undefined;
  readonly references: readonly SegmentReference[];

  /** The same as plain data. */
  readonly meta: TableMeta;
  /** How many living versions have it; kept by the version set. */
  versions = 0;
  readonly #source: TableSource;
  #reader: TableReader | undefined;

  constructor(meta: TableMeta, source: TableSource) {
    this.meta = meta;
    this.fileNumber = meta.fileNumber;
    this.sizeBytes = meta.sizeBytes;
    this.entries = meta.entries;
    this.tombstones = meta.tombstones;
    this.rangeTombstones = meta.rangeTombstones;
    this.superseded = meta.superseded;
    this.holds = meta.holds;
    this.rawBytes = meta.rawBytes;
    this.minTimestamp = meta.minTimestamp;
    this.maxTimestamp = meta.maxTimestamp;
    this.smallest = meta.smallest;
    this.largest = meta.largest;
    this.linkedAt = meta.linkedAt;
    this.references = meta.references;
    this.#source = source;
  }

  /** Opens the file at the first call. Throws `CorruptionError` or `IoError`. */
  reader(): TableReader {
    this.#reader ??= new TableReader(this.#source, this.fileNumber, this.meta);
    return this.#reader;
  }

  /** Bytes of index and filter in memory; 0 while it is not open. */
  get memoryBytes(): number {
    return this.#reader?.memoryBytes ?? 0;
  }

  /** 1 for each block that is in the cache; undefined when none is. */
  cachedBlocks(): Uint8Array | undefined {
    const slots = (this.#reader?.index ?? this.#source.cache?.written.blocksOf(this.fileNumber))?.slots;
    if (slots === undefined) return undefined;
    const blocks = new Uint8Array(slots.length);
    for (let number = 0; number < slots.length; number++) if (slots[number] !== NOT_CACHED) blocks[number] = 1;
    return blocks.includes(1) ? blocks : undefined;
  }

  /** Closes the file; it would be opened again by the next `reader()`. */
  close(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#source.cache?.written.discard(this.fileNumber);
    else reader.close();
  }
}
