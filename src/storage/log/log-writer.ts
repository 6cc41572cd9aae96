/**
 * Appends to one log segment. `write` hands bytes to the operating system, `sync` makes everything written so far durable.
 * After any error the segment must not be used again, `close` apart: what it holds is unknown.
 *
 * A sync extends the file with zeros, which the next records overwrite: a sync that neither moves the end of the file nor
 * takes blocks for it does without a commit of the file system's journal. Measured on ext4 (2 cores, Node 20.20, 160-byte
 * records): 90 µs instead of 128, and 117 instead of 155 through the thread pool (docs/adr/0012-log-extended-ahead.md).
 */

import { join } from 'node:path';
import { assert, type ByteWriter, CorruptionError } from '../../base/index.js';
import type { File, FileSystem } from '../../vfs/index.js';
import { encodeFileHeader, FILE_HEADER_BYTES, FileMagic } from '../format/file-header.js';
import { fileName } from '../format/file-names.js';
import { placeFrames, scanFrames } from '../format/record-frame.js';

const EXTENSION_BYTES_MAX = 128 * 1024;
const ZEROS = new Uint8Array(EXTENSION_BYTES_MAX);
/** Extending pays while several syncs come to one extension. */
const SYNCS_PER_EXTENSION_MIN = 4;
const EXTENSIONS_PER_MEMTABLE = 8;

/** How far the segments of memtables of this size are extended at a time. */
export function logExtensionBytes(memtableBytes: number): number {
  return Math.min(EXTENSION_BYTES_MAX, Math.floor(memtableBytes / EXTENSIONS_PER_MEMTABLE));
}

export class LogWriter {
  readonly number: number;
  readonly #extensionBytes: number;
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  #file: File;
  #sizeBytes: number;
  #syncedOffset: number;
  /** Up to here the file has zeros behind the records, unless these have come further. */
  #extendedTo = 0;
  #ended = false;
  #syncing = false;
  #closed = false;

  private constructor(fileSystem: FileSystem, place: { path: string; number: number }, file: File, extension: number) {
    this.number = place.number;
    this.#extensionBytes = extension;
    this.#fileSystem = fileSystem;
    this.#path = place.path;
    this.#file = file;
    this.#sizeBytes = this.#syncedOffset = FILE_HEADER_BYTES;
  }

  /**
   * Creates the segment; its header and its name are durable when this returns.
   *
   * @param options.extensionBytes how far syncs extend it at a time; 0 for not at all.
   */
  static create(
    fileSystem: FileSystem,
    directory: string,
    number: number,
    { extensionBytes }: { readonly extensionBytes: number },
  ): LogWriter {
    assert(extensionBytes <= EXTENSION_BYTES_MAX, 'a segment is extended by no more than there are zeros');
    const path = join(directory, fileName('log', number));
    const file = fileSystem.open(path, 'create');
    try {
      file.write(encodeFileHeader(FileMagic.log, number), 0);
      file.syncNow();
      fileSystem.syncDirectory(directory);
    } catch (cause) {
      file.close();
      throw cause;
    }
    return new LogWriter(fileSystem, { path, number }, file, extensionBytes);
  }

  /** Bytes of header and records; the file may be longer. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Bytes of the segment known to be durable. */
  get syncedOffset(): number {
    return this.#syncedOffset;
  }

  /** Appends whole frames with one write and places them. */
  write(frames: ByteWriter): void {
    const bytes = frames.bytes();
    placeFrames(bytes, { fileNumber: this.number, offset: this.#sizeBytes, syncedOffset: this.#syncedOffset });
    this.#file.write(bytes, this.#sizeBytes);
    this.#sizeBytes += bytes.length;
  }

  /** Appends the last frame. */
  writeEnd(frames: ByteWriter): void {
    this.#ended = true;
    this.write(frames);
  }

  /** Makes what has been written durable. Nothing may be written meanwhile, unless `syncNow` came in between. */
  async sync(): Promise<void> {
    assert(!this.#syncing, 'a segment is synced once at a time');
    const file = this.#file;
    const size = this.#sizeBytes;
    this.#extend();
    this.#syncing = true;
    try {
      await file.sync();
    } finally {
      const replaced = file !== this.#file;
      if (!replaced) this.#syncing = false;
      if (replaced || this.#closed) file.close();
    }
    if (size > this.#syncedOffset) this.#syncedOffset = size;
  }

  /**
   * The same, waiting on this thread. When a `sync` is under way its outcome is not known yet, and a failure of it might
   * be reported only there while this one succeeds. Then the bytes in question are written again, through a new handle
   * that cannot miss an error, and synced through it. The promise of the other call still tells about the device.
   */
  syncNow(): void {
    if (this.#syncing) this.#startOverWithNewHandle();
    this.#extend();
    this.#file.syncNow();
    this.#syncedOffset = this.#sizeBytes;
  }

  /** Idempotent. A handle that is being synced is closed right after. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#syncing) this.#file.close();
  }

  /** Before a sync: writes zeros behind the records, if there are none and records are as small as to make that pay. */
  #extend(): void {
    if (this.#ended || this.#sizeBytes < this.#extendedTo) return;
    const unsynced = this.#sizeBytes - this.#syncedOffset;
    if (unsynced * SYNCS_PER_EXTENSION_MIN > this.#extensionBytes) return;
    this.#file.write(ZEROS.subarray(0, this.#extensionBytes), this.#sizeBytes);
    this.#extendedTo = this.#sizeBytes + this.#extensionBytes;
  }

  #startOverWithNewHandle(): void {
    const handle = this.#fileSystem.open(this.#path, 'update');
    try {
      const content = new Uint8Array(this.#sizeBytes);
      const read = handle.read(content, 0);
      const scan = scanFrames(content.subarray(0, read), this.number, FILE_HEADER_BYTES, () => undefined);
      if (scan.damage !== undefined || scan.end !== this.#sizeBytes) {
        const what = { expected: `frames up to ${this.#sizeBytes}`, found: `intact ones up to ${scan.end}` };
        throw CorruptionError.at(this.#path, scan.end, what);
      }
      handle.write(content.subarray(this.#syncedOffset), this.#syncedOffset);
    } catch (cause) {
      handle.close();
      throw cause;
    }
    this.#file = handle;
    this.#syncing = false;
  }
}
