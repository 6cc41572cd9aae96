/**
 * Reads a log segment back. One that a later segment vouches for must be whole. Others may end in a torn tail, which is
 * what a crash leaves of writes that were never durable, the header included; damage that had been durable is a
 * `CorruptionError`. Zeros up to the end of the file are room that was not used; where a segment may be torn, so is what follows
 * zeros for a frame header, which the file held while it was another segment.
 */

import { join } from 'node:path';
import { CorruptionError } from '../../base/index.js';
import type { FileSystem } from '../../vfs/index.js';
import { BEGUN_EARLY, checkFileHeader, FILE_HEADER_BYTES, FileMagic, flagsOf } from '../format/file-header.js';
import { fileName } from '../format/file-names.js';
import { decodeLogRecord, findValueDamage, type LogBatch } from '../format/log-record.js';
import { FRAME_HEADER_BYTES, type FrameScan, scanFrames } from '../format/record-frame.js';
import { readWholeFile } from '../whole-file.js';

export interface LogReplay {
  readonly batches: number;
  /** Bytes of the intact part. */
  readonly intactBytes: number;
  /** Bytes of the torn tail, up to the last that is not 0; 0 when there is none. */
  readonly tornBytes: number;
  /** Also of a segment without a byte: its header is what is missing. */
  readonly isTorn: boolean;
  /** What the segment's last record names: the next segment, 0 after an orderly close; undefined when it has no end. */
  readonly successor: number | undefined;
}

/**
 * Visits the batches of a segment in order. Timestamps must rise from `after`, exclusive.
 *
 * @param options.whole a later segment says that this one had been durable.
 */
export function replayLog(
  fileSystem: FileSystem,
  directory: string,
  number: number,
  options: { whole: boolean; after: number; visit: (record: LogBatch) => void },
): LogReplay {
  const file = fileName('log', number);
  const content = readWholeFile(fileSystem, join(directory, file));
  const damage = headerDamage(content, number, file);
  if (damage !== undefined) {
    if (options.whole || isTestified(content, number)) throw damage;
    return { batches: 0, intactBytes: 0, tornBytes: usedBytes(content, 0), isTorn: true, successor: undefined };
  }
  let batches = 0;
  let previous = options.after;
  let successor: number | undefined;
  const scan = scanFrames(content, number, FILE_HEADER_BYTES, (type, start, end, areaEnd) => {
    const record = decodeLogRecord(type, content.subarray(start, end), { file, offset: start });
    if (successor !== undefined) {
      throw CorruptionError.at(file, start, { expected: 'the end of the segment', found: `a record: ${record.type}` });
    }
    if (record.type === 'end') {
      if (record.lastTimestamp !== previous) {
        const what = { expected: `an end after timestamp ${previous}`, found: String(record.lastTimestamp) };
        throw CorruptionError.at(file, start, what);
      }
      successor = record.successor;
      return undefined;
    }
    const damage = findValueDamage(record, { number, content }, end, areaEnd);
    if (damage !== undefined) return damage;
    if (record.timestamp <= previous) {
      const what = { expected: `a timestamp above ${previous}`, found: String(record.timestamp) };
      throw CorruptionError.at(file, start, what);
    }
    previous = record.timestamp;
    batches++;
    options.visit(record);
    return undefined;
  });
  const tornBytes = writtenEnd(content, scan, !options.whole) - scan.end;
  const tail = tornBytes === 0 ? { ...scan, damage: undefined } : scan;
  checkTail(file, tail, { whole: options.whole, successor });
  return { batches, intactBytes: scan.end, tornBytes, isTorn: tornBytes > 0, successor };
}

/**
 * Where what was written ends, torn or not. Behind it are zeros; or, where it need not be whole, zeros for a frame header and
 * then what the file held while it was another segment, see `LogWriter.create`. An intact frame of this segment there shows
 * that the zeros are a hole.
 */
export function writtenEnd(content: Uint8Array, { end, intactBehindDamage }: FrameScan, mayBeTorn: boolean): number {
  const headerEnd = end + FRAME_HEADER_BYTES;
  const mayEndHere = mayBeTorn && !intactBehindDamage && headerEnd <= content.length;
  if (mayEndHere && usedBytes(content.subarray(0, headerEnd), end) === end) return end;
  return usedBytes(content, end);
}

/** Whether the header of a segment says that the segments before it are whole. A damaged header says nothing. */
export function vouches(fileSystem: FileSystem, directory: string, number: number): boolean {
  const name = fileName('log', number);
  const header = new Uint8Array(FILE_HEADER_BYTES);
  const file = fileSystem.open(join(directory, name), 'read');
  try {
    const read = file.read(header, 0);
    const damage = headerDamage(header.subarray(0, read), number, name);
    return damage === undefined && (flagsOf(header) & BEGUN_EARLY) === 0;
  } finally {
    file.close();
  }
}

/** Where the zeros at the end of a file begin, at `from` at the earliest. */
export function usedBytes(content: Uint8Array, from: number): number {
  let end = content.length;
  while (end > from && content[end - 1] === 0) end--;
  return end;
}

/** What is wrong with the header; undefined when it is whole. Throws when another version of the library wrote it. */
function headerDamage(content: Uint8Array, number: number, file: string): CorruptionError | undefined {
  try {
    checkFileHeader(content.subarray(0, FILE_HEADER_BYTES), FileMagic.log, number, file);
    return undefined;
  } catch (cause) {
    if (cause instanceof CorruptionError) return cause;
    throw cause;
  }
}

/** Whether a frame of the segment tells that the begin of the file had been durable: it becomes so with the first sync. */
export function isTestified(content: Uint8Array, number: number): boolean {
  return scanFrames(content, number, 0, () => undefined).damageWasDurable;
}

function checkTail(
  file: string,
  scan: FrameScan,
  { whole, successor }: { whole: boolean; successor: number | undefined },
): void {
  const damage = scan.damage;
  if (damage !== undefined && (whole || successor === 0 || scan.damageWasDurable)) {
    throw CorruptionError.at(file, damage.offset, damage);
  }
  if (whole && successor === undefined) throw missingEnd(file, scan.end);
}

/** What is wrong with a segment that has a successor and does not say so. */
export function missingEnd(file: string, offset: number): CorruptionError {
  return CorruptionError.at(file, offset, { expected: 'the end record of the segment', found: 'the end of the file' });
}
