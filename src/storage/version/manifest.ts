/**
 * The manifest: a file of edits, and `CURRENT`, which names the manifest in force. An edit is appended when it counts, and
 * synced before anything is deleted that the state before it needs. When the edits outgrow the state they describe, the state
 * is written to a new manifest and `CURRENT` is switched: temporary file, sync, rename, directory sync.
 */

import { join } from 'node:path';
import { ByteWriter, CorruptionError } from '../../base/index.js';
import { type File, type FileSystem, replaceFile } from '../../vfs/index.js';
import type { Timestamp } from '../entry.js';
import {
  checkFileHeader,
  decodeFileHeader,
  encodeFileHeader,
  FILE_HEADER_BYTES,
  FileMagic,
} from '../format/file-header.js';
import { CURRENT_NAME, CURRENT_TEMPORARY_NAME, fileName } from '../format/file-names.js';
import { decodeManifestEdit, encodeManifestEdit, type ManifestEdit, type TableMeta } from '../format/manifest-edit.js';
import { beginFrame, endFrame, FrameType, placeFrames, scanFrames } from '../format/record-frame.js';
import { readWholeFile } from '../whole-file.js';
import type { CommitTime } from './commit-times.js';
import { Version } from './version.js';

/** The sum of all edits. */
export interface DatabaseState<T extends TableMeta = TableMeta> {
  readonly version: Version<T>;
  /** No file has this number or a higher one. */
  readonly nextFileNumber: number;
  /** The oldest log segment that holds commits which are not in tables. */
  readonly logNumber: number;
  /** Every commit up to it is in the tables. */
  readonly lastTimestamp: Timestamp;
  /** Versions readable only below this timestamp may be gone. */
  readonly prunedThrough: Timestamp;
  /** When the commits in the tables were made. */
  readonly times: readonly CommitTime[];
}

const ROLLOVER_FACTOR = 4;
const ROLLOVER_BYTES_MIN = 64 * 1024;

/** The bytes of a whole manifest that says just `state`. */
export function encodeManifest(number: number, state: DatabaseState): Uint8Array {
  const { version, times, ...numbers } = state;
  const edit = { ...numbers, ...(times.length > 0 ? { times } : {}), added: version.additions(), removed: [] };
  const frame = encodeEditFrame(edit);
  placeFrames(frame, { fileNumber: number, offset: FILE_HEADER_BYTES, syncedOffset: 0 });
  const writer = new ByteWriter(FILE_HEADER_BYTES + frame.length);
  writer.raw(encodeFileHeader(FileMagic.manifest, number));
  writer.raw(frame);
  return writer.toBytes();
}

function encodeEditFrame(edit: ManifestEdit): Uint8Array {
  const writer = new ByteWriter(1024);
  const start = beginFrame(writer, FrameType.Edit);
  encodeManifestEdit(writer, edit);
  endFrame(writer, start);
  return writer.toBytes();
}

export class ManifestWriter {
  readonly number: number;
  readonly #file: File;
  readonly #snapshotBytes: number;
  #sizeBytes: number;
  #syncedBytes: number;
  /** The `sync` that is under way. */
  #underWay: Promise<void> | undefined;
  #closed = false;

  private constructor(number: number, file: File, snapshot: Uint8Array) {
    this.number = number;
    this.#file = file;
    this.#snapshotBytes = snapshot.length;
    this.#sizeBytes = this.#syncedBytes = snapshot.length;
  }

  /**
   * Writes `state` to a new manifest and switches `CURRENT` to it. All files that `state` names must be durable apart
   * from their names, which become durable here, before the switch.
   */
  static create(fileSystem: FileSystem, directory: string, number: number, state: DatabaseState): ManifestWriter {
    const snapshot = encodeManifest(number, state);
    const file = fileSystem.open(join(directory, fileName('manifest', number)), 'create');
    try {
      file.write(snapshot, 0);
      file.syncNow();
      fileSystem.syncDirectory(directory);
      switchCurrent(fileSystem, directory, number);
    } catch (cause) {
      file.close();
      throw cause;
    }
    return new ManifestWriter(number, file, snapshot);
  }

  /** Appends an edit. After an error of this or of a sync the manifest must not be used again. */
  append(edit: ManifestEdit): void {
    const frame = encodeEditFrame(edit);
    placeFrames(frame, { fileNumber: this.number, offset: this.#sizeBytes, syncedOffset: this.#syncedBytes });
    this.#file.write(frame, this.#sizeBytes);
    this.#sizeBytes += frame.length;
  }

  /** Whether every edit is durable. */
  get isSynced(): boolean {
    return this.#syncedBytes === this.#sizeBytes;
  }

  /** Makes every edit durable that was appended by now, unless `close` comes first. */
  async sync(): Promise<void> {
    const target = this.#sizeBytes;
    while (this.#underWay !== undefined) await this.#underWay;
    if (this.#closed || this.#syncedBytes >= target) return;
    this.#underWay = this.#sync();
    await this.#underWay;
  }

  async #sync(): Promise<void> {
    const sizeBytes = this.#sizeBytes;
    try {
      await this.#file.sync();
    } finally {
      this.#underWay = undefined;
    }
    this.#syncedBytes = sizeBytes;
  }

  /**
   * The same on this thread. False when a `sync` is under way: a failure of that one might be reported only there while this
   * one succeeds.
   */
  syncNow(): boolean {
    if (this.#underWay !== undefined) return false;
    this.#file.syncNow();
    this.#syncedBytes = this.#sizeBytes;
    return true;
  }

  /** True when a new manifest would be a good deal shorter. */
  get outgrown(): boolean {
    return this.#sizeBytes > ROLLOVER_FACTOR * this.#snapshotBytes + ROLLOVER_BYTES_MIN;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#file.close();
  }
}

function switchCurrent(fileSystem: FileSystem, directory: string, manifestNumber: number): void {
  const names = { name: CURRENT_NAME, temporaryName: CURRENT_TEMPORARY_NAME };
  replaceFile(fileSystem, directory, names, encodeCurrent(manifestNumber));
}

/** The bytes of a `CURRENT` that names manifest `manifestNumber`. */
export function encodeCurrent(manifestNumber: number): Uint8Array {
  return encodeFileHeader(FileMagic.current, manifestNumber);
}

export interface RecoveredManifest {
  readonly number: number;
  readonly state: DatabaseState;
  /** Bytes of an edit that was never completed; 0 when there is none. */
  readonly tornBytes: number;
}

/**
 * Reads `CURRENT` and the manifest it names. A torn last edit never counted and is dropped; any other damage is a
 * `CorruptionError`.
 */
export function readManifest(fileSystem: FileSystem, directory: string): RecoveredManifest {
  const number = readCurrent(fileSystem, directory);
  const file = fileName('manifest', number);
  const path = join(directory, file);
  if (!fileSystem.exists(path)) {
    throw CorruptionError.at(CURRENT_NAME, 8, { expected: `the number of a manifest`, found: `${number}: no ${file}` });
  }
  const content = readWholeFile(fileSystem, path);
  checkFileHeader(content.subarray(0, FILE_HEADER_BYTES), FileMagic.manifest, number, file);
  let state: DatabaseState | undefined;
  const scan = scanFrames(content, number, FILE_HEADER_BYTES, (type, start, end) => {
    if (type !== FrameType.Edit) {
      throw CorruptionError.at(file, start, { expected: `an edit (type ${FrameType.Edit})`, found: `type ${type}` });
    }
    const edit = decodeManifestEdit(content.subarray(start, end), { file, offset: start });
    state = applyEdit(state, edit, (meta) => meta, { file, offset: start });
  });
  if (scan.damage !== undefined && (state === undefined || scan.damageWasDurable)) {
    throw CorruptionError.at(file, scan.damage.offset, scan.damage);
  }
  if (state === undefined) throw missingState(file, scan.end);
  return { number, state, tornBytes: content.length - scan.end };
}

/** What is wrong with a manifest without edits. */
export function missingState(file: string, offset: number): CorruptionError {
  return CorruptionError.at(file, offset, { expected: 'a first edit', found: 'the end of the file' });
}

/** Adds an edit to a state; the first one must be whole. `place` is for the `CorruptionError` of one that does not fit. */
export function applyEdit<T extends TableMeta>(
  state: DatabaseState<T> | undefined,
  edit: ManifestEdit,
  admit: (meta: TableMeta) => T,
  place: { file: string; offset: number },
): DatabaseState<T> {
  const refuse = (expected: string, found: string): Error =>
    CorruptionError.at(place.file, place.offset, { expected, found });
  const number = (name: 'nextFileNumber' | 'logNumber' | 'lastTimestamp' | 'prunedThrough'): number => {
    const before = state?.[name];
    const value = edit[name] ?? before;
    if (value === undefined) throw refuse(`${name} in the first edit`, 'none');
    if (before !== undefined && value < before) throw refuse(`${name} from ${before} on`, String(value));
    return value;
  };
  return {
    version: (state?.version ?? new Version<T>()).with(edit, admit, refuse),
    nextFileNumber: number('nextFileNumber'),
    logNumber: number('logNumber'),
    lastTimestamp: number('lastTimestamp'),
    prunedThrough: number('prunedThrough'),
    times: edit.times ?? state?.times ?? [],
  };
}

function readCurrent(fileSystem: FileSystem, directory: string): number {
  return decodeCurrent(readWholeFile(fileSystem, join(directory, CURRENT_NAME)), CURRENT_NAME);
}

/** The number of the manifest that the bytes of a `CURRENT` name. Throws `CorruptionError`; `file` is for its message. */
export function decodeCurrent(content: Uint8Array, file: string): number {
  if (content.length !== FILE_HEADER_BYTES) {
    const what = { expected: `${FILE_HEADER_BYTES} bytes`, found: `${content.length} bytes` };
    throw CorruptionError.at(file, 0, what);
  }
  return decodeFileHeader(content, FileMagic.current, file);
}
