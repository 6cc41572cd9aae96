/**
 * One transaction from outside: replays its operations against its own writes, checks that they agree with each other,
 * and keeps what it saw of others and what it left for them.
 */

import { type Anomaly, anomaly } from './anomaly.js';
import { isList, type Operation, type RecordedTransaction, versionIn } from './history.js';

/** What others wrote, as the transaction saw it; `value` undefined for an absent key. */
export interface ExternalRead {
  readonly key: string;
  readonly value: string | undefined;
  /** Seen, or missed, by a scan; no `get` asked for the key. */
  readonly byRange: boolean;
}

export interface FinalWrite {
  readonly key: string;
  readonly version: number;
  /** Undefined for a deletion. */
  readonly value: string | undefined;
}

export interface PassingWrite {
  readonly key: string;
  readonly version: number;
  readonly fate: 'replaced' | 'undone';
}

export interface TransactionSummary {
  readonly recorded: RecordedTransaction;
  readonly reads: readonly ExternalRead[];
  /** The last write of each key. */
  readonly writes: readonly FinalWrite[];
  /** The others: replaced by a later write, or undone by a savepoint. */
  readonly passing: readonly PassingWrite[];
}

type Scan = Extract<Operation, { do: 'scan' }>;

/** Summarizes the transactions of one history. */
export class Summarizer {
  readonly #keys: readonly string[];
  readonly #found: Anomaly[];

  /** @param keys ascending. @param found where anomalies go. */
  constructor(keys: readonly string[], found: Anomaly[]) {
    this.#keys = keys;
    this.#found = found;
  }

  summarize(recorded: RecordedTransaction): TransactionSummary {
    const replay = new Replay(recorded, this.#found);
    for (const operation of recorded.operations) {
      switch (operation.do) {
        case 'get':
          replay.read(operation.key, operation.saw, false);
          break;
        case 'scan':
          this.#scan(replay, operation);
          break;
        case 'put':
          replay.write({ key: operation.key, version: versionIn(operation.value), value: operation.value });
          break;
        case 'delete':
          replay.write({ key: operation.key, version: operation.version, value: undefined });
          break;
        case 'savepoint':
          replay.mark();
          break;
        default:
          replay.endSavepoint(operation.do === 'undo');
      }
    }
    return replay.summary();
  }

  /** A scan reads every key of the interval it went through, those it did not show included. */
  #scan(replay: Replay, scan: Scan): void {
    const seen = new Map(scan.saw);
    const last = scan.saw.at(-1)?.[0];
    const stopped = scan.saw.length >= scan.limit && last !== undefined;
    this.#checkForm(scan, seen.size, replay.name);
    for (let at = lowerBound(this.#keys, scan.lower); at < this.#keys.length; at++) {
      const key = this.#keys[at]!;
      if (key >= scan.upper) break;
      if (stopped && (scan.reverse ? key < last : key > last)) continue;
      replay.read(key, seen.get(key), true);
      seen.delete(key);
    }
    if (seen.size > 0)
      this.#found.push(anomaly('scan', `${replay.name} saw ${[...seen.keys()].join()} by ${form(scan)}`));
  }

  #checkForm(scan: Scan, distinct: number, name: string): void {
    const inOrder = scan.saw.every(([key], at) => {
      const before = scan.saw[at - 1]?.[0];
      return before === undefined || (scan.reverse ? key < before : key > before);
    });
    if (inOrder && distinct === scan.saw.length && scan.saw.length <= scan.limit) return;
    this.#found.push(anomaly('scan', `${name} saw ${scan.saw.map(([key]) => key).join()} by ${form(scan)}`));
  }
}

/** The state of one replay. */
class Replay {
  readonly #recorded: RecordedTransaction;
  readonly #found: Anomaly[];
  readonly #reads = new Map<string, { value: string | undefined; byRange: boolean }>();
  readonly #made: FinalWrite[] = [];
  #own = new Map<string, FinalWrite>();
  readonly #savepoints: Map<string, FinalWrite>[] = [];

  constructor(recorded: RecordedTransaction, found: Anomaly[]) {
    this.#recorded = recorded;
    this.#found = found;
  }

  get name(): string {
    return this.#recorded.name;
  }

  read(key: string, value: string | undefined, byRange: boolean): void {
    const own = this.#own.get(key);
    if (own !== undefined) {
      if (own.value !== value) this.#disagrees(key, value, `its own write ${String(own.value)}`);
      return;
    }
    const before = this.#reads.get(key);
    if (before === undefined) {
      this.#reads.set(key, { value, byRange });
      return;
    }
    if (before.value !== value) this.#disagrees(key, value, `${String(before.value)}, which it had read before`);
    before.byRange &&= byRange;
  }

  write(write: FinalWrite): void {
    this.#made.push(write);
    this.#own.set(write.key, write);
  }

  mark(): void {
    this.#savepoints.push(new Map(this.#own));
  }

  endSavepoint(undo: boolean): void {
    const before = this.#savepoints.pop();
    if (before !== undefined && undo) this.#own = before;
  }

  summary(): TransactionSummary {
    const writes = [...this.#own.values()];
    return {
      recorded: this.#recorded,
      reads: [...this.#reads].map(([key, { value, byRange }]) => ({ key, value, byRange })),
      writes,
      passing: this.#made.length === writes.length ? [] : this.#passing(),
    };
  }

  #passing(): PassingWrite[] {
    return this.#made.flatMap(({ key, version, value }) => {
      const final = this.#own.get(key);
      if (final?.version === version) return [];
      // A list that was built upon a version contains it.
      const stayed = final !== undefined && (!isList(key) || final.value?.startsWith(`${String(value)},`) === true);
      return [{ key, version, fate: stayed ? 'replaced' : 'undone' }];
    });
  }

  #disagrees(key: string, value: string | undefined, expected: string): void {
    this.#found.push(anomaly('internal', `${this.name} read ${key} as ${String(value)}, not as ${expected}`));
  }
}

function form({ lower, upper, reverse, limit }: Scan): string {
  return `a scan of ${lower} … ${upper}${reverse ? ', descending' : ''}, at most ${limit}`;
}

/** Index of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
