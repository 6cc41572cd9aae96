/** A keyspace inside a transaction: what is read can be locked. */

import type { Transaction } from '../mvcc/index.js';
import { Keyspace, type KeyspaceLayout, type KeyspaceSink } from './keyspace.js';

export class TransactionKeyspace<KeyIn, KeyOut, Value> extends Keyspace<KeyIn, KeyOut, Value> {
  readonly #owner: Pick<Transaction, 'lock'>;

  constructor(owner: Pick<Transaction, 'lock'>, sink: KeyspaceSink, layout: KeyspaceLayout<KeyIn, KeyOut, Value>) {
    super(sink, layout);
    this.#owner = owner;
  }

  /**
   * Makes `key`, present or not, conflict as if it had been written here, in every isolation level: of two transactions that
   * lock or write it and commit something, the one that commits later fails with `ConflictError` unless it began after the
   * other was done. Waits for nobody. Throws `InvalidArgumentError` in a read-only transaction.
   */
  async lock(key: KeyIn): Promise<void> {
    this.lockSync(key);
  }

  lockSync(key: KeyIn): void {
    this.#owner.lock(this.keyBytes(key));
  }
}
