/**
 * One bulk load: entries in any order become sorted tables that nothing refers to yet. Entries fill an arena, which the
 * executor sorts and writes out while another one fills; at the end, written parts that overlap are merged. So sorted input
 * is written once and other input twice, or once more for each factor of `FAN_IN_MAX` by which it exceeds that many parts.
 * Everything is in ordinary tables: their blocks are checksummed, and those that a crash leaves are orphans as any other.
 *
 * The tables have no timestamp (`UNDATED_TIMESTAMP`): they get one when they are linked, as versions of other commits must
 * not come between (the idea of RocksDB's global sequence numbers for ingested files).
 */

import { ClosedError, compareBytes } from '../../base/index.js';
import type { CompactionJob, JobExecutor, LoadJob } from '../compaction/job.js';
import { MAX_TIMESTAMP } from '../entry.js';
import { checkEntry, type EntryLimits } from '../engine/limit-check.js';
import { fileName } from '../format/file-names.js';
import type { TableMeta } from '../format/manifest-edit.js';
import { EntryArena } from '../memtable/index.js';
import type { TableFormat } from '../table/table-writer.js';
import { mergePass } from './merge-pass.js';

/** What a load needs of the engine around it. */
export interface LoadHost {
  readonly directory: string;
  readonly format: TableFormat;
  readonly tableBytes: number;
  readonly limits: EntryLimits;
  readonly executor: JobExecutor;
  allocateFileNumber(): number;
  /** Throws when the engine takes no writes any more. */
  checkWritable(): void;
  /** Unlinks those of these files of the directory that there are. */
  remove(names: readonly string[]): Promise<void>;
  /** Told what each job has written. */
  wrote(bytes: number): void;
  /** Told that nothing belongs to the load any more. */
  ended(load: BulkLoad): void;
}

/** Only the newest entry of a key is kept. */
const NEWEST_ONLY = { retention: { horizon: MAX_TIMESTAMP, pinned: [] }, olderRuns: [] };
/** Parts of input that seems to be sorted: so large that a table is full, so small that work begins early. */
const SORTED_PART_BYTES = 16 * 1024 * 1024;
/** What sorting takes per entry. */
const ENTRY_OVERHEAD_BYTES = 28;
/** Runs merged at once: each has a read window of 256 KiB and an open file. */
const FAN_IN_MAX = 64;
const FAN_IN_MIN = 4;
const MERGE_BYTES_PER_RUN = 320 * 1024;

export class BulkLoad {
  readonly #host: LoadHost;
  readonly #partBytesMax: number;
  readonly #fanIn: number;
  #filling: EntryArena;
  /** Memory of a part that has been written. */
  #spare: EntryArena | undefined;
  /** In the order of the input; each ascending. One that has been merged into another is empty until the pass ends. */
  #runs: (readonly TableMeta[])[] = [];
  #largest: Uint8Array | undefined;
  #disordered = false;
  #added = 0;
  #job: LoadJob | CompactionJob | undefined;
  /** Settles when the step under way has ended, and its remains are gone; never rejects. */
  #settled: Promise<void> = Promise.resolve();
  #failure: { readonly cause: unknown } | undefined;
  #end: Promise<void> | undefined;
  #whenAbandoned: (() => void) | undefined;

  /** @param memoryBytes for entries: half for those that are being collected, half for those that are being written. */
  constructor(host: LoadHost, memoryBytes: number) {
    this.#host = host;
    this.#partBytesMax = memoryBytes / 2;
    this.#fanIn = Math.max(FAN_IN_MIN, Math.min(FAN_IN_MAX, Math.floor(memoryBytes / MERGE_BYTES_PER_RUN)));
    this.#filling = new EntryArena(this.#partBytes());
  }

  /**
   * Takes an entry, copying it; of entries with one key the last one counts. True when `writeOut` should come before the
   * next one. Throws `LimitError`, which leaves the load as it was, and `ClosedError`.
   */
  add(key: Uint8Array, value: Uint8Array): boolean {
    this.#check();
    checkEntry(this.#host.limits, key.length, value.length);
    const filling = this.#filling;
    filling.add(key, value);
    this.#added++;
    const overhead = filling.count * ENTRY_OVERHEAD_BYTES;
    // Room for another one like this, so that the arena need not grow.
    return filling.byteSize + overhead + key.length + value.length >= filling.capacity;
  }

  /** Begins to write what has been added, once what was added before that is written. The next entry begins another table. */
  async writeOut(): Promise<void> {
    await this.#settled;
    this.#check();
    const full = this.#filling;
    if (full.count === 0) return;
    this.#filling = this.#emptyArena();
    this.#settled = this.#attempt(() => this.#write(full));
  }

  /** Writes and merges the rest. Rejects with `IoError`, or `ClosedError` when the load has been abandoned. */
  async finish(): Promise<void> {
    await this.writeOut();
    await this.#settled;
    this.#check();
    for (let merges = mergePass(this.#runs, this.#fanIn); merges.length > 0; ) {
      for (const merge of merges) {
        this.#settled = this.#attempt(() => this.#merge(merge));
        await this.#settled;
        this.#check();
      }
      this.#runs = this.#runs.filter((run) => run.length > 0);
      merges = mergePass(this.#runs, this.#fanIn);
    }
  }

  /** After `finish`: tables that are durable, without overlap, and in ascending order. */
  get tables(): readonly TableMeta[] {
    return this.#runs.flat().sort((a, b) => compareBytes(a.smallest, b.smallest));
  }

  /** After `finish`: how many entries a later one of the same key has replaced. */
  get duplicates(): number {
    return this.#added - countOf(this.#runs.flat());
  }

  /** Ends the load and hands over its tables. */
  take(): readonly TableMeta[] {
    this.#check();
    const { tables } = this;
    this.#end = Promise.resolve();
    this.#host.ended(this);
    return tables;
  }

  /** `listener` is called when the load is abandoned, by whomever. */
  onAbandon(listener: () => void): void {
    this.#whenAbandoned = listener;
  }

  /** Ends the load and removes what it has written. Idempotent; nothing happens to one whose tables were taken. */
  abandon(): Promise<void> {
    this.#end ??= this.#abandon();
    return this.#end;
  }

  async #abandon(): Promise<void> {
    this.#failure ??= { cause: new ClosedError('the bulk load was abandoned') };
    this.#whenAbandoned?.();
    if (this.#job !== undefined) this.#host.executor.cancel(this.#job);
    await this.#settled;
    await this.#host.remove(namesOf(this.#runs.flat()));
    this.#host.ended(this);
  }

  #check(): void {
    this.#host.checkWritable();
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  #partBytes(): number {
    return this.#disordered ? this.#partBytesMax : Math.min(this.#partBytesMax, SORTED_PART_BYTES);
  }

  #emptyArena(): EntryArena {
    const arena = this.#spare;
    this.#spare = undefined;
    // Parts have become larger since.
    if (arena === undefined || arena.capacity < this.#partBytes()) return new EntryArena(this.#partBytes());
    arena.clear();
    return arena;
  }

  /** The first fault ends the load; whoever comes next is told of it. */
  async #attempt(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (cause) {
      this.#failure ??= { cause };
    }
  }

  async #write(memtable: EntryArena): Promise<void> {
    const tables = await this.#execute({ kind: 'load', memtable, ...this.#frame(memtable.byteSize) });
    this.#spare = memtable;
    if (this.#largest !== undefined && compareBytes(tables[0]!.smallest, this.#largest) <= 0) this.#disordered = true;
    else this.#largest = tables.at(-1)!.largest;
    this.#runs.push(tables);
  }

  /** Puts the result of a merge in the place of the first of its inputs, whose files go. */
  async #merge(positions: readonly number[]): Promise<void> {
    const inputs = positions.map((at) => this.#runs[at]!);
    const rawBytes = inputs.flat().reduce((sum, table) => sum + table.rawBytes, 0);
    // Newest first: of equal entries the newest is kept.
    const frame = { ...this.#frame(rawBytes), outputLevel: 0 };
    const merged = await this.#execute({ kind: 'compaction', inputs: inputs.toReversed(), ...frame });
    for (const at of positions) this.#runs[at] = [];
    this.#runs[positions[0]!] = merged;
    await this.#host.remove(namesOf(inputs.flat()));
  }

  #frame(rawBytes: number): Omit<LoadJob, 'kind' | 'memtable'> {
    const { directory, format, tableBytes } = this.#host;
    const outputs = 2 + Math.ceil((rawBytes * 2) / tableBytes);
    const fileNumbers = Array.from({ length: outputs }, () => this.#host.allocateFileNumber());
    return { ...NEWEST_ONLY, directory, format, tableBytes, fileNumbers };
  }

  /** The tables that a job has written. Nothing stays of one that failed, or ended when the load had been abandoned. */
  async #execute(job: LoadJob | CompactionJob): Promise<readonly TableMeta[]> {
    this.#job = job;
    try {
      const result = await this.#host.executor.run(job);
      if (result === undefined) throw new ClosedError('the bulk load was abandoned');
      this.#check();
      this.#host.wrote(result.bytesWritten);
      return result.tables;
    } catch (cause) {
      await this.#host.remove(job.fileNumbers.map((number) => fileName('table', number)));
      throw cause;
    } finally {
      this.#job = undefined;
    }
  }
}

function namesOf(tables: readonly TableMeta[]): string[] {
  return tables.map((table) => fileName('table', table.fileNumber));
}

function countOf(tables: readonly TableMeta[]): number {
  return tables.reduce((sum, table) => sum + table.entries, 0);
}
