/**
 * Appends to one log segment. `write` hands bytes to the operating system, `sync` makes everything written so far durable.
 * After any error the segment must not be used again, `close` apart: what it holds is unknown.
 */

import { join } from 'node:path';
import { assert, type ByteWriter, CorruptionError } from '../../base/index.js';
import type { File, FileSystem } from '../../vfs/index.js';
import { encodeFileHeader, FILE_HEADER_BYTES, FileMagic } from '../format/file-header.js';
import { fileName } from '../format/file-names.js';
import { placeFrames, scanFrames } from '../format/record-frame.js';

export class LogWriter {
  readonly number: number;
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  #file: File;
  #sizeBytes: number;
  #syncedOffset: number;
  #syncing = false;
  #closed = false;

  private constructor(fileSystem: FileSystem, path: string, number: number, file: File) {
    this.number = number;
    this.#fileSystem = fileSystem;
    this.#path = path;
    this.#file = file;
    this.#sizeBytes = this.#syncedOffset = FILE_HEADER_BYTES;
  }

  /** Creates the segment; its header and its name are durable when this returns. */
  static create(fileSystem: FileSystem, directory: string, number: number): LogWriter {
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
    return new LogWriter(fileSystem, path, number, file);
  }

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

  /** Makes what has been written durable. Nothing may be written meanwhile, unless `syncNow` came in between. */
  async sync(): Promise<void> {
    assert(!this.#syncing, 'a segment is synced once at a time');
    const file = this.#file;
    const size = this.#sizeBytes;
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
    this.#file.syncNow();
    this.#syncedOffset = this.#sizeBytes;
  }

  /** Idempotent. A handle that is being synced is closed right after. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#syncing) this.#file.close();
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
