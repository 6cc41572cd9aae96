/** What an engine says of itself: counters since it was opened, and the tree as it is now. */

import type { BlockCacheStats } from '../cache/block-cache.js';
import type { Timestamp } from '../entry.js';
import type { TableMeta } from '../format/manifest-edit.js';
import type { Version } from '../version/version.js';
import type { StallStats } from './commit-pace.js';
import type { PipelineStats } from './commit-pipeline.js';
import type { MaintenanceStats } from './maintenance.js';

export interface LevelStats {
  readonly runs: number;
  readonly tables: number;
  readonly entries: number;
  readonly tombstones: number;
  /** Of the table files. */
  readonly bytes: number;
}

export interface Amplification {
  /** Bytes written to log and tables for a byte of keys and values committed, since opening; 0 before the first. */
  readonly write: number;
  /** Runs that a point read may have to look into, filters aside. */
  readonly read: number;
  /**
   * Bytes of all tables for a byte of the oldest run, which is where everything ends up: what is above it shadows it, if
   * all of that are overwrites. 1 without tables.
   */
  readonly space: number;
}

export interface EngineStats extends PipelineStats, MaintenanceStats {
  readonly lastTimestamp: Timestamp;
  readonly memtableEntries: number;
  readonly memtableBytes: number;
  readonly sealedMemtables: number;
  readonly levels: readonly LevelStats[];
  readonly amplification: Amplification;
  readonly stalls: StallStats;
  readonly blockCache: BlockCacheStats;
  /** Indexes and filters of open tables. */
  readonly tableMemoryBytes: number;
  readonly manifestBytes: number;
  readonly poisoned: boolean;
}

export function levelStats(version: Version): LevelStats[] {
  return version.levels.map(({ runs }) => {
    const tables = runs.flatMap((run) => run.tables);
    return {
      runs: runs.length,
      tables: tables.length,
      entries: sumOf(tables, 'entries'),
      tombstones: sumOf(tables, 'tombstones'),
      bytes: sumOf(tables, 'sizeBytes'),
    };
  });
}

export function amplificationOf(
  version: Version,
  written: Pick<PipelineStats, 'logBytes' | 'userBytes'> &
    Pick<MaintenanceStats, 'flushBytesWritten' | 'compactionBytesWritten'>,
): Amplification {
  const { logBytes, userBytes, flushBytesWritten, compactionBytesWritten } = written;
  const oldest = version.levels.at(-1)?.runs.at(-1)?.tables;
  return {
    write: userBytes === 0 ? 0 : (logBytes + flushBytesWritten + compactionBytesWritten) / userBytes,
    read: version.levels.reduce((sum, { runs }) => sum + runs.length, 0),
    space: oldest === undefined ? 1 : sumOf([...version.tables()], 'sizeBytes') / sumOf(oldest, 'sizeBytes'),
  };
}

function sumOf(tables: readonly TableMeta[], field: 'entries' | 'tombstones' | 'sizeBytes'): number {
  return tables.reduce((total, table) => total + table[field], 0);
}
