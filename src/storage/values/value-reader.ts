/**
 * Reads separated values: one `pread` into memory that belongs to the caller. The checksum is verified when a value is read
 * for the first time since its file was opened, as that of a block is when it enters the cache; a bit per 4 KiB remembers
 * it, because no two values of that size begin in the same 4 KiB. Smaller values are verified every time.
 */

import { join } from 'node:path';
import { checksumText, CorruptionError } from '../../base/index.js';
import { closeAll, type File, type FileSystem } from '../../vfs/index.js';
import type { Timestamp } from '../entry.js';
import { decompressed } from '../format/stored-block.js';
import {
  isCompressedAt,
  ownerOf,
  placeName,
  pointedChecksum,
  pointedLength,
  pointedOffset,
  pointedPlace,
  valueChecksum,
} from '../format/value-pointer.js';

const GRAIN_BYTES = 4096;
/** Files kept open; the one that was opened first is closed for the next. */
const OPEN_FILES_MAX = 64;

interface OpenSegment {
  readonly file: File;
  /** A bit for each grain in which a verified value begins. */
  verified: Uint8Array;
}

/** An entry that points to its value. */
export interface PointingEntry {
  readonly keyBytes: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly timestamp: Timestamp;
  /** Where the pointer is. */
  readonly valueBytes: Uint8Array;
}

export class ValueReader {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #open = new Map<number, OpenSegment>();
  #lastPlace = -1;
  #last: OpenSegment | undefined;

  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
  }

  /**
   * The value that the pointer at `entry.valueBytes[at]` leads to. Throws `CorruptionError` or `IoError`.
   *
   * @param bytes what is stored there, if it was read before; becomes the caller's, if it is the value.
   */
  read(entry: PointingEntry, at: number, bytes?: Uint8Array): Uint8Array {
    const stored = this.readStored(entry, at, bytes);
    const { valueBytes: pointer } = entry;
    if (!isCompressedAt(pointer, at)) return stored;
    return decompressed(stored, { file: placeName(pointedPlace(pointer, at)), offset: pointedOffset(pointer, at) });
  }

  /** The same as it is stored. */
  readStored(entry: PointingEntry, at: number, bytes?: Uint8Array): Uint8Array {
    const { valueBytes: pointer } = entry;
    const place = pointedPlace(pointer, at);
    const offset = pointedOffset(pointer, at);
    const value = bytes ?? this.readRange(place, offset, pointedLength(pointer, at));
    const segment = this.#segment(place);
    if (value.length >= GRAIN_BYTES && isVerified(segment, offset)) return value;
    const stored = pointedChecksum(pointer, at);
    const owner = ownerOf(entry.keyBytes, entry.keyStart, entry.keyEnd, entry.timestamp);
    const computed = valueChecksum(place, offset, owner, value);
    if (stored !== computed) {
      const what = { expected: checksumText(stored), found: checksumText(computed) };
      throw CorruptionError.at(placeName(place), offset, what);
    }
    if (value.length >= GRAIN_BYTES) remember(segment, offset);
    return value;
  }

  /** So many bytes from `offset` on. Throws `CorruptionError` where the file has less, and `IoError`. */
  readRange(place: number, offset: number, length: number): Uint8Array {
    const target = uninitialized(length);
    const read = this.#segment(place).file.read(target, offset);
    if (read === length) return target;
    throw CorruptionError.at(placeName(place), offset, { expected: `${length} bytes`, found: `${read} bytes` });
  }

  /** Closes a file that is about to be deleted. */
  forget(place: number): void {
    const segment = this.#open.get(place);
    if (segment === undefined) return;
    this.#open.delete(place);
    this.#lastPlace = -1;
    segment.file.close();
  }

  /** Closes every file; they would be opened again by the next `read`. */
  close(): void {
    const files = [...this.#open.values()].map(({ file }) => file);
    this.#open.clear();
    this.#lastPlace = -1;
    closeAll(files);
  }

  #segment(place: number): OpenSegment {
    if (place === this.#lastPlace) return this.#last!;
    let segment = this.#open.get(place);
    if (segment === undefined) {
      const [first] = this.#open.keys();
      if (first !== undefined && this.#open.size >= OPEN_FILES_MAX) this.forget(first);
      const file = this.#fileSystem.open(join(this.#directory, placeName(place)), 'read');
      segment = { file, verified: new Uint8Array(1024) };
      this.#open.set(place, segment);
    }
    this.#lastPlace = place;
    this.#last = segment;
    return segment;
  }
}

/** Memory of its own, not filled with zeros first: for 64 KB that takes as long as the read. */
function uninitialized(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

function isVerified({ verified }: OpenSegment, offset: number): boolean {
  const grain = Math.floor(offset / GRAIN_BYTES);
  return (verified[grain >>> 3]! & (1 << (grain & 7))) !== 0;
}

function remember(segment: OpenSegment, offset: number): void {
  const grain = Math.floor(offset / GRAIN_BYTES);
  if (grain >>> 3 >= segment.verified.length) {
    const grown = new Uint8Array(2 * ((grain >>> 3) + 1));
    grown.set(segment.verified);
    segment.verified = grown;
  }
  segment.verified[grain >>> 3]! |= 1 << (grain & 7);
}
