/**
 * The operations of YCSB's core workloads A to F, as its `CoreWorkload` and the six property files have them. A stream is a
 * function of its seed: every engine gets the same one.
 */

import { fnvHash64 } from './fnv-hash.js';
import { type DrawFraction, seededFractions } from './random.js';
import { Latest, ScrambledZipfian } from './zipfian.js';

export type OperationKind = 'read' | 'update' | 'insert' | 'scan' | 'readModifyWrite';

export interface Operation {
  readonly kind: OperationKind;
  readonly key: Buffer;
  /** Records of a scan, field of an update; 0 for others. */
  readonly argument: number;
}

export interface WorkloadMix {
  readonly proportions: Readonly<Partial<Record<OperationKind, number>>>;
  readonly distribution: 'zipfian' | 'latest';
}

export const YCSB_WORKLOADS: Readonly<Record<string, WorkloadMix>> = {
  A: { proportions: { read: 0.5, update: 0.5 }, distribution: 'zipfian' },
  B: { proportions: { read: 0.95, update: 0.05 }, distribution: 'zipfian' },
  C: { proportions: { read: 1 }, distribution: 'zipfian' },
  F: { proportions: { read: 0.5, readModifyWrite: 0.5 }, distribution: 'zipfian' },
  D: { proportions: { read: 0.95, insert: 0.05 }, distribution: 'latest' },
  E: { proportions: { scan: 0.95, insert: 0.05 }, distribution: 'zipfian' },
};

export const FIELDS = 10;
export const FIELD_BYTES = 100;
const SCAN_LENGTH_MAX = 100;

/** The key of record number n: `user` and the hash of n in decimal. */
export function userKey(number: number): Buffer {
  return Buffer.from(`user${fnvHash64(number)}`, 'latin1');
}

export class OperationStream {
  readonly #mix: readonly (readonly [OperationKind, number])[];
  readonly #fraction: DrawFraction;
  readonly #choose: () => number;
  #records: number;

  /**
   * @param records how many there are, numbers 0 … records − 1.
   * @param ops how many operations will be drawn: YCSB spreads scrambled draws over twice the inserts to be expected, and
   *   draws again what is not there yet.
   */
  constructor({ proportions, distribution }: WorkloadMix, records: number, ops: number, seed: number) {
    this.#mix = Object.entries(proportions) as [OperationKind, number][];
    this.#fraction = seededFractions(seed);
    this.#records = records;
    if (distribution === 'latest') {
      const latest = new Latest(records - 1, this.#fraction);
      this.#choose = () => latest.next(this.#records - 1);
    } else {
      const expectedInserts = Math.floor(ops * (proportions.insert ?? 0) * 2);
      const scrambled = new ScrambledZipfian(records + expectedInserts, this.#fraction);
      this.#choose = () => scrambled.next();
    }
  }

  /** Records there are once everything drawn so far is done. */
  get records(): number {
    return this.#records;
  }

  next(): Operation {
    const kind = this.#kind();
    if (kind === 'insert') return { kind, key: userKey(this.#records++), argument: 0 };
    return { kind, key: userKey(this.#existing()), argument: this.#argument(kind) };
  }

  #kind(): OperationKind {
    let rest = this.#fraction();
    for (const [kind, proportion] of this.#mix) {
      rest -= proportion;
      if (rest < 0) return kind;
    }
    return this.#mix[0]![0];
  }

  #existing(): number {
    for (;;) {
      const number = this.#choose();
      if (number < this.#records) return number;
    }
  }

  #argument(kind: OperationKind): number {
    if (kind === 'scan') return 1 + Math.floor(this.#fraction() * SCAN_LENGTH_MAX);
    return kind === 'read' ? 0 : Math.floor(this.#fraction() * FIELDS);
  }
}
