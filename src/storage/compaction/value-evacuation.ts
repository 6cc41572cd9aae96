/**
 * Moves values to files of their own while a job rewrites the tables that have them: out of files that are mostly garbage,
 * and out of the tables themselves, where a bulk load or a higher threshold has left large ones. What survives goes apart
 * from the log: it has proven to live longer. Key and timestamp of an entry stay what they are, so that nothing newer is
 * shadowed and nothing deleted comes back. A file in which a damaged value is met is left alone from there on: the pointer
 * to it stays, so that whoever reads the value is told.
 *
 *   value file (`NNNNNN.val`) := header value*        values as pointers say, one behind the other
 */

import { join } from 'node:path';
import { assert, CorruptionError } from '../../base/index.js';
import { closeAll, type File, type FileSystem } from '../../vfs/index.js';
import { copyBytes } from '../byte-copy.js';
import { type EntryCursor, type EntryKind, POINTER_KINDS, pointsToValue } from '../entry.js';
import { EXPIRY_BYTES, expiryBytesOf } from '../format/expiring-value.js';
import { encodeFileHeader, FILE_HEADER_BYTES, FileMagic } from '../format/file-header.js';
import { fileName } from '../format/file-names.js';
import {
  isCompressedAt,
  ownerOf,
  POINTER_BYTES,
  pointedPlace,
  putPointer,
  segmentPlace,
  type StoredValue,
} from '../format/value-pointer.js';
import { encodeError, type ErrorRecord } from './error-record.js';
import { compressedIfWorthwhile } from '../lz4.js';
import { type PointingEntry, ValueReader } from '../values/value-reader.js';

/** Which values are to be moved, and where to. */
export interface Evacuation {
  /** The files to empty. */
  readonly places: readonly number[];
  /** Values from this size on leave their tables. */
  readonly thresholdBytes: number;
  /** Compresses what is moved, where that pays. */
  readonly compresses: boolean;
  /** Of the files to write. Should they not suffice, the last one grows beyond `fileBytes`. */
  readonly fileNumbers: readonly number[];
  readonly fileBytes: number;
}

/** The first damaged value of a file. */
export interface ValueDamage {
  readonly place: number;
  /** The `CorruptionError`. */
  readonly error: ErrorRecord;
}

/** An entry with a value, or a pointer to it. */
export type MovedEntry = PointingEntry & Pick<EntryCursor, 'kind' | 'valueStart' | 'valueEnd'>;

const OUTPUT_BYTES = 256 * 1024;

export class ValueEvacuation {
  /** What `move` has made: what comes before the pointer, and the new one. */
  readonly pointer = new Uint8Array(EXPIRY_BYTES + POINTER_BYTES);
  pointerEnd = 0;
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #evacuation: Evacuation;
  readonly #places: Set<number>;
  readonly #damages: ValueDamage[] = [];
  readonly #values: ValueReader;
  /** Created with the first value that goes there. */
  #file: File | undefined;
  #fileNumber = 0;
  #begun = 0;
  #output = new Uint8Array(0);
  #outputLength = 0;
  /** Of `#file`. */
  #writtenBytes = 0;
  #finishedBytes = 0;

  constructor(fileSystem: FileSystem, directory: string, evacuation: Evacuation) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.#evacuation = evacuation;
    this.#places = new Set(evacuation.places);
    this.#values = new ValueReader(fileSystem, directory);
  }

  /** Smaller values stay in their tables. */
  get thresholdBytes(): number {
    return this.#evacuation.thresholdBytes;
  }

  /** Of all files written. */
  get sizeBytes(): number {
    return this.#finishedBytes + this.#fileBytes;
  }

  /** Numbers of the files written. */
  get fileNumbers(): readonly number[] {
    return this.#evacuation.fileNumbers.slice(0, this.#begun);
  }

  get damages(): readonly ValueDamage[] {
    return this.#damages;
  }

  /** True when the value of an entry has to leave the file, or the table, where it is. */
  concerns(kind: EntryKind, bytes: Uint8Array, start: number, end: number): boolean {
    const at = start + expiryBytesOf(kind);
    if (pointsToValue(kind)) return this.#places.has(pointedPlace(bytes, at));
    return POINTER_KINDS[kind] !== undefined && end - at >= this.#evacuation.thresholdBytes;
  }

  /** Copies the value of an entry, verified, and makes `pointer` lead to it. Returns its bytes; undefined: it stays, damaged. */
  move(entry: MovedEntry): number | undefined {
    const { valueBytes, valueStart } = entry;
    const at = valueStart + expiryBytesOf(entry.kind);
    const value = this.#intact(entry, at);
    if (value === undefined) return undefined;
    const { length } = value.bytes;
    if (this.#file !== undefined && this.#fileBytes + length > this.#evacuation.fileBytes) this.#endFile();
    this.#file ??= this.#create();
    copyBytes(this.pointer, 0, valueBytes, valueStart, at);
    putPointer(this.pointer, at - valueStart, segmentPlace('value', this.#fileNumber), this.#fileBytes, value);
    this.pointerEnd = at - valueStart + POINTER_BYTES;
    if (this.#outputLength + length > OUTPUT_BYTES) this.#flush();
    if (length > OUTPUT_BYTES) this.#write(value.bytes);
    else {
      this.#output.set(value.bytes, this.#outputLength);
      this.#outputLength += length;
    }
    return length;
  }

  /** Everything moved is durable afterwards, the names of the files when their directory is synced. */
  finish(): void {
    if (this.#file !== undefined) this.#finishFile(this.#file);
    this.close();
  }

  /** Closes what is open. Idempotent. */
  close(): void {
    closeAll([this.#file, this.#values]);
  }

  get #fileBytes(): number {
    return this.#writtenBytes + this.#outputLength;
  }

  #intact(entry: MovedEntry, at: number): StoredValue | undefined {
    try {
      return this.#stored(entry, at);
    } catch (cause) {
      if (!(cause instanceof CorruptionError)) throw cause;
      const place = pointedPlace(entry.valueBytes, at);
      this.#places.delete(place);
      this.#damages.push({ place, error: encodeError(cause) });
      return undefined;
    }
  }

  #stored(entry: MovedEntry, at: number): StoredValue {
    const { kind, keyBytes, keyStart, keyEnd, timestamp, valueBytes, valueEnd } = entry;
    const owner = ownerOf(keyBytes, keyStart, keyEnd, timestamp);
    const points = pointsToValue(kind);
    const bytes = points ? this.#values.readStored(entry, at) : valueBytes.subarray(at, valueEnd);
    if (points && isCompressedAt(valueBytes, at)) return { bytes, isCompressed: true, owner };
    const compressed = this.#evacuation.compresses ? compressedIfWorthwhile(bytes) : undefined;
    return { bytes: compressed ?? bytes, isCompressed: compressed !== undefined, owner };
  }

  #create(): File {
    const { fileNumbers } = this.#evacuation;
    assert(this.#begun < fileNumbers.length, 'an evacuation has a number for its output');
    this.#fileNumber = fileNumbers[this.#begun]!;
    const file = this.#fileSystem.open(join(this.#directory, fileName('value', this.#fileNumber)), 'create');
    this.#begun++;
    if (this.#output.length === 0) this.#output = new Uint8Array(OUTPUT_BYTES);
    this.#output.set(encodeFileHeader(FileMagic.value, this.#fileNumber));
    this.#outputLength = FILE_HEADER_BYTES;
    return file;
  }

  #endFile(): void {
    if (this.#begun === this.#evacuation.fileNumbers.length) return;
    const file = this.#file!;
    this.#finishFile(file);
    this.#file = undefined;
    this.#finishedBytes += this.#writtenBytes;
    this.#writtenBytes = 0;
    file.close();
  }

  #finishFile(file: File): void {
    this.#flush();
    file.syncNow();
  }

  #flush(): void {
    if (this.#outputLength === 0) return;
    const length = this.#outputLength;
    this.#outputLength = 0;
    this.#write(this.#output.subarray(0, length));
  }

  #write(bytes: Uint8Array): void {
    this.#file!.write(bytes, this.#writtenBytes);
    this.#writtenBytes += bytes.length;
  }
}
