/**
 * The records of one group of commits on their way to the log. Values from a size on are separated: their operations keep a
 * pointer, and the values follow their record. Small ones are copied there; large ones are written from where they are, so
 * that committing them moves no byte twice. Copying 4 KB costs less than one more part of a gathered write, copying 64 KB
 * costs more than the checksum.
 */

import { ByteWriter } from '../../base/index.js';
import { EntryKind, POINTER_KINDS, pointsToValue, type Timestamp } from '../entry.js';
import { expiryBytesOf } from '../format/expiring-value.js';
import { appendBatchRecord, appendSegmentEnd, beginValueRecord, endValueRecord } from '../format/log-record.js';
import { FRAME_HEADER_BYTES, type FramePlacement, FramePlacer } from '../format/record-frame.js';
import { ownerOf, POINTER_BYTES, putPointer, segmentPlace, type StoredValue } from '../format/value-pointer.js';
import { compressedIfWorthwhile } from '../lz4.js';
import { type BatchVisitor, forEachOperation, type WriteBatch } from '../write-batch.js';

const COPIED_BYTES_MAX = 16 * 1024;
const NO_POINTER = new Uint8Array(POINTER_BYTES);

/** Where a record is in the writer, and its operations when they hold pointers. */
interface Record {
  readonly start: number;
  readonly timestamp: Timestamp;
  readonly batch: WriteBatch | undefined;
  readonly operationsStart: number;
  readonly operationsEnd: number;
  /** Bytes of separated values before it that are not in the writer. */
  readonly outsideBefore: number;
}

interface SeparatedValue extends StoredValue {
  /** Of its pointer in the writer. */
  readonly pointerAt: number;
  /** Where it will lie, from where the group begins. */
  offset: number;
  /** Where the writer has to be interrupted for it; -1 when it was copied. */
  cut: number;
}

/** Which values are separated, and how they are stored. */
export interface Separation {
  /** From this size on; `Infinity` for none. */
  readonly thresholdBytes: number;
  /** Kept where it pays. */
  readonly compression: 'lz4' | 'none';
}

export class LogFrames {
  readonly #thresholdBytes: number;
  readonly #compresses: boolean;
  readonly #writer = new ByteWriter(64 * 1024);
  readonly #records: Record[] = [];
  readonly #values: SeparatedValue[] = [];
  #outsideBytes = 0;
  #valueBytes = 0;
  #rawValueBytes = 0;
  /** Of the zeros that `placed` has added. */
  #markBytes = 0;

  constructor({ thresholdBytes, compression }: Separation) {
    this.#thresholdBytes = thresholdBytes;
    this.#compresses = compression === 'lz4';
  }

  /** Bytes that the group takes in the log. */
  get byteLength(): number {
    return this.#writer.length - this.#markBytes + this.#outsideBytes;
  }

  /** Of the separated values, as they are stored. */
  get valueBytes(): number {
    return this.#valueBytes;
  }

  /** The same before compression. */
  get rawValueBytes(): number {
    return this.#rawValueBytes;
  }

  reset(): void {
    this.#writer.reset();
    this.#records.length = 0;
    this.#values.length = 0;
    this.#outsideBytes = this.#valueBytes = this.#rawValueBytes = this.#markBytes = 0;
  }

  /** Adds a commit. Neither the batch may change nor this be `reset` until it is written and applied. */
  addBatch(timestamp: Timestamp, batch: WriteBatch, madeAtMs: number | undefined): void {
    const start = this.#writer.length;
    const outsideBefore = this.#outsideBytes;
    let operationsStart = 0;
    let operationsEnd = 0;
    if (batch.valueBytesMax < this.#thresholdBytes) {
      appendBatchRecord(this.#writer, timestamp, batch, madeAtMs);
    } else {
      operationsStart = beginValueRecord(this.#writer, timestamp, madeAtMs);
      const first = this.#values.length;
      this.#appendSeparating(timestamp, batch);
      operationsEnd = this.#writer.length;
      this.#appendArea(start, first);
    }
    this.#records.push({ start, timestamp, batch, operationsStart, operationsEnd, outsideBefore });
  }

  addEnd(lastTimestamp: Timestamp, successor: number): void {
    const start = this.#writer.length;
    appendSegmentEnd(this.#writer, lastTimestamp, successor);
    const nothing = { batch: undefined, operationsStart: 0, operationsEnd: 0 };
    this.#records.push({ start, timestamp: lastTimestamp, outsideBefore: this.#outsideBytes, ...nothing });
  }

  /**
   * Gives everything its place, and returns what to write there, one behind the other.
   *
   * @param placement.marksEnd zeros follow that no reader takes for a frame.
   */
  placed({ fileNumber, offset, syncedOffset, marksEnd }: FramePlacement & { marksEnd: boolean }): Uint8Array[] {
    this.#markBytes = marksEnd ? FRAME_HEADER_BYTES : 0;
    for (let i = 0; i < this.#markBytes; i++) this.#writer.u8(0);
    const bytes = this.#writer.bytes();
    const place = segmentPlace('log', fileNumber);
    for (const value of this.#values) putPointer(bytes, value.pointerAt, place, offset + value.offset, value);
    const placer = new FramePlacer(bytes, fileNumber, syncedOffset);
    for (const { start, outsideBefore } of this.#records) placer.place(start, offset + start + outsideBefore);
    const parts: Uint8Array[] = [];
    let from = 0;
    for (const { cut, bytes: value } of this.#values) {
      if (cut < 0) continue;
      if (cut > from) parts.push(bytes.subarray(from, cut));
      parts.push(value);
      from = cut;
    }
    if (bytes.length > from) parts.push(bytes.subarray(from));
    return parts;
  }

  /**
   * Visits the operations of every commit as a memtable is to have them, with pointers to where values were placed.
   * Returns how many commits there are.
   */
  forEach(begins: (timestamp: Timestamp) => void, visit: BatchVisitor): number {
    const bytes = this.#writer.bytes();
    let commits = 0;
    for (const { timestamp, batch, operationsStart, operationsEnd } of this.#records) {
      if (batch === undefined) continue;
      commits++;
      begins(timestamp);
      if (operationsEnd === 0) batch.forEach(visit);
      else forEachOperation(bytes, operationsStart, operationsEnd, visit);
    }
    return commits;
  }

  /** The operations, with room for a pointer instead of each large value. */
  #appendSeparating(timestamp: Timestamp, batch: WriteBatch): void {
    const writer = this.#writer;
    batch.forEach((kind, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
      const pointerKind = pointsToValue(kind) ? undefined : POINTER_KINDS[kind];
      const bytesAt = valueStart + expiryBytesOf(kind);
      const separates = pointerKind !== undefined && valueEnd - bytesAt >= this.#thresholdBytes;
      writer.u8(separates ? pointerKind : kind);
      writer.lengthPrefixedRange(bytes, keyStart, keyEnd);
      if (separates) {
        writer.varint(bytesAt - valueStart + POINTER_BYTES);
        writer.raw(bytes.subarray(valueStart, bytesAt));
        writer.raw(NO_POINTER);
        const pointerAt = writer.length - POINTER_BYTES;
        const raw = bytes.subarray(bytesAt, valueEnd);
        const compressed = this.#compresses ? compressedIfWorthwhile(raw) : undefined;
        const owner = ownerOf(bytes, keyStart, keyEnd, timestamp);
        const isCompressed = compressed !== undefined;
        this.#values.push({ pointerAt, bytes: compressed ?? raw, isCompressed, owner, offset: 0, cut: -1 });
        this.#rawValueBytes += raw.length;
      } else if (kind !== EntryKind.Delete) writer.lengthPrefixedRange(bytes, valueStart, valueEnd);
    });
  }

  /** Ends the record that begins at `start`, and puts its values, from number `first` on, behind it. */
  #appendArea(start: number, first: number): void {
    const writer = this.#writer;
    let areaBytes = 0;
    for (let i = first; i < this.#values.length; i++) areaBytes += this.#values[i]!.bytes.length;
    this.#valueBytes += areaBytes;
    endValueRecord(writer, start, areaBytes);
    for (let i = first; i < this.#values.length; i++) {
      const value = this.#values[i]!;
      value.offset = writer.length + this.#outsideBytes;
      if (value.bytes.length <= COPIED_BYTES_MAX) {
        writer.raw(value.bytes);
      } else {
        value.cut = writer.length;
        this.#outsideBytes += value.bytes.length;
      }
    }
  }
}
