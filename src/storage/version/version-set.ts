/**
 * The current version, those that readers still hold, and the manifest behind them. Installing an edit is one step on this
 * thread: durable in the manifest first, visible second. A table file goes when no living version has the table any more,
 * and with the tables the files of values that they pointed into: see values/segment-set.ts.
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
import { SegmentSet } from '../values/segment-set.js';
import { ValueReader } from '../values/value-reader.js';
import { applyEdit, type DatabaseState, ManifestWriter } from './manifest.js';
import { Version } from './version.js';

/** An edit without the file counter, which the version set adds. */
export type VersionEdit = Omit<ManifestEdit, 'nextFileNumber'>;

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
  readonly #remove: (paths: readonly string[]) => void;
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
  /** Files that nothing refers to any more. */
  #obsolete: string[] = [];

  /** @param remove unlinks files, now or later. */
  constructor(
    source: TableSource,
    state: DatabaseState,
    manifest: ManifestWriter | undefined,
    remove: (paths: readonly string[]) => void,
  ) {
    this.#source = source;
    this.#fileSystem = source.fileSystem;
    this.#directory = source.directory;
    this.#manifest = manifest;
    this.#remove = remove;
    this.values = new ValueReader(source.fileSystem, source.directory);
    const sizeOf = (place: number) => source.fileSystem.stat(join(source.directory, placeName(place))).sizeBytes;
    this.#segments = new SegmentSet(sizeOf);
    this.spares = new SpareSegments((number) => sizeOf(segmentPlace('log', number)));
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

  /** Makes an edit durable and current. Any error leaves the manifest in doubt: the engine must stop. */
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
    this.#letGo(before);
    if (this.#manifest.outgrown) this.#rollOver();
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

  /** Announces a file of another kind (a table without a version, a manifest) that is not needed any more. */
  addObsolete(name: string): void {
    this.#obsolete.push(name);
  }

  /** Announces a log segment whose commits are in tables: it stays while one of these, or a reader, may point into it. */
  addFlushedLog(number: number): void {
    const place = segmentPlace('log', number);
    if (!this.#segments.isReferenced(place)) this.#segments.giveUp(place, this.#versionNumber);
    this.#collectSegments();
  }

  /** Sizes of the files that tables point into, by place. */
  segmentSizes(): ReadonlyMap<number, number> {
    return this.#segments.sizes();
  }

  /** Has everything unlinked that nothing refers to any more. Undone by a crash, the next open does it again. */
  deleteObsolete(): void {
    if (this.#obsolete.length === 0) return;
    const paths = this.#obsolete.filter((name) => !this.#isKept(name)).map((name) => join(this.#directory, name));
    this.#obsolete = [];
    if (paths.length > 0) this.#remove(paths);
  }

  #isKept(name: string): boolean {
    const parsed = parseFileName(name);
    return parsed?.kind === 'log' && this.spares.keeps(parsed.number);
  }

  /** Has the segments unlinked that were kept to be used again. */
  giveUpSpares(): void {
    for (const number of this.spares.takeAll()) this.#obsolete.push(fileName('log', number));
    this.deleteObsolete();
  }

  /** Ends all pins: nobody reads any more, and no segment is used again. */
  releaseAll(): void {
    this.spares.end();
    for (const number of this.spares.takeAll()) this.#obsolete.push(fileName('log', number));
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
      this.#obsolete.push(fileName('table', table.fileNumber));
      this.#segments.letGo(table.references, this.#versionNumber);
    }
    closeAll(unused);
    this.#collectSegments();
  }

  #collectSegments(): void {
    const [oldest] = this.#holders.values();
    for (const place of this.#segments.takeUnused(oldest?.number ?? this.#versionNumber)) {
      this.values.forget(place);
      this.#obsolete.push(placeName(place));
    }
  }

  #rollOver(): void {
    const old = this.#manifest!;
    const number = this.allocateFileNumber();
    const state = { ...this.#state, nextFileNumber: this.#nextFileNumber };
    this.#manifest = ManifestWriter.create(this.#fileSystem, this.#directory, number, state);
    this.#state = state;
    old.close();
    this.#obsolete.push(fileName('manifest', old.number));
  }
}
