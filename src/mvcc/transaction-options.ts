/** What a caller may ask of a transaction, and what becomes of it. */

import { type ConflictError, InvalidArgumentError } from '../base/index.js';
import type { Durability } from '../storage/index.js';
import type { Isolation } from './commit-coordinator.js';
import type { TransactionSettings } from './transaction.js';

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

/** Throws `InvalidArgumentError` for values of the wrong kind. */
export function checkOptions(options: TransactionOptions): void {
  const { isolation, retries, timeoutMs } = options;
  if (isolation !== undefined && isolation !== 'serializable' && isolation !== 'snapshot') {
    throw invalid('isolation', isolation, "'serializable' or 'snapshot'");
  }
  if (retries !== undefined && !(Number.isSafeInteger(retries) && retries >= 0)) {
    throw invalid('retries', retries, 'an integer of at least 0');
  }
  if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs <= 2 ** 31 - 1)) {
    throw invalid('timeoutMs', timeoutMs, 'a number of milliseconds above 0 and below 2^31');
  }
}

/** `storeIsReadOnly` makes every transaction a read-only one. */
export function settingsOf(
  options: TransactionOptions,
  storeIsReadOnly: boolean,
  managed: boolean,
): TransactionSettings {
  return {
    isolation: options.isolation ?? 'serializable',
    readOnly: storeIsReadOnly || options.readOnly === true,
    durability: options.durability,
    managed,
  };
}

export function retriesOf(options: TransactionOptions): number {
  return options.retries ?? RETRIES_DEFAULT;
}

function invalid(option: string, found: unknown, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`${option} must be ${expected}, found ${String(found)}`, {
    facts: { option, expected, found },
  });
}
