/**
 * A reproducible sequence of commits and the state after each prefix of it: what the crash suites hold a recovered
 * database against. Commit number n has timestamp n, so "a prefix of the commit order" is one number.
 */

import { type Random, randomBelow, seededRandom, utf8Encode } from '../../src/base/index.js';
import { WriteBatch } from '../../src/storage/index.js';

export interface PlannedCommit {
  readonly durability: 'commit' | 'buffered';
  /** A bulk load in place of a batch: puts only, durable. */
  readonly loads: boolean;
  /** Key to value; undefined deletes. */
  readonly changes: ReadonlyMap<string, string | undefined>;
  /** A range deleted by the same commit, before the changes are made or behind them. */
  readonly clear: { readonly from: string; readonly until: string; readonly last: boolean } | undefined;
}

export type State = ReadonlyMap<string, string>;

export interface CommitPlanOptions {
  readonly seed: number;
  readonly commits: number;
  /** Small, so that most commits overwrite or delete. */
  readonly keys: number;
  /** Keys are padded to this length; a few dozen keys of this kind make a manifest outgrow itself. */
  readonly keyBytesMin?: number;
  readonly valueBytesMax: number;
  /** Share of commits that need not be durable when acknowledged. */
  readonly bufferedShare: number;
  /** Share of commits that are bulk loads; none by default. */
  readonly loadShare?: number;
}

export class CommitPlan {
  readonly commits: readonly PlannedCommit[];
  readonly #states: State[] = [new Map()];

  constructor(options: CommitPlanOptions) {
    const random = seededRandom(options.seed);
    this.commits = Array.from({ length: options.commits }, (_, i) => planCommit(i + 1, options, random));
  }

  batch(timestamp: number): WriteBatch {
    const batch = new WriteBatch();
    const { changes, clear } = this.commits[timestamp - 1]!;
    const range = clear && { lower: utf8Encode(clear.from), upper: utf8Encode(clear.until) };
    if (range !== undefined && !clear!.last) batch.clear(range);
    for (const [key, value] of changes) {
      if (value === undefined) batch.delete(utf8Encode(key));
      else batch.put(utf8Encode(key), utf8Encode(value));
    }
    if (range !== undefined && clear!.last) batch.clear(range);
    return batch;
  }

  /** Everything visible after commits 1 … `timestamp`. */
  stateAt(timestamp: number): State {
    for (let next = this.#states.length; next <= timestamp; next++) {
      const state = new Map(this.#states[next - 1]);
      this.apply(next, state);
      this.#states.push(state);
    }
    return this.#states[timestamp]!;
  }

  /** Does to `state` what one commit does to a database. */
  apply(timestamp: number, state: Map<string, string>): void {
    const { changes, clear } = this.commits[timestamp - 1]!;
    if (clear?.last === false) clearRange(state, clear);
    for (const [key, value] of changes) {
      if (value === undefined) state.delete(key);
      else state.set(key, value);
    }
    if (clear?.last === true) clearRange(state, clear);
  }

  /** Every key that any commit touches. */
  allKeys(): string[] {
    return [...new Set(this.commits.flatMap((commit) => [...commit.changes.keys()]))].sort();
  }
}

/** The keys of plans are ASCII: strings compare as their bytes do. */
function clearRange(state: Map<string, string>, { from, until }: { from: string; until: string }): void {
  for (const key of state.keys()) if (key >= from && key < until) state.delete(key);
}

/** Values name their commit, so that a mixture of commits shows; one commit in eight stores an empty value, one in eight clears a range. */
function planCommit(timestamp: number, options: CommitPlanOptions, random: Random): PlannedCommit {
  const changes = new Map<string, string | undefined>([['last-commit', String(timestamp)]]);
  const loads = options.loadShare !== undefined && random.float() < options.loadShare;
  const count = loads ? 6 + randomBelow(random, 10) : 1 + randomBelow(random, 4);
  for (let i = 0; i < count; i++) {
    const key = planKey(options, random);
    const filler = 'abcdefgh'
      .repeat(Math.ceil(options.valueBytesMax / 8))
      .slice(0, randomBelow(random, options.valueBytesMax));
    const kind = randomBelow(random, 8);
    changes.set(key, kind < 2 && !loads ? undefined : kind === 2 ? '' : `${timestamp}:${filler}`);
  }
  const durability = random.float() < options.bufferedShare && !loads ? 'buffered' : 'commit';
  const isClear = !loads && randomBelow(random, 8) === 0;
  const clear = isClear
    ? { from: planKey(options, random), until: planKey(options, random), last: randomBelow(random, 2) === 0 }
    : undefined;
  return { durability, loads, changes, clear };
}

function planKey({ keys, keyBytesMin }: CommitPlanOptions, random: Random): string {
  return `key-${String(randomBelow(random, keys)).padStart(3, '0')}`.padEnd(keyBytesMin ?? 0, '.');
}
