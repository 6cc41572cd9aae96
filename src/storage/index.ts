/** The LSM engine: batches in, versions by key and timestamp out. Knows nothing of transactions, tuples or SQL. */

export type { BulkLoad } from './bulk-load/bulk-load.js';
export { copyOut } from './byte-copy.js';
export { CACHED_BLOCKS_MAX } from './cache/block-cache.js';
export { CACHE_POLICIES, type CachePolicyName } from './cache/eviction-policy.js';
export { type ExecutorOptions, inlineExecutor } from './compaction/inline-executor.js';
export type { CompactionJob, FlushJob, Job, JobExecutor, JobResult } from './compaction/job.js';
export { workerExecutor } from './compaction/worker-executor.js';
export type { TreePolicy, TreePolicyName } from './compaction/tree-shape.js';
export type { RetentionPolicy, RetentionView } from './compaction/retention.js';
export type { EngineCursor } from './cursor/engine-cursor.js';
export type { TombstoneView } from './cursor/uncovered-cursor.js';
export type { StallStats } from './engine/commit-pace.js';
export { Engine } from './engine/engine.js';
export type {
  Durability,
  EngineDependencies,
  EngineEvent,
  EngineOptions,
  EventListener,
  LeakEvent,
  StallReason,
  WalSync,
} from './engine/engine-options.js';
export type { Amplification, EngineStats, LevelStats } from './engine/engine-stats.js';
export { type EngineMessage, publishing } from './engine/event-channels.js';
export type { CommitOutcome } from './engine/commit-queue.js';
export type { RecoveredEngine } from './engine/recovered-engine.js';
export type { SealedMemtable } from './engine/memtable-stack.js';
export type { PinnedFiles, PinnedSegment, PinnedTable } from './engine/pinned-files.js';
export {
  type EntryCursor,
  EntryKind,
  expires,
  isDeletion,
  MAX_TIMESTAMP,
  pointsToValue,
  type Timestamp,
  UNDATED_TIMESTAMP,
} from './entry.js';
export {
  CURRENT_NAME,
  CURRENT_TEMPORARY_NAME,
  fileName,
  isOwnFileName,
  LOCK_NAME,
  type NumberedFileKind,
  parseFileName,
} from './format/file-names.js';
export { encodeExpiring, EXPIRY_BYTES, EXPIRY_MS_END, expiryAt, expiryBytesOf } from './format/expiring-value.js';
export { decodeFileHeader, FILE_HEADER_BYTES, FileMagic } from './format/file-header.js';
export type { ManifestEdit, TableMeta } from './format/manifest-edit.js';
export type { LogBatch } from './format/log-record.js';
export type { DamageItem, HeaderItem } from './inspection/finding.js';
export {
  inspectLog,
  inspectManifest,
  type LogItem,
  type ManifestItem,
  type TornTailItem,
} from './inspection/frame-inspection.js';
export { inspectTable, type TableItem } from './inspection/table-inspection.js';
export { type LogReplay, replayLog, vouches } from './log/log-reader.js';
export { LogWriter, logOptions } from './log/log-writer.js';
export { Memtable, type MemtableMark, type MemtableOptions } from './memtable/index.js';
export { RunCursor, type RunTable } from './table/run-cursor.js';
export { TableCursor } from './table/table-cursor.js';
export { TableReader, type TableSource } from './table/table-reader.js';
export type { TableFormat } from './table/table-writer.js';
export { placeName, pointedLength, pointedOffset, pointedPlace } from './format/value-pointer.js';
export { ReferenceCounter, type SegmentReference } from './values/segment-references.js';
export { ValueReader } from './values/value-reader.js';
export { type CommitTime, commitTime, retainedTimes } from './version/commit-times.js';
export {
  type DatabaseState,
  decodeCurrent,
  encodeCurrent,
  ManifestWriter,
  readManifest,
} from './version/manifest.js';
export { RangeTombstones, type TombstoneFragment } from './tombstone/range-tombstones.js';
export { type Level, type Run, Version } from './version/version.js';
export { type BatchVisitor, WriteBatch } from './write-batch.js';
