/**
 * The files of values that living tables point into. A file is given up when the last of these tables is gone, and deleted
 * when nobody holds a version any more that was current until then: such a reader may still look into a memtable whose
 * entries were flushed, merged and dropped since.
 */

import { assert } from '../../base/index.js';
import type { SegmentReference } from './segment-references.js';

/** A file that no table points into. */
export interface GivenUp {
  readonly place: number;
  /** Of the file if tables have pointed into it, otherwise of its values alone: what has none is no matter of their space. */
  readonly bytes: number;
  /** How many versions there had been by then. */
  readonly versions: number;
}

export class SegmentSet {
  readonly #sizeOf: (place: number) => number;
  /** Of all files that a table may point into. */
  readonly #sizes = new Map<number, number>();
  /** How many living tables point into each file. */
  readonly #segments = new Map<number, number>();
  /** Ascending by `versions`. */
  #waiting: GivenUp[] = [];

  /** @param sizeOf size of a file in bytes; asked once for each. */
  constructor(sizeOf: (place: number) => number) {
    this.#sizeOf = sizeOf;
  }

  /** Of the files that living tables point into. */
  sizes(): Map<number, number> {
    return new Map([...this.#segments.keys()].map((place) => [place, this.#sizes.get(place)!]));
  }

  isReferenced(place: number): boolean {
    return this.#segments.has(place);
  }

  /** Learns of the files that a table to come points into. Throws `IoError`, and then nothing has changed. */
  admit(references: readonly SegmentReference[]): void {
    for (const { place } of references) {
      if (!this.#sizes.has(place)) this.#sizes.set(place, this.#sizeOf(place));
    }
  }

  /** A table has come to life that was admitted before. */
  hold(references: readonly SegmentReference[]): void {
    for (const { place } of references) this.#segments.set(place, (this.#segments.get(place) ?? 0) + 1);
  }

  /** A table has gone, when there had been `versions` versions. */
  letGo(references: readonly SegmentReference[], versions: number): void {
    for (const { place } of references) {
      const tables = this.#segments.get(place);
      assert(tables !== undefined, 'a table that points into a file holds it');
      if (tables > 1) {
        this.#segments.set(place, tables - 1);
        continue;
      }
      const bytes = this.#sizes.get(place)!;
      this.#segments.delete(place);
      this.#sizes.delete(place);
      this.giveUp({ place, bytes, versions });
    }
  }

  /** `file` is not needed by whoever comes after its versions. */
  giveUp(file: GivenUp): void {
    this.#waiting.push(file);
  }

  /** What is to be deleted: `oldest` is the number of the oldest version that somebody holds. */
  takeUnused(oldest: number): GivenUp[] {
    const count = this.#waiting.findIndex(({ versions }) => versions > oldest);
    return this.#waiting.splice(0, count < 0 ? this.#waiting.length : count);
  }
}
