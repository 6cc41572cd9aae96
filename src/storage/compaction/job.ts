/**
 * Background work as plain data, so that it can run on another thread: what to read, what to write, what must be kept. A
 * job writes its tables and makes them and their names durable; they count once the engine has put them in the manifest.
 */

import type { Timestamp } from '../entry.js';
import type { TableMeta } from '../format/manifest-edit.js';
import type { Memtable } from '../memtable/index.js';
import type { TableFormat } from '../table/table-writer.js';
import type { KeySpan } from '../version/version.js';
import type { RetentionView } from './version-filter.js';

interface JobFrame {
  readonly directory: string;
  readonly format: TableFormat;
  readonly retention: RetentionView;
  /** The tables of every run that is older than all inputs. */
  readonly olderRuns: readonly (readonly KeySpan[])[];
}

/** Writes a sealed memtable to one table; to none when nothing of it must be kept. */
export interface FlushJob extends JobFrame {
  readonly kind: 'flush';
  readonly memtable: Memtable;
  readonly fileNumber: number;
}

/** Merges runs into one. */
export interface CompactionJob extends JobFrame {
  readonly kind: 'compaction';
  /** Newest first. */
  readonly inputs: readonly (readonly TableMeta[])[];
  readonly outputLevel: number;
  /** Reserved for the outputs. Should they not suffice, the last table grows beyond `tableBytes`. */
  readonly fileNumbers: readonly number[];
  readonly tableBytes: number;
}

export type Job = FlushJob | CompactionJob;

export interface JobResult {
  /** Ascending, without overlap. */
  readonly tables: readonly TableMeta[];
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly entriesDropped: number;
  /** See `VersionFilter.prunedThrough`. */
  readonly prunedThrough: Timestamp;
}

/** Runs jobs. Several may be under way; they never share a file. */
export interface JobExecutor {
  run(job: Job): Promise<JobResult>;
  /**
   * The result of `job`, finished when this returns. A job that `run` has begun is brought to its end, not begun again,
   * and the promise of `run` settles alike.
   */
  runNow(job: Job): JobResult;
}
