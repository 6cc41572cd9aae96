/** Where the blocks of a table are in the block cache. */

/** In the slots of a table's blocks: not here. */
export const NOT_CACHED = -1;

/** The blocks of one table, open or about to be. */
export interface CachedBlocks {
  readonly fileNumber: number;
  /** Per block its slot in the cache, or `NOT_CACHED`. Written by the cache alone. */
  readonly slots: Int32Array;
}
