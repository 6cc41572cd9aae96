/**
 * Blocks of tables that are being written, taken over from the writer's memory: when the table is opened, its first readers
 * find them in the cache, where otherwise each would be read, verified and decompressed anew while a merge replaces tables that
 * are read (docs/adr/0023-written-blocks-are-cached.md).
 *
 * They only go where nothing else is, so that no write drives out what is read. Until the table is opened its blocks are kept
 * here by file number; like others they may be evicted. Whoever gives a table up that was not opened discards them.
 */

import type { BlockCache } from './block-cache.js';
import { type CachedBlocks, NOT_CACHED } from './cached-blocks.js';

/** Takes over the data blocks of tables that are being written. */
export interface BlockSink {
  /** The block is copied, or it is not wanted. Those of a table come in order, not all of them. */
  take(fileNumber: number, number: number, block: Uint8Array): void;
  /** There will be no such table. */
  discard(fileNumber: number): void;
}

export class WrittenBlocks implements BlockSink {
  readonly #cache: BlockCache;
  readonly #tables = new Map<number, ArrivedBlocks>();
  /** What `lookups` of the cache was at the last flush. */
  #lookups = 0;

  constructor(cache: BlockCache) {
    this.#cache = cache;
  }

  /** Where the blocks of a merge go; undefined when there is no room. */
  get sink(): BlockSink | undefined {
    return this.#cache.hasFreeCell ? this : undefined;
  }

  /**
   * Where the `blocks` of a flush go; undefined when fewer blocks were looked up since the last one: what nobody reads need
   * not be copied.
   */
  sinkOfFlush(blocks: number): BlockSink | undefined {
    const { lookups } = this.#cache;
    const isRead = lookups - this.#lookups >= blocks;
    this.#lookups = lookups;
    return isRead ? this.sink : undefined;
  }

  take(fileNumber: number, number: number, block: Uint8Array): void {
    if (!this.#cache.hasFreeCell || !this.#cache.fitsCell(block.length)) return;
    let table = this.#tables.get(fileNumber);
    if (table === undefined) {
      table = new ArrivedBlocks(fileNumber);
      this.#tables.set(fileNumber, table);
    }
    table.reserve(number);
    this.#cache.insert(table, number, block);
  }

  /** Of a table that is not open; undefined when nothing of it was taken over. */
  blocksOf(fileNumber: number): CachedBlocks | undefined {
    return this.#tables.get(fileNumber);
  }

  /** The table is open: its blocks are found by `blocks` from now on. */
  handTo(blocks: CachedBlocks): void {
    const table = this.#tables.get(blocks.fileNumber);
    if (table === undefined) return;
    this.#tables.delete(blocks.fileNumber);
    this.#cache.move(table, blocks);
  }

  /** There will be no such table, or it goes without having been opened. */
  discard(fileNumber: number): void {
    const table = this.#tables.get(fileNumber);
    if (table === undefined) return;
    this.#tables.delete(fileNumber);
    this.#cache.release(table);
  }
}

/** How many blocks the table will have is not known yet. */
class ArrivedBlocks implements CachedBlocks {
  readonly fileNumber: number;
  slots = new Int32Array(1024).fill(NOT_CACHED);

  constructor(fileNumber: number) {
    this.fileNumber = fileNumber;
  }

  reserve(number: number): void {
    if (number < this.slots.length) return;
    const grown = new Int32Array(Math.max(number + 1, this.slots.length * 2)).fill(NOT_CACHED);
    grown.set(this.slots);
    this.slots = grown;
  }
}
