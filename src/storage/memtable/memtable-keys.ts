/**
 * The hash of a memtable: pairs (hash, newest entry of the key) under open addressing with linear probing; entry 0 marks a
 * free pair. The array's length is a power of two. Versions of one key are chained from the newest to the oldest.
 *
 * Entries are entered in the order of their addition, now or later: which of them is up to the memtable.
 */

import { assert, hashBytes } from '../../base/index.js';
import type { Timestamp } from '../entry.js';
import { entryAfter, entryTimestamp, FIRST_ENTRY, HEADER_WORDS, KEY_LENGTH, OLDER } from './entry-layout.js';

const INITIAL_SLOTS = 16;
const NO_SLOTS: Uint32Array = new Uint32Array(0);

export class MemtableKeys {
  #slots = NO_SLOTS;
  /** Distinct keys entered. */
  count = 0;
  /** Entries entered. */
  entries = 0;
  /** Word behind the last entry entered. */
  end = FIRST_ENTRY;
  /** Whether some entry had key and timestamp of an earlier one. */
  shadowing = false;

  /** @param slots all free. */
  constructor(slots: Uint32Array = NO_SLOTS) {
    this.#slots = slots;
  }

  /** Gives up the array, all free again, and is empty. */
  takeSlots(): Uint32Array {
    const slots = this.#slots;
    if (this.count > 0) slots.fill(0);
    this.#slots = NO_SLOTS;
    this.count = this.entries = 0;
    this.end = FIRST_ENTRY;
    this.shadowing = false;
    return slots;
  }

  /** The newest entry of the key `source[start, end)`; 0 when there is none. */
  newest(words: Uint32Array, bytes: Uint8Array, source: Uint8Array, start: number, end: number, hash: number): number {
    return this.count === 0 ? 0 : this.#slots[this.#slotOf(words, bytes, source, start, end, hash) + 1]!;
  }

  /** Enters the entries before `until`. */
  enterUntil(words: Uint32Array, bytes: Uint8Array, until: number): void {
    while (this.end < until) this.enterNext(words, bytes);
  }

  /** Enters the next entry, of which there must be one. */
  enterNext(words: Uint32Array, bytes: Uint8Array): void {
    if (this.count * 3 >= this.#slots.length) this.#slots = grownSlots(this.#slots);
    const entry = this.end;
    const start = (entry + HEADER_WORDS) * 4;
    const end = start + words[entry + KEY_LENGTH]!;
    const slot = this.#slotOf(words, bytes, bytes, start, end, hashBytes(bytes, start, end));
    const older = this.#slots[slot + 1]!;
    if (older === 0) this.count++;
    else this.#checkOrder(entryTimestamp(words, older), entryTimestamp(words, entry));
    words[entry + OLDER] = older;
    this.#slots[slot + 1] = entry;
    this.end = entryAfter(words, entry);
    this.entries++;
  }

  /** Takes out everything from the entry at `from` on. */
  truncate(words: Uint32Array, bytes: Uint8Array, from: number): void {
    const until = this.end;
    if (from >= until) return;
    this.end = from;
    if (from === FIRST_ENTRY) {
      this.#slots.fill(0);
      this.count = this.entries = 0;
      return;
    }
    for (let entry = from; entry < until; entry = entryAfter(words, entry)) {
      this.entries--;
      const start = (entry + HEADER_WORDS) * 4;
      const end = start + words[entry + KEY_LENGTH]!;
      const slot = this.#slotOf(words, bytes, bytes, start, end, hashBytes(bytes, start, end));
      let newest = this.#slots[slot + 1]!;
      if (newest < from) continue;
      while (newest >= from) newest = words[newest + OLDER]!;
      if (newest === 0) {
        freeSlot(this.#slots, slot);
        this.count--;
      } else {
        this.#slots[slot + 1] = newest;
      }
    }
  }

  #checkOrder(older: Timestamp, newer: Timestamp): void {
    assert(older <= newer, 'timestamps of one key never decrease');
    if (older === newer) this.shadowing = true;
  }

  /** Index of the slot of a key; where there was none, that of a free slot, now carrying the hash. */
  #slotOf(words: Uint32Array, bytes: Uint8Array, source: Uint8Array, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    const last = slots.length - 1;
    for (let slot = (hash << 1) & last; ; slot = (slot + 2) & last) {
      const entry = slots[slot + 1]!;
      if (entry === 0) {
        slots[slot] = hash;
        return slot;
      }
      if (slots[slot] !== hash || words[entry + KEY_LENGTH] !== end - start) continue;
      const shift = (entry + HEADER_WORDS) * 4 - start;
      let at = start;
      while (at < end && bytes[at + shift] === source[at]) at++;
      if (at === end) return slot;
    }
  }
}

/** The pairs of `old` in an array with room for more. */
function grownSlots(old: Uint32Array): Uint32Array<ArrayBuffer> {
  const slots = new Uint32Array(Math.max(2 * INITIAL_SLOTS, old.length * (old.length < 2 ** 16 ? 4 : 2)));
  const last = slots.length - 1;
  for (let from = 0; from < old.length; from += 2) {
    if (old[from + 1] === 0) continue;
    let slot = (old[from]! << 1) & last;
    while (slots[slot + 1] !== 0) slot = (slot + 2) & last;
    slots[slot] = old[from]!;
    slots[slot + 1] = old[from + 1]!;
  }
  return slots;
}

/** Frees the pair at index `slot` by moving back what probed past it (Knuth, TAOCP 3, 6.4, algorithm R). */
function freeSlot(slots: Uint32Array, slot: number): void {
  const last = slots.length - 1;
  let hole = slot;
  for (let probe = (slot + 2) & last; slots[probe + 1] !== 0; probe = (probe + 2) & last) {
    const home = (slots[probe]! << 1) & last;
    if (((probe - home) & last) < ((probe - hole) & last)) continue;
    slots[hole] = slots[probe]!;
    slots[hole + 1] = slots[probe + 1]!;
    hole = probe;
  }
  slots[hole + 1] = 0;
}
