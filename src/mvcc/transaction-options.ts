/** What a caller may ask of a transaction, and what becomes of it. */

import { checkOptionNames, type ConflictError, InvalidArgumentError, kindOf } from '../base/index.js';
import type { Durability } from '../storage/index.js';
import type { Isolation } from './commit-coordinator.js';
import type { Turn } from './turns.js';

/** What a transaction is told when it begins. */
export interface TransactionSettings {
  readonly isolation: Isolation;
  readonly readOnly: boolean;
  readonly durability: Durability | undefined;
  /** Run by `transaction()`, which alone commits it. */
  readonly managed: boolean;
  /** Throws when the transaction's time is up or its signal has fired; undefined when nothing of that is set. */
  readonly checkInterruption: (() => void) | undefined;
  /** The run it belongs to, which waits for its turn after a conflict. Undefined for those that do not wait. */
  readonly run: { readonly turn: Turn | undefined; interrupted(reason: unknown): void } | undefined;
  /** It changes nothing that others see: nobody conflicts with it. */
  readonly quiet?: boolean | undefined;
}

export interface TransactionOptions {
  /** Default `'serializable'`. */
  readonly isolation?: Isolation | undefined;
  /** Reads one snapshot, tracks nothing, never conflicts; writing throws `InvalidArgumentError`. Default false. */
  readonly readOnly?: boolean | undefined;
  /** How often `transaction()` runs its body again after a conflict. Default 10. */
  readonly retries?: number | undefined;
  /**
   * Milliseconds until the transaction, retries included, is rolled back with `TimeoutError`. A commit that has passed
   * validation is not interrupted any more. Default: none.
   */
  readonly timeoutMs?: number | undefined;
  /** Rolls back with the signal's reason; as with `timeoutMs`, only before the commit is under way. */
  readonly signal?: AbortSignal | undefined;
  /** When the commit counts as done. Default: what the store's `wal.sync` says. */
  readonly durability?: Durability | undefined;
  /** Called before each retry; `attempt` counts from 1. */
  readonly onRetry?: ((error: ConflictError, attempt: number) => void) | undefined;
}

const RETRIES_DEFAULT = 10;

const OPTION_NAMES: readonly (keyof TransactionOptions)[] = [
  'isolation',
  'readOnly',
  'retries',
  'timeoutMs',
  'signal',
  'durability',
  'onRetry',
];

/** Throws `InvalidArgumentError` for options that do not exist and values of the wrong kind. */
export function checkOptions(options: TransactionOptions): void {
  checkOptionNames('options of a transaction', options, OPTION_NAMES);
  const { isolation, readOnly, retries, timeoutMs, signal, onRetry } = options;
  checkDurability(options.durability);
  if (isolation !== undefined && isolation !== 'serializable' && isolation !== 'snapshot') {
    throw invalid('isolation', isolation, "'serializable' or 'snapshot'");
  }
  if (retries !== undefined && !(Number.isSafeInteger(retries) && retries >= 0)) {
    throw invalid('retries', retries, 'an integer of at least 0');
  }
  if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs <= 2 ** 31 - 1)) {
    throw invalid('timeoutMs', timeoutMs, 'a number of milliseconds above 0 and below 2^31');
  }
  if (readOnly !== undefined && typeof readOnly !== 'boolean') throw invalid('readOnly', readOnly, 'true or false');
  if (signal !== undefined) checkSignal(signal);
  if (onRetry !== undefined && typeof onRetry !== 'function') throw invalid('onRetry', onRetry, 'a function');
}

/** Throws `InvalidArgumentError` for anything that could be taken for a weaker promise than was meant. */
export function checkDurability(durability: unknown): void {
  if (durability === undefined || durability === 'commit' || durability === 'buffered') return;
  throw invalid('durability', durability, "'commit' or 'buffered'");
}

/** Throws `InvalidArgumentError` unless `body` can be run. `subject` is how the message calls it. */
export function checkBody(subject: string, body: unknown): void {
  if (typeof body === 'function') return;
  throw new InvalidArgumentError(`${subject} must be a function, found ${kindOf(body)}`, {
    facts: { expected: 'function', found: kindOf(body) },
  });
}

/** Throws `InvalidArgumentError` for what is no signal, by its methods: there are those of other realms, and polyfills. */
export function checkSignal(signal: unknown): void {
  if (typeof (signal as Partial<AbortSignal> | null)?.throwIfAborted === 'function') return;
  throw invalid('signal', signal, 'an AbortSignal');
}

/** `storeIsReadOnly` makes every transaction a read-only one; a transaction with a run is a managed one. */
export function settingsOf(
  options: TransactionOptions,
  storeIsReadOnly: boolean,
  {
    checkInterruption,
    run,
    managed = run !== undefined,
  }: Pick<TransactionSettings, 'checkInterruption'> & Partial<Pick<TransactionSettings, 'run' | 'managed'>>,
): TransactionSettings {
  return {
    isolation: options.isolation ?? 'serializable',
    readOnly: storeIsReadOnly || options.readOnly === true,
    durability: options.durability,
    managed,
    checkInterruption,
    run,
  };
}

export function retriesOf(options: TransactionOptions): number {
  return options.retries ?? RETRIES_DEFAULT;
}

function invalid(option: string, found: unknown, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`${option} must be ${expected}, found ${rendered(found)}`, {
    facts: { option, expected, found },
  });
}

function rendered(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : typeof value === 'number' ? String(value) : kindOf(value);
}

export function isPromise<T>(result: T | PromiseLike<T>): result is PromiseLike<T> {
  return typeof (result as PromiseLike<T> | null | undefined)?.then === 'function';
}

/** Throws `InvalidArgumentError` when synchronous work returned a promise after all. */
export function rejectPromise(result: unknown, who: string): void {
  if (!isPromise(result)) return;
  // Its outcome is of no interest any more, but must not become an unhandled rejection.
  result.then(undefined, () => undefined);
  throw new InvalidArgumentError(`${who} must not return a promise`);
}
