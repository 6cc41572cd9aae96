/**
 * Removes what has expired, and thereby tells readers of changes of it: each removal is part of a commit, as any deletion is,
 * so it is told once, after a restart too, and history, snapshots and compaction need to know nothing of time. Until then
 * readers judge for themselves.
 *
 * A sweep is a validated transaction over the deadlines that are due, some of them at a time: a value put meanwhile is not
 * touched. Nobody conflicts with it: whoever began before sees what was there by its own moment, and whoever begins later sees
 * nothing new.
 *
 * A step that does not fit `limits.batchBytes` or `limits.transactionBytes` is made smaller. A key whose removal alone does not
 * fit, as limits were lowered since it was put, stays where it is, hidden as all that has expired, until the store is opened
 * with limits that let it go.
 */

import { compareBytes, ConflictError, EMPTY_BYTES, keyAfter, LimitError, type Scheduler } from '../base/index.js';
import type { Engine } from '../storage/index.js';
import { nameOf } from './change-history.js';
import type { CommitCoordinator } from './commit-coordinator.js';
import { decodeDeadline, deadlineKey, deadlineRange, type Deadlines, sweptRecord } from './deadlines.js';
import type { Transaction } from './transaction.js';

/** Deadlines looked at in one commit, and bytes that their removal writes. */
const STEP_DEADLINES = 256;
const STEP_BYTES = 128 * 1024;
/** Of the room that a transaction and a batch have, a step takes no more than these parts. */
const TRANSACTION_PART = 4;
const BATCH_PART = 2;
/** The key of a value is written twice, its deadline being a key too; and what both cost besides. */
const WRITES_PER_KEY = 2;
const DEADLINE_OVERHEAD_BYTES = 100;
/** After so many conflicts in a row a step begins only once everything in flight is done. */
const CONFLICTS_MAX = 3;
/** Between two sweeps, so that values which end one by one cost one commit together. */
const PAUSE_MS = 100;
/** A wall clock that was put forward is noticed after this time at the latest. */
const WAIT_MS_MAX = 60_000;

export interface SweepHost {
  readonly engine: Engine;
  readonly deadlines: Deadlines;
  readonly coordinator: CommitCoordinator;
  readonly scheduler: Scheduler;
  readonly transactionBytesMax: number;
  readonly batchBytesMax: number;
  /** Begins a transaction with which nobody conflicts. */
  begin(): Transaction;
  /** Raises an error that nobody can handle. */
  reportBug(error: unknown): void;
}

/** How to take one. */
interface StepPlan {
  readonly nowMs: number;
  /** Deadlines to look at, at most. */
  readonly count: number;
  readonly conflicts: number;
}

interface Step {
  /** Where the next one begins. */
  readonly position: Uint8Array;
  readonly expired: number;
  /** Deadlines to look at in the next one, at most. */
  readonly count: number;
}

export class ExpirySweep {
  readonly #host: SweepHost;
  readonly #bytesMax: number;
  /** No published deadline is before it but those of keys that cannot be removed. */
  #fromMs = 0;
  /** The earliest deadline entered since the last sweep began. */
  #enteredMs = Number.POSITIVE_INFINITY;
  #running: Promise<number> | undefined;
  #expired = 0;
  #planned: { readonly dueMs: number; cancel(): void } | undefined;
  /** On the monotonic clock. */
  #restsUntilMs = 0;
  #closed = false;

  constructor(host: SweepHost) {
    this.#host = host;
    const { transactionBytesMax, batchBytesMax } = host;
    this.#bytesMax = Math.min(STEP_BYTES, transactionBytesMax / TRANSACTION_PART, batchBytesMax / BATCH_PART);
    host.deadlines.onEntered = (expiresAtMs) => this.#entered(expiresAtMs);
    this.#planNext();
  }

  /** Values removed since the store was opened. */
  get expired(): number {
    return this.#expired;
  }

  /** Removes everything that has expired by now; resolves with the number of values. */
  async run(): Promise<number> {
    // Those that are under way judge by an earlier moment.
    while (this.#running !== undefined) await this.#running.catch(() => undefined);
    this.#running = this.#sweep().finally(() => {
      this.#running = undefined;
      this.#restsUntilMs = this.#host.engine.environment.clock.monotonicMs() + PAUSE_MS;
      if (!this.#closed && !this.#host.engine.poisoned) this.#planNext();
    });
    return this.#running;
  }

  /** Sweeps no more. A step that is being committed goes on. */
  close(): void {
    this.#closed = true;
    this.#planned?.cancel();
  }

  #entered(expiresAtMs: number): void {
    this.#enteredMs = Math.min(this.#enteredMs, expiresAtMs);
    if (this.#running === undefined) this.#plan(expiresAtMs);
  }

  #planNext(): void {
    const publishedMs = this.#host.deadlines.first(this.#fromMs) ?? Number.POSITIVE_INFINITY;
    this.#plan(Math.min(publishedMs, this.#enteredMs));
  }

  #plan(dueMs: number): void {
    if (this.#closed || dueMs === Number.POSITIVE_INFINITY) return;
    if (this.#planned !== undefined && this.#planned.dueMs <= dueMs) return;
    this.#planned?.cancel();
    const { engine, scheduler } = this.#host;
    const restMs = this.#restsUntilMs - engine.environment.clock.monotonicMs();
    const waitMs = Math.min(WAIT_MS_MAX, Math.max(0, restMs, dueMs - engine.clock.nowMs()));
    this.#planned = { dueMs, cancel: scheduler.after(waitMs, () => this.#wake(dueMs)) };
  }

  #wake(dueMs: number): void {
    this.#planned = undefined;
    if (dueMs > this.#host.engine.clock.nowMs()) return this.#plan(dueMs);
    this.run().catch((error: unknown) => {
      // Of a store that was closed, or has stopped, everybody else learns as well.
      if (!this.#closed && !this.#host.engine.poisoned) this.#host.reportBug(error);
    });
  }

  async #sweep(): Promise<number> {
    const { coordinator, engine, scheduler } = this.#host;
    const fromMs = Math.min(this.#fromMs, this.#enteredMs);
    this.#enteredMs = Number.POSITIVE_INFINITY;
    // What was entered so far is published then, or has failed; what is entered from now on is noted anew.
    await coordinator.settled();
    const nowMs = engine.clock.nowMs();
    const { lower, upper } = deadlineRange(fromMs, Math.floor(nowMs) + 1);
    let position = lower;
    let expired = 0;
    let conflicts = 0;
    let count = STEP_DEADLINES;
    while (compareBytes(position, upper) < 0) {
      try {
        const step = await this.#step(position, upper, { nowMs, count, conflicts });
        expired += step.expired;
        ({ position, count } = step);
        conflicts = 0;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        conflicts++;
      }
      await new Promise<void>((resolve) => scheduler.nextTurn(resolve));
    }
    this.#fromMs = Math.floor(nowMs) + 1;
    return expired;
  }

  /** Removes some of what is due from `position` on, in one commit. */
  async #step(position: Uint8Array, upper: Uint8Array, { nowMs, count, conflicts }: StepPlan): Promise<Step> {
    const { coordinator, deadlines } = this.#host;
    if (conflicts > CONFLICTS_MAX) coordinator.settleSync();
    const tx = this.#host.begin();
    deadlines.sweepsInFlight++;
    let due: Uint8Array[] = [];
    try {
      due = this.#read(tx, position, upper, Math.max(1, count >> conflicts));
      const expired = new Set<string>();
      for (const stored of due) this.#settle(tx, stored, nowMs, expired);
      if (expired.size > 0) {
        const { key, value } = sweptRecord(nowMs);
        tx.put(key, value);
      }
      await tx.commit();
      this.#expired += expired.size;
      const last = due.at(-1);
      const next = last === undefined ? upper : keyAfter(last);
      return { position: next, expired: expired.size, count: Math.min(STEP_DEADLINES, count * 2) };
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      return await this.#smaller(error, position, due);
    } finally {
      if (tx.state === 'open') tx.rollback();
      deadlines.sweepsInFlight--;
    }
  }

  /** What follows a step for which there was no room. */
  async #smaller(error: LimitError, position: Uint8Array, due: readonly Uint8Array[]): Promise<Step> {
    if (error.retryable) {
      await this.#host.coordinator.settled();
      return { position, expired: 0, count: due.length };
    }
    if (due.length > 1) return { position, expired: 0, count: due.length >> 1 };
    return { position: keyAfter(due[0]!), expired: 0, count: STEP_DEADLINES };
  }

  #read(tx: Transaction, lower: Uint8Array, upper: Uint8Array, count: number): Uint8Array[] {
    const found: Uint8Array[] = [];
    const cursor = tx.cursor({ lower, upper });
    let bytes = 0;
    while (found.length < count && bytes < this.#bytesMax && cursor.next()) {
      const stored = cursor.key();
      found.push(stored);
      bytes += WRITES_PER_KEY * stored.length + DEADLINE_OVERHEAD_BYTES;
    }
    cursor.close();
    return found;
  }

  /** Does with one deadline that is due what the value asks for. Adds the key to `expired` when that has. */
  #settle(tx: Transaction, stored: Uint8Array, nowMs: number, expired: Set<string>): void {
    const { key, expiresAtMs: dueMs } = decodeDeadline(stored);
    if (this.#host.coordinator.wroteAfter(key, tx.timestamp)) {
      // One key that is being written must not cost a step with all its others.
      this.#enteredMs = Math.min(this.#enteredMs, dueMs);
      return;
    }
    tx.delete(stored);
    tx.guard(key);
    const expiresAtMs = this.#host.engine.storedExpiry(key, tx.timestamp);
    if (expiresAtMs === undefined) return;
    if (expiresAtMs <= nowMs) {
      tx.delete(key, true);
      expired.add(nameOf(key));
      return;
    }
    tx.put(deadlineKey(expiresAtMs, key), EMPTY_BYTES);
    this.#enteredMs = Math.min(this.#enteredMs, expiresAtMs);
  }
}
