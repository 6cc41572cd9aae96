/**
 * Executes jobs as a sequence of steps of bounded work: the generator yields after each, so that an executor can let others
 * in between, pace its writes, or end it early. Whole-table reads go around the block cache.
 */

import { join } from 'node:path';
import { IoError } from '../../base/index.js';
import { closeAll, type FileSystem } from '../../vfs/index.js';
import { MergingCursor } from '../cursor/merging-cursor.js';
import { type EntryCursor, POINTER_KINDS, pointsToValue } from '../entry.js';
import { fileName } from '../format/file-names.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { RunCursor, type RunTable } from '../table/run-cursor.js';
import { TableReader, type TableSource } from '../table/table-reader.js';
import { mergeFragments } from '../tombstone/fragment-list.js';
import type { RangeTombstones, TombstoneFragment } from '../tombstone/range-tombstones.js';
import { type CompactionJob, type FlushJob, type Job, type JobResult, type LoadJob, NOTHING_DONE } from './job.js';
import { InputHeat } from './input-heat.js';
import { Outputs } from './job-outputs.js';
import { retainedTombstones } from './tombstone-filter.js';
import { ValueEvacuation } from './value-evacuation.js';
import { VersionFilter } from './version-filter.js';

/** A step ends after this many entries or bytes: about a millisecond. */
const STEP_ENTRIES = 1024;
const STEP_BYTES = 64 * 1024;

/** Yields how many bytes the outputs have grown in the step. */
export type JobSteps = Generator<number, JobResult>;

/** The sealed memtable, as far as a flush needs it. */
export interface EntrySource {
  readonly tombstones?: RangeTombstones | undefined;
  cursor(): EntryCursor;
}

/** A job that fails leaves no file behind, as far as these can be unlinked: on a full disk they would be in the way of all else. */
export function* executeJob(job: Job<EntrySource>, fileSystem: FileSystem): JobSteps {
  try {
    return yield* stepsOf(job, fileSystem);
  } catch (cause) {
    unlinkAfter(cause, job, fileSystem);
    throw cause;
  }
}

function stepsOf(job: Job<EntrySource>, fileSystem: FileSystem): JobSteps {
  if (job.kind === 'flush') return executeFlush(job, fileSystem);
  return job.kind === 'load' ? executeLoad(job, fileSystem) : executeCompaction(job, fileSystem);
}

/** Runs a job from where it stands to its end. */
export function drainJob(steps: JobSteps): JobResult {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Ends a job where it stands and unlinks what it has written. */
export function discardJob(steps: JobSteps, job: Job<EntrySource>, fileSystem: FileSystem): void {
  steps.return(NOTHING_DONE);
  unlinkOutputs(job, fileSystem);
}

/** Unlinks what a job has written that `cause` has stopped. */
export function unlinkAfter(cause: unknown, job: Job<EntrySource>, fileSystem: FileSystem): void {
  // A name that was taken is not the job's.
  if (cause instanceof IoError && cause.errno === 'EEXIST') return;
  try {
    unlinkOutputs(job, fileSystem);
  } catch (failure) {
    // What stopped the job is the error to report; the next open removes what stays.
    if (!(failure instanceof IoError)) throw failure;
  }
}

/** Forgets the blocks of a job that leaves no tables. */
export function discardBlocks(job: Job<unknown>): void {
  for (const number of tableNumbers(job)) job.blocks?.discard(number);
}

function tableNumbers(job: Job<unknown>): readonly number[] {
  return job.kind === 'flush' ? [job.fileNumber] : job.fileNumbers;
}

function unlinkOutputs(job: Job<EntrySource>, fileSystem: FileSystem): void {
  discardBlocks(job);
  unlinkWritten(fileSystem, job.directory, { kind: 'table', numbers: tableNumbers(job) });
  const values = job.kind === 'compaction' ? (job.evacuation?.fileNumbers ?? []) : [];
  unlinkWritten(fileSystem, job.directory, { kind: 'value', numbers: values });
}

function unlinkWritten(
  fileSystem: FileSystem,
  directory: string,
  { kind, numbers }: { readonly kind: 'table' | 'value'; readonly numbers: readonly number[] },
): void {
  for (const number of numbers) {
    const path = join(directory, fileName(kind, number));
    // Written one after the other: the first that is missing is the end.
    if (!fileSystem.exists(path)) return;
    fileSystem.unlink(path);
  }
}

function* executeFlush(job: FlushJob<EntrySource>, fileSystem: FileSystem): JobSteps {
  let fragments: readonly TombstoneFragment[] = [];
  for (const { tombstones } of job.memtables) fragments = mergeFragments(fragments, tombstones?.fragments ?? []);
  const retained = retainedTombstones(fragments, job.retention, job.olderRuns);
  const targets = { fileNumbers: [job.fileNumber], tableBytes: Number.POSITIVE_INFINITY };
  const outputs = new Outputs(fileSystem, { ...job, ...targets }, retained.fragments);
  const filter = new VersionFilter(job.retention, job.olderRuns, fragments);
  const cursors = job.memtables.map((memtable) => memtable.cursor());
  const cursor = cursors.length === 1 ? cursors[0]! : new MergingCursor(cursors, false);
  const result = yield* filtered(cursor, outputs, filter);
  return { ...result, prunedThrough: Math.max(result.prunedThrough, retained.prunedThrough) };
}

function* executeLoad(job: LoadJob<EntrySource>, fileSystem: FileSystem): JobSteps {
  const outputs = new Outputs(fileSystem, job, []);
  return yield* filtered(job.memtable.cursor(), outputs, new VersionFilter(job.retention, job.olderRuns));
}

function* executeCompaction(job: CompactionJob, fileSystem: FileSystem): JobSteps {
  const source = { fileSystem, directory: job.directory, cache: undefined };
  const inputs = job.inputs.map((tables) => new InputRun(source, tables));
  const runs = inputs.map((input) => new RunCursor(input.tables, { reverse: false, bulk: true }));
  const bytesRead = job.inputs.flat().reduce((sum, table) => sum + table.sizeBytes, 0);
  const evacuation =
    job.evacuation === undefined ? undefined : new ValueEvacuation(fileSystem, job.directory, job.evacuation);
  try {
    const fragments = tombstonesOf(source, job.inputs.flat());
    const retained = retainedTombstones(fragments, job.retention, job.olderRuns);
    const outputs = new Outputs(fileSystem, job, retained.fragments);
    const filter = new VersionFilter(job.retention, job.olderRuns, fragments);
    const merge = new MergingCursor(runs, false);
    const heat = job.cachedInputs === undefined ? undefined : new InputHeat(merge, runs, job.cachedInputs);
    const result = yield* filtered(merge, outputs, filter, { bytesRead, evacuation, heat });
    return { ...result, prunedThrough: Math.max(result.prunedThrough, retained.prunedThrough) };
  } finally {
    closeAll([...inputs, evacuation]);
  }
}

function tombstonesOf(source: TableSource, tables: readonly TableMeta[]): readonly TombstoneFragment[] {
  let fragments: readonly TombstoneFragment[] = [];
  for (const table of tables) {
    if (table.rangeTombstones === 0) continue;
    const reader = new TableReader(source, table.fileNumber, table);
    reader.close();
    fragments = mergeFragments(fragments, reader.tombstones?.fragments ?? []);
  }
  return fragments;
}

/** The tables of an input, of which one at a time is open: they are walked once, one behind the other. */
class InputRun {
  readonly tables: readonly RunTable[];
  #open: TableReader | undefined;

  constructor(source: TableSource, tables: readonly TableMeta[]) {
    this.tables = tables.map((table) => ({
      ...table,
      reader: () => {
        this.#open?.close();
        this.#open = new TableReader(source, table.fileNumber, table);
        return this.#open;
      },
    }));
  }

  close(): void {
    this.#open?.close();
  }
}

interface Rewrite {
  readonly bytesRead: number;
  readonly evacuation: ValueEvacuation | undefined;
  /** Undefined when no block of the inputs is read. */
  readonly heat: InputHeat | undefined;
}

/** Drains `cursor` through `filter` into `outputs`. @param rewrite of entries that are in tables already. */
function* filtered(cursor: EntryCursor, outputs: Outputs, filter: VersionFilter, rewrite?: Rewrite): JobSteps {
  const evacuation = rewrite?.evacuation;
  const heat = rewrite?.heat;
  // Of what was just written, anything may be read.
  const isWarm = rewrite === undefined && outputs.handsBlocksOn;
  // Asked of every entry: most are small and stay.
  const movedFrom = evacuation?.thresholdBytes ?? Number.POSITIVE_INFINITY;
  try {
    let entries = 0;
    let bytes = 0;
    for (cursor.seekToStart(); cursor.valid; cursor.next()) {
      const { keyBytes, keyStart, keyEnd, timestamp, kind, valueBytes, valueStart, valueEnd } = cursor;
      if (filter.keeps(keyBytes, keyStart, keyEnd, timestamp, kind)) {
        const writer = outputs.writerFor(keyBytes, keyStart, keyEnd);
        const mayMove = valueEnd - valueStart >= movedFrom || pointsToValue(kind);
        const moves = mayMove && evacuation?.concerns(kind, valueBytes, valueStart, valueEnd) === true;
        const movedBytes = moves ? evacuation.move(cursor) : undefined;
        if (movedBytes !== undefined) {
          bytes += movedBytes;
          const { pointer, pointerEnd } = evacuation!;
          writer.add(keyBytes, keyStart, keyEnd, timestamp, POINTER_KINDS[kind]!, pointer, 0, pointerEnd);
        } else {
          writer.add(keyBytes, keyStart, keyEnd, timestamp, kind, valueBytes, valueStart, valueEnd);
        }
        if (filter.superseded) outputs.countSuperseded(filter.heldFrom, filter.heldTo);
      }
      // An older version that was read, and is dropped, speaks for the one that is kept.
      if (isWarm || heat?.isWarm === true) outputs.markWarm();
      entries++;
      bytes += keyEnd - keyStart + valueEnd - valueStart;
      if (entries >= STEP_ENTRIES || bytes >= STEP_BYTES) {
        entries = bytes = 0;
        yield outputs.takeGrowth(evacuation?.sizeBytes ?? 0);
      }
    }
    evacuation?.finish();
    const valueFileBytes = evacuation?.sizeBytes ?? 0;
    const tables = outputs.finish();
    return {
      tables,
      bytesRead: rewrite?.bytesRead ?? 0,
      bytesWritten: tables.reduce((sum, table) => sum + table.sizeBytes, valueFileBytes),
      valueFiles: evacuation?.fileNumbers ?? [],
      valueFileBytes,
      valueDamages: evacuation?.damages ?? [],
      entriesDropped: filter.dropped,
      prunedThrough: filter.prunedThrough,
    };
  } finally {
    cursor.close();
    outputs.abandon();
  }
}
