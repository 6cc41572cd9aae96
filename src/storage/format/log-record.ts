/**
 * Bodies of the frames in a log segment (`NNNNNN.log`):
 *
 *   batch (type 1)       := timestamp:u64 operations         see write-batch.ts
 *   timed batch (type 4) := timestamp:u64 madeAtMs:u64 operations
 *   value batch (type 5)       := areaBytes:u64 timestamp:u64 operations
 *   timed value batch (type 6) := areaBytes:u64 timestamp:u64 madeAtMs:u64 operations
 *   segment end (type 2) := lastTimestamp:u64 successor:u64  the last frame; successor is the number of the next segment,
 *                                                            0 after an orderly close
 *
 * Behind a value batch lies its area of `areaBytes`: the values of its operations of kind 4, one after the other, in their
 * order. Such an operation has a pointer in place of the value, see value-pointer.ts; the value is verified by the checksum
 * in it, and a batch counts only when all of its values do.
 *
 * `madeAtMs` is the wall clock, in milliseconds since the epoch; a batch without it was made at the time of the last one that
 * has it. Timestamps rise from record to record and from segment to segment. A segment that has a successor is whole: its end
 * was synced before the successor came into being. Types 7 … 63 are free; a reader refuses types it does not know.
 */

import { ByteReader, type ByteWriter, checksumText, CorruptionError } from '../../base/index.js';
import { pointsToValue, type Timestamp } from '../entry.js';
import { expiryBytesOf } from './expiring-value.js';
import { WriteBatch } from '../write-batch.js';
import { beginFrame, endFrame, FRAME_HEADER_BYTES, type FrameDamage, FrameType, hasValueArea } from './record-frame.js';
import {
  ownerOf,
  pointedChecksum,
  pointedLength,
  pointedOffset,
  pointedPlace,
  segmentPlace,
  valueChecksum,
} from './value-pointer.js';

export interface LogBatch {
  readonly type: 'batch';
  readonly timestamp: Timestamp;
  readonly batch: WriteBatch;
  /** What the wall clock showed; undefined when it had not changed since the last batch. */
  readonly madeAtMs: number | undefined;
}

export interface LogSegmentEnd {
  readonly type: 'end';
  readonly lastTimestamp: Timestamp;
  /** Number of the next segment; 0 for none. */
  readonly successor: number;
}

export type LogRecord = LogBatch | LogSegmentEnd;

/** The types of batches, and whether they say when they were made. */
const HAS_TIME: ReadonlyMap<number, boolean> = new Map([
  [FrameType.Batch, false],
  [FrameType.TimedBatch, true],
  [FrameType.ValueBatch, false],
  [FrameType.TimedValueBatch, true],
]);

/** Appends a batch frame without its place; see `placeFrames`. @param madeAtMs undefined to leave it out. */
export function appendBatchRecord(
  writer: ByteWriter,
  timestamp: Timestamp,
  batch: WriteBatch,
  madeAtMs?: number,
): void {
  const start = beginFrame(writer, madeAtMs === undefined ? FrameType.Batch : FrameType.TimedBatch);
  writer.u64(timestamp);
  if (madeAtMs !== undefined) writer.u64(madeAtMs);
  writer.raw(batch.encoded());
  endFrame(writer, start);
}

/** Begins the record of a batch with separated values, and returns where its operations go. */
export function beginValueRecord(writer: ByteWriter, timestamp: Timestamp, madeAtMs?: number): number {
  beginFrame(writer, madeAtMs === undefined ? FrameType.ValueBatch : FrameType.TimedValueBatch);
  writer.u64(0);
  writer.u64(timestamp);
  if (madeAtMs !== undefined) writer.u64(madeAtMs);
  return writer.length;
}

/** Ends the record that begins at `start`; its area goes behind it. */
export function endValueRecord(writer: ByteWriter, start: number, areaBytes: number): void {
  endFrame(writer, start);
  writer.patchU32(start + FRAME_HEADER_BYTES, areaBytes >>> 0);
  writer.patchU32(start + FRAME_HEADER_BYTES + 4, Math.floor(areaBytes / 2 ** 32));
}

/** Appends the last frame of a segment without its place. */
export function appendSegmentEnd(writer: ByteWriter, lastTimestamp: Timestamp, successor: number): void {
  const start = beginFrame(writer, FrameType.SegmentEnd);
  writer.u64(lastTimestamp);
  writer.u64(successor);
  endFrame(writer, start);
}

/**
 * Parses the body of a frame whose checksum holds. Throws `CorruptionError`.
 *
 * @param place name of the file, and offset of the body in it, for messages.
 */
export function decodeLogRecord(type: number, body: Uint8Array, place: { file: string; offset: number }): LogRecord {
  const malformed = (at: number, expected: string, found: string): Error =>
    CorruptionError.at(place.file, place.offset + at, { expected, found });
  const reader = new ByteReader(body, malformed);
  const hasTime = HAS_TIME.get(type);
  if (hasTime !== undefined) {
    if (hasValueArea(type)) reader.u64();
    const timestamp = reader.u64();
    const madeAtMs = hasTime ? reader.u64() : undefined;
    const start = reader.position;
    const batch = WriteBatch.decode(reader.raw(reader.remaining), (at, expected, found) =>
      malformed(start + at, expected, found),
    );
    return { type: 'batch', timestamp, batch, madeAtMs };
  }
  if (type !== FrameType.SegmentEnd) throw malformed(0, 'a log record of type 1, 2, 4, 5 or 6', `type ${type}`);
  const record: LogSegmentEnd = { type: 'end', lastTimestamp: reader.u64(), successor: reader.u64() };
  reader.end();
  return record;
}

/**
 * Checks that the pointers of a batch cover the area from `start` to `end` of its segment, and the values there. Returns
 * the first thing wrong.
 */
export function findValueDamage(
  { batch, timestamp }: Pick<LogBatch, 'batch' | 'timestamp'>,
  segment: { readonly number: number; readonly content: Uint8Array },
  start: number,
  end: number,
): FrameDamage | undefined {
  const place = segmentPlace('log', segment.number);
  let damage: FrameDamage | undefined;
  let next = start;
  batch.forEach((kind, bytes, keyStart, keyEnd, valueStart) => {
    if (!pointsToValue(kind) || damage !== undefined) return;
    const at = valueStart + expiryBytesOf(kind);
    const offset = pointedOffset(bytes, at);
    const valueEnd = offset + pointedLength(bytes, at);
    if (pointedPlace(bytes, at) !== place || offset !== next || valueEnd > end) {
      damage = { offset: start, expected: `a value from ${next} on, before ${end}`, found: `${offset} to ${valueEnd}` };
      return;
    }
    next = valueEnd;
    const owner = ownerOf(bytes, keyStart, keyEnd, timestamp);
    const computed = valueChecksum(place, offset, owner, segment.content.subarray(offset, valueEnd));
    const stored = pointedChecksum(bytes, at);
    if (computed !== stored) damage = { offset, expected: checksumText(stored), found: checksumText(computed) };
  });
  if (damage !== undefined || next === end) return damage;
  return { offset: next, expected: `values up to ${end}`, found: `up to ${next}` };
}
