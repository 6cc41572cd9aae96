/**
 * The current version, those that readers still hold, and the manifest behind them. Installing an edit is one step on this
 * thread: appended to the manifest first, visible second, and durable when somebody has waited for that. Until then every file
 * stays that the state before needs, so that a crash goes back to a whole one. A table file goes when no living version has the
 * table any more, and with the tables the files of values that they pointed into: see values/segment-set.ts.
 */

import { join } from 'node:path';
import { assert, InvariantError } from '../../base/index.js';
import { closeAll, type FileSystem } from '../../vfs/index.js';
import type { WrittenBlocks } from '../cache/written-blocks.js';
import type { Timestamp } from '../entry.js';
import { fileName, parseFileName } from '../format/file-names.js';
import { SpareSegments } from '../log/spare-segments.js';
import { placeName, segmentPlace } from '../format/value-pointer.js';
import type { ManifestEdit, TableMeta } from '../format/manifest-edit.js';
import { Table } from '../table/table.js';
import type { TableSource } from '../table/table-reader.js';
import { type GivenUp, SegmentSet } from '../values/segment-set.js';
import { ValueReader } from '../values/value-reader.js';
import { applyEdit, type DatabaseState, ManifestWriter } from './manifest.js';
import { Version } from './version.js';

/** An edit without the file counter, which the version set adds. */
export type VersionEdit = Omit<ManifestEdit, 'nextFileNumber'>;

/** Unlinks files, now or later, and deals with what stops it. @param gone is to be called when they are. */
export type RemoveFiles = (paths: readonly string[], gone: () => void) => void;

interface Obsolete {
  readonly name: string;
  /** There had been by then. */
  readonly edits: number;
  /** Of a file of values. */
  readonly bytes: number;
}

/** A version that is kept, files included, until `release`. */
export interface PinnedVersion {
  readonly version: Version<Table>;
  /** Idempotent. */
  release(): void;
}

export class VersionSet {
  readonly #source: TableSource;
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #remove: RemoveFiles;
  /** Undefined for a database opened read-only, where nothing is installed. */
  #manifest: ManifestWriter | undefined;
  #state: DatabaseState<Table>;
  #nextFileNumber: number;
  /** How many hold each version, oldest first; the current one is held by this object. */
  readonly #holders = new Map<Version<Table>, { count: number; readonly number: number }>();
  #versionNumber = 0;
  readonly #segments: SegmentSet;
  /** What the tables point to. */
  readonly values: ValueReader;
  /** Segments to be used again. */
  readonly spares: SpareSegments;
  /** Installed, and how many of them are durable. */
  #edits = 0;
  #durableEdits = 0;
  /** Files that nothing refers to any more. */
  #obsolete: Obsolete[] = [];
  #leavingBytes = 0;

  /** @param source of the tables. */
  constructor(source: TableSource, state: DatabaseState, manifest: ManifestWriter | undefined, remove: RemoveFiles) {
    this.#source = source;
    this.#fileSystem = source.fileSystem;
    this.#directory = source.directory;
    this.#manifest = manifest;
    this.#remove = remove;
    this.values = new ValueReader(source.fileSystem, source.directory);
    this.#segments = new SegmentSet((place) => this.#sizeOf(place));
    this.spares = new SpareSegments((number) => this.#sizeOf(segmentPlace('log', number)));
    const version = new Version<Table>().with(
      { added: state.version.additions(), removed: [] },
      (meta) => new Table(meta, source),
      (expected, found) => new InvariantError(`the manifest was checked when it was read: ${expected}, not ${found}`),
    );
    this.#state = { ...state, version };
    this.#nextFileNumber = state.nextFileNumber;
    for (const table of version.tables()) this.#segments.admit(table.references);
    this.#hold(version);
  }

  /** What the block cache takes over of tables that are being written; undefined when there is no cache. */
  get written(): WrittenBlocks | undefined {
    return this.#source.cache?.written;
  }

  /** How many versions there have been. */
  get number(): number {
    return this.#versionNumber;
  }

  get current(): Version<Table> {
    return this.#state.version;
  }

  /** The state behind `current`. */
  get state(): DatabaseState<Table> {
    return { ...this.#state, nextFileNumber: this.#nextFileNumber };
  }

  get prunedThrough(): Timestamp {
    return this.#state.prunedThrough;
  }

  get manifestBytes(): number {
    return this.#manifest?.sizeBytes ?? 0;
  }

  /** A number for a new file. Durable at the latest with the edit that names the file. */
  allocateFileNumber(): number {
    return this.#nextFileNumber++;
  }

  /**
   * Makes an edit current. It is durable after `durable` or `durableNow`. Any error, of these too, leaves the manifest in
   * doubt: the engine must stop.
   */
  install(edit: VersionEdit): void {
    assert(this.#manifest !== undefined, 'a read-only database installs nothing');
    const whole: ManifestEdit = { ...edit, nextFileNumber: this.#nextFileNumber };
    const place = { file: fileName('manifest', this.#manifest.number), offset: this.#manifest.sizeBytes };
    // A table that only changes its place stays the same object.
    const present = new Map<number, Table>();
    for (const table of this.#state.version.tables()) present.set(table.fileNumber, table);
    const admit = (meta: TableMeta): Table => present.get(meta.fileNumber) ?? new Table(meta, this.#source);
    const next = applyEdit(this.#state, whole, admit, place);
    for (const { table } of edit.added) this.#segments.admit(table.references);
    this.#manifest.append(whole);
    const before = this.#state.version;
    this.#hold(next.version);
    this.#state = next;
    this.#edits++;
    this.#letGo(before);
    if (this.#manifest.outgrown) this.#rollOver();
  }

  /** Makes everything durable that is installed by now. Other edits may be installed meanwhile. */
  async durable(): Promise<void> {
    const edits = this.#edits;
    if (this.#durableEdits >= edits || this.#manifest === undefined) return;
    const manifest = this.#manifest;
    await manifest.sync();
    // One that was closed meanwhile has a successor that was durable at once.
    if (manifest === this.#manifest) this.#durableEdits = Math.max(this.#durableEdits, edits);
  }

  /** The same on this thread. */
  durableNow(): void {
    if (this.#durableEdits === this.#edits || this.#manifest === undefined) return;
    if (this.#manifest.syncNow()) this.#durableEdits = this.#edits;
    else this.#rollOver();
  }

  /** Keeps the current version for a reader. */
  pin(): PinnedVersion {
    const version = this.#state.version;
    this.#holders.get(version)!.count++;
    let held = true;
    return {
      version,
      release: () => {
        if (held) this.#letGo(version);
        held = false;
      },
    };
  }

  /** Announces a file that no edit refers to (a table without a version, a manifest) and nobody needs any more. */
  addObsolete(name: string): void {
    this.#obsolete.push({ name, edits: 0, bytes: 0 });
  }

  /**
   * Announces a log segment whose commits are in tables: it stays while one of these, or a reader, may point into it.
   * @param valueBytes of the values in it.
   */
  addFlushedLog(number: number, valueBytes: number): void {
    const place = segmentPlace('log', number);
    if (!this.#segments.isReferenced(place)) {
      this.#segments.giveUp({ place, bytes: valueBytes, versions: this.#versionNumber });
    }
    this.#collectSegments();
  }

  /** Sizes of the files that tables point into, by place. */
  segmentSizes(): ReadonlyMap<number, number> {
    return this.#segments.sizes();
  }

  /**
   * Has everything unlinked that nothing refers to any more, nor did before the edits that are not durable. Undone by a crash,
   * the next open does it again.
   */
  deleteObsolete(): void {
    if (this.#obsolete.length === 0) return;
    const needed = this.#obsolete.filter(({ edits }) => edits > this.#durableEdits);
    const unneeded = this.#obsolete.filter(({ edits }) => edits <= this.#durableEdits);
    this.#obsolete = needed;
    // None of them counts as leaving while it is asked which of them may stay: as spare segments they take the same space.
    this.#leavingBytes -= unneeded.reduce((sum, file) => sum + file.bytes, 0);
    const leaving = unneeded.filter(({ name }) => !this.#isKept(name));
    const bytes = leaving.reduce((sum, file) => sum + file.bytes, 0);
    this.#leavingBytes += bytes;
    if (leaving.length === 0) return;
    const paths = leaving.map(({ name }) => join(this.#directory, name));
    const left = (): void => {
      this.#leavingBytes -= bytes;
    };
    this.#remove(paths, left);
  }

  /** Of files of values that nothing refers to any more and that are still there. */
  get leavingBytes(): number {
    return this.#leavingBytes;
  }

  #sizeOf(place: number): number {
    return this.#fileSystem.stat(join(this.#directory, placeName(place))).sizeBytes;
  }

  #isKept(name: string): boolean {
    const parsed = parseFileName(name);
    return parsed?.kind === 'log' && this.spares.offer(parsed.number);
  }

  /** Has the segments unlinked that were kept to be used again: those that take too much by now, or all. */
  giveUpSpares(which: 'excess' | 'all'): void {
    const numbers = which === 'all' ? this.spares.takeAll() : this.spares.takeExcess();
    for (const number of numbers) {
      const place = segmentPlace('log', number);
      this.#leave({ place, bytes: this.#sizeOf(place) }, 0);
    }
    if (numbers.length > 0) this.deleteObsolete();
  }

  /** Ends all pins: nobody reads any more, and no segment is used again. */
  releaseAll(): void {
    this.spares.end();
    for (const number of this.spares.takeAll()) this.addObsolete(fileName('log', number));
    for (const version of this.#holders.keys()) {
      if (version === this.#state.version) continue;
      this.#holders.get(version)!.count = 1;
      this.#letGo(version);
    }
  }

  /** Closes every file, and then throws the first error there was. */
  close(): void {
    closeAll([...this.#state.version.tables(), this.values, this.#manifest]);
  }

  #hold(version: Version<Table>): void {
    this.#holders.set(version, { count: 1, number: ++this.#versionNumber });
    for (const table of version.tables()) {
      if (table.versions++ === 0) this.#segments.hold(table.references);
    }
  }

  #letGo(version: Version<Table>): void {
    if (--this.#holders.get(version)!.count > 0) return;
    this.#holders.delete(version);
    const unused = [...version.tables()].filter((table) => --table.versions === 0);
    for (const table of unused) {
      this.#obsolete.push({ name: fileName('table', table.fileNumber), edits: this.#edits, bytes: 0 });
      this.#segments.letGo(table.references, this.#versionNumber);
    }
    closeAll(unused);
    this.#collectSegments();
  }

  #collectSegments(): void {
    const [oldest] = this.#holders.values();
    for (const { place, bytes } of this.#segments.takeUnused(oldest?.number ?? this.#versionNumber)) {
      this.values.forget(place);
      this.#leave({ place, bytes }, this.#edits);
    }
  }

  #leave({ place, bytes }: Pick<GivenUp, 'place' | 'bytes'>, edits: number): void {
    this.#leavingBytes += bytes;
    this.#obsolete.push({ name: placeName(place), edits, bytes });
  }

  #rollOver(): void {
    const old = this.#manifest!;
    const number = this.allocateFileNumber();
    const state = { ...this.#state, nextFileNumber: this.#nextFileNumber };
    this.#manifest = ManifestWriter.create(this.#fileSystem, this.#directory, number, state);
    this.#state = state;
    this.#durableEdits = this.#edits;
    old.close();
    this.addObsolete(fileName('manifest', old.number));
  }
}
