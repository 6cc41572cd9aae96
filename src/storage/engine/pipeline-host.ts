/** The engine as its commit pipeline sees it. */

import type { Clock, Scheduler } from '../../base/index.js';
import type { Timestamp } from '../entry.js';
import type { TableMeta } from '../format/manifest-edit.js';
import type { Separation } from '../log/log-frames.js';
import type { LogWriter } from '../log/log-writer.js';
import type { CommitPace } from './commit-pace.js';
import type { WalSync } from './engine-options.js';
import type { Gate } from './gate.js';
import type { MemtableStack } from './memtable-stack.js';

/** What the pipeline needs of the engine around it. */
export interface PipelineHost {
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly gate: Gate;
  readonly memtables: MemtableStack;
  readonly walSync: WalSync;
  readonly batchBytesMax: number;
  /** Separated values stay in the log, and memtables have pointers to them. */
  readonly separation: Separation;
  readonly pace: CommitPace;
  readonly maintenance: MaintenanceOfPipeline;
  /** Makes tables part of the tree, durably, as the commit `timestamp`. */
  link(tables: readonly TableMeta[], timestamp: Timestamp): void;
  /** The wall clock, when it is to be stored with the commit that is about to be written. */
  timeOf(timestamp: Timestamp): number | undefined;
  /** Creates a log segment, see `LogWriter.create`. */
  createLog(number: number, vouches: boolean): LogWriter;
  allocateFileNumber(): number;
}

/** What the pipeline needs of flushes. */
export interface MaintenanceOfPipeline {
  /** Told after the memtable was sealed and its segment closed. */
  start(): void;
  /** False while as many memtables are sealed as may be; `resume` follows when that changes. */
  canSeal(): boolean;
  /** Flushes on this thread until `canSeal`. */
  makeRoomNow(): void;
  /** Flushes on this thread until no memtable is sealed. */
  flushAllNow(): void;
  /** Resolves when everything sealed by now is in tables. */
  flushed(): Promise<void>;
}
