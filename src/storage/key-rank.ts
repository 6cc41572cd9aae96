/** Keys as numbers: the first six bytes of a key as one exact double. */

/** How many bytes the rank of a key stands for. */
const RANKED_BYTES = 6;

/**
 * The bytes of `[start, end)`, six of them or as if followed by zeros, as a number. The order of ranks never contradicts the
 * order of the bytes; where ranks are equal the bytes themselves decide.
 */
export function keyRank(bytes: Uint8Array, start: number, end: number): number {
  if (start + RANKED_BYTES <= end) {
    const high = (bytes[start]! << 16) | (bytes[start + 1]! << 8) | bytes[start + 2]!;
    const low = (bytes[start + 3]! << 16) | (bytes[start + 4]! << 8) | bytes[start + 5]!;
    return high * 0x1_00_00_00 + low;
  }
  let rank = 0;
  for (let i = 0; i < RANKED_BYTES; i++) {
    rank = rank * 0x100 + (start + i < end ? bytes[start + i]! : 0);
  }
  return rank;
}
