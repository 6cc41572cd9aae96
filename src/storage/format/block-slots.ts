/** The hash over the keys of a block, one byte per slot; see data-block.ts. Readers probe it in place. */

/** A slot holds an entry number plus one in one byte. */
export const SLOTTED_ENTRIES_MAX = 254;

/** How many slots there are for `keys` keys: at most three quarters full; 0 when there is no hash. */
export function slotsFor(keys: number, entries: number): number {
  if (keys === 0 || entries > SLOTTED_ENTRIES_MAX) return 0;
  return 1 << (32 - Math.clz32(Math.floor((keys * 4) / 3)));
}

/** Fills `slots` of them, a power of two, at `at`: for each of `count` keys its hash and the number of its entry plus one. */
export function putSlots(
  bytes: Uint8Array,
  at: number,
  slots: number,
  keys: { readonly hashes: Uint32Array; readonly numbers: Uint8Array; readonly count: number },
): void {
  const { hashes, numbers, count } = keys;
  bytes.fill(0, at, at + slots);
  const mask = slots - 1;
  for (let i = 0; i < count; i++) {
    let slot = hashes[i]! & mask;
    while (bytes[at + slot] !== 0) slot = (slot + 1) & mask;
    bytes[at + slot] = numbers[i]!;
  }
}
