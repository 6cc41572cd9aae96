/** What flushes and compactions have done since the engine was opened. */

import type { JobResult } from '../compaction/job.js';

export interface JobCounts {
  readonly flushes: number;
  readonly compactions: number;
  /** Tables that went a level deeper without being rewritten count once per plan. */
  readonly moves: number;
  readonly flushBytesWritten: number;
  readonly compactionBytesRead: number;
  readonly compactionBytesWritten: number;
  readonly entriesDropped: number;
}

export class JobCounters {
  #counts: JobCounts = {
    flushes: 0,
    compactions: 0,
    moves: 0,
    flushBytesWritten: 0,
    compactionBytesRead: 0,
    compactionBytesWritten: 0,
    entriesDropped: 0,
  };

  get counts(): JobCounts {
    return this.#counts;
  }

  flushed({ bytesWritten, entriesDropped }: JobResult): void {
    const counts = this.#counts;
    this.#counts = {
      ...counts,
      flushes: counts.flushes + 1,
      flushBytesWritten: counts.flushBytesWritten + bytesWritten,
      entriesDropped: counts.entriesDropped + entriesDropped,
    };
  }

  compacted({
    bytesRead,
    bytesWritten,
    entriesDropped,
  }: Pick<JobResult, 'bytesRead' | 'bytesWritten' | 'entriesDropped'>): void {
    const counts = this.#counts;
    this.#counts = {
      ...counts,
      compactions: counts.compactions + 1,
      compactionBytesRead: counts.compactionBytesRead + bytesRead,
      compactionBytesWritten: counts.compactionBytesWritten + bytesWritten,
      entriesDropped: counts.entriesDropped + entriesDropped,
    };
  }

  moved(): void {
    this.#counts = { ...this.#counts, moves: this.#counts.moves + 1 };
  }
}
