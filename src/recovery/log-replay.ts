/**
 * Replays the log segments that hold unflushed commits. Segments form a chain: each names its successor in its last
 * record, so that a segment that is missing, cut or out of place is noticed. Where a later segment says that everything
 * before it had been durable, that is corruption; elsewhere it is what a crash has left, and the log ends there. Memory: one
 * memtable at a time, unless the receiver keeps them.
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
  vouches,
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
  const vouching = numbers.findLastIndex((number, i) => i > 0 && vouches(source.fileSystem, source.directory, number));
  const replayed: number[] = [];
  for (const [i, number] of numbers.entries()) {
    const next = numbers[i + 1];
    const options = { whole: i < vouching, after: lastTimestamp, visit };
    const replay = replayLog(source.fileSystem, source.directory, number, options);
    replayed.push(number);
    batches += replay.batches;
    bytes += replay.intactBytes;
    tornBytes += replay.tornBytes;
    isTorn ||= replay.isTorn;
    for (const one of full) await receive(one);
    full = [];
    if (next === undefined || replay.successor === next) continue;
    if (i < vouching) throw brokenChain(number, replay.successor, next);
    // The end of the log, as far as it is a prefix of the commits: what a crash has kept of later segments does not count.
    for (const lost of numbers.slice(i + 1)) tornBytes += segmentBytes(source, lost);
    isTorn = true;
    break;
  }
  if (memtable.count > 0) await receive({ memtable, lastTimestamp });
  return { logNumbers: replayed, batches, bytes, tornBytes, isTorn, lastTimestamp, times };
}

function segmentBytes({ fileSystem, directory }: ReplaySource, number: number): number {
  return fileSystem.stat(join(directory, fileName('log', number))).sizeBytes;
}

/** The segments from the manifest's log number on. */
function segmentsToReplay({ fileSystem, directory, ownNames, state }: ReplaySource): number[] {
  const { logNumber } = state;
  if (!ownNames.includes(fileName('log', logNumber))) throw missingSegment(logNumber, 'the manifest');
  return [logNumber, ...segmentsAfter(fileSystem, directory, ownNames, logNumber)];
}

/**
 * The later segments of the directory that count, ascending. Those with nothing but a header are left out: a successor that
 * was just created, if its file was too, or the segment of a recovery that was cut short.
 */
function segmentsAfter(fileSystem: FileSystem, directory: string, names: readonly string[], number: number): number[] {
  const numbers: number[] = [];
  for (const name of names) {
    const parsed = parseFileName(name);
    if (parsed?.kind !== 'log' || parsed.number <= number) continue;
    if (fileSystem.stat(join(directory, name)).sizeBytes > FILE_HEADER_BYTES) numbers.push(parsed.number);
  }
  return numbers.sort((a, b) => a - b);
}

/** Whether a segment after `number` says that this one had been durable: then it cannot have a torn tail. */
export function isVouchedFor(fileSystem: FileSystem, directory: string, number: number): boolean {
  const names = fileSystem.list(directory);
  return segmentsAfter(fileSystem, directory, names, number).some((after) => vouches(fileSystem, directory, after));
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
