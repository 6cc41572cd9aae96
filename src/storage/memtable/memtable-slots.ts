/**
 * The hash of a memtable: pairs (hash, newest entry of the key) under open addressing with linear probing; entry 0 marks a
 * free pair. The array's length is a power of two.
 */

const INITIAL_SLOTS = 16;

/** The pairs of `old` in an array with room for more. */
export function grownSlots(old: Uint32Array): Uint32Array {
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
export function freeSlot(slots: Uint32Array, slot: number): void {
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
