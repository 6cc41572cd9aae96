/**
 * Replays the log segments that hold unflushed commits. Segments form a chain: each names its successor in its last
 * record, so that a segment that is missing, cut or out of place is noticed. Memory: one memtable at a time, unless the
 * receiver keeps them.
 */

import { join } from 'node:path';
import { CorruptionError } from '../base/index.js';
import {
  type CommitTime,
  commitTime,
  type DatabaseState,
  FILE_HEADER_BYTES,
  fileName,
  type LogBatch,
  Memtable,
  parseFileName,
  replayLog,
} from '../storage/index.js';
import type { FileSystem } from '../vfs/index.js';

export interface ReplaySource {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly ownNames: readonly string[];
  readonly state: DatabaseState;
  readonly memtableBytes: number;
}

export interface ReplaySummary {
  readonly logNumbers: readonly number[];
  readonly batches: number;
  readonly bytes: number;
  readonly tornBytes: number;
  /** Whether the last segment has a torn tail. */
  readonly isTorn: boolean;
  readonly lastTimestamp: number;
  /** When the replayed commits were made. */
  readonly times: readonly CommitTime[];
}

/** A replayed memtable; every commit up to `lastTimestamp` is in it, in earlier ones, or in tables. */
export interface ReplayedMemtable {
  readonly memtable: Memtable;
  readonly lastTimestamp: number;
}

/** Replays everything, oldest first, and hands over each memtable as it fills. Throws `CorruptionError`. */
export async function replayLogs(
  source: ReplaySource,
  receive: (replayed: ReplayedMemtable) => void | Promise<void>,
): Promise<ReplaySummary> {
  const numbers = segmentsToReplay(source);
  let full: ReplayedMemtable[] = [];
  let memtable = freshMemtable(source);
  let lastTimestamp = source.state.lastTimestamp;
  const times: CommitTime[] = [];
  const visit = (record: LogBatch): void => {
    if (memtable.count > 0 && memtable.byteSize + record.batch.byteSize > source.memtableBytes) {
      full.push({ memtable, lastTimestamp });
      memtable = freshMemtable(source);
    }
    const { timestamp } = record;
    record.batch.forEach((kind, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
      memtable.addRanges(timestamp, kind, bytes, keyStart, keyEnd, valueStart, valueEnd);
    });
    lastTimestamp = timestamp;
    if (record.madeAtMs !== undefined) times.push(commitTime(timestamp, record.madeAtMs));
  };
  let batches = 0;
  let bytes = 0;
  let tornBytes = 0;
  let isTorn = false;
  for (const [i, number] of numbers.entries()) {
    const next = numbers[i + 1];
    const options = { last: next === undefined, after: lastTimestamp, visit };
    const replay = replayLog(source.fileSystem, source.directory, number, options);
    if (next !== undefined && replay.successor !== next) throw brokenChain(number, replay.successor, next);
    batches += replay.batches;
    bytes += replay.intactBytes;
    tornBytes += replay.tornBytes;
    isTorn ||= replay.isTorn;
    for (const replayed of full) await receive(replayed);
    full = [];
  }
  if (memtable.count > 0) await receive({ memtable, lastTimestamp });
  return { logNumbers: numbers, batches, bytes, tornBytes, isTorn, lastTimestamp, times };
}

/** The segments from the manifest's log number on. */
function segmentsToReplay({ fileSystem, directory, ownNames, state }: ReplaySource): number[] {
  const { logNumber } = state;
  if (!ownNames.includes(fileName('log', logNumber))) throw missingSegment(logNumber, 'the manifest');
  return [logNumber, ...segmentsAfter(fileSystem, directory, ownNames, logNumber)];
}

/**
 * The later segments of the directory that count, ascending. Those with nothing but a header are left out: a successor that
 * was just created, or the segment of a recovery that was cut short.
 */
export function segmentsAfter(
  fileSystem: FileSystem,
  directory: string,
  names: readonly string[],
  number: number,
): number[] {
  const numbers: number[] = [];
  for (const name of names) {
    const parsed = parseFileName(name);
    if (parsed?.kind !== 'log' || parsed.number <= number) continue;
    if (fileSystem.stat(join(directory, name)).sizeBytes > FILE_HEADER_BYTES) numbers.push(parsed.number);
  }
  return numbers.sort((a, b) => a - b);
}

function brokenChain(number: number, successor: number | undefined, next: number): CorruptionError {
  if (successor !== undefined && successor !== 0) return missingSegment(successor, fileName('log', number));
  const what = { expected: `no segment after ${fileName('log', number)}`, found: 'a log segment with records' };
  return CorruptionError.at(fileName('log', next), 0, what);
}

function missingSegment(number: number, namedBy: string): CorruptionError {
  const what = { expected: `a log segment, named by ${namedBy}`, found: 'none' };
  return CorruptionError.at(fileName('log', number), 0, what);
}

function freshMemtable(source: ReplaySource): Memtable {
  return new Memtable({ initialBytes: source.memtableBytes, shared: true });
}
