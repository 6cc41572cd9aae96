/**
 * `transaction()` and `transactionSync()`: run a body in a transaction, commit, and run it again in a new one after a
 * conflict. Between attempts the commits it lost against are waited for, so that the next snapshot includes them, and
 * then a random time with full jitter (Marc Brooker, "Exponential backoff and jitter", 2015), whose window grows from the
 * time that the attempt took: what is in the way takes about as long.
 */

import { ConflictError } from '../base/index.js';
import type { Environment } from '../vfs/index.js';
import type { CommitCoordinator } from './commit-coordinator.js';
import { interruptionCheck, watchInterruptions } from './interruption.js';
import { rejectPromise, type Transaction } from './transaction.js';
import { retriesOf, type TransactionOptions } from './transaction-options.js';

const BACKOFF_BASE_MIN_MS = 1;
const BACKOFF_GROWTH_MAX = 128;
const BACKOFF_MAX_MS = 1000;

/** What a run needs of its store. */
export interface RunContext {
  readonly environment: Environment;
  readonly coordinator: CommitCoordinator;
  /** Begins a managed transaction. `checkInterruption` throws when the run's time is up or its signal has fired. */
  begin(options: TransactionOptions, checkInterruption: (() => void) | undefined): Transaction;
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
  /** Ends the wait between two attempts. */
  #wake: (() => void) | undefined;

  constructor(context: RunContext, body: (tx: Transaction) => T | Promise<T>, options: TransactionOptions) {
    this.#context = context;
    this.#body = body;
    this.#options = options;
    this.#checkInterruption = interruptionCheck(options, context.environment.clock);
  }

  async run(): Promise<T> {
    const { timeoutMs, signal } = this.#options;
    signal?.throwIfAborted();
    if (timeoutMs === undefined && signal === undefined) return this.#attempts();
    const { scheduler } = this.#context.environment;
    return new Promise<T>((resolve, reject) => {
      const stop = watchInterruptions(this.#options, scheduler, true, (reason) => {
        if (this.#current?.state === 'committing' || this.#current?.state === 'committed') return;
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the reason of a signal may be anything
        reject(reason);
        this.#interrupt(reason);
      });
      void this.#attempts().then(resolve, reject).finally(stop);
    });
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
        await this.#backOff(attempt, clock.monotonicMs() - startMs);
        this.#throwIfInterrupted();
      }
    }
  }

  async #attempt(): Promise<T> {
    const tx = this.#context.begin(this.#options, this.#checkInterruption);
    this.#current = tx;
    let result: T;
    try {
      result = await this.#body(tx);
      // A body that never waited has kept timer and signal from being heard.
      this.#checkInterruption?.();
    } catch (error) {
      tx.interrupt(error);
      throw error;
    }
    // Without this check a body that never noticed that its transaction was taken away would count as committed.
    tx.throwIfInterrupted();
    if (tx.state === 'open') await tx.finish();
    return result;
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

  #interrupt(reason: unknown): void {
    this.#interruption = { reason };
    this.#wake?.();
    this.#current?.interrupt(reason);
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
    const tx = context.begin(options, checkInterruption);
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
