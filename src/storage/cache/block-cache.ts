/**
 * Cache of table blocks, after verification and decompression, by (file number, offset).
 *
 * Blocks up to `cellBytes` live in cells of slabs that are allocated as they fill, three quarters of the budget; larger
 * ones in memory of their own, the last quarter. Both parts evict by SIEVE. What `find` and `insert` answer is a slot,
 * whose bytes hold until the next `insert`: readers search or copy at once and never pin.
 */

import { SieveQueue } from './sieve-queue.js';

const CELLS_PER_SLAB = 64;
const LARGE_SHARE = 0.25;

export interface BlockCacheStats {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  readonly blocks: number;
  /** Bytes in use by blocks, whole cells counted. */
  readonly usedBytes: number;
  readonly maxBytes: number;
}

export class BlockCache {
  readonly #maxBytes: number;
  readonly #cellBytes: number;
  readonly #cells: number;
  readonly #slabs: Uint8Array[] = [];
  readonly #cellQueue: SieveQueue;
  #cellsUsed = 0;

  readonly #largeBytesMax: number;
  readonly #largeQueue: SieveQueue;
  readonly #large: (Uint8Array | undefined)[] = [];
  readonly #largeFree: number[] = [];
  #largeBytes = 0;

  /** Per slot: its key and the length of its block. */
  readonly #fileNumbers: Float64Array;
  readonly #offsets: Float64Array;
  readonly #lengths: Uint32Array;
  /** Open addressing, linear probing; slot + 1, and 0 for free. */
  readonly #table: Int32Array;

  #hits = 0;
  #misses = 0;
  #evictions = 0;

  /** @param options.maxBytes budget; one cell is there even when it is smaller. @param options.cellBytes usual block size. */
  constructor(options: { maxBytes: number; cellBytes: number }) {
    this.#maxBytes = options.maxBytes;
    this.#cellBytes = options.cellBytes;
    this.#largeBytesMax = Math.floor(options.maxBytes * LARGE_SHARE);
    this.#cells = Math.max(1, Math.floor((options.maxBytes - this.#largeBytesMax) / options.cellBytes));
    const largeSlots = Math.floor(this.#largeBytesMax / options.cellBytes);
    const slots = this.#cells + largeSlots;
    this.#cellQueue = new SieveQueue(this.#cells);
    this.#largeQueue = new SieveQueue(largeSlots);
    for (let i = largeSlots - 1; i >= 0; i--) this.#largeFree.push(i);
    this.#fileNumbers = new Float64Array(slots);
    this.#offsets = new Float64Array(slots);
    this.#lengths = new Uint32Array(slots);
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(slots * 2)));
  }

  /** The slot of a block; −1 when it is not here. */
  find(fileNumber: number, offset: number): number {
    const mask = this.#table.length - 1;
    for (let at = placeHash(fileNumber, offset) & mask; ; at = (at + 1) & mask) {
      const slot = this.#table[at]! - 1;
      if (slot < 0) {
        this.#misses++;
        return -1;
      }
      if (this.#offsets[slot] === offset && this.#fileNumbers[slot] === fileNumber) {
        if (slot < this.#cells) this.#cellQueue.visit(slot);
        else this.#largeQueue.visit(slot - this.#cells);
        this.#hits++;
        return slot;
      }
    }
  }

  /** Copies in a block that is not here yet; −1 when it is too large to be kept. */
  insert(fileNumber: number, offset: number, block: Uint8Array): number {
    const slot = block.length <= this.#cellBytes ? this.#takeCell() : this.#takeLarge(block.length);
    if (slot < 0) return slot;
    this.#fileNumbers[slot] = fileNumber;
    this.#offsets[slot] = offset;
    this.#lengths[slot] = block.length;
    if (slot < this.#cells) {
      this.bytesOf(slot).set(block, this.startOf(slot));
      this.#cellQueue.insert(slot);
    } else {
      this.#large[slot - this.#cells] = block.slice();
      this.#largeQueue.insert(slot - this.#cells);
    }
    const mask = this.#table.length - 1;
    let at = placeHash(fileNumber, offset) & mask;
    while (this.#table[at] !== 0) at = (at + 1) & mask;
    this.#table[at] = slot + 1;
    return slot;
  }

  /** The array that holds a slot's block, at `startOf` … `endOf`. */
  bytesOf(slot: number): Uint8Array {
    return slot < this.#cells ? this.#slabs[Math.floor(slot / CELLS_PER_SLAB)]! : this.#large[slot - this.#cells]!;
  }

  startOf(slot: number): number {
    return slot < this.#cells ? (slot % CELLS_PER_SLAB) * this.#cellBytes : 0;
  }

  endOf(slot: number): number {
    return this.startOf(slot) + this.#lengths[slot]!;
  }

  stats(): BlockCacheStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#evictions,
      blocks: this.#cellQueue.size + this.#largeQueue.size,
      usedBytes: this.#cellQueue.size * this.#cellBytes + this.#largeBytes,
      maxBytes: this.#maxBytes,
    };
  }

  #takeCell(): number {
    if (this.#cellsUsed === this.#cells) {
      const victim = this.#cellQueue.evict();
      this.#forget(victim);
      return victim;
    }
    const cell = this.#cellsUsed++;
    if (cell % CELLS_PER_SLAB === 0) {
      this.#slabs.push(new Uint8Array(Math.min(CELLS_PER_SLAB, this.#cells - cell) * this.#cellBytes));
    }
    return cell;
  }

  #takeLarge(length: number): number {
    if (length > this.#largeBytesMax) return -1;
    while (this.#largeBytes + length > this.#largeBytesMax || this.#largeFree.length === 0) {
      const victim = this.#largeQueue.evict();
      this.#largeBytes -= this.#lengths[victim + this.#cells]!;
      this.#large[victim] = undefined;
      this.#largeFree.push(victim);
      this.#forget(victim + this.#cells);
    }
    this.#largeBytes += length;
    return this.#largeFree.pop()! + this.#cells;
  }

  /** Removes a slot from the table, moving back what had probed past it (Knuth, TAOCP 3, 6.4, algorithm R). */
  #forget(slot: number): void {
    this.#evictions++;
    const table = this.#table;
    const mask = table.length - 1;
    let hole = placeHash(this.#fileNumbers[slot]!, this.#offsets[slot]!) & mask;
    while (table[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const other = table[at]! - 1;
      const home = placeHash(this.#fileNumbers[other]!, this.#offsets[other]!) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      table[hole] = table[at]!;
      hole = at;
    }
    table[hole] = 0;
  }
}

function placeHash(fileNumber: number, offset: number): number {
  const mixed = Math.imul(fileNumber, 0x9e3779b1) ^ Math.imul(offset, 0x85ebca77) ^ Math.floor(offset / 2 ** 32);
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae3d) >>> 8;
}
