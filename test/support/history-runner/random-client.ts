/**
 * A client that does at random everything the store offers, one thing after the other, and waits at random in between: what
 * many of them do at the same time is the history to check.
 */

import { type Random, randomBelow } from '../../../src/base/index.js';
import type { Isolation, Transaction, TransactionalStore } from '../../../src/mvcc/index.js';
import type { WriteBatch } from '../../../src/storage/index.js';
import { registerKey } from '../history-checker/history.js';
import type { OpenRecord, ScanRequest, SessionRecorder } from './history-recorder.js';
import type { KeyWindow } from './key-window.js';
import type { SimulatedScheduler } from './simulated-scheduler.js';

export interface ClientContext {
  readonly store: TransactionalStore;
  readonly newBatch: () => WriteBatch;
  readonly recorder: SessionRecorder;
  readonly scheduler: SimulatedScheduler;
  readonly random: Random;
  readonly keys: KeyWindow;
  readonly isolation: Isolation;
  /** How long clients wait at most between two steps. */
  readonly pauseMs: number;
  /** Whether commits may be acknowledged before they are on the device. */
  readonly buffered: boolean;
}

/** What a transaction may fail with, and is then certainly undone. */
const REFUSALS = new Set(['VARVE_CONFLICT', 'VARVE_TIMEOUT', 'VARVE_TRANSACTION_CLOSED', 'VARVE_LIMIT']);

/** Thrown by a client that changes its mind. */
class SecondThoughts extends Error {}

export class RandomClient {
  readonly #name: string;
  readonly #context: ClientContext;
  #stopped = false;

  constructor(name: string, context: ClientContext) {
    this.#name = name;
    this.#context = context;
  }

  /** True once the store has gone down under it. */
  get stopped(): boolean {
    return this.#stopped || this.#context.recorder.crashed;
  }

  /** Runs about `count` transactions. */
  async run(count: number): Promise<void> {
    for (let i = 0; i < count && !this.stopped; i++) {
      await this.#pause();
      if (!this.stopped) await this.#next();
    }
  }

  async #next(): Promise<void> {
    const dice = this.#below(100);
    if (dice < 56) return this.#update();
    if (dice < 66) return this.#managed();
    if (dice < 76) return this.#readOnly();
    if (dice < 79) return this.#snapshot();
    if (dice < 87) return this.#blindWrite();
    if (dice < 91) return this.#writeSync();
    if (dice < 99) return this.#latest();
    return this.#maintain();
  }

  /** Begun and ended by hand. */
  async #update(): Promise<void> {
    const { store, isolation } = this.#context;
    const timeoutMs = this.#chance(4) ? 1 + this.#below(3) : undefined;
    const tx = store.begin({ isolation, durability: this.#durability(), timeoutMs });
    const record = this.#record(tx.snapshotTimestamp);
    try {
      await this.#work(record, tx, true);
      if (this.#chance(6)) throw new SecondThoughts();
      const timestamp = this.#chance(8) ? tx.commitSync() : await tx.commit();
      record.end('committed', timestamp > tx.snapshotTimestamp ? timestamp : undefined);
    } catch (error) {
      this.#fail(record, tx, error);
    }
  }

  /** Run, and run again, by the store, which does not tell the timestamp: lists alone. */
  async #managed(): Promise<void> {
    const { store, isolation } = this.#context;
    let attempt: { readonly record: OpenRecord; readonly tx: Transaction } | undefined;
    const body = async (tx: Transaction) => {
      attempt?.record.end('aborted');
      attempt = { record: this.#record(tx.snapshotTimestamp), tx };
      await this.#work(attempt.record, tx, false);
      if (this.#chance(6)) throw new SecondThoughts();
    };
    const timeoutMs = this.#chance(10) ? 2 + this.#below(8) : undefined;
    try {
      await store.transaction(body, { isolation, durability: this.#durability(), retries: this.#below(4), timeoutMs });
      attempt?.record.end('committed');
    } catch (error) {
      if (attempt !== undefined) this.#fail(attempt.record, attempt.tx, error);
    }
  }

  async #readOnly(): Promise<void> {
    const { store, isolation } = this.#context;
    const tx = store.begin({ isolation, readOnly: true });
    const record = this.#record(tx.snapshotTimestamp);
    try {
      for (let i = 1 + this.#below(5); i > 0; i--) {
        await this.#read(record, tx);
        await this.#pause();
      }
      await tx.commit();
      record.end('committed');
    } catch (error) {
      this.#fail(record, tx, error);
    }
  }

  /** Open for long, while versions are written over, flushed and merged; now and then a second one of the same past. */
  async #snapshot(): Promise<void> {
    const { store, scheduler, pauseMs } = this.#context;
    using snapshot = store.snapshot();
    const record = this.#record(snapshot.timestamp);
    try {
      for (let i = 2 + this.#below(4); i > 0; i--) {
        await this.#read(record, snapshot);
        await scheduler.pause(pauseMs * this.#below(30));
      }
      record.end('committed');
      if (!this.#chance(50)) return;
      using past = store.snapshot({ asOf: snapshot.timestamp });
      const again = this.#record(past.timestamp);
      await this.#read(again, past);
      again.endPast();
    } catch (error) {
      this.#failReading(error);
    }
  }

  async #blindWrite(): Promise<void> {
    const { store } = this.#context;
    const { record, batch } = this.#batch();
    try {
      record.end('committed', await store.write(batch, { durability: this.#durability() }));
    } catch (error) {
      this.#failReading(error);
      record.lose();
    }
  }

  #writeSync(): void {
    const { store } = this.#context;
    const { record, batch } = this.#batch();
    try {
      record.end('committed', store.writeSync(batch, { durability: this.#durability() }));
    } catch (error) {
      this.#failReading(error);
      record.lose();
    }
  }

  #batch(): { record: OpenRecord; batch: WriteBatch } {
    const { store, newBatch } = this.#context;
    const record = this.#record(store.lastTimestamp);
    const batch = newBatch();
    const first = this.#below(this.#context.keys.registers);
    const keys = new Set([
      first,
      ...Array.from({ length: this.#below(4) }, () => this.#below(this.#context.keys.registers)),
    ]);
    for (const key of keys) {
      if (this.#chance(30)) record.delete(batch, registerKey(key));
      else record.put(batch, registerKey(key));
    }
    return { record, batch };
  }

  /** One read of the newest state: a transaction by itself. */
  async #latest(): Promise<void> {
    const { store } = this.#context;
    const record = this.#record(store.lastTimestamp);
    try {
      if (this.#chance(20)) await record.scan(store.latest(), this.#range(), () => this.#sometimes());
      else record.get(store.latest(), this.#anyKey());
      record.end('committed');
    } catch (error) {
      this.#failReading(error);
    }
  }

  async #maintain(): Promise<void> {
    const { engine } = this.#context.store;
    try {
      if (this.#chance(40)) await engine.flush();
      else if (this.#chance(50)) await engine.sync();
      else await engine.compact();
    } catch (error) {
      this.#failReading(error);
    }
  }

  /** Two to seven steps, some of them within savepoints. */
  async #work(record: OpenRecord, tx: Transaction, registers: boolean): Promise<void> {
    for (let step = 2 + this.#below(6); step > 0; step--) {
      if (this.#chance(10)) {
        const savepoint = record.savepoint(tx);
        for (let inner = this.#below(3); inner > 0; inner--) await this.#step(record, tx, registers);
        record.endSavepoint(savepoint, this.#chance(60) ? 'undo' : 'release');
      } else {
        await this.#step(record, tx, registers);
      }
    }
  }

  async #step(record: OpenRecord, tx: Transaction, registers: boolean): Promise<void> {
    const { keys } = this.#context;
    const dice = this.#below(100);
    if (dice < 40) {
      await this.#read(record, tx);
    } else if (dice < 70 || !registers) {
      const key = keys.list(this.#context.random);
      keys.grew(key, record.append(tx, key));
    } else if (dice < 90) {
      record.put(tx, this.#register());
    } else {
      record.delete(tx, this.#register());
    }
    await this.#sometimes();
  }

  async #read(record: OpenRecord, view: Parameters<OpenRecord['get']>[0]): Promise<void> {
    if (this.#chance(25)) await record.scan(view, this.#range(), () => this.#sometimes());
    else record.get(view, this.#anyKey());
  }

  #range(): ScanRequest {
    const { keys, random } = this.#context;
    const limit = this.#chance(40) ? 1 + this.#below(4) : 1000;
    const reverse = this.#chance(50);
    if (this.#chance(8)) return { ...keys.everything(), reverse, limit };
    const [a, b] = [this.#below(keys.registers + 1), this.#below(keys.registers + 1)];
    if (this.#chance(15)) return { lower: keys.list(random), upper: registerKey(a), reverse, limit };
    return { lower: registerKey(Math.min(a, b)), upper: registerKey(Math.max(a, b)), reverse, limit };
  }

  #anyKey(): string {
    return this.#chance(50) ? this.#context.keys.list(this.#context.random) : this.#register();
  }

  #register(): string {
    return registerKey(this.#below(this.#context.keys.registers));
  }

  /** What failed is undone, unless the store went down in the middle of its commit. */
  #fail(record: OpenRecord, tx: Transaction, error: unknown): void {
    const code = codeOf(error);
    if (code === 'VARVE_CLOSED') {
      this.#stopped = true;
      record.lose();
      return;
    }
    if (!(error instanceof SecondThoughts) && !REFUSALS.has(code)) throw error;
    tx.rollback();
    record.end('aborted');
  }

  /** For what is not a transaction and fails only with the store. */
  #failReading(error: unknown): void {
    if (codeOf(error) !== 'VARVE_CLOSED') throw error;
    this.#stopped = true;
  }

  #record(snapshotTimestamp: number): OpenRecord {
    return this.#context.recorder.begin(this.#name, snapshotTimestamp);
  }

  #durability(): 'buffered' | undefined {
    return this.#context.buffered && this.#chance(60) ? 'buffered' : undefined;
  }

  #pause(): Promise<void> {
    const { scheduler, random, pauseMs } = this.#context;
    return scheduler.pause(random.float() * pauseMs);
  }

  #sometimes(): Promise<void> | undefined {
    return this.#chance(40) ? this.#pause() : undefined;
  }

  #chance(percent: number): boolean {
    return this.#below(100) < percent;
  }

  #below(bound: number): number {
    return randomBelow(this.#context.random, bound);
  }
}

/** Not by class: the store may be another copy of the code than the one imported here. */
function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code);
}
