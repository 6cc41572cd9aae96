/**
 * W-TinyLFU (Einziger, Friedman and Manes, "TinyLFU: A Highly Efficient Cache Admission Policy", ACM ToS 13, 2017): new
 * blocks pass through a small LRU window; the one that leaves it stays only if it was seen more often than the one that the
 * main part would have to give up. The main part is a segmented LRU: on probation until read again, then protected.
 */

import { assert } from '../../base/index.js';
import type { EvictionPolicy } from './eviction-policy.js';
import { FrequencySketch } from './frequency-sketch.js';
import { SlotLinks, SlotList } from './slot-list.js';

const WINDOW_SHARE = 0.01;
const PROTECTED_SHARE = 0.8;

const WINDOW = 0;
const PROBATION = 1;
const PROTECTED = 2;

export class TinyLfuPolicy implements EvictionPolicy {
  readonly #windowMax: number;
  readonly #protectedMax: number;
  readonly #window: SlotList;
  readonly #probation: SlotList;
  readonly #protected: SlotList;
  readonly #sketch: FrequencySketch;
  readonly #keys: Uint32Array;
  /** Which of the lists each slot is in. */
  readonly #part: Uint8Array;

  constructor(capacity: number) {
    this.#windowMax = Math.max(1, Math.round(capacity * WINDOW_SHARE));
    this.#protectedMax = Math.floor((capacity - this.#windowMax) * PROTECTED_SHARE);
    const links = new SlotLinks(capacity);
    this.#window = new SlotList(links);
    this.#probation = new SlotList(links);
    this.#protected = new SlotList(links);
    this.#sketch = new FrequencySketch(capacity);
    this.#keys = new Uint32Array(capacity);
    this.#part = new Uint8Array(capacity);
  }

  get size(): number {
    return this.#window.size + this.#probation.size + this.#protected.size;
  }

  insert(slot: number, key: number): void {
    this.#sketch.add(key);
    this.#keys[slot] = key;
    this.#part[slot] = WINDOW;
    this.#window.push(slot);
    if (this.#window.size > this.#windowMax) this.#admitOldest();
  }

  visit(slot: number): void {
    this.#sketch.add(this.#keys[slot]!);
    const part = this.#part[slot]!;
    if (part === WINDOW) this.#window.renew(slot);
    else if (part === PROTECTED) this.#protected.renew(slot);
    else this.#protect(slot);
  }

  remove(slot: number): void {
    const part = this.#part[slot]!;
    (part === WINDOW ? this.#window : part === PROTECTED ? this.#protected : this.#probation).remove(slot);
  }

  evict(): number {
    assert(this.size > 0, 'only a policy with slots evicts');
    const main = this.#probation.size > 0 ? this.#probation : this.#protected;
    const victim = main.oldest;
    const candidate = this.#window.oldest;
    if (victim < 0 || (this.#window.size >= this.#windowMax && this.#isBetter(victim, candidate))) {
      this.#window.remove(candidate);
      return candidate;
    }
    main.remove(victim);
    return victim;
  }

  #isBetter(victim: number, candidate: number): boolean {
    return this.#sketch.estimate(this.#keys[victim]!) >= this.#sketch.estimate(this.#keys[candidate]!);
  }

  #admitOldest(): void {
    const slot = this.#window.oldest;
    this.#window.remove(slot);
    this.#part[slot] = PROBATION;
    this.#probation.push(slot);
  }

  #protect(slot: number): void {
    this.#probation.remove(slot);
    this.#part[slot] = PROTECTED;
    this.#protected.push(slot);
    if (this.#protected.size <= this.#protectedMax) return;
    const demoted = this.#protected.oldest;
    this.#protected.remove(demoted);
    this.#part[demoted] = PROBATION;
    this.#probation.push(demoted);
  }
}
