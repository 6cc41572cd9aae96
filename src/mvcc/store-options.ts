/** What a store is opened with, and what its calls may be told. */

import { checkOptionNames, type KeyRange } from '../base/index.js';
import type { Durability, EngineOptions, EventListener, JobExecutor, Timestamp } from '../storage/index.js';
import type { Environment } from '../vfs/index.js';
import type { History, PointInTime } from './history.js';
import { checkDurability } from './transaction-options.js';

export interface StoreOptions extends EngineOptions {
  readonly createIfMissing: boolean;
  /** What stays readable of the past beyond open snapshots. Default: nothing. */
  readonly history?: History | undefined;
  readonly limits: EngineOptions['limits'] & {
    /** Bytes that the write buffer of one transaction may take, and what its record of reads may take before it is coarsened. */
    readonly transactionBytes: number;
    /** Snapshots, transactions and readers of changes open for longer are reported as leaks. Default: none are. */
    readonly snapshotAgeMs?: number | undefined;
    /** Transactions open for longer are ended with `LimitError`. Default: none are. */
    readonly transactionAgeMs?: number | undefined;
    /** Bytes of keys remembered for validation; transactions older than what they cover conflict. Default 32 MiB. */
    readonly recentCommitBytes?: number;
  };
}

export interface StoreDependencies {
  readonly environment: Environment;
  readonly executor: JobExecutor;
  readonly listener: EventListener;
  /** A key as messages may show it. Default: messages show none. */
  readonly describeKey?: ((key: Uint8Array) => string) | undefined;
}

export interface WriteOptions {
  /**
   * `'commit'`: on the device once the promise resolves. `'buffered'`: handed to the operating system. Default: what the
   * store's `wal.sync` says.
   */
  readonly durability?: Durability | undefined;
}

export interface SnapshotOptions {
  /**
   * A commit timestamp, or a moment: the newest commit made when the wall clock showed that or less (one to come is now).
   */
  readonly asOf?: PointInTime | undefined;
}

export interface ChangesOptions {
  readonly range: KeyRange;
  /** A commit timestamp, exclusive. Default: the newest commit. */
  readonly since?: Timestamp | undefined;
  /** Ends the feed with its reason. */
  readonly signal?: AbortSignal | undefined;
}

export const NO_OPTIONS: WriteOptions = {};

/** Throws `InvalidArgumentError` for options of a write that do not exist, or say something else than they may. */
export function checkWriteOptions(options: WriteOptions): void {
  if (options === NO_OPTIONS) return;
  checkOptionNames('options of a write', options, ['durability']);
  checkDurability(options.durability);
}
