/**
 * The one way to commit. Validation, assignment of the timestamp, recording in the index of recent commits, and the
 * hand-over to the engine happen in one synchronous step, so commits enter the log in timestamp order and no two
 * transactions can miss each other: a commit in flight (assigned, not yet published) is already recorded, or is so before
 * the next transaction begins.
 *
 * serializable: backward validation of everything read, keys and intervals (Kung and Robinson, "On optimistic methods
 * for concurrency control", 1981). The transaction is then equivalent to one that ran wholly at its commit timestamp.
 * snapshot: first committer wins on the keys and ranges written (Berenson et al., "A critique of ANSI SQL isolation levels", 1995);
 * only what the transaction guards is validated as if it had been read.
 */

import { ConflictError, type KeyRange, keyAfter } from '../base/index.js';
import {
  type BatchVisitor,
  type BulkLoad,
  type CommitOutcome,
  type Durability,
  type Engine,
  EntryKind,
  type TableMeta,
  type Timestamp,
  type WriteBatch,
} from '../storage/index.js';
import { BatchQueue } from './batch-queue.js';
import type { ChangeTail } from './change-tail.js';
import type { Deadlines } from './deadlines.js';
import type { ReadSet } from './read-set.js';
import { RecentCommits } from './recent-commits.js';
import { TimestampOracle } from './timestamp-oracle.js';
import { TimestampPins } from './timestamp-pins.js';
import type { Contention, Turn, Turns } from './turns.js';
import type { WriteBuffer } from './write-buffer.js';

export type Isolation = 'serializable' | 'snapshot';

/** Is told once what has become of a commit, in the step that publishes it. Must not throw. */
export interface CommitObserver {
  committed(timestamp: Timestamp): void;
  failed(cause: unknown): void;
}

/** What validation needs to know of a transaction. */
export interface CommitCandidate {
  readonly snapshotTimestamp: Timestamp;
  readonly isolation: Isolation;
  /** Under `snapshot`, only what is guarded. Undefined when there is nothing to validate. */
  readonly reads: ReadSet | undefined;
  readonly writes: WriteBuffer;
  /** Loses against a turn that somebody else holds: it will be tried again, behind that. */
  readonly yields: boolean;
  /** Its own turn. */
  readonly turn: Turn | undefined;
}

/** How a batch is committed. */
export interface CommitOptions {
  readonly durability?: Durability | undefined;
  /** It changes nothing that others see: nobody conflicts with it. */
  readonly quiet?: boolean | undefined;
}

/** What a coordinator is made with. */
export interface CoordinatorOptions {
  readonly recentCommitBytes: number;
  readonly turns: Turns;
  /** Told of every commit. */
  readonly tail: ChangeTail;
  readonly deadlines: Deadlines;
  /** A key as messages may show it; undefined when they may not. */
  readonly describeKey: ((key: Uint8Array) => string) | undefined;
}

interface FoundContention extends Contention {
  readonly keys: Uint8Array[];
  readonly ranges: KeyRange[];
  /** A key that was written in each of the ranges. */
  readonly changed: Uint8Array[];
}

/** A bulk load is remembered as at most so many ranges: each is compared with whatever is validated later. */
const LOAD_RANGES_MAX = 64;
/** How many keys a `ConflictError` names. */
const REPORTED_KEYS_MAX = 8;

export class CommitCoordinator {
  readonly #engine: Engine;
  readonly #oracle: TimestampOracle;
  readonly #recent: RecentCommits;
  readonly #turns: Turns;
  readonly #tail: ChangeTail;
  readonly #deadlines: Deadlines;
  readonly #describeKey: CoordinatorOptions['describeKey'];
  readonly #contentions = new WeakMap<ConflictError, Contention>();
  /** Snapshots of open transactions that may still ask for validation. */
  readonly #candidates = new TimestampPins();
  /**
   * In flight, in order, and not recorded: made while no transaction was open, and none that begins later than their
   * publication can miss them. A plain write thereby costs no second copy of its keys.
   */
  readonly #unrecorded = new BatchQueue();
  /** Of the validation under way; filled anew after one that found something, so that most allocate nothing. */
  #found: FoundContention = { keys: [], ranges: [], changed: [] };
  #since: Timestamp = 0;
  readonly #checkKey: BatchVisitor = (_kind, bytes, start, end) => {
    const { keys } = this.#found;
    if (keys.length >= REPORTED_KEYS_MAX || !this.#recent.keyChanged(bytes, start, end, this.#since)) return;
    keys.push(bytes.slice(start, end));
  };
  /** Made once, as are all functions here that run for every commit. */
  readonly #recordWrite: BatchVisitor = (kind, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
    const recent = this.#recent;
    if (kind !== EntryKind.RangeDelete) recent.record(bytes, keyStart, keyEnd);
    else recent.recordRange({ lower: bytes.slice(keyStart, keyEnd), upper: bytes.slice(valueStart, valueEnd) });
  };
  #inFlight = 0;
  /** The newest timestamp handed to the engine and not committed on this thread. */
  #submitted: Timestamp = 0;
  /** Whoever waits until the commits up to a timestamp are published or have failed, which they do in their order. */
  #waiters: { readonly timestamp: Timestamp; readonly resolve: () => void }[] = [];
  #commits = 0;
  #conflicts = 0;

  constructor(engine: Engine, options: CoordinatorOptions) {
    this.#engine = engine;
    this.#oracle = new TimestampOracle(engine.lastTimestamp);
    this.#recent = new RecentCommits(options.recentCommitBytes);
    this.#turns = options.turns;
    this.#tail = options.tail;
    this.#deadlines = options.deadlines;
    this.#describeKey = options.describeKey;
  }

  /** Commits handed to the engine and not yet published. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** The newest timestamp given to a commit. */
  get newest(): Timestamp {
    return this.#oracle.last;
  }

  get commits(): number {
    return this.#commits;
  }

  get conflicts(): number {
    return this.#conflicts;
  }

  get recentCommitBytes(): number {
    return this.#recent.byteSize;
  }

  /** Announces a transaction that will be validated against everything after `snapshot`. */
  enter(snapshot: Timestamp): void {
    this.#recordInFlight();
    this.#candidates.pin(snapshot);
  }

  /** The transaction will not be validated any more. */
  leave(snapshot: Timestamp): void {
    this.#candidates.unpin(snapshot);
  }

  /** Throws `ConflictError` when a commit after its snapshot contradicts `candidate`. */
  validate(candidate: CommitCandidate): void {
    const since = candidate.snapshotTimestamp;
    if (candidate.yields && this.#turns.size > 0) this.#giveWay(candidate);
    if (this.#recent.lastTimestamp <= since) return;
    if (since < this.#recent.floor) {
      this.#conflicts++;
      throw new ConflictError(
        `the transaction is too old to be validated: it began at ${since}, commits are remembered from ${this.#recent.floor} on`,
        { facts: { snapshotTimestamp: since, floor: this.#recent.floor, keys: [] } },
      );
    }
    this.#since = since;
    this.#addReadConflicts(candidate);
    if (candidate.isolation === 'snapshot') this.#addWriteConflicts(candidate);
    const found = this.#found;
    if (found.keys.length === 0 && found.ranges.length === 0) return;
    this.#found = { keys: [], ranges: [], changed: [] };
    throw this.#conflict(`with a commit after its snapshot ${since}`, candidate, found);
  }

  /** Whether `key` is known to have been written after `since`, by a commit in flight for one. */
  wroteAfter(key: Uint8Array, since: Timestamp): boolean {
    return this.#recent.keyChanged(key, 0, key.length, since);
  }

  /** What a transaction that failed with `error` lost over; undefined when that is not known. */
  contentionOf(error: ConflictError): Contention | undefined {
    return this.#contentions.get(error);
  }

  /**
   * Commits `batch` under the next timestamp, with the deadlines of what expires in it, and tells `observer` once the commit
   * is readable, or never will be. A refusal is thrown.
   *
   * @param locked counts as written for whoever is validated later.
   */
  submit(
    batch: WriteBatch,
    { durability, quiet }: CommitOptions,
    locked: ReadSet | undefined,
    observer: CommitObserver,
  ): void {
    if (batch.hasExpiring) this.#deadlines.enter(batch);
    const timestamp = this.#oracle.next();
    this.#engine.submit(batch, timestamp, durability, new PendingCommit(this, timestamp, observer));
    // Only now: a batch that was refused will never be published, and must not make anybody conflict with it.
    this.#submitted = timestamp;
    this.#inFlight++;
    if (quiet !== true) {
      if (this.#candidates.size > 0 || locked !== undefined) this.#record(batch, timestamp, locked);
      else this.#unrecorded.push(timestamp, batch);
    }
    this.#tail.record(batch, timestamp);
  }

  /**
   * Commits a finished bulk load under the next timestamp. Whoever has read anything between the keys of one of its tables
   * conflicts with it, as their keys are not remembered one by one.
   */
  async commitLoad(load: BulkLoad): Promise<Timestamp> {
    // What is flushed by now does not keep other commits waiting when it is the turn of this one.
    await this.#engine.flush();
    const ranges = rangesOf(load.tables);
    const timestamp = this.#oracle.next();
    const done = this.#engine.submitLoad(load, timestamp);
    this.#submitted = timestamp;
    this.#inFlight++;
    this.#recordInFlight();
    this.#recent.startCommit(timestamp, this.#oldestNeeded());
    for (const range of ranges) this.#recent.recordRange(range);
    this.#tail.skip(timestamp);
    return new Promise((resolve, reject) => {
      const outcome = new PendingCommit(this, timestamp, { committed: resolve, failed: reject });
      done.then(
        () => outcome.committed(),
        (cause: unknown) => outcome.failed(cause),
      );
    });
  }

  /** The same on this thread, after everything that is in flight. */
  commitSync(batch: WriteBatch, durability: Durability | undefined, locked?: ReadSet): Timestamp {
    if (batch.hasExpiring) this.#deadlines.enter(batch);
    const timestamp = this.#oracle.next();
    this.#engine.commitSync(batch, timestamp, durability === undefined ? {} : { durability });
    this.#tail.record(batch, timestamp);
    this.#tail.published();
    // Published before anybody else can begin: only transactions that are open now could miss it.
    if (this.#candidates.size > 0) this.#record(batch, timestamp, locked);
    this.#commits++;
    return timestamp;
  }

  /** Completes on this thread what is in flight, so that the next snapshot includes it. Throws when the engine has stopped. */
  settleSync(): void {
    if (this.#engine.lastTimestamp < this.#submitted) this.#engine.drainSync();
  }

  /** Resolves when every commit that is in flight now has been published, or has failed. */
  async settled(): Promise<void> {
    if (this.#inFlight === 0) return;
    const timestamp = this.#submitted;
    await new Promise<void>((resolve) => this.#waiters.push({ timestamp, resolve }));
  }

  /** Called by what `submit` handed to the engine: the commit is published, or never will be. */
  ended(timestamp: Timestamp, isPublished: boolean): void {
    this.#inFlight--;
    if (isPublished) this.#commits++;
    if (!this.#unrecorded.isEmpty) this.#unrecorded.through(timestamp);
    this.#tail.published();
    // A load is told later than a commit behind it that was published in the same step: it may be the last in flight.
    const through = this.#inFlight === 0 ? this.#submitted : timestamp;
    while (this.#waiters.length > 0 && this.#waiters[0]!.timestamp <= through) this.#waiters.shift()!.resolve();
  }

  #recordInFlight(): void {
    if (this.#unrecorded.isEmpty) return;
    for (const { timestamp, batch } of this.#unrecorded.takeAll()) this.#record(batch, timestamp, undefined);
  }

  /** In the order of timestamps. */
  #record(batch: WriteBatch, timestamp: Timestamp, locked: ReadSet | undefined): void {
    this.#recordInFlight();
    this.#recent.startCommit(timestamp, this.#oldestNeeded());
    batch.forEach(this.#recordWrite);
    locked?.forEachKey(this.#recordWrite);
    for (const range of locked?.ranges ?? []) this.#recent.recordRange(range);
  }

  /** Blind writes, which can be put in any order, pass. */
  #giveWay(candidate: CommitCandidate): void {
    if (candidate.reads === undefined && candidate.isolation === 'serializable') return;
    const keys = this.#turns.disturbed(candidate.writes, candidate.turn);
    if (keys.length === 0) return;
    throw this.#conflict('with a transaction whose turn it is', candidate, { keys, ranges: [], changed: [] });
  }

  #conflict(what: string, candidate: CommitCandidate, contention: FoundContention): ConflictError {
    this.#conflicts++;
    const keys = [...contention.keys, ...contention.changed].slice(0, REPORTED_KEYS_MAX);
    const names = this.#describeKey === undefined ? '' : ` on ${keys.map(this.#describeKey).join(', ')}`;
    const error = new ConflictError(`the transaction conflicts ${what}${names}`, {
      facts: { snapshotTimestamp: candidate.snapshotTimestamp, keys },
    });
    this.#contentions.set(error, contention);
    return error;
  }

  /** Transactions to come begin at the published timestamp at the earliest. */
  #oldestNeeded(): Timestamp {
    const published = this.#engine.lastTimestamp;
    const oldest = this.#candidates.oldest;
    return oldest !== undefined && oldest < published ? oldest : published;
  }

  #addReadConflicts({ reads }: CommitCandidate): void {
    if (reads === undefined) return;
    reads.forEachKey(this.#checkKey);
    for (const range of reads.ranges) this.#checkRange(range);
  }

  #addWriteConflicts({ writes }: CommitCandidate): void {
    writes.forEach(this.#checkKey);
    for (const range of writes.clearedRanges()) this.#checkRange(range);
  }

  #checkRange(range: KeyRange): void {
    const { keys, ranges, changed } = this.#found;
    if (keys.length + ranges.length >= REPORTED_KEYS_MAX) return;
    const key = this.#recent.changeInRange(range, this.#since);
    if (key === undefined) return;
    ranges.push(range);
    changed.push(key);
  }
}

/** A commit that the engine has: tells coordinator and caller, in this order, what has become of it. */
class PendingCommit implements CommitOutcome {
  readonly #coordinator: CommitCoordinator;
  readonly #timestamp: Timestamp;
  readonly #observer: CommitObserver;

  constructor(coordinator: CommitCoordinator, timestamp: Timestamp, observer: CommitObserver) {
    this.#coordinator = coordinator;
    this.#timestamp = timestamp;
    this.#observer = observer;
  }

  committed(): void {
    this.#coordinator.ended(this.#timestamp, true);
    this.#observer.committed(this.#timestamp);
  }

  failed(cause: unknown): void {
    this.#coordinator.ended(this.#timestamp, false);
    this.#observer.failed(cause);
  }
}

/** The ranges of ascending tables, neighbours together where there would be too many. */
function rangesOf(tables: readonly TableMeta[]): KeyRange[] {
  const size = Math.ceil(tables.length / LOAD_RANGES_MAX);
  const ranges: KeyRange[] = [];
  for (let at = 0; at < tables.length; at += size) {
    const last = tables[Math.min(at + size, tables.length) - 1]!;
    ranges.push({ lower: tables[at]!.smallest, upper: keyAfter(last.largest) });
  }
  return ranges;
}
