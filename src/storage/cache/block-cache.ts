/**
 * Cache of table blocks, after verification and decompression. An open table keeps the slot of each of its blocks in an
 * array that only the cache writes, so that a hit is one load and no lookup; when a block is evicted, its slot is taken out
 * of that array. (Checking in the cache whose block a slot holds cost 70 ns more per random read.)
 *
 * Blocks up to `cellBytes` live in cells of slabs that are allocated as they fill; larger ones in memory of their own, a
 * quarter of the budget at most. Whoever comes first has the rest; for larger blocks slabs are given up while these have less
 * than their quarter. Both parts evict by the same policy. What `find` and `insert` answer is a slot,
 * whose bytes hold until the next `insert`: readers search or copy at once and never pin.
 */

import { assert } from '../../base/index.js';
import { type CachePolicyName, type EvictionPolicy, evictionPolicy } from './eviction-policy.js';
import { type CachedBlocks, NOT_CACHED } from './cached-blocks.js';
import { WrittenBlocks } from './written-blocks.js';

const SLAB_BYTES_MAX = 1024 * 1024;
/** A small budget is taken in at least so many slabs, so that large blocks find room by giving up some. */
const SLABS_MIN = 8;
const LARGE_SHARE = 0.25;
/** Blocks of the usual size that a budget may come to. Book-keeping takes some 25 bytes for each, as they come to use. */
export const CACHED_BLOCKS_MAX = 2 ** 24;
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
  /** Blocks of tables that are being written. */
  readonly written = new WrittenBlocks(this);
  readonly #maxBytes: number;
  readonly #policy: CachePolicyName;
  readonly #cellBytes: number;
  readonly #cells: number;
  /** A power of two, and its logarithm. */
  readonly #cellsPerSlab: number;
  readonly #slabShift: number;
  readonly #slabs: Uint8Array[] = [];
  readonly #cellQueue: EvictionPolicy;
  /** Cells that were ever in use, and those that there is memory for. */
  #cellsUsed = 0;
  #cellsBacked = 0;
  readonly #cellsFree: number[] = [];

  readonly #largeBytesMax: number;
  readonly #largeSlots: number;
  readonly #largeQueue: EvictionPolicy;
  readonly #large: (Uint8Array | undefined)[] = [];
  readonly #largeFree: number[] = [];
  #largeUsed = 0;
  #largeBytes = 0;

  /** Per slot: whose `slots` name it, where they do, and the length of its block. The arrays grow as slots come to use. */
  readonly #cellOwners: (CachedBlocks | undefined)[] = [];
  readonly #largeOwners: (CachedBlocks | undefined)[] = [];
  readonly #numbers: Int32Array;
  readonly #lengths: Int32Array;

  #hits = 0;
  #misses = 0;
  #evictions = 0;

  /**
   * @param options.maxBytes budget, at most `CACHED_BLOCKS_MAX` × `cellBytes`; one cell is there even when it is smaller. @param options.cellBytes usual block size.
   * @param options.policy default `sieve`.
   */
  constructor(options: { maxBytes: number; cellBytes: number; policy?: CachePolicyName | undefined }) {
    assert(options.maxBytes / options.cellBytes <= CACHED_BLOCKS_MAX, 'the options bound the blocks of the cache');
    this.#policy = options.policy ?? 'sieve';
    this.#maxBytes = options.maxBytes;
    this.#cellBytes = options.cellBytes;
    const slabBytes = Math.min(SLAB_BYTES_MAX, options.maxBytes / SLABS_MIN);
    this.#cellsPerSlab = 2 ** Math.max(0, Math.floor(Math.log2(slabBytes / options.cellBytes)));
    this.#slabShift = Math.log2(this.#cellsPerSlab);
    this.#largeBytesMax = Math.floor(options.maxBytes * LARGE_SHARE);
    this.#cells = Math.max(1, Math.floor(options.maxBytes / options.cellBytes));
    const largeSlots = Math.floor(this.#largeBytesMax / options.cellBytes);
    const slots = this.#cells + largeSlots;
    this.#cellQueue = evictionPolicy(this.#policy, this.#cells);
    this.#largeQueue = evictionPolicy(this.#policy, largeSlots);
    this.#largeSlots = largeSlots;
    this.#numbers = new Int32Array(slots);
    this.#lengths = new Int32Array(slots);
  }

  /** The slot of a block; `NOT_CACHED` when it is not here. */
  find(blocks: CachedBlocks, number: number): number {
    const slot = blocks.slots[number]!;
    if (slot === NOT_CACHED) {
      this.#misses++;
      return slot;
    }
    if (slot < this.#cells) this.#cellQueue.visit(slot);
    else this.#largeQueue.visit(slot - this.#cells);
    this.#hits++;
    return slot;
  }

  /** Copies in a block that is not here yet; `NOT_CACHED` when it is too large to be kept. */
  insert(blocks: CachedBlocks, number: number, block: Uint8Array): number {
    const key = placeHash(blocks.fileNumber, number);
    const slot = block.length <= this.#cellBytes ? this.#takeCell(key) : this.#takeLarge(block.length, key);
    if (slot === NOT_CACHED) return slot;
    this.#numbers[slot] = number;
    this.#lengths[slot] = block.length;
    if (slot < this.#cells) {
      this.#cellOwners[slot] = blocks;
      this.bytesOf(slot).set(block, this.startOf(slot));
      this.#cellQueue.insert(slot, key);
    } else {
      this.#largeOwners[slot - this.#cells] = blocks;
      this.#large[slot - this.#cells] = block.slice();
      this.#largeQueue.insert(slot - this.#cells, key);
    }
    blocks.slots[number] = slot;
    return slot;
  }

  /**
   * Gives up the blocks of a table that nobody reads any more: their room is the first to be used again. Otherwise what
   * merges have replaced, read often as it may have been, would drive out what is read.
   */
  release(blocks: CachedBlocks): void {
    const { slots } = blocks;
    for (let number = 0; number < slots.length; number++) {
      const slot = slots[number]!;
      if (slot === NOT_CACHED) continue;
      slots[number] = NOT_CACHED;
      if (slot < this.#cells) {
        this.#cellOwners[slot] = undefined;
        this.#cellQueue.remove(slot);
        this.#cellsFree.push(slot);
      } else {
        this.#largeQueue.remove(slot - this.#cells);
        this.#giveUpLarge(slot - this.#cells);
      }
    }
  }

  /** Whether a block of the usual size would find room that nothing else is in. */
  get hasFreeCell(): boolean {
    return this.#cellsFree.length > 0 || this.#cellsUsed < this.#cellsBacked || this.#canAddSlab();
  }

  /** Whether a block of this length lies in a cell. */
  fitsCell(length: number): boolean {
    return length <= this.#cellBytes;
  }

  /** The blocks of `from` are those of `to` from now on, under the same numbers, which `to` must have. */
  move(from: CachedBlocks, to: CachedBlocks): void {
    for (let number = 0; number < from.slots.length; number++) {
      const slot = from.slots[number]!;
      if (slot === NOT_CACHED) continue;
      assert(number < to.slots.length && to.slots[number] === NOT_CACHED, 'a block moves to a place that has none');
      from.slots[number] = NOT_CACHED;
      to.slots[number] = slot;
      if (slot < this.#cells) this.#cellOwners[slot] = to;
      else this.#largeOwners[slot - this.#cells] = to;
    }
  }

  /** Lookups so far. */
  get lookups(): number {
    return this.#hits + this.#misses;
  }

  /** The array that holds a slot's block, `lengthOf` bytes from `startOf` on. */
  bytesOf(slot: number): Uint8Array {
    return slot < this.#cells ? this.#slabs[slot >>> this.#slabShift]! : this.#large[slot - this.#cells]!;
  }

  startOf(slot: number): number {
    return slot < this.#cells ? (slot & (this.#cellsPerSlab - 1)) * this.#cellBytes : 0;
  }

  lengthOf(slot: number): number {
    return this.#lengths[slot]!;
  }

  stats(): BlockCacheStats {
    const lookups = this.lookups;
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
    const free = this.#cellsFree.pop();
    if (free !== undefined) return free;
    if (this.#cellsUsed === this.#cellsBacked) {
      if (!this.#canAddSlab()) {
        const victim = this.#cellQueue.evict(incoming);
        this.#forget(victim);
        return victim;
      }
      const cells = this.#nextSlabCells();
      this.#slabs.push(new Uint8Array(cells * this.#cellBytes));
      this.#cellsBacked += cells;
    }
    return this.#cellsUsed++;
  }

  #nextSlabCells(): number {
    return Math.min(this.#cellsPerSlab, this.#cells - this.#cellsBacked);
  }

  /** The first slab is always there. */
  #canAddSlab(): boolean {
    const cells = this.#cellsBacked + this.#nextSlabCells();
    if (cells === this.#cellsBacked) return false;
    return this.#cellsBacked === 0 || cells * this.#cellBytes + this.#largeBytes <= this.#maxBytes;
  }

  /** Gives the memory of the last cells back, all but the first slab's. */
  #giveUpSlab(): void {
    const slab = this.#slabs.pop()!;
    const from = this.#cellsBacked - slab.length / this.#cellBytes;
    for (let cell = from; cell < this.#cellsUsed; cell++) {
      if (this.#cellOwners[cell] === undefined) continue;
      this.#cellQueue.remove(cell);
      this.#forget(cell);
    }
    let kept = 0;
    for (const cell of this.#cellsFree) if (cell < from) this.#cellsFree[kept++] = cell;
    this.#cellsFree.length = kept;
    this.#cellsBacked = from;
    this.#cellsUsed = Math.min(this.#cellsUsed, from);
  }

  #takeLarge(length: number, incoming: number): number {
    if (length > this.#largeBytesMax) return NOT_CACHED;
    while (this.#largeBytes + length > this.#largeBytesMax || this.#largeIsFull()) {
      const victim = this.#largeQueue.evict(incoming);
      this.#forget(victim + this.#cells);
      this.#giveUpLarge(victim);
    }
    this.#largeBytes += length;
    while (this.#slabs.length > 1 && this.#cellsBacked * this.#cellBytes + this.#largeBytes > this.#maxBytes) {
      this.#giveUpSlab();
    }
    return (this.#largeFree.pop() ?? this.#largeUsed++) + this.#cells;
  }

  #giveUpLarge(at: number): void {
    this.#largeBytes -= this.lengthOf(at + this.#cells);
    this.#large[at] = this.#largeOwners[at] = undefined;
    this.#largeFree.push(at);
  }

  #largeIsFull(): boolean {
    return this.#largeFree.length === 0 && this.#largeUsed === this.#largeSlots;
  }

  #forget(slot: number): void {
    this.#evictions++;
    const owners = slot < this.#cells ? this.#cellOwners : this.#largeOwners;
    const at = slot < this.#cells ? slot : slot - this.#cells;
    owners[at]!.slots[this.#numbers[slot]!] = NOT_CACHED;
    owners[at] = undefined;
  }
}

/** What a block is to the policy. */
function placeHash(fileNumber: number, number: number): number {
  const mixed = Math.imul(fileNumber, 0x9e3779b1) ^ Math.imul(number, 0x85ebca77);
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae3d) >>> 0;
}
