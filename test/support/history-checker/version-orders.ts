/**
 * The order of the versions of every key, recovered from a history, and where each read stands in it. A list tells its
 * order by itself; the order of a register's versions is the order of the commit timestamps. A wrong order does not stay
 * hidden: what was read contradicts it, and that is a cycle.
 */

import { type Anomaly, anomaly } from './anomaly.js';
import { isList, versionIn } from './history.js';
import type { ExternalRead, TransactionSummary } from './transaction-summary.js';

/** Index of a transaction in its history. */
export type TransactionNumber = number;

interface Writing {
  readonly writer: TransactionNumber;
  readonly key: string;
  readonly fate: 'final' | 'replaced' | 'undone';
}

export interface VersionOrder {
  /** The writers of versions 1, 2 …, so at index 1, 2 …; index 0 is the absence at the beginning, which nobody wrote. */
  readonly writers: readonly (TransactionNumber | undefined)[];
  /** Who wrote versions that are somewhere behind those. */
  readonly later: readonly TransactionNumber[];
}

interface KnownVersions {
  readonly writers: (TransactionNumber | undefined)[];
  readonly later: TransactionNumber[];
  readonly positions: Map<number, number>;
  /** Registers: positions at which the key is absent, ascending, and the timestamps of all. */
  readonly absences: number[];
  readonly timestamps: number[];
}

export class VersionOrders {
  readonly #summaries: readonly TransactionSummary[];
  readonly #found: Anomaly[];
  readonly #writings = new Map<number, Writing>();
  readonly #orders = new Map<string, KnownVersions>();
  /** Transactions of unknown outcome of which somebody saw something. */
  readonly #seen = new Set<TransactionNumber>();

  /** Registers that were deleted by somebody who was never told whether, or when. */
  readonly #unplacedDeletions = new Set<string>();

  constructor(summaries: readonly TransactionSummary[], found: Anomaly[]) {
    this.#summaries = summaries;
    this.#found = found;
    this.#indexWritings();
    const states = this.#statesSeen();
    for (const [key, values] of states) if (isList(key)) this.#orderList(key, values);
    this.#orderRegisters();
    this.#addUnordered();
  }

  /** Whether the writes of a transaction took effect. */
  hasCommitted(number: TransactionNumber): boolean {
    const { outcome } = this.#summaries[number]!.recorded;
    return outcome === 'committed' || (outcome === 'unknown' && this.#seen.has(number));
  }

  entries(): Iterable<[key: string, order: VersionOrder]> {
    return this.#orders;
  }

  order(key: string): VersionOrder | undefined {
    return this.#orders.get(key);
  }

  /** Who wrote what `read` saw; undefined for the absence at the beginning and for what nobody wrote. */
  writerOf(read: ExternalRead, snapshotTimestamp: number): TransactionNumber | undefined {
    if (read.value !== undefined) return this.#writings.get(versionIn(read.value))?.writer;
    const position = this.positionOf(read, snapshotTimestamp);
    return position === undefined ? undefined : this.#orders.get(read.key)?.writers[position];
  }

  /** Where what `read` saw is in the order of its key; undefined when that is not known. */
  positionOf({ key, value }: ExternalRead, snapshotTimestamp: number): number | undefined {
    const order = this.#orders.get(key);
    if (order === undefined) return value === undefined ? 0 : undefined;
    if (value !== undefined) return order.positions.get(versionIn(value));
    let position = 0;
    // Of several absences the newest that the reader's snapshot covers.
    for (const absence of order.absences) {
      if (order.timestamps[absence]! <= snapshotTimestamp) position = absence;
    }
    // Or one that nobody can place.
    return this.#unplacedDeletions.has(key) ? undefined : position;
  }

  #indexWritings(): void {
    for (const [writer, { recorded, writes, passing }] of this.#summaries.entries()) {
      for (const { key, value } of writes) {
        if (recorded.outcome === 'unknown' && value === undefined) this.#unplacedDeletions.add(key);
      }
      for (const { key, version } of writes) this.#writings.set(version, { writer, key, fate: 'final' });
      for (const { key, version, fate } of passing) this.#writings.set(version, { writer, key, fate });
    }
  }

  /** Every value that a key was seen with, or left with by a commit. */
  #statesSeen(): Map<string, Set<string>> {
    const states = new Map<string, Set<string>>();
    const add = (key: string, value: string | undefined) => {
      if (value === undefined) return;
      const values = states.get(key);
      if (values === undefined) states.set(key, new Set([value]));
      else values.add(value);
    };
    for (const summary of this.#summaries) {
      for (const read of summary.reads) {
        add(read.key, read.value);
        if (read.value !== undefined) this.#checkRead(summary, read.key, read.value);
      }
      if (summary.recorded.outcome !== 'committed') continue;
      for (const { key, value } of summary.writes) add(key, value);
    }
    return states;
  }

  #checkRead({ recorded }: TransactionSummary, key: string, value: string): void {
    const writing = this.#writings.get(versionIn(value));
    const what = `${recorded.name} saw ${key} as ${value}`;
    if (writing === undefined || writing.key !== key)
      this.#found.push(anomaly('garbage', `${what}, which nobody wrote`));
    else if (writing.fate === 'replaced') this.#found.push(anomaly('G1b', `${what}, which its writer replaced`));
    else this.#checkEffective(writing, what);
  }

  #checkEffective({ writer, fate }: Writing, what: string): void {
    const { outcome, name } = this.#summaries[writer]!.recorded;
    if (outcome === 'unknown') this.#seen.add(writer);
    if (outcome === 'aborted' || fate === 'undone') this.#found.push(anomaly('G1a', `${what}, taken back by ${name}`));
  }

  #orderList(key: string, values: ReadonlySet<string>): void {
    let longest = '';
    for (const value of values) if (value.length > longest.length) longest = value;
    for (const value of values) {
      if (longest === value || longest.startsWith(`${value},`)) continue;
      this.#found.push(anomaly('incompatible-order', `${key} was both ${value} and ${longest}`));
    }
    const order = emptyOrder();
    for (const version of longest.split(',').map(Number)) {
      const writing = this.#writings.get(version);
      order.positions.set(version, order.writers.length);
      order.writers.push(writing?.writer);
      if (writing === undefined) this.#found.push(anomaly('garbage', `${key} has ${version}, which nobody wrote`));
      else this.#checkEffective(writing, `somebody saw ${version} in ${key}`);
    }
    this.#orders.set(key, order);
  }

  #orderRegisters(): void {
    const committed = [...this.#summaries.entries()].filter(
      ([, { recorded, writes }]) => recorded.commitTimestamp !== undefined && writes.length > 0,
    );
    committed.sort(([, a], [, b]) => a.recorded.commitTimestamp! - b.recorded.commitTimestamp!);
    let last: number | undefined;
    for (const [writer, { recorded, writes }] of committed) {
      if (recorded.commitTimestamp === last) {
        this.#found.push(anomaly('timestamp', `${recorded.name} and another commit are both number ${last}`));
      }
      last = recorded.commitTimestamp;
      for (const { key, version, value } of writes) {
        if (isList(key)) continue;
        const order = this.#orders.get(key) ?? emptyOrder();
        this.#orders.set(key, order);
        if (value === undefined) order.absences.push(order.writers.length);
        order.positions.set(version, order.writers.length);
        order.timestamps.push(last!);
        order.writers.push(writer);
      }
    }
  }

  /** What took effect in a list and is in no state that anybody saw comes behind all of them. */
  #addUnordered(): void {
    for (const [writer, { writes }] of this.#summaries.entries()) {
      if (!this.hasCommitted(writer)) continue;
      for (const { key, version } of writes) {
        if (!isList(key)) continue;
        const order = this.#orders.get(key) ?? emptyOrder();
        this.#orders.set(key, order);
        if (!order.positions.has(version)) order.later.push(writer);
      }
    }
  }
}

function emptyOrder(): KnownVersions {
  return { writers: [undefined], later: [], positions: new Map(), absences: [], timestamps: [0] };
}
