/**
 * Background work as plain data, so that it can run on another thread: what to read, what to write, what must be kept. A
 * job writes its tables and makes them and their names durable; they count once the engine has put them in the manifest.
 */

import type { Timestamp } from '../entry.js';
import type { BlockSink } from '../cache/written-blocks.js';
import type { TableMeta } from '../format/manifest-edit.js';
import type { EntryArena, Memtable, ShareableEntries } from '../memtable/index.js';
import type { TableFormat } from '../table/table-writer.js';
import type { KeySpan } from '../version/version.js';
import type { CachedInputs } from './input-heat.js';
import type { RetentionView } from './retention.js';
import type { Evacuation, ValueDamage } from './value-evacuation.js';

interface JobFrame {
  readonly directory: string;
  readonly format: TableFormat;
  readonly retention: RetentionView;
  /** The tables of every run that is older than all inputs. */
  readonly olderRuns: readonly (readonly KeySpan[])[];
  /** Where the blocks go that are likely to be read, besides the file; on the thread that runs the job. */
  readonly blocks?: BlockSink | undefined;
}

/** Writes sealed memtables to one table together; to none when nothing of them must be kept. */
export interface FlushJob<Entries = Memtable> extends JobFrame {
  readonly kind: 'flush';
  /** Newest first. */
  readonly memtables: readonly Entries[];
  /** What their pointers lead to, as far as known. */
  readonly valueBytes: number;
  readonly fileNumber: number;
}

/** The result of a job that has done nothing. */
export const NOTHING_DONE: JobResult = {
  tables: [],
  bytesRead: 0,
  bytesWritten: 0,
  valueFiles: [],
  valueFileBytes: 0,
  valueDamages: [],
  entriesDropped: 0,
  prunedThrough: 0,
};

/** Writes a part of a bulk load to tables. */
export interface LoadJob<Entries = EntryArena> extends JobFrame {
  readonly kind: 'load';
  readonly memtable: Entries;
  /** As those of a compaction. */
  readonly fileNumbers: readonly number[];
  readonly tableBytes: number;
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
  /** What makes blocks likely to be read; undefined where none of them is. */
  readonly cachedInputs?: CachedInputs | undefined;
  /** Values that leave their files or tables with this job. */
  readonly evacuation?: Evacuation | undefined;
}

/** @typeParam Entries what stands for the entries of a flush or load; the thread that runs the job may see it in another form. */
export type Job<Entries = ShareableEntries> = FlushJob<Entries> | LoadJob<Entries> | CompactionJob;

export interface JobResult {
  /** Ascending, without overlap. */
  readonly tables: readonly TableMeta[];
  readonly bytesRead: number;
  /** Tables and moved values. */
  readonly bytesWritten: number;
  /** Numbers of the value files that were written, and their bytes together. */
  readonly valueFiles: readonly number[];
  readonly valueFileBytes: number;
  /** Of the files that were to be emptied and were not. */
  readonly valueDamages: readonly ValueDamage[];
  readonly entriesDropped: number;
  /** See `VersionFilter.prunedThrough`. */
  readonly prunedThrough: Timestamp;
}

/**
 * Runs jobs. Several may be under way; they never share a file. A flush goes before everything else, as commits may be
 * waiting for it; the others take turns. A job that fails unlinks what it has written; what cannot be unlinked is an orphan.
 */
export interface JobExecutor {
  /** Undefined when the job was cancelled. Rejects with what stopped it: `IoError`, `CorruptionError`, … */
  run(job: Job): Promise<JobResult | undefined>;
  /**
   * The result of `job`, finished when this returns. A job that `run` has begun is brought to its end, not begun again,
   * and the promise of `run` settles alike.
   */
  runNow(job: Job): JobResult;
  /**
   * Ends a job of `run` at its next step and removes its tables. Nothing happens to one that is unknown or has ended; one
   * about to end may still give its result.
   */
  cancel(job: Job): void;
  /** Unlinks files that nothing refers to any more, which may take milliseconds each. Rejects with `IoError`. */
  remove(paths: readonly string[]): Promise<void>;
  /** Cancels what is under way, and gives back what the executor holds. Whoever made the executor closes it. */
  close(): Promise<void>;
}
