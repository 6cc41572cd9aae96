/**
 * `transaction()` and `transactionSync()`: run a body in a transaction, commit, and run it again in a new one after a
 * conflict. Between attempts a run waits for its turn on what it lost over (see `turns.ts`), and for the commits it lost
 * against, so that the next snapshot includes them.
 *
 * Of a conflict over nothing in particular, such as a transaction too old to be validated, or one that the body itself has
 * thrown, a run waits a random time with full jitter (Marc Brooker, "Exponential backoff and jitter", 2015), whose window
 * grows from the time that the attempt took: what is in the way takes about as long.
 */

import { ConflictError } from '../base/index.js';
import type { Environment } from '../vfs/index.js';
import type { CommitCoordinator } from './commit-coordinator.js';
import { interruptionCheck, watchInterruptions } from './interruption.js';
import type { Transaction } from './transaction.js';
import { rejectPromise, retriesOf, type TransactionOptions, type TransactionSettings } from './transaction-options.js';
import { type Contention, type Turn, type Turns, widened } from './turns.js';

const BACKOFF_BASE_MIN_MS = 1;
const BACKOFF_GROWTH_MAX = 128;
const BACKOFF_MAX_MS = 1000;

/** What a run needs of its store. */
export interface RunContext {
  readonly environment: Environment;
  readonly coordinator: CommitCoordinator;
  readonly turns: Turns;
  /** Runs under way; closing the store ends them. */
  readonly runs: Set<{ interrupt(reason: unknown): void }>;
  /** Begins a managed transaction. */
  begin(options: TransactionOptions, interruption: Pick<TransactionSettings, 'checkInterruption' | 'run'>): Transaction;
  /** Called before each retry. */
  countRetry(): void;
}

/** One call of `transaction()`. Used once. */
export class TransactionRun<T> {
  readonly #context: RunContext;
  readonly #body: (tx: Transaction) => T | Promise<T>;
  readonly #options: TransactionOptions;
  readonly #checkInterruption: (() => void) | undefined;
  #current: Transaction | undefined;
  #interruption: { readonly reason: unknown } | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  /** Ends the wait between two attempts. */
  #wake: (() => void) | undefined;
  /** From the first conflict on. */
  #turn: Turn | undefined;

  constructor(context: RunContext, body: (tx: Transaction) => T | Promise<T>, options: TransactionOptions) {
    this.#context = context;
    this.#body = body;
    this.#options = options;
    this.#checkInterruption = interruptionCheck(options, context.environment.clock);
  }

  get turn(): Turn | undefined {
    return this.#turn;
  }

  async run(): Promise<T> {
    const { timeoutMs, signal } = this.#options;
    signal?.throwIfAborted();
    const { environment, runs } = this.#context;
    const stop =
      timeoutMs === undefined && signal === undefined
        ? undefined
        : watchInterruptions(this.#options, environment.scheduler, true, (reason) => this.interrupt(reason));
    runs.add(this);
    try {
      // The promise of a body that never ends must be settled all the same when the run is interrupted.
      return await new Promise<T>((resolve, reject) => {
        this.#reject = reject;
        this.#attempts().then(resolve, reject);
      });
    } finally {
      stop?.();
      runs.delete(this);
      this.#turn?.release();
    }
  }

  /** Rolls back and rejects with `reason`, unless the commit is under way or done. */
  interrupt(reason: unknown): void {
    const state = this.#current?.state;
    if (this.#interruption !== undefined || state === 'committing' || state === 'committed') return;
    this.interrupted(reason);
    this.#current?.interrupt(reason);
  }

  /** Called by the transaction when it was taken away. */
  interrupted(reason: unknown): void {
    if (this.#interruption !== undefined) return;
    this.#interruption = { reason };
    this.#reject?.(reason);
    this.#wake?.();
  }

  async #attempts(): Promise<T> {
    const { clock } = this.#context.environment;
    for (let attempt = 0; ; attempt++) {
      const startMs = clock.monotonicMs();
      try {
        return await this.#attempt();
      } catch (error) {
        if (!isRetryable(error) || attempt >= retriesOf(this.#options)) throw error;
        this.#throwIfInterrupted();
        this.#options.onRetry?.(error, attempt + 1);
        this.#context.countRetry();
        const contention = this.#context.coordinator.contentionOf(error);
        const attemptMs = clock.monotonicMs() - startMs;
        if (contention === undefined) await this.#backOff(attempt, attemptMs);
        else await this.#takeTurn(contention, attemptMs);
        this.#throwIfInterrupted();
      }
    }
  }

  async #attempt(): Promise<T> {
    const tx = this.#context.begin(this.#options, { checkInterruption: this.#checkInterruption, run: this });
    this.#current = tx;
    let result: T;
    try {
      result = await this.#body(tx);
      // A body that never waited has kept timer and signal from being heard.
      this.#checkInterruption?.();
    } catch (error) {
      if (tx.state === 'open') tx.rollback();
      throw error;
    }
    // Without this check a body that never noticed that its transaction was taken away would count as committed.
    tx.throwIfInterrupted();
    if (tx.state === 'open') await tx.finish();
    return result;
  }

  /** Waits for a turn on everything this run has lost over, unless it has one already. */
  async #takeTurn(contention: Contention, attemptMs: number): Promise<void> {
    const { turns, coordinator } = this.#context;
    const covered = widened(this.#turn?.covered ?? [], contention);
    if (this.#turn?.protects !== true || covered.length > this.#turn.covered.length) {
      this.#turn?.release();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#turn = turns.take(covered, attemptMs, resolve);
      });
      this.#wake = undefined;
    }
    await coordinator.settled();
  }

  async #backOff(attempt: number, attemptMs: number): Promise<void> {
    const { random, scheduler } = this.#context.environment;
    await this.#context.coordinator.settled();
    const windowMs = Math.max(BACKOFF_BASE_MIN_MS, attemptMs) * Math.min(BACKOFF_GROWTH_MAX, 2 ** attempt);
    const delayMs = Math.round(random.float() * Math.min(BACKOFF_MAX_MS, windowMs));
    await new Promise<void>((resolve) => {
      if (delayMs === 0 || this.#interruption !== undefined) {
        scheduler.nextTurn(resolve);
        return;
      }
      const cancel = scheduler.after(delayMs, resolve, { keepAlive: true });
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = undefined;
  }

  #throwIfInterrupted(): void {
    if (this.#interruption !== undefined) throw this.#interruption.reason;
  }
}

/**
 * The same without giving up the thread. A conflict can only come from commits that the body itself made beside its
 * transaction, so retries do not wait. The timeout and the signal are looked at after the body and before the commit.
 */
export function runSync<T>(context: RunContext, body: (tx: Transaction) => T, options: TransactionOptions): T {
  const checkInterruption = interruptionCheck(options, context.environment.clock);
  options.signal?.throwIfAborted();
  for (let attempt = 0; ; attempt++) {
    if (options.readOnly !== true) context.coordinator.settleSync();
    const tx = context.begin(options, { checkInterruption });
    try {
      const result = body(tx);
      rejectPromise(result, 'the body of transactionSync()');
      checkInterruption?.();
      tx.throwIfInterrupted();
      if (tx.state === 'open') tx.finishSync();
      return result;
    } catch (error) {
      tx.interrupt(error);
      if (!isRetryable(error) || attempt >= retriesOf(options)) throw error;
      options.onRetry?.(error, attempt + 1);
      context.countRetry();
    }
  }
}

/** A stale version number is a conflict too, but one that a new attempt with the same entity cannot win. */
function isRetryable(error: unknown): error is ConflictError {
  return error instanceof ConflictError && error.retryable;
}
