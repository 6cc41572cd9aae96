/** Which transaction's body is running, wherever in it a call is made. Only databases that ask for it have one of these. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { InvalidArgumentError, kindOf } from './base/index.js';
import type { DatabaseTransaction } from './transaction.js';

export class AmbientTransaction {
  readonly #storage = new AsyncLocalStorage<DatabaseTransaction>();

  /** The innermost one; undefined outside of all bodies. */
  get current(): DatabaseTransaction | undefined {
    return this.#storage.getStore();
  }

  /** Runs `body`, and whatever it starts, with `transaction` as the current one. */
  run<T>(transaction: DatabaseTransaction, body: (transaction: DatabaseTransaction) => T): T {
    return this.#storage.run(transaction, () => body(transaction));
  }
}

/** The one that a database has, or the error for one that has not. */
export function requireAmbient(ambient: AmbientTransaction | undefined): AmbientTransaction {
  if (ambient !== undefined) return ambient;
  throw new InvalidArgumentError('currentTransaction needs the option ambientTransactions', {
    facts: { option: 'ambientTransactions' },
  });
}

/** A transaction inside a transaction has no options of its own. An object without any is none. */
export function refuseOptions(options: unknown): void {
  if (options === undefined) return;
  const found = typeof options === 'object' && options !== null ? Object.keys(options) : [kindOf(options)];
  if (found.length === 0) return;
  throw new InvalidArgumentError('a nested transaction is part of the outer one and takes no options', {
    facts: { found },
  });
}
