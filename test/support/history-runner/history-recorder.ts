/** Writes a history down while it happens. */

import { utf8Decode, utf8Encode } from '../../../src/base/index.js';
import type { ReadView, Savepoint, Transaction } from '../../../src/mvcc/index.js';
import {
  appended,
  type History,
  type Moment,
  type Operation,
  type Outcome,
  type RecordedTransaction,
} from '../history-checker/history.js';

export interface ScanRequest {
  readonly lower: string;
  readonly upper: string;
  readonly reverse: boolean;
  readonly limit: number;
}

/** One history, of one store after the other if the first ones crash. */
export class HistoryRecorder {
  readonly #transactions: RecordedTransaction[] = [];
  readonly #keys = new Set<string>();
  #moment = 0;
  #version = 0;

  get history(): History {
    return { transactions: this.#transactions, keys: this.#keys };
  }

  /** A moment after all that were asked for before. */
  now(): Moment {
    return ++this.#moment;
  }

  /** The name of a version that nobody has written. */
  nextVersion(): number {
    return ++this.#version;
  }

  add(transaction: RecordedTransaction): void {
    this.#transactions.push(transaction);
  }

  addKey(key: string): void {
    this.#keys.add(key);
  }
}

/** What clients of one store do, until it crashes: what they are told after that does not count. */
export class SessionRecorder {
  readonly recorder: HistoryRecorder;
  readonly #open = new Set<OpenRecord>();
  #begun = 0;
  #crashed = false;

  constructor(recorder: HistoryRecorder) {
    this.recorder = recorder;
  }

  get begun(): number {
    return this.#begun;
  }

  get crashed(): boolean {
    return this.#crashed;
  }

  /** Begins to record a transaction of `client`, which has begun it in this moment. */
  begin(client: string, snapshotTimestamp: number): OpenRecord {
    this.#begun++;
    const record = new OpenRecord(this, client, snapshotTimestamp);
    this.#open.add(record);
    return record;
  }

  /** Nobody is told anything any more. */
  crash(): void {
    for (const record of this.#open) record.lose();
    this.#crashed = true;
  }

  end(record: OpenRecord, transaction: RecordedTransaction): void {
    if (!this.#crashed && this.#open.delete(record)) this.recorder.add(transaction);
  }
}

/** A transaction that is being recorded: does what it is told to a view, and notes what came of it. */
export class OpenRecord {
  readonly #session: SessionRecorder;
  readonly #recorder: HistoryRecorder;
  readonly #client: string;
  readonly #beganAt: Moment;
  readonly #snapshotTimestamp: number;
  readonly #operations: Operation[] = [];

  constructor(session: SessionRecorder, client: string, snapshotTimestamp: number) {
    this.#session = session;
    this.#recorder = session.recorder;
    this.#client = client;
    this.#beganAt = session.recorder.now();
    this.#snapshotTimestamp = snapshotTimestamp;
  }

  get(view: ReadView, key: string): string | undefined {
    const value = view.get(utf8Encode(key));
    const saw = value === undefined ? undefined : utf8Decode(value);
    this.#note(key, { do: 'get', key, saw });
    return saw;
  }

  /** @param pause what happens between two entries. */
  async scan(view: ReadView, request: ScanRequest, pause: () => Promise<void> | undefined): Promise<void> {
    const { lower, upper, reverse, limit } = request;
    const cursor = view.cursor({ lower: utf8Encode(lower), upper: utf8Encode(upper) }, { reverse });
    const saw: [string, string][] = [];
    try {
      while (saw.length < limit && cursor.next()) {
        saw.push([utf8Decode(cursor.key()), utf8Decode(cursor.value())]);
        await pause();
      }
    } finally {
      cursor.close();
    }
    this.#operations.push({ do: 'scan', ...request, saw });
  }

  /** Reads a list and writes it with one more version. Returns how long it is then, in characters. */
  append(view: Transaction, key: string): number {
    const value = appended(this.get(view, key), this.#recorder.nextVersion());
    view.put(utf8Encode(key), utf8Encode(value));
    this.#note(key, { do: 'put', key, value });
    return value.length;
  }

  /** Overwrites a register unseen. */
  put(target: { put(key: Uint8Array, value: Uint8Array): void }, key: string): void {
    const value = String(this.#recorder.nextVersion());
    target.put(utf8Encode(key), utf8Encode(value));
    this.#note(key, { do: 'put', key, value });
  }

  delete(target: { delete(key: Uint8Array): void }, key: string): void {
    target.delete(utf8Encode(key));
    this.#note(key, { do: 'delete', key, version: this.#recorder.nextVersion() });
  }

  savepoint(view: Transaction): Savepoint {
    const savepoint = view.savepoint();
    this.#operations.push({ do: 'savepoint' });
    return savepoint;
  }

  endSavepoint(savepoint: Savepoint, how: 'undo' | 'release'): void {
    if (how === 'undo') savepoint.rollback();
    else savepoint.release();
    this.#operations.push({ do: how });
  }

  /** The client was told. */
  end(outcome: Outcome, commitTimestamp?: number): void {
    this.#end(outcome, { commitTimestamp, beganAt: this.#beganAt, endedAt: this.#recorder.now() });
  }

  /** For a snapshot of the past: no place in the order of what clients were told. */
  endPast(): void {
    this.#end('committed', { commitTimestamp: undefined, beganAt: undefined, endedAt: undefined });
  }

  /** For a client that was never told. */
  lose(): void {
    this.#end('unknown', { commitTimestamp: undefined, beganAt: this.#beganAt, endedAt: undefined });
  }

  #end(outcome: Outcome, rest: Pick<RecordedTransaction, 'commitTimestamp' | 'beganAt' | 'endedAt'>): void {
    this.#session.end(this, {
      name: `${this.#client}@${this.#beganAt}`,
      operations: this.#operations,
      outcome,
      snapshotTimestamp: this.#snapshotTimestamp,
      ...rest,
    });
  }

  #note(key: string, operation: Operation): void {
    this.#recorder.addKey(key);
    this.#operations.push(operation);
  }
}
