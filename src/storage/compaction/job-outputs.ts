/**
 * The tables that a job writes, one behind the other; all versions of a key go to the same one. Where one table ends and
 * the next begins, right behind a key, tombstones are cut, so that every table holds what it says of its keys.
 */

import { assert, keyAfter } from '../../base/index.js';
import type { FileSystem } from '../../vfs/index.js';
import type { Timestamp } from '../entry.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { TableWriter } from '../table/table-writer.js';
import { clipFragments } from '../tombstone/fragment-list.js';
import type { TombstoneFragment } from '../tombstone/range-tombstones.js';
import type { CompactionJob } from './job.js';
import { HoldCounter } from './version-holds.js';

/** Where the tables go. */
export type OutputTarget = Pick<CompactionJob, 'directory' | 'format' | 'fileNumbers' | 'tableBytes' | 'blocks'>;

export class Outputs {
  readonly #fileSystem: FileSystem;
  readonly #target: OutputTarget;
  readonly #tombstones: readonly TombstoneFragment[];
  readonly #finished: TableMeta[] = [];
  #writer: TableWriter | undefined;
  /** Where the table that is being written begins, if others came before it. */
  #from: Uint8Array | undefined;
  /** Of the table that is being written. */
  #superseded = 0;
  readonly #holds = new HoldCounter();
  #begun = 0;
  #finishedBytes = 0;
  #takenBytes = 0;

  /** @param tombstones what the tables hold besides their entries. */
  constructor(fileSystem: FileSystem, target: OutputTarget, tombstones: readonly TombstoneFragment[]) {
    assert(target.fileNumbers.length > 0, 'a job has a number for its output');
    this.#fileSystem = fileSystem;
    this.#target = target;
    this.#tombstones = tombstones;
  }

  /** Whether anybody asks which blocks are likely to be read. */
  get handsBlocksOn(): boolean {
    return this.#target.blocks !== undefined;
  }

  writerFor(key: Uint8Array, start: number, end: number): TableWriter {
    const writer = this.#writer;
    if (writer !== undefined) {
      const goesOn =
        writer.sizeBytes < this.#target.tableBytes ||
        this.#begun === this.#target.fileNumbers.length ||
        writer.hasLastKey(key, start, end);
      if (goesOn) return writer;
      const to = keyAfter(writer.lastKey());
      this.#finishTable(writer, clipFragments(this.#tombstones, this.#from, to));
      this.#from = to;
    }
    return this.#begin();
  }

  /** The entry last added has a newer version and is kept for somebody, see `VersionFilter.heldFrom`. */
  countSuperseded(heldFrom: Timestamp, heldTo: Timestamp): void {
    this.#superseded++;
    if (heldFrom > 0) this.#holds.add(heldFrom, heldTo);
  }

  /** The entry added last is likely to be read. */
  markWarm(): void {
    this.#writer?.markWarm();
  }

  /** Bytes written since the last call, with the `elsewhere` that there are by now in another file. */
  takeGrowth(elsewhere: number): number {
    const bytes = elsewhere + this.#finishedBytes + (this.#writer?.sizeBytes ?? 0);
    const growth = bytes - this.#takenBytes;
    this.#takenBytes = bytes;
    return growth;
  }

  /**
   * Everything is durable afterwards, names included: also, without any output, that of the log segment which the manifest
   * is to name once a memtable is flushed.
   */
  finish(): TableMeta[] {
    const rest = clipFragments(this.#tombstones, this.#from, undefined);
    if (this.#writer === undefined && rest.length > 0) this.#begin();
    if (this.#writer !== undefined) this.#finishTable(this.#writer, rest);
    this.#writer = undefined;
    this.#fileSystem.syncDirectory(this.#target.directory);
    return this.#finished;
  }

  /** Closes what is open after an error. */
  abandon(): void {
    this.#writer?.abandon();
    this.#writer = undefined;
  }

  #begin(): TableWriter {
    const { directory, format, fileNumbers, blocks } = this.#target;
    this.#writer = new TableWriter(this.#fileSystem, directory, fileNumbers[this.#begun++]!, format);
    if (blocks !== undefined) this.#writer.handBlocksTo(blocks);
    return this.#writer;
  }

  #finishTable(writer: TableWriter, tombstones: readonly TombstoneFragment[]): void {
    const written = writer.finish(tombstones);
    const table: TableMeta = { ...written, superseded: this.#superseded, holds: this.#holds.take() };
    this.#superseded = 0;
    this.#finished.push(table);
    this.#finishedBytes += table.sizeBytes;
  }
}
