/**
 * `transaction()` and `transactionSync()`: run a body in a transaction, commit, and run it again in a new one after a
 * conflict. Between attempts a run waits for its turn on what it lost over (see `turns.ts`), and for the commits it lost
 * against, so that the next snapshot includes them.
 *
 * Of a conflict over nothing in particular, such as a transaction too old to be validated, or one that the body itself has
 * thrown, a run waits a random time with full jitter (Marc Brooker, "Exponential backoff and jitter", 2015), whose window
 * grows from the time that the attempt took: what is in the way takes about as long.
 */

import { ConflictError, type Placed, type PlacedSet } from '../base/index.js';
import type { Environment } from '../vfs/index.js';
import type { CommitCoordinator, CommitObserver } from './commit-coordinator.js';
import { interruptionCheck, watchInterruptions } from './interruption.js';
import type { Transaction } from './transaction.js';
import {
  checkBody,
  checkOptions,
  isPromise,
  rejectPromise,
  retriesOf,
  settingsOf,
  type TransactionOptions,
  type TransactionSettings,
} from './transaction-options.js';
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
  readonly runs: PlacedSet<Placed & { interrupt(reason: unknown): void }>;
  readonly storeIsReadOnly: boolean;
  begin(settings: TransactionSettings): Transaction;
  /** Called before each retry. */
  countRetry(): void;
}

/** `transaction()`, whose promise rejects with bad arguments too. */
export function runAsync<T>(
  context: RunContext,
  body: (tx: Transaction) => T | Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  return new Promise((resolve, reject) => {
    checkBody('the body of a transaction', body);
    checkOptions(options);
    options.signal?.throwIfAborted();
    new TransactionRun(context, body, options, { resolve, reject }).start();
  });
}

/**
 * One call of `transaction()`. Goes from step to step by callbacks: with the async functions and promises that were in
 * between, and between here and the log, small transactions took 1.3 times as long (2 shared cores, Node 20.20).
 */
class TransactionRun<T> implements CommitObserver, Placed {
  place = -1;
  readonly #context: RunContext;
  readonly #body: (tx: Transaction) => T | Promise<T>;
  readonly #options: TransactionOptions;
  readonly #settings: TransactionSettings;
  /** Settled at once when the run is interrupted, although the body may never end. */
  readonly #promise: { resolve(result: T): void; reject(reason: unknown): void };
  #stopWatching: (() => void) | undefined;
  #attempts = 0;
  #startMs = 0;
  #current: Transaction | undefined;
  /** What the body of the last attempt returned. */
  #result: T | undefined;
  #interruption: { readonly reason: unknown } | undefined;
  /** Ends the wait between two attempts. */
  #wake: (() => void) | undefined;
  /** From the first conflict on. */
  #turn: Turn | undefined;

  constructor(
    context: RunContext,
    body: (tx: Transaction) => T | Promise<T>,
    options: TransactionOptions,
    promise: { resolve(result: T): void; reject(reason: unknown): void },
  ) {
    this.#context = context;
    this.#body = body;
    this.#options = options;
    this.#promise = promise;
    const checkInterruption = interruptionCheck(options, context.environment.clock);
    this.#settings = settingsOf(options, context.storeIsReadOnly, { checkInterruption, run: this });
  }

  get turn(): Turn | undefined {
    return this.#turn;
  }

  start(): void {
    const { environment, runs } = this.#context;
    if (this.#settings.checkInterruption !== undefined) {
      const interrupt = (reason: unknown): void => this.interrupt(reason);
      this.#stopWatching = watchInterruptions(this.#options, environment.scheduler, true, interrupt);
    }
    runs.add(this);
    this.#attempt();
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
    this.#fail(reason);
    this.#wake?.();
  }

  /** Called by the transaction. */
  committed(): void {
    this.#end();
    this.#promise.resolve(this.#result as T);
  }

  /** The same: the attempt has failed. */
  failed(cause: unknown): void {
    if (this.#current?.state === 'open') this.#current.rollback();
    this.#prepareRetry(cause).then(
      () => this.#attempt(),
      (reason: unknown) => this.#fail(reason),
    );
  }

  #attempt(): void {
    this.#attempts++;
    this.#startMs = this.#context.environment.clock.monotonicMs();
    let pending: T | Promise<T>;
    try {
      this.#current = this.#context.begin(this.#settings);
      pending = this.#body(this.#current);
    } catch (error) {
      this.failed(error);
      return;
    }
    if (isPromise(pending)) {
      (pending instanceof Promise ? pending : Promise.resolve(pending)).then(
        (result) => this.#finish(result),
        (error: unknown) => this.failed(error),
      );
    } else {
      this.#finish(pending);
    }
  }

  /** The body is through. */
  #finish(result: T): void {
    const tx = this.#current!;
    try {
      // A body that never waited has kept timer and signal from being heard.
      this.#settings.checkInterruption?.();
      // Without this check a body that never noticed that its transaction was taken away would count as committed.
      tx.throwIfInterrupted();
    } catch (error) {
      this.failed(error);
      return;
    }
    this.#result = result;
    if (tx.state === 'open') tx.finish(this);
    else this.committed();
  }

  /** Waits until another attempt makes sense. Throws when there is to be none. */
  async #prepareRetry(error: unknown): Promise<void> {
    const { environment, coordinator } = this.#context;
    if (!isRetryable(error) || this.#attempts > retriesOf(this.#options)) throw error;
    this.#throwIfInterrupted();
    this.#options.onRetry?.(error, this.#attempts);
    this.#context.countRetry();
    const contention = coordinator.contentionOf(error);
    const attemptMs = environment.clock.monotonicMs() - this.#startMs;
    if (contention === undefined) await this.#backOff(this.#attempts - 1, attemptMs);
    else await this.#takeTurn(contention, attemptMs);
    this.#throwIfInterrupted();
  }

  #fail(reason: unknown): void {
    this.#end();
    this.#promise.reject(reason);
  }

  #end(): void {
    this.#stopWatching?.();
    this.#context.runs.delete(this);
    this.#turn?.release();
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
  const settings = settingsOf(options, context.storeIsReadOnly, { checkInterruption, managed: true });
  options.signal?.throwIfAborted();
  for (let attempt = 0; ; attempt++) {
    if (options.readOnly !== true) context.coordinator.settleSync();
    const tx = context.begin(settings);
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
