/**
 * What can be wrong with a history, by the names of the literature: A. Adya, "Weak consistency: a generalized theory and
 * optimistic implementations for distributed transactions" (MIT, 1999) for the G phenomena; K. Kingsbury and P. Alvaro,
 * "Elle: inferring isolation anomalies from experimental observations" (PVLDB 14(3), 2020) for those that need no cycle,
 * for G-nonadjacent, and for how all of them are found in what clients saw.
 */

export type AnomalyKind =
  /** A cycle of overwrites alone. */
  | 'G0'
  /** Somebody saw what was rolled back. */
  | 'G1a'
  /** Somebody saw what its writer replaced before committing. */
  | 'G1b'
  /** A cycle of overwrites and reads of what was written. */
  | 'G1c'
  /** Two transactions changed the same version of a key. */
  | 'P4'
  /** A cycle with one anti-dependency: somebody saw a part of a transaction, or an old state beside a new one. */
  | 'G-single'
  /** A cycle with several anti-dependencies, no two in a row: two readers disagree on what came first (long fork). */
  | 'G-nonadjacent'
  /** A cycle with two anti-dependencies in a row, all on keys that were read: write skew, the read-only anomaly. */
  | 'G2-item'
  /** The same, where one comes from a range that was read: phantoms. */
  | 'G2'
  /** A transaction does not see its own writes, or sees a key change. */
  | 'internal'
  /** A scan out of order, out of its range or over its limit. */
  | 'scan'
  /** Two states of a list, neither the beginning of the other: an update was lost, or two orders were seen. */
  | 'incompatible-order'
  /** A value that nobody wrote. */
  | 'garbage'
  /** Two commits were given the same timestamp. */
  | 'timestamp';

export interface Anomaly {
  readonly kind: AnomalyKind;
  /** True when the cycle needs the order in which clients were told: a stale read, an acknowledged commit not seen. */
  readonly realTime: boolean;
  readonly message: string;
}

export function anomaly(kind: AnomalyKind, message: string): Anomaly {
  return { kind, realTime: false, message };
}

/** For messages and expectations: `G-single`, `G-single in real time`. */
export function titleOf({ kind, realTime }: Pick<Anomaly, 'kind' | 'realTime'>): string {
  return realTime ? `${kind} in real time` : kind;
}
