/** What an engine can be told, what it depends on and what it tells; plain data and small interfaces. */

import type { TreePolicy } from '../compaction/tree-shape.js';
import type { RetentionPolicy } from '../compaction/retention.js';
import type { CachePolicyName } from '../cache/eviction-policy.js';
import type { JobExecutor } from '../compaction/job.js';
import type { Environment } from '../../vfs/index.js';
import type { Timestamp } from '../entry.js';

/** `commit`: on the device when acknowledged. `buffered`: handed to the operating system, safe from a kill only. */
export type Durability = 'commit' | 'buffered';

/**
 * When the log is synced. `commit`: before every acknowledgement. The others make `buffered` the default of a commit:
 * `manual` syncs at `Engine.sync` and at `close`; `everyMs` at the latest so long after a buffered
 * commit; `everyCommits` with every so-many-th one, which waits for it.
 */
export type WalSync = 'commit' | 'manual' | { readonly everyMs: number } | { readonly everyCommits: number };

export interface EngineOptions {
  readonly readOnly: boolean;
  readonly wal: { readonly sync: WalSync };
  /** A memtable is sealed before it would outgrow this. */
  readonly memtableBytes: number;
  /** Values from `thresholdBytes` on stay in the log; a memtable is sealed when its segment has `segmentBytes` of them. */
  readonly valueLog: {
    readonly thresholdBytes: number;
    readonly segmentBytes: number;
    /** A file of values is emptied when this part of it is garbage, 0 … 1. */
    readonly garbageRatio: number;
    /** Of each of these values, kept where it pays. */
    readonly compression: 'lz4' | 'none';
  };
  /** Data blocks are closed before they would outgrow this, before compression. */
  readonly blockBytes: number;
  /** Compaction ends a table at the first key behind this size. */
  readonly tableBytes: number;
  /** A table whose index and filter would together be larger has them in partitions. Default: 1 MiB. */
  readonly indexBytesMax?: number | undefined;
  /** `policy`: which block leaves when the cache is full. Default `sieve`. */
  readonly blockCache: { readonly bytes: number; readonly policy?: CachePolicyName | undefined };
  /** 0 for no filters. */
  readonly bloomBitsPerKey: number;
  readonly compression: 'lz4' | 'none';
  /** Which merges there are, and so what writing and reading cost and how much space is lost. */
  readonly compaction: TreePolicy;
  /** Largest key, value and encoded batch that a commit accepts. */
  readonly limits: { readonly keyBytes: number; readonly valueBytes: number; readonly batchBytes: number };
}

export interface EngineDependencies {
  readonly environment: Environment;
  readonly executor: JobExecutor;
  readonly retention: RetentionPolicy;
  readonly listener: EventListener;
}

/** Told what happened, on the engine's thread. Must not throw: an exception counts as a fault of the engine. */
export type EventListener = (event: EngineEvent) => void;

/** What commits wait for: compaction of level 0, the flush of sealed memtables, compaction of the tree, or of files of values. */
export type StallReason = 'level-0' | 'memtables' | 'debt' | 'values';

/**
 * Something that keeps old versions on disk was not closed: it is older than the limit (`age`), still open when the database
 * is closed (`close`), or was collected as garbage (`collected`). Told by whoever hands out snapshots.
 */
export interface LeakEvent {
  readonly type: 'leak';
  readonly kind: 'snapshot' | 'transaction' | 'changes';
  readonly timestamp: Timestamp;
  readonly reason: 'age' | 'close' | 'collected';
  readonly ageMs: number;
  /** Of the call that opened it. */
  readonly stack: string;
}

export type EngineEvent =
  | {
      readonly type: 'recovery';
      readonly lastTimestamp: Timestamp;
      readonly batchesReplayed: number;
      readonly tornBytesCut: number;
      readonly tookMs: number;
    }
  | { readonly type: 'flush'; readonly tables: number; readonly bytesWritten: number; readonly entriesDropped: number }
  | {
      readonly type: 'compaction';
      readonly level: number;
      readonly outputLevel: number;
      readonly tablesRead: number;
      readonly tablesWritten: number;
      readonly bytesRead: number;
      readonly bytesWritten: number;
      readonly entriesDropped: number;
      /** True when tables only changed their level. */
      readonly moved: boolean;
    }
  /** Files of values were given back, or values moved out of files and tables: in bytes of files. */
  | { readonly type: 'gc'; readonly movedBytes: number; readonly freedBytes: number }
  /** A damaged value was met in a file that was to be emptied, which therefore stays: reading the value throws the same error. */
  | { readonly type: 'damage'; readonly file: string; readonly error: unknown }
  | LeakEvent
  /** A bulk load was committed: so many tables of so many bytes became part of the tree. */
  | { readonly type: 'load'; readonly timestamp: Timestamp; readonly tables: number; readonly bytes: number }
  /** Commits begin to be delayed, or must wait until there is room. */
  | { readonly type: 'stall'; readonly effect: 'slowed' | 'stopped'; readonly reason: StallReason }
  | { readonly type: 'poisoned'; readonly cause: unknown };
