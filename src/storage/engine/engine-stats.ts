/** What an engine says of itself: counters since it was opened, and the tree as it is now. */

import type { BlockCacheStats } from '../cache/block-cache.js';
import type { ValueSpace } from '../compaction/value-collection.js';
import type { Timestamp } from '../entry.js';
import type { TableMeta } from '../format/manifest-edit.js';
import type { Table } from '../table/table.js';
import type { Version } from '../version/version.js';
import type { StallStats } from './commit-pace.js';
import type { PipelineStats } from './commit-pipeline.js';
import type { LoadStats } from './loads.js';
import type { MaintenanceStats } from './maintenance.js';
import type { ValueLogStats } from './value-log.js';
import type { MemtableStack } from './memtable-stack.js';

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
   * Bytes of all tables and files of values for a byte of the oldest run and of what it points to, which is where everything
   * ends up: what is above it shadows it, if all of that are overwrites. 1 without tables.
   */
  readonly space: number;
}

export interface EngineStats extends PipelineStats, MaintenanceStats, LoadStats {
  readonly lastTimestamp: Timestamp;
  readonly memtableEntries: number;
  readonly memtableBytes: number;
  readonly sealedMemtables: number;
  readonly levels: readonly LevelStats[];
  readonly amplification: Amplification;
  readonly stalls: StallStats;
  readonly valueLog: ValueLogStats;
  readonly blockCache: BlockCacheStats;
  /** Indexes and filters of open tables. */
  readonly tableMemoryBytes: number;
  readonly manifestBytes: number;
  readonly poisoned: boolean;
}

/** Of an engine that was opened read-only. */
export const NO_COMMITS: PipelineStats = { commits: 0, groups: 0, syncs: 0, logBytes: 0, userBytes: 0 };

type WrittenBytes = Pick<PipelineStats, 'logBytes' | 'userBytes'> &
  Pick<MaintenanceStats, 'flushBytesWritten' | 'compactionBytesWritten'> &
  Pick<LoadStats, 'loadBytesWritten'>;

export function memtableStats(
  stack: MemtableStack,
): Pick<EngineStats, 'memtableEntries' | 'memtableBytes' | 'sealedMemtables'> {
  const memtables = stack.all();
  return {
    memtableEntries: memtables.reduce((sum, memtable) => sum + memtable.count, 0),
    memtableBytes: memtables.reduce((sum, memtable) => sum + memtable.byteSize, 0),
    sealedMemtables: memtables.length - 1,
  };
}

export function treeStats(
  version: Version<Table>,
  written: WrittenBytes,
  values: ValueSpace,
): Pick<EngineStats, 'levels' | 'amplification' | 'tableMemoryBytes'> {
  let tableMemoryBytes = 0;
  for (const table of version.tables()) tableMemoryBytes += table.memoryBytes;
  return { levels: levelStats(version), amplification: amplificationOf(version, written, values), tableMemoryBytes };
}

function levelStats(version: Version): LevelStats[] {
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

function amplificationOf(version: Version, written: WrittenBytes, values: ValueSpace): Amplification {
  const { logBytes, userBytes, flushBytesWritten, compactionBytesWritten, loadBytesWritten } = written;
  const bytes = logBytes + flushBytesWritten + compactionBytesWritten + loadBytesWritten;
  const oldest = version.levels.at(-1)?.runs.at(-1)?.tables;
  const oldestBytes = oldest === undefined ? 0 : sumOf(oldest, 'sizeBytes') + values.baseBytes;
  return {
    write: userBytes === 0 ? 0 : bytes / userBytes,
    read: version.levels.reduce((sum, { runs }) => sum + runs.length, 0),
    space: oldest === undefined ? 1 : (sumOf([...version.tables()], 'sizeBytes') + values.bytes) / oldestBytes,
  };
}

function sumOf(tables: readonly TableMeta[], field: 'entries' | 'tombstones' | 'sizeBytes'): number {
  return tables.reduce((total, table) => total + table[field], 0);
}
