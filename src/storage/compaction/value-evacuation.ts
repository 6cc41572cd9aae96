/**
 * Moves values out of files that are mostly garbage while a job rewrites the tables that point to them. What survives goes
 * to a value file of its own, apart from the log: it has proven to live longer. Key and timestamp of an entry stay what they
 * are, so that nothing newer is shadowed and nothing deleted comes back.
 *
 *   value file (`NNNNNN.val`) := header value*        values as they were stored, one behind the other
 */

import { join } from 'node:path';
import type { File, FileSystem } from '../../vfs/index.js';
import { copyBytes } from '../byte-copy.js';
import { encodeFileHeader, FILE_HEADER_BYTES, FileMagic } from '../format/file-header.js';
import { fileName } from '../format/file-names.js';
import { EXPIRY_BYTES } from '../format/expiring-value.js';
import { POINTER_BYTES, pointedPlace, putPointer, segmentPlace } from '../format/value-pointer.js';
import { ValueReader } from '../values/value-reader.js';

/** Which files to empty, and the number of the file that what is left in them goes to. */
export interface Evacuation {
  readonly places: readonly number[];
  readonly fileNumber: number;
}

const OUTPUT_BYTES = 256 * 1024;

export class ValueEvacuation {
  /** What `move` has made: what comes before the pointer, and the new one. */
  readonly pointer = new Uint8Array(EXPIRY_BYTES + POINTER_BYTES);
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #fileNumber: number;
  readonly #places: ReadonlySet<number>;
  readonly #values: ValueReader;
  /** Created with the first value. */
  #file: File | undefined;
  #output = new Uint8Array(0);
  #outputLength = 0;
  #writtenBytes = 0;

  constructor(fileSystem: FileSystem, directory: string, { places, fileNumber }: Evacuation) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.#fileNumber = fileNumber;
    this.#places = new Set(places);
    this.#values = new ValueReader(fileSystem, directory);
  }

  /** Of the file, which does not exist while they are 0. */
  get sizeBytes(): number {
    return this.#writtenBytes + this.#outputLength;
  }

  /** True when the value that the pointer at `bytes[at]` leads to has to leave its file. */
  concerns(bytes: Uint8Array, at: number): boolean {
    return this.#places.has(pointedPlace(bytes, at));
  }

  /**
   * Copies that value, once it is verified, and makes `pointer` lead to the copy. Returns its length.
   *
   * @param before bytes from `at` on that come before the pointer, and stay there.
   */
  move(bytes: Uint8Array, at: number, before: number): number {
    const value = this.#values.read(bytes, at + before);
    this.#file ??= this.#create();
    copyBytes(this.pointer, 0, bytes, at, at + before);
    putPointer(this.pointer, before, segmentPlace('value', this.#fileNumber), this.sizeBytes, value);
    if (this.#outputLength + value.length > OUTPUT_BYTES) this.#flush();
    if (value.length > OUTPUT_BYTES) this.#write(value);
    else {
      this.#output.set(value, this.#outputLength);
      this.#outputLength += value.length;
    }
    return value.length;
  }

  /** Everything moved is durable afterwards, the name of the file when its directory is synced. */
  finish(): void {
    this.#flush();
    this.#file?.syncNow();
    this.close();
  }

  /** Closes what is open. Idempotent. */
  close(): void {
    this.#file?.close();
    this.#values.close();
  }

  #create(): File {
    const path = join(this.#directory, fileName('value', this.#fileNumber));
    const file = this.#fileSystem.open(path, 'create');
    this.#output = new Uint8Array(OUTPUT_BYTES);
    this.#output.set(encodeFileHeader(FileMagic.value, this.#fileNumber));
    this.#outputLength = FILE_HEADER_BYTES;
    return file;
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
