/**
 * Cache of table blocks, after verification and decompression, by (file number, offset).
 *
 * Blocks up to `cellBytes` live in cells of slabs that are allocated as they fill, three quarters of the budget; larger
 * ones in memory of their own, the last quarter. Both parts evict by the same policy. What `find` and `insert` answer is a slot,
 * whose bytes hold until the next `insert`: readers search or copy at once and never pin.
 */

import { type CachePolicyName, type EvictionPolicy, evictionPolicy } from './eviction-policy.js';

const SLAB_BYTES = 1024 * 1024;
/** Numbers per slot in `#places`: file number, offset, length, and one unused, so that a slot lies in one cache line. */
const PLACE = 4;
const LARGE_SHARE = 0.25;
/** Files are numbered from 1. */
const NO_FILE = 0;

export interface BlockCacheStats {
  readonly policy: CachePolicyName;
  readonly hits: number;
  readonly misses: number;
  /** Hits per lookup, 0 … 1; 0 while there were none. */
  readonly hitRate: number;
  readonly evictions: number;
  readonly blocks: number;
  /** Bytes in use by blocks, whole cells counted. */
  readonly usedBytes: number;
  readonly maxBytes: number;
}

export class BlockCache {
  readonly #policy: CachePolicyName;
  readonly #maxBytes: number;
  readonly #cellBytes: number;
  readonly #cells: number;
  /** A power of two, and its logarithm. */
  readonly #cellsPerSlab: number;
  readonly #slabShift: number;
  readonly #slabs: Uint8Array[] = [];
  readonly #cellQueue: EvictionPolicy;
  #cellsUsed = 0;

  readonly #largeBytesMax: number;
  readonly #largeQueue: EvictionPolicy;
  readonly #large: (Uint8Array | undefined)[] = [];
  readonly #largeFree: number[] = [];
  #largeBytes = 0;

  /** Per slot: its key, and the length of its block. */
  readonly #places: Float64Array;
  /** Open addressing, linear probing; slot + 1, and 0 for free. */
  readonly #table: Int32Array;

  #hits = 0;
  #misses = 0;
  #evictions = 0;

  /**
   * @param options.maxBytes budget; one cell is there even when it is smaller. @param options.cellBytes usual block size.
   * @param options.policy default `sieve`.
   */
  constructor(options: { maxBytes: number; cellBytes: number; policy?: CachePolicyName | undefined }) {
    this.#policy = options.policy ?? 'sieve';
    this.#maxBytes = options.maxBytes;
    this.#cellBytes = options.cellBytes;
    this.#cellsPerSlab = 2 ** Math.max(0, Math.floor(Math.log2(SLAB_BYTES / options.cellBytes)));
    this.#slabShift = Math.log2(this.#cellsPerSlab);
    this.#largeBytesMax = Math.floor(options.maxBytes * LARGE_SHARE);
    this.#cells = Math.max(1, Math.floor((options.maxBytes - this.#largeBytesMax) / options.cellBytes));
    const largeSlots = Math.floor(this.#largeBytesMax / options.cellBytes);
    const slots = this.#cells + largeSlots;
    this.#cellQueue = evictionPolicy(this.#policy, this.#cells);
    this.#largeQueue = evictionPolicy(this.#policy, largeSlots);
    for (let i = largeSlots - 1; i >= 0; i--) this.#largeFree.push(i);
    this.#places = new Float64Array(slots * PLACE);
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
      if (this.holds(slot, fileNumber, offset)) return slot;
    }
  }

  /** True when `slot`, an earlier answer for this block, still holds it; counts as a hit like `find`, at a third of its cost. */
  holds(slot: number, fileNumber: number, offset: number): boolean {
    const place = slot * PLACE;
    if (this.#places[place + 1] !== offset || this.#places[place] !== fileNumber) return false;
    if (slot < this.#cells) this.#cellQueue.visit(slot);
    else this.#largeQueue.visit(slot - this.#cells);
    this.#hits++;
    return true;
  }

  /** Copies in a block that is not here yet; −1 when it is too large to be kept. */
  insert(fileNumber: number, offset: number, block: Uint8Array): number {
    const key = placeHash(fileNumber, offset);
    const slot = block.length <= this.#cellBytes ? this.#takeCell(key) : this.#takeLarge(block.length, key);
    if (slot < 0) return slot;
    const place = slot * PLACE;
    this.#places[place] = fileNumber;
    this.#places[place + 1] = offset;
    this.#places[place + 2] = block.length;
    if (slot < this.#cells) {
      this.bytesOf(slot).set(block, this.startOf(slot));
      this.#cellQueue.insert(slot, key);
    } else {
      this.#large[slot - this.#cells] = block.slice();
      this.#largeQueue.insert(slot - this.#cells, key);
    }
    const mask = this.#table.length - 1;
    let at = key & mask;
    while (this.#table[at] !== 0) at = (at + 1) & mask;
    this.#table[at] = slot + 1;
    return slot;
  }

  /** The array that holds a slot's block, `lengthOf` bytes from `startOf` on. */
  bytesOf(slot: number): Uint8Array {
    return slot < this.#cells ? this.#slabs[slot >>> this.#slabShift]! : this.#large[slot - this.#cells]!;
  }

  startOf(slot: number): number {
    return slot < this.#cells ? (slot & (this.#cellsPerSlab - 1)) * this.#cellBytes : 0;
  }

  lengthOf(slot: number): number {
    return this.#places[slot * PLACE + 2]!;
  }

  stats(): BlockCacheStats {
    const lookups = this.#hits + this.#misses;
    return {
      policy: this.#policy,
      hitRate: lookups === 0 ? 0 : this.#hits / lookups,
      hits: this.#hits,
      misses: this.#misses,
      evictions: this.#evictions,
      blocks: this.#cellQueue.size + this.#largeQueue.size,
      usedBytes: this.#cellQueue.size * this.#cellBytes + this.#largeBytes,
      maxBytes: this.#maxBytes,
    };
  }

  #takeCell(incoming: number): number {
    if (this.#cellsUsed === this.#cells) {
      const victim = this.#cellQueue.evict(incoming);
      this.#forget(victim);
      return victim;
    }
    const cell = this.#cellsUsed++;
    if (cell % this.#cellsPerSlab === 0) {
      this.#slabs.push(new Uint8Array(Math.min(this.#cellsPerSlab, this.#cells - cell) * this.#cellBytes));
    }
    return cell;
  }

  #takeLarge(length: number, incoming: number): number {
    if (length > this.#largeBytesMax) return -1;
    while (this.#largeBytes + length > this.#largeBytesMax || this.#largeFree.length === 0) {
      const victim = this.#largeQueue.evict(incoming);
      this.#largeBytes -= this.lengthOf(victim + this.#cells);
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
    let hole = this.#homeOf(slot) & mask;
    while (table[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const other = table[at]! - 1;
      const home = this.#homeOf(other) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      table[hole] = table[at]!;
      hole = at;
    }
    table[hole] = 0;
    this.#places[slot * PLACE] = NO_FILE;
  }

  #homeOf(slot: number): number {
    return placeHash(this.#places[slot * PLACE]!, this.#places[slot * PLACE + 1]!);
  }
}

function placeHash(fileNumber: number, offset: number): number {
  const mixed = Math.imul(fileNumber, 0x9e3779b1) ^ Math.imul(offset, 0x85ebca77) ^ Math.floor(offset / 2 ** 32);
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae3d) >>> 8;
}
