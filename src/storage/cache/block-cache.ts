/**
 * Cache of table blocks, after verification and decompression. An open table keeps the slot of each of its blocks in an
 * array that only the cache writes, so that a hit is one load and no lookup; when a block is evicted, its slot is taken out
 * of that array. (Checking in the cache whose block a slot holds cost 70 ns more per random read.)
 *
 * Blocks up to `cellBytes` live in cells of slabs that are allocated as they fill, three quarters of the budget; larger
 * ones in memory of their own, the last quarter. Both parts evict by the same policy. What `find` and `insert` answer is a slot,
 * whose bytes hold until the next `insert`: readers search or copy at once and never pin.
 */

import { assert } from '../../base/index.js';
import { type CachePolicyName, type EvictionPolicy, evictionPolicy } from './eviction-policy.js';

const SLAB_BYTES = 1024 * 1024;
const LARGE_SHARE = 0.25;
/** Blocks of the usual size that a budget may come to. Book-keeping takes some 25 bytes for each, as they come to use. */
export const CACHED_BLOCKS_MAX = 2 ** 24;
/** In the slots of a table's blocks: not here. */
export const NOT_CACHED = -1;

/** The blocks of one open table. */
export interface CachedBlocks {
  readonly fileNumber: number;
  /** Per block its slot in the cache, or `NOT_CACHED`. Written by the cache alone. */
  readonly slots: Int32Array;
}

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
  readonly #cellsFree: number[] = [];

  readonly #largeBytesMax: number;
  readonly #largeSlots: number;
  readonly #largeQueue: EvictionPolicy;
  readonly #large: (Uint8Array | undefined)[] = [];
  readonly #largeFree: number[] = [];
  #largeUsed = 0;
  #largeBytes = 0;

  /** Per slot: the `slots` that name it, where they do, and the length of its block. The arrays grow as slots come to use. */
  readonly #cellOwners: (Int32Array | undefined)[] = [];
  readonly #largeOwners: (Int32Array | undefined)[] = [];
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
    this.#cellsPerSlab = 2 ** Math.max(0, Math.floor(Math.log2(SLAB_BYTES / options.cellBytes)));
    this.#slabShift = Math.log2(this.#cellsPerSlab);
    this.#largeBytesMax = Math.floor(options.maxBytes * LARGE_SHARE);
    this.#cells = Math.max(1, Math.floor((options.maxBytes - this.#largeBytesMax) / options.cellBytes));
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
      this.#cellOwners[slot] = blocks.slots;
      this.bytesOf(slot).set(block, this.startOf(slot));
      this.#cellQueue.insert(slot, key);
    } else {
      this.#largeOwners[slot - this.#cells] = blocks.slots;
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
    const free = this.#cellsFree.pop();
    if (free !== undefined) return free;
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
    if (length > this.#largeBytesMax) return NOT_CACHED;
    while (this.#largeBytes + length > this.#largeBytesMax || this.#largeIsFull()) {
      const victim = this.#largeQueue.evict(incoming);
      this.#forget(victim + this.#cells);
      this.#giveUpLarge(victim);
    }
    this.#largeBytes += length;
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
    owners[at]![this.#numbers[slot]!] = NOT_CACHED;
    owners[at] = undefined;
  }
}

/** What a block is to the policy. */
function placeHash(fileNumber: number, number: number): number {
  const mixed = Math.imul(fileNumber, 0x9e3779b1) ^ Math.imul(number, 0x85ebca77);
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae3d) >>> 0;
}
