/** Snapshots and transactions over the engine: who sees which version, and who may commit. */

export type { Durability } from '../storage/index.js';
export { ChangeFeed } from './change-feed.js';
export type { ChangeGroup, KeyChange } from './change-history.js';
export type { Isolation } from './commit-coordinator.js';
export type { History, PointInTime } from './history.js';
export type { Savepoint } from './savepoint.js';
export { Snapshot } from './snapshot.js';
export { Transaction, type TransactionState } from './transaction.js';
export type { TransactionOutcome } from './transaction-hooks.js';
export { checkBody, checkSignal, type TransactionOptions } from './transaction-options.js';
export {
  checkWriteOptions,
  type ChangesOptions,
  type SnapshotOptions,
  type StoreDependencies,
  type StoreOptions,
  type StoreStats,
  TransactionalStore,
  type WriteOptions,
} from './transactional-store.js';
export type { CursorOptions, RangeCursor, ReadView, WriteView } from './views.js';
