/**
 * Executes jobs as a sequence of steps of bounded work: the generator yields after each, so that an executor can let others
 * in between, pace its writes, or end it early. Whole-table reads go around the block cache.
 */

import { join } from 'node:path';
import { assert } from '../../base/index.js';
import { closeAll, type FileSystem } from '../../vfs/index.js';
import { MergingCursor } from '../cursor/merging-cursor.js';
import type { EntryCursor, Timestamp } from '../entry.js';
import { fileName } from '../format/file-names.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { RunCursor, type RunTable } from '../table/run-cursor.js';
import { TableReader, type TableSource } from '../table/table-reader.js';
import { TableWriter } from '../table/table-writer.js';
import type { CompactionJob, FlushJob, Job, JobResult, LoadJob } from './job.js';
import { VersionFilter } from './version-filter.js';
import { HoldCounter } from './version-holds.js';

/** A step ends after this many entries or bytes: about a millisecond. */
const STEP_ENTRIES = 1024;
const STEP_BYTES = 64 * 1024;

/** Yields how many bytes the outputs have grown in the step. */
export type JobSteps = Generator<number, JobResult>;

/** The sealed memtable, as far as a flush needs it. */
export interface EntrySource {
  cursor(): EntryCursor;
}

export function executeJob(job: Job<EntrySource>, fileSystem: FileSystem): JobSteps {
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
  steps.return({ tables: [], bytesRead: 0, bytesWritten: 0, entriesDropped: 0, prunedThrough: 0 });
  for (const fileNumber of job.kind === 'flush' ? [job.fileNumber] : job.fileNumbers) {
    const path = join(job.directory, fileName('table', fileNumber));
    // Written one after the other: the first that is missing is the end.
    if (!fileSystem.exists(path)) return;
    fileSystem.unlink(path);
  }
}

function* executeFlush(job: FlushJob<EntrySource>, fileSystem: FileSystem): JobSteps {
  const outputs = new Outputs(fileSystem, job, [job.fileNumber], Number.POSITIVE_INFINITY);
  return yield* filtered(job.memtable.cursor(), outputs, new VersionFilter(job.retention, job.olderRuns), 0);
}

function* executeLoad(job: LoadJob<EntrySource>, fileSystem: FileSystem): JobSteps {
  const outputs = new Outputs(fileSystem, job, job.fileNumbers, job.tableBytes);
  return yield* filtered(job.memtable.cursor(), outputs, new VersionFilter(job.retention, job.olderRuns), 0);
}

function* executeCompaction(job: CompactionJob, fileSystem: FileSystem): JobSteps {
  const source = { fileSystem, directory: job.directory, cache: undefined };
  const inputs = job.inputs.map((tables) => new InputRun(source, tables));
  const runs = inputs.map((input) => new RunCursor(input.tables, { reverse: false, bulk: true }));
  const bytesRead = job.inputs.flat().reduce((sum, table) => sum + table.sizeBytes, 0);
  const outputs = new Outputs(fileSystem, job, job.fileNumbers, job.tableBytes);
  try {
    const filter = new VersionFilter(job.retention, job.olderRuns);
    return yield* filtered(new MergingCursor(runs, false), outputs, filter, bytesRead);
  } finally {
    closeAll(inputs);
  }
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

/** Drains `cursor` through `filter` into `outputs`. */
function* filtered(cursor: EntryCursor, outputs: Outputs, filter: VersionFilter, bytesRead: number): JobSteps {
  try {
    let entries = 0;
    let bytes = 0;
    for (cursor.seekToStart(); cursor.valid; cursor.next()) {
      const { keyBytes, keyStart, keyEnd, timestamp, kind, valueStart, valueEnd } = cursor;
      if (filter.keeps(keyBytes, keyStart, keyEnd, timestamp, kind)) {
        outputs
          .writerFor(keyBytes, keyStart, keyEnd)
          .add(keyBytes, keyStart, keyEnd, timestamp, kind, cursor.valueBytes, valueStart, valueEnd);
        if (filter.superseded) outputs.countSuperseded(filter.heldFrom, filter.heldTo);
      }
      entries++;
      bytes += keyEnd - keyStart + valueEnd - valueStart;
      if (entries >= STEP_ENTRIES || bytes >= STEP_BYTES) {
        entries = bytes = 0;
        yield outputs.takeGrowth();
      }
    }
    const tables = outputs.finish();
    const bytesWritten = tables.reduce((sum, table) => sum + table.sizeBytes, 0);
    return { tables, bytesRead, bytesWritten, entriesDropped: filter.dropped, prunedThrough: filter.prunedThrough };
  } finally {
    cursor.close();
    outputs.abandon();
  }
}

/** The tables that a job writes, one behind the other; all versions of a key go to the same one. */
class Outputs {
  readonly #fileSystem: FileSystem;
  readonly #job: Pick<Job, 'directory' | 'format'>;
  readonly #fileNumbers: readonly number[];
  readonly #tableBytes: number;
  readonly #finished: TableMeta[] = [];
  #writer: TableWriter | undefined;
  /** Of the table that is being written. */
  #superseded = 0;
  readonly #holds = new HoldCounter();
  #begun = 0;
  #finishedBytes = 0;
  #takenBytes = 0;

  constructor(
    fileSystem: FileSystem,
    job: Pick<Job, 'directory' | 'format'>,
    fileNumbers: readonly number[],
    tableBytes: number,
  ) {
    assert(fileNumbers.length > 0, 'a job has a number for its output');
    this.#fileSystem = fileSystem;
    this.#job = job;
    this.#fileNumbers = fileNumbers;
    this.#tableBytes = tableBytes;
  }

  writerFor(key: Uint8Array, start: number, end: number): TableWriter {
    const writer = this.#writer;
    if (writer !== undefined) {
      const goesOn =
        writer.sizeBytes < this.#tableBytes ||
        this.#begun === this.#fileNumbers.length ||
        writer.hasLastKey(key, start, end);
      if (goesOn) return writer;
      this.#finishTable(writer);
    }
    const { directory, format } = this.#job;
    this.#writer = new TableWriter(this.#fileSystem, directory, this.#fileNumbers[this.#begun++]!, format);
    return this.#writer;
  }

  /** The entry last added has a newer version and is kept for somebody, see `VersionFilter.heldFrom`. */
  countSuperseded(heldFrom: Timestamp, heldTo: Timestamp): void {
    this.#superseded++;
    if (heldFrom > 0) this.#holds.add(heldFrom, heldTo);
  }

  /** Bytes written since the last call. */
  takeGrowth(): number {
    const bytes = this.#finishedBytes + (this.#writer?.sizeBytes ?? 0);
    const growth = bytes - this.#takenBytes;
    this.#takenBytes = bytes;
    return growth;
  }

  /**
   * Everything is durable afterwards, names included: also, without any output, that of the log segment which the manifest
   * is to name once a memtable is flushed.
   */
  finish(): TableMeta[] {
    if (this.#writer !== undefined) this.#finishTable(this.#writer);
    this.#writer = undefined;
    this.#fileSystem.syncDirectory(this.#job.directory);
    return this.#finished;
  }

  /** Closes what is open after an error. */
  abandon(): void {
    this.#writer?.abandon();
    this.#writer = undefined;
  }

  #finishTable(writer: TableWriter): void {
    const table: TableMeta = { ...writer.finish(), superseded: this.#superseded, holds: this.#holds.take() };
    this.#superseded = 0;
    this.#finished.push(table);
    this.#finishedBytes += table.sizeBytes;
  }
}
