/**
 * The records of one group of commits on their way to the log. Values from a size on are separated: their operations keep a
 * pointer, and the values follow their record. Small ones are copied there; large ones are written from where they are, so
 * that committing them moves no byte twice. Copying 4 KB costs less than one more part of a gathered write, copying 64 KB
 * costs more than the checksum.
 */

import { ByteWriter } from '../../base/index.js';
import { EntryKind, type Timestamp } from '../entry.js';
import { expiryBytesOf } from '../format/expiring-value.js';
import { appendBatchRecord, appendSegmentEnd, beginValueRecord, endValueRecord } from '../format/log-record.js';
import { placeFrame } from '../format/record-frame.js';
import { POINTER_BYTES, putPointer, segmentPlace } from '../format/value-pointer.js';
import { type BatchVisitor, forEachOperation, type WriteBatch } from '../write-batch.js';

const COPIED_BYTES_MAX = 16 * 1024;
/** What an operation becomes whose value is separated, by its kind. */
const POINTER_KINDS: { readonly [kind in EntryKind]?: EntryKind } = {
  [EntryKind.Put]: EntryKind.ValuePointer,
  [EntryKind.ExpiringPut]: EntryKind.ExpiringPointer,
};
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

interface SeparatedValue {
  /** Of its pointer in the writer. */
  readonly pointerAt: number;
  readonly bytes: Uint8Array;
  /** Where it will lie, from where the group begins. */
  offset: number;
  /** Where the writer has to be interrupted for it; -1 when it was copied. */
  cut: number;
}

export class LogFrames {
  readonly #thresholdBytes: number;
  readonly #writer = new ByteWriter(64 * 1024);
  readonly #records: Record[] = [];
  readonly #values: SeparatedValue[] = [];
  #outsideBytes = 0;
  #valueBytes = 0;

  /** @param thresholdBytes values from this size on are separated; `Infinity` for none. */
  constructor(thresholdBytes: number) {
    this.#thresholdBytes = thresholdBytes;
  }

  /** Bytes that the group takes in the log. */
  get byteLength(): number {
    return this.#writer.length + this.#outsideBytes;
  }

  /** Of the separated values. */
  get valueBytes(): number {
    return this.#valueBytes;
  }

  reset(): void {
    this.#writer.reset();
    this.#records.length = 0;
    this.#values.length = 0;
    this.#outsideBytes = this.#valueBytes = 0;
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
      this.#appendSeparating(batch);
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

  /** Gives everything its place, and returns what to write there, one behind the other. */
  placed(fileNumber: number, offset: number, syncedOffset: number): Uint8Array[] {
    const bytes = this.#writer.bytes();
    const place = segmentPlace('log', fileNumber);
    for (const value of this.#values) putPointer(bytes, value.pointerAt, place, offset + value.offset, value.bytes);
    for (const { start, outsideBefore } of this.#records) {
      placeFrame(bytes, start, { fileNumber, offset: offset + start + outsideBefore, syncedOffset });
    }
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
  #appendSeparating(batch: WriteBatch): void {
    const writer = this.#writer;
    batch.forEach((kind, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
      const pointerKind = POINTER_KINDS[kind];
      const bytesAt = valueStart + expiryBytesOf(kind);
      const separates = pointerKind !== undefined && valueEnd - bytesAt >= this.#thresholdBytes;
      writer.u8(separates ? pointerKind : kind);
      writer.lengthPrefixedRange(bytes, keyStart, keyEnd);
      if (separates) {
        writer.varint(bytesAt - valueStart + POINTER_BYTES);
        writer.raw(bytes.subarray(valueStart, bytesAt));
        writer.raw(NO_POINTER);
        const pointerAt = writer.length - POINTER_BYTES;
        this.#values.push({ pointerAt, bytes: bytes.subarray(bytesAt, valueEnd), offset: 0, cut: -1 });
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
