/** What the store shares with its transactions. */

import type { PlacedSet } from '../base/index.js';
import type { Engine } from '../storage/index.js';
import type { CommitCoordinator } from './commit-coordinator.js';
import type { Deadlines } from './deadlines.js';
import type { MemtablePool } from './memtable-pool.js';
import type { SnapshotRegistry } from './snapshot-registry.js';
import type { Transaction } from './transaction.js';

export interface TransactionContext {
  readonly engine: Engine;
  readonly coordinator: CommitCoordinator;
  readonly registry: SnapshotRegistry;
  readonly deadlines: Deadlines;
  readonly pool: MemtablePool;
  /** Bound of the write buffer and, separately, of the record of what was read. */
  readonly transactionBytesMax: number;
  /** Transactions begun and not ended. */
  readonly open: PlacedSet<Transaction>;
  /** Raises an error that nobody can handle. */
  readonly reportBug: (error: unknown) => void;
}
