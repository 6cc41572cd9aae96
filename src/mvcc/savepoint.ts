/** Points inside a transaction to which its writes can go back. They nest; ending one ends those inside it. */

import { TransactionClosedError } from '../base/index.js';
import type { WriteBuffer, WriteMark } from './write-buffer.js';

/** What a savepoint asks of its transaction. */
export interface SavepointOwner {
  /** Throws `TransactionClosedError` once the transaction has ended. */
  assertOpen(): void;
  readonly state: string;
}

export class Savepoint {
  readonly #owner: SavepointOwner;
  readonly #writes: WriteBuffer;
  readonly #mark: WriteMark;
  /** The transaction's open savepoints, outermost first; this one is among them until it ends. */
  readonly #stack: Savepoint[];

  /** Opens a savepoint inside those on `stack`. */
  constructor(owner: SavepointOwner, writes: WriteBuffer, stack: Savepoint[]) {
    this.#owner = owner;
    this.#writes = writes;
    this.#mark = writes.mark();
    this.#stack = stack;
    stack.push(this);
  }

  /**
   * Undoes every write made since the savepoint, and ends it. What was read since stays read: it may have decided what
   * happened elsewhere. Nothing is left to do, and nothing happens, when the whole transaction has been rolled back.
   * Throws `TransactionClosedError` when the savepoint had ended.
   */
  rollback(): void {
    if (this.#owner.state === 'rolled-back') return;
    this.#end();
    this.#writes.truncate(this.#mark);
  }

  /** Keeps the writes and ends the savepoint. Throws `TransactionClosedError` when it had ended. */
  release(): void {
    this.#end();
  }

  #end(): void {
    this.#owner.assertOpen();
    const depth = this.#stack.indexOf(this);
    if (depth < 0) throw new TransactionClosedError('the savepoint was used after its end');
    this.#stack.length = depth;
  }
}
