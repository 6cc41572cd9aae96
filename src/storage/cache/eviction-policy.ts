/** Which block leaves a full cache. One interface, four algorithms, chosen by `blockCache.policy`. */

import { ArcPolicy } from './arc-policy.js';
import { LruPolicy } from './lru-policy.js';
import { SieveQueue } from './sieve-queue.js';
import { TinyLfuPolicy } from './tiny-lfu-policy.js';

/**
 * Keeps the slots 0 … capacity−1 that are in use in an order of its own. Blocks are known to it by a 32-bit hash; that two
 * may share one costs a worse choice now and then, nothing else.
 */
export interface EvictionPolicy {
  /** Slots in use. */
  readonly size: number;
  /** Takes in a slot that is not in use, now filled with the block `key`. */
  insert(slot: number, key: number): void;
  /** A slot in use was read. */
  visit(slot: number): void;
  /** A slot in use is not any more; nothing is learned from it. */
  remove(slot: number): void;
  /** Gives up one of the slots in use, of which there are some, to make room for the block `incoming`. */
  evict(incoming: number): number;
}

export const CACHE_POLICIES = ['sieve', 'lru', 'arc', 'tinylfu'] as const;
export type CachePolicyName = (typeof CACHE_POLICIES)[number];

export function evictionPolicy(name: CachePolicyName, capacity: number): EvictionPolicy {
  switch (name) {
    case 'sieve':
      return new SieveQueue(capacity);
    case 'lru':
      return new LruPolicy(capacity);
    case 'arc':
      return new ArcPolicy(capacity);
    case 'tinylfu':
      return new TinyLfuPolicy(capacity);
  }
}
