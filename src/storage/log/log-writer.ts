/**
 * Appends to one log segment. `write` hands bytes to the operating system, `sync` makes everything written so far durable.
 * After any error the segment must not be used again, `close` apart: what it holds is unknown.
 *
 * Header and name become durable with the first sync, like the records before it: creating a segment waits for nothing
 * (docs/adr/0019-segments-become-durable-with-their-first-sync.md).
 *
 * A sync extends the file with zeros, which the next records overwrite: a sync that neither moves the end of the file nor
 * takes blocks for it does without a commit of the file system's journal. Measured on ext4 (2 cores, Node 20.20, 160-byte
 * records): 90 µs instead of 128, and 117 instead of 155 through the thread pool (docs/adr/0012-log-extended-ahead.md).
 */

import { join } from 'node:path';
import { assert, concatBytes, CorruptionError } from '../../base/index.js';
import type { File, FileSystem } from '../../vfs/index.js';
import { BEGUN_EARLY, checkFileHeader, encodeFileHeader, FILE_HEADER_BYTES, FileMagic } from '../format/file-header.js';
import { fileName } from '../format/file-names.js';
import { decodeLogRecord, findValueDamage } from '../format/log-record.js';
import { FRAME_HEADER_BYTES, scanFrames } from '../format/record-frame.js';
import type { LogFrames } from './log-frames.js';
import { SyncHandles } from './sync-handles.js';

const EXTENSION_BYTES_MAX = 128 * 1024;
const ZEROS = new Uint8Array(EXTENSION_BYTES_MAX);
/** Extending pays while several syncs come to one extension. */
const SYNCS_PER_EXTENSION_MIN = 4;
const PARTS_OF_MEMTABLE = 8;

export interface LogOptions {
  /** How far syncs extend the segment at a time; 0 for not at all. */
  readonly extensionBytes: number;
}

export interface SegmentOptions extends LogOptions {
  readonly vouches: boolean;
  readonly reused?: number | undefined;
}

/** For the segments of memtables of this size. */
export function logOptions(memtableBytes: number): LogOptions {
  return { extensionBytes: Math.min(EXTENSION_BYTES_MAX, Math.ceil(memtableBytes / PARTS_OF_MEMTABLE)) };
}

export class LogWriter {
  readonly number: number;
  readonly #extensionBytes: number;
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #path: string;
  readonly #handles: SyncHandles;
  #sizeBytes: number;
  #syncedOffset: number;
  /** Whether the header says that the segments before this one are whole. */
  #vouches: boolean;
  /** Whether the name is durable; what makes it so. */
  #named = false;
  #naming: Promise<void> | undefined;
  /** Size of a file that was another segment before; 0 when nothing of that is left. */
  #roomBytes: number;
  /** Up to here the file has zeros, or what it held before, behind the records, unless these have come further. */
  #extendedTo = 0;
  #ended = false;

  private constructor(
    fileSystem: FileSystem,
    place: { directory: string; path: string; number: number },
    file: File,
    options: SegmentOptions,
  ) {
    this.number = place.number;
    this.#extensionBytes = options.extensionBytes;
    this.#fileSystem = fileSystem;
    this.#directory = place.directory;
    this.#path = place.path;
    this.#vouches = options.vouches;
    this.#handles = new SyncHandles(file, () => fileSystem.open(place.path, 'update'));
    this.#sizeBytes = FILE_HEADER_BYTES;
    this.#syncedOffset = 0;
    this.#roomBytes = this.#extendedTo = options.reused === undefined ? 0 : file.size();
  }

  /**
   * Creates the segment.
   *
   * @param options.vouches whatever it follows is durable; otherwise `vouch` comes before the first sync.
   * @param options.reused number of a segment that nothing needs any more: its file becomes the new one. What it still holds
   * is behind zeros that mark the end, and belongs to another number: no frame of it verifies. It is cut off with the end.
   */
  static create(fileSystem: FileSystem, directory: string, number: number, options: SegmentOptions): LogWriter {
    assert(options.extensionBytes <= EXTENSION_BYTES_MAX, 'a segment is extended by no more than there are zeros');
    const path = join(directory, fileName('log', number));
    const { reused } = options;
    if (reused !== undefined) fileSystem.rename(join(directory, fileName('log', reused)), path);
    const file = fileSystem.open(path, reused === undefined ? 'create' : 'update');
    try {
      const header = encodeFileHeader(FileMagic.log, number, options.vouches ? 0 : BEGUN_EARLY);
      file.write(reused === undefined ? header : concatBytes(header, new Uint8Array(FRAME_HEADER_BYTES)), 0);
      return new LogWriter(fileSystem, { directory, path, number }, file, options);
    } catch (cause) {
      file.close();
      throw cause;
    }
  }

  /** Bytes of header and records; the file may be longer. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Bytes of the segment known to be durable. */
  get syncedOffset(): number {
    return this.#syncedOffset;
  }

  /** Appends records with one write and places them. */
  write(frames: LogFrames): void {
    const { number: fileNumber, sizeBytes: offset, syncedOffset } = this;
    const marksEnd = offset + frames.byteLength < this.#roomBytes;
    const parts = frames.placed({ fileNumber, offset, syncedOffset, marksEnd });
    const { file } = this.#handles;
    if (parts.length === 1) file.write(parts[0]!, this.#sizeBytes);
    else file.writeParts(parts, this.#sizeBytes);
    this.#sizeBytes += frames.byteLength;
  }

  /** Cuts off what the file held before and is not written over. True when there was anything, which the next sync makes durable. */
  cutRoom(): boolean {
    if (this.#sizeBytes >= this.#roomBytes) return false;
    this.#handles.file.truncate(this.#sizeBytes);
    this.#roomBytes = 0;
    this.#extendedTo = this.#sizeBytes;
    return true;
  }

  /** Appends the last record. */
  writeEnd(frames: LogFrames): void {
    this.#ended = true;
    this.write(frames);
    if (this.#sizeBytes < this.#roomBytes) this.#handles.file.truncate(this.#sizeBytes);
  }

  /**
   * Everything before this segment is durable, or in tables: says so in the header, which its first sync makes durable. A
   * segment with a header that says so testifies that damage before it is no torn tail.
   */
  vouch(): void {
    if (this.#vouches) return;
    assert(this.#syncedOffset === 0 && this.#handles.syncs === 0, 'a segment vouches before its first sync');
    this.#handles.file.write(encodeFileHeader(FileMagic.log, this.number), 0);
    this.#vouches = true;
  }

  /** Makes what has been written by now durable. More may be written meanwhile, and synced by another call. */
  async sync(): Promise<void> {
    const handles = this.#handles;
    // Closed when `syncNow` came in between, and the segment has been ended since.
    while (!handles.closed && !handles.mayBegin()) await handles.oneEnds();
    if (handles.closed) return;
    handles.check();
    assert(this.#vouches || this.#ended, 'an active segment vouches before it is synced');
    // Before anything counts as under way: a fault here leaves no sync behind that `close` would wait for.
    this.#extend();
    const size = this.#sizeBytes;
    const stillCounts = await handles.sync();
    if (stillCounts && !this.#named) await (this.#naming ??= this.#nameBecomesDurable());
    if (size > this.#syncedOffset) this.#syncedOffset = size;
  }

  /**
   * The same, waiting on this thread. When a `sync` is under way its outcome is not known yet, and a failure of it might
   * be reported only there while this one succeeds. Then the bytes in question are written again, through a new handle
   * that cannot miss an error, and synced through it. The promises of the other calls still tell about the device.
   */
  syncNow(): void {
    this.#handles.check();
    if (this.#handles.syncs > 0) this.#startOverWithNewHandle();
    this.#extend();
    this.#handles.file.syncNow();
    if (!this.#named) this.#fileSystem.syncDirectory(this.#directory);
    this.#named = true;
    this.#syncedOffset = this.#sizeBytes;
  }

  /** Idempotent. A handle that is being synced is closed right after. */
  close(): void {
    this.#handles.close();
  }

  /**
   * Behind the sync of the file, whose journal commit most file systems make the name durable with. Beside this thread all the same:
   * while the device writes large values it takes up to 13 ms.
   */
  async #nameBecomesDurable(): Promise<void> {
    await this.#fileSystem.syncDirectoryAside(this.#directory);
    this.#named = true;
  }

  /** Before a sync: writes zeros behind the records, if there are none and records are as small as to make that pay. */
  #extend(): void {
    if (this.#ended || this.#sizeBytes < this.#extendedTo || this.#sizeBytes === FILE_HEADER_BYTES) return;
    const unsynced = this.#sizeBytes - this.#syncedOffset;
    if (unsynced * SYNCS_PER_EXTENSION_MIN > this.#extensionBytes) return;
    this.#handles.file.write(ZEROS.subarray(0, this.#extensionBytes), this.#sizeBytes);
    this.#extendedTo = this.#sizeBytes + this.#extensionBytes;
  }

  #startOverWithNewHandle(): void {
    const handle = this.#fileSystem.open(this.#path, 'update');
    try {
      const content = new Uint8Array(this.#sizeBytes);
      const read = handle.read(content, 0);
      checkFileHeader(content.subarray(0, Math.min(read, FILE_HEADER_BYTES)), FileMagic.log, this.number, this.#path);
      const intact = content.subarray(0, read);
      const scan = scanFrames(intact, this.number, FILE_HEADER_BYTES, (type, start, end, areaEnd) => {
        const record = decodeLogRecord(type, intact.subarray(start, end), { file: this.#path, offset: start });
        if (record.type === 'end') return undefined;
        return findValueDamage(record, { number: this.number, content: intact }, end, areaEnd);
      });
      if (scan.damage !== undefined || scan.end !== this.#sizeBytes) {
        const what = { expected: `frames up to ${this.#sizeBytes}`, found: `intact ones up to ${scan.end}` };
        throw CorruptionError.at(this.#path, scan.end, what);
      }
      handle.write(content.subarray(this.#syncedOffset), this.#syncedOffset);
      if (this.#sizeBytes < this.#roomBytes) {
        // What the file held before may be back behind the records. As the file is cut already, only a longer one can be cut anew.
        handle.write(ZEROS.subarray(0, FRAME_HEADER_BYTES), this.#sizeBytes);
        if (this.#ended) handle.truncate(this.#sizeBytes);
      }
    } catch (cause) {
      handle.close();
      throw cause;
    }
    this.#handles.startOver(handle);
  }
}
