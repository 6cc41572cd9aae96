/** Snapshots and transactions over the engine: who sees which version, and who may commit. */

export type { Durability } from '../storage/index.js';
export { ChangeFeed } from './change-feed.js';
export type { ChangeGroup, KeyChange } from './change-history.js';
export { decodeDeadline, isDeadline, isSweptKey } from './deadlines.js';
export { EXPIRY_OPTIONS, type ExpiryOptions, expiryFrom } from './expiry-options.js';
export type { Isolation } from './commit-coordinator.js';
export type { History, PointInTime } from './history.js';
export type { Savepoint } from './savepoint.js';
export { Snapshot } from './snapshot.js';
export { Transaction } from './transaction.js';
export type { TransactionOutcome, TransactionState } from './transaction-hooks.js';
export { checkBody, checkSignal, type TransactionOptions } from './transaction-options.js';
export {
  type ChangesOptions,
  checkWriteOptions,
  type SnapshotOptions,
  type StoreDependencies,
  type StoreOptions,
  type WriteOptions,
} from './store-options.js';
export { type StoreStats, TransactionalStore } from './transactional-store.js';
export type { CursorOptions, RangeCursor, ReadView, WriteView } from './views.js';
