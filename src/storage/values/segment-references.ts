/** Which files of values a table points into, and how much of each: what is not pointed to by any table is garbage. */

import { pointedLength, pointedOffset, pointedPlace } from '../format/value-pointer.js';

export interface SegmentReference {
  /** See `segmentPlace`. */
  readonly place: number;
  readonly values: number;
  /** Of these values. */
  readonly bytes: number;
  /** Where the last of them ends: the file is not shorter. */
  readonly end: number;
}

/** Adds up pointers. */
export class ReferenceCounter {
  readonly #references = new Map<number, { place: number; values: number; bytes: number; end: number }>();

  add(pointer: Uint8Array, at: number): void {
    const place = pointedPlace(pointer, at);
    const length = pointedLength(pointer, at);
    let reference = this.#references.get(place);
    if (reference === undefined) {
      reference = { place, values: 0, bytes: 0, end: 0 };
      this.#references.set(place, reference);
    }
    reference.values++;
    reference.bytes += length;
    reference.end = Math.max(reference.end, pointedOffset(pointer, at) + length);
  }

  /** By place, ascending. */
  all(): SegmentReference[] {
    return [...this.#references.values()].sort((a, b) => a.place - b.place);
  }
}

/** Per file, what all of `tables` point to in it. */
export function referencedBytes(
  tables: Iterable<{ readonly references: readonly SegmentReference[] }>,
): Map<number, number> {
  const bytes = new Map<number, number>();
  for (const { references } of tables) {
    for (const reference of references) {
      bytes.set(reference.place, (bytes.get(reference.place) ?? 0) + reference.bytes);
    }
  }
  return bytes;
}
