/**
 * Bodies of the frames in a log segment (`NNNNNN.log`):
 *
 *   batch (type 1)       := timestamp:u64 operations         see write-batch.ts
 *   timed batch (type 4) := timestamp:u64 madeAtMs:u64 operations
 *   segment end (type 2) := lastTimestamp:u64 successor:u64  the last frame; successor is the number of the next segment,
 *                                                            0 after an orderly close
 *
 * `madeAtMs` is the wall clock, in milliseconds since the epoch; a batch without it was made at the time of the last one that
 * has it. Timestamps rise from record to record and from segment to segment. A segment that has a successor is whole: its end
 * was synced before the successor came into being. Types 5 … 63 are free; a reader refuses types it does not know.
 */

import { ByteReader, type ByteWriter, CorruptionError } from '../../base/index.js';
import type { Timestamp } from '../entry.js';
import { WriteBatch } from '../write-batch.js';
import { beginFrame, endFrame, FrameType } from './record-frame.js';

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
  if (type === FrameType.Batch || type === FrameType.TimedBatch) {
    const timestamp = reader.u64();
    const madeAtMs = type === FrameType.TimedBatch ? reader.u64() : undefined;
    const start = reader.position;
    const batch = WriteBatch.decode(reader.raw(reader.remaining), (at, expected, found) =>
      malformed(start + at, expected, found),
    );
    return { type: 'batch', timestamp, batch, madeAtMs };
  }
  if (type !== FrameType.SegmentEnd) throw malformed(0, 'a log record of type 1, 2 or 4', `type ${type}`);
  const record: LogSegmentEnd = { type: 'end', lastTimestamp: reader.u64(), successor: reader.u64() };
  reader.end();
  return record;
}
