/** What maintenance orders, made from the state of the moment: jobs, and the removal of tables that need none. */

import type { CompactionJob, FlushJob, Job, JobResult } from '../compaction/job.js';
import {
  type CompactionPlan,
  olderThan,
  outputsMax,
  removalsOf,
  spansOfVersion,
} from '../compaction/compaction-plan.js';
import { coveredTables } from '../compaction/covered-tables.js';
import { fileName } from '../format/file-names.js';
import type { TableMeta } from '../format/manifest-edit.js';
import type { Table } from '../table/table.js';
import type { VersionEdit } from '../version/version-set.js';
import { flushFormat } from './backlog.js';
import type { EngineEvent } from './engine-options.js';
import type { MaintenanceHost } from './maintenance-host.js';
import type { SealedMemtable } from './memtable-stack.js';
import { tombstonesOf } from './read-plan.js';

export function flushJob(
  { versions, memtables, directory, format, retention }: MaintenanceHost,
  sealed: readonly SealedMemtable[],
): FlushJob {
  const bytes = sealed.reduce((sum, { memtable }) => sum + memtable.byteSize, 0);
  return {
    kind: 'flush',
    memtables: sealed.map(({ memtable }) => memtable),
    valueBytes: sealed.reduce((sum, { valueBytes }) => sum + (valueBytes ?? 0), 0),
    fileNumber: versions.allocateFileNumber(),
    directory,
    format: flushFormat(format, memtables.sealed.length, memtables.activeFilled),
    retention: retention.view(),
    olderRuns: spansOfVersion(versions.current),
    blocks: versions.written?.sinkOfFlush(bytes / format.blockBytes),
  };
}

/** The newest log segment that the tables of a flush may point into; undefined when they point into none. */
export function segmentOf(sealed: readonly SealedMemtable[], { tables }: JobResult): number | undefined {
  return tables.some(({ references }) => references.length > 0) ? sealed[0]!.logNumber : undefined;
}

/** True when a job has dropped what somebody needs by now. Its tables go, and it is done again by whoever runs it. */
export function isRefused(
  { retention, versions }: MaintenanceHost,
  job: Job,
  { tables, valueFiles, prunedThrough }: JobResult,
): boolean {
  if (retention.stillAllows?.(job.retention, prunedThrough) !== false) return false;
  for (const number of valueFiles) versions.addObsolete(fileName('value', number));
  for (const { fileNumber } of tables) {
    versions.addObsolete(fileName('table', fileNumber));
    versions.written?.discard(fileNumber);
  }
  versions.deleteObsolete();
  return true;
}

/** The tables of a flush come, and what they hold is not needed in memtables and log any more. */
export function applyFlush(host: MaintenanceHost, flushed: readonly SealedMemtable[], result: JobResult): void {
  const { versions, memtables } = host;
  versions.install(flushEdit(host, flushed, result));
  memtables.drop(flushed);
  for (const { logNumber, valueBytes = 0 } of flushed) {
    if (logNumber !== undefined) versions.addFlushedLog(logNumber, valueBytes);
  }
}

function flushEdit(
  host: MaintenanceHost,
  flushed: readonly SealedMemtable[],
  { tables, prunedThrough: pruned }: JobResult,
): VersionEdit {
  const { versions, memtables, times } = host;
  const prunedThrough = Math.max(versions.prunedThrough, pruned);
  const { lastTimestamp } = flushed[0]!;
  return {
    logNumber: memtables.sealed.at(-flushed.length - 1)?.logNumber ?? host.log().number,
    lastTimestamp,
    prunedThrough,
    times: times.upTo(lastTimestamp, prunedThrough),
    added: tables.map((table) => ({ level: 0, run: table.fileNumber, table })),
    removed: [],
  };
}

/** `tables` come where `plan` puts them, in place of `inputs`. */
export function mergeEdit(
  { outputLevel, outputRun }: CompactionPlan<Table>,
  inputs: CompactionPlan<Table>['inputs'],
  tables: readonly TableMeta[],
): VersionEdit {
  const added = tables.map((table) => ({ level: outputLevel, run: outputRun, table }));
  return { added, removed: removalsOf(inputs) };
}

export function compactionJob(host: MaintenanceHost, plan: CompactionPlan<Table>): CompactionJob {
  const { versions, directory, format, tableBytes, valueLog } = host;
  const fileNumbers: number[] = [];
  const cachedInputs = plan.inputs.map((input) => input.tables.map((table) => table.cachedBlocks()));
  const isRead = cachedInputs.some((tables) => tables.some((blocks) => blocks !== undefined));
  const sink = isRead ? versions.written?.sink : undefined;
  const outputs = outputsMax(plan.inputs, tableBytes);
  for (let i = 0; i < outputs; i++) fileNumbers.push(versions.allocateFileNumber());
  return {
    kind: 'compaction',
    directory,
    format,
    retention: host.retention.view(),
    inputs: plan.inputs.map((input) => input.tables.map((table) => table.meta)),
    outputLevel: plan.outputLevel,
    olderRuns: olderThan(versions.current, plan.inputs),
    fileNumbers,
    tableBytes,
    evacuation: valueLog.evacuation(plan.inputs),
    ...(sink === undefined ? {} : { cachedInputs, blocks: sink }),
  };
}

/** What is told of a merge. @param moved see there. */
export function compactionEvent(
  plan: CompactionPlan<Table>,
  { tables, bytesRead, bytesWritten, entriesDropped }: Omit<JobResult, 'prunedThrough'>,
  moved: boolean,
): EngineEvent & { type: 'compaction' } {
  return {
    type: 'compaction',
    level: plan.level,
    outputLevel: plan.outputLevel,
    tablesRead: plan.inputs.reduce((sum, input) => sum + input.tables.length, 0),
    tablesWritten: tables.length,
    bytesRead,
    bytesWritten,
    entriesDropped,
    moved,
  };
}

/**
 * Removes the tables that range deletions cover, which takes an edit of the manifest and nothing else. No compaction may be
 * under way. Returns what it did; undefined when there was nothing to do.
 */
export function dropCovered({
  versions,
  retention,
}: MaintenanceHost): (EngineEvent & { type: 'compaction' }) | undefined {
  const { current } = versions;
  const { removed, prunedThrough } = coveredTables(current, retention.view(), tombstonesOf);
  const deepest = removed.at(-1);
  if (deepest === undefined) return undefined;
  versions.install({
    prunedThrough: Math.max(versions.prunedThrough, prunedThrough),
    added: [],
    removed: removed.map(({ level, table }) => ({ level, fileNumber: table.fileNumber })),
  });
  return {
    type: 'compaction',
    level: removed[0]!.level,
    outputLevel: deepest.level,
    tablesRead: 0,
    tablesWritten: 0,
    bytesRead: 0,
    bytesWritten: 0,
    entriesDropped: removed.reduce((sum, { table }) => sum + table.entries, 0),
    moved: false,
  };
}
