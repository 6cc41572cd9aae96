/**
 * Bodies of the frames in a manifest (`MANIFEST-NNNNNN`): edits, which added up from the first give the state of the
 * database. The first edit of a manifest is a whole state.
 *
 *   edit (type 3) := fields, see tagged-fields.ts
 *   1 next file number := varint          2 log number := varint        the oldest segment that holds unflushed commits
 *   3 last timestamp := varint            every commit up to it is in the tables
 *   4 pruned through := varint            versions readable only below this timestamp may be gone
 *   5 table added := level:varint run:varint fileNumber:varint sizeBytes:varint entries:varint tombstones:varint
 *                    rawBytes:varint minTimestamp:varint maxTimestamp:varint smallest:bytes largest:bytes fields
 *     1 linked at := varint                 absent where the table itself says the timestamps of its entries
 *     2 range tombstones := varint          absent for 0
 *     3 references := (place:varint values:varint bytes:varint end:varint)*      absent for none; place as in value-pointer.ts
 *     64 superseded := varint               absent for 0; advice
 *   6 table removed := level:varint fileNumber:varint
 *   64 commit times := (timestamp:varint fromMs:varint spanMs:varint)*      all there are; timestamp and fromMs as the difference
 *                                                                           to the entry before, fromMs in zigzag; advice
 *
 * Removals are applied before additions, so that one edit moves a table.
 */

import { ByteReader, ByteWriter, CorruptionError, type MalformedInput } from '../../base/index.js';
import type { VersionHold } from '../compaction/version-holds.js';
import type { Timestamp } from '../entry.js';
import type { SegmentReference } from '../values/segment-references.js';
import type { CommitTime } from '../version/commit-times.js';
import { appendField, readFields } from './tagged-fields.js';

const Tag = {
  NextFileNumber: 1,
  LogNumber: 2,
  LastTimestamp: 3,
  PrunedThrough: 4,
  Added: 5,
  Removed: 6,
  Times: 64,
} as const;
/** Fields of an addition. */
const AdditionTag = { LinkedAt: 1, RangeTombstones: 2, References: 3, Superseded: 64 } as const;

/** What the engine knows of a table without opening it. Keys are user keys and both included. */
export interface TableMeta {
  readonly fileNumber: number;
  readonly sizeBytes: number;
  readonly entries: number;
  readonly tombstones: number;
  /** Deletions of ranges, each counted once per fragment; key and timestamp range include theirs. */
  readonly rangeTombstones: number;
  /** Entries with enough newer ones of the same key in this table: somebody still needed them when it was written. */
  readonly superseded: number;
  /** Which of them were needed by open snapshots alone. Not stored. */
  readonly holds?: readonly VersionHold[] | undefined;
  /** Bytes of all keys and values before compression. */
  readonly rawBytes: number;
  readonly minTimestamp: Timestamp;
  readonly maxTimestamp: Timestamp;
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
  /**
   * The timestamp of every entry, in place of `UNDATED_TIMESTAMP`, which the table holds, as it was written before its
   * commit had one; no two entries are of one key. Absent for other tables.
   */
  readonly linkedAt?: Timestamp | undefined;
  /** What it points to in files of values, by place ascending. */
  readonly references: readonly SegmentReference[];
}

export interface TableAddition {
  readonly level: number;
  /** Which run of the level; of two runs of one level that with the higher number is newer. */
  readonly run: number;
  readonly table: TableMeta;
}

export interface TableRemoval {
  readonly level: number;
  readonly fileNumber: number;
}

export interface ManifestEdit {
  readonly nextFileNumber?: number;
  readonly logNumber?: number;
  readonly lastTimestamp?: Timestamp;
  readonly prunedThrough?: Timestamp;
  /** Replaces the ones before. */
  readonly times?: readonly CommitTime[];
  readonly added: readonly TableAddition[];
  readonly removed: readonly TableRemoval[];
}

export function encodeManifestEdit(writer: ByteWriter, edit: ManifestEdit): void {
  const scratch = new ByteWriter(128);
  const number = (tag: number, value: number | undefined): void => {
    if (value !== undefined) appendField(writer, scratch, tag, (payload) => payload.varint(value));
  };
  number(Tag.NextFileNumber, edit.nextFileNumber);
  number(Tag.LogNumber, edit.logNumber);
  number(Tag.LastTimestamp, edit.lastTimestamp);
  number(Tag.PrunedThrough, edit.prunedThrough);
  const { times } = edit;
  if (times !== undefined) appendField(writer, scratch, Tag.Times, (payload) => encodeTimes(payload, times));
  for (const removal of edit.removed) {
    appendField(writer, scratch, Tag.Removed, (payload) => {
      payload.varint(removal.level);
      payload.varint(removal.fileNumber);
    });
  }
  for (const addition of edit.added) {
    appendField(writer, scratch, Tag.Added, (payload) => encodeAddition(payload, addition));
  }
}

/** Parses the body of a frame whose checksum holds. `place`: file name and offset of the body, for messages. */
export function decodeManifestEdit(body: Uint8Array, place: { file: string; offset: number }): ManifestEdit {
  const malformed: MalformedInput = (at, expected, found) =>
    CorruptionError.at(place.file, place.offset + at, { expected, found });
  const numbers: { -readonly [K in 'nextFileNumber' | 'logNumber' | 'lastTimestamp' | 'prunedThrough']?: number } = {};
  const added: TableAddition[] = [];
  const removed: TableRemoval[] = [];
  let times: readonly CommitTime[] | undefined;
  readFields(new ByteReader(body, malformed), malformed, (tag, payload) => {
    if (tag === Tag.NextFileNumber) numbers.nextFileNumber = payload.varint();
    else if (tag === Tag.LogNumber) numbers.logNumber = payload.varint();
    else if (tag === Tag.LastTimestamp) numbers.lastTimestamp = payload.varint();
    else if (tag === Tag.PrunedThrough) numbers.prunedThrough = payload.varint();
    else if (tag === Tag.Removed) removed.push({ level: payload.varint(), fileNumber: payload.varint() });
    else if (tag === Tag.Times) times = decodeTimes(payload);
    else if (tag === Tag.Added) added.push(decodeAddition(payload, malformed));
    else return false;
    return true;
  });
  return { ...numbers, ...(times === undefined ? {} : { times }), added, removed };
}

function encodeTimes(payload: ByteWriter, times: readonly CommitTime[]): void {
  let timestamp = 0;
  let fromMs = 0;
  for (const time of times) {
    const step = time.fromMs - fromMs;
    payload.varint(time.timestamp - timestamp);
    payload.varint(step < 0 ? -2 * step - 1 : 2 * step);
    payload.varint(time.untilMs - time.fromMs);
    timestamp = time.timestamp;
    fromMs = time.fromMs;
  }
}

function decodeTimes(payload: ByteReader): CommitTime[] {
  const times: CommitTime[] = [];
  let timestamp = 0;
  let fromMs = 0;
  while (payload.remaining > 0) {
    timestamp += payload.varint();
    const step = payload.varint();
    fromMs += step % 2 === 0 ? step / 2 : -(step + 1) / 2;
    times.push({ timestamp, fromMs, untilMs: fromMs + payload.varint() });
  }
  return times;
}

function encodeAddition(payload: ByteWriter, addition: TableAddition): void {
  const table = addition.table;
  payload.varint(addition.level);
  payload.varint(addition.run);
  payload.varint(table.fileNumber);
  payload.varint(table.sizeBytes);
  payload.varint(table.entries);
  payload.varint(table.tombstones);
  payload.varint(table.rawBytes);
  payload.varint(table.minTimestamp);
  payload.varint(table.maxTimestamp);
  payload.lengthPrefixed(table.smallest);
  payload.lengthPrefixed(table.largest);
  const { references } = table;
  const numbers = [
    [AdditionTag.LinkedAt, table.linkedAt ?? 0],
    [AdditionTag.RangeTombstones, table.rangeTombstones],
    [AdditionTag.Superseded, table.superseded],
  ] as const;
  for (const [tag, value] of numbers) {
    if (value > 0) appendField(payload, new ByteWriter(16), tag, (field) => field.varint(value));
  }
  if (references.length > 0) {
    appendField(payload, new ByteWriter(64), AdditionTag.References, (field) => encodeReferences(field, references));
  }
}

function decodeAddition(payload: ByteReader, malformed: MalformedInput): TableAddition {
  const level = payload.varint();
  const run = payload.varint();
  const table: { -readonly [K in keyof TableMeta]: TableMeta[K] } = {
    fileNumber: payload.varint(),
    sizeBytes: payload.varint(),
    entries: payload.varint(),
    tombstones: payload.varint(),
    rangeTombstones: 0,
    superseded: 0,
    rawBytes: payload.varint(),
    minTimestamp: payload.varint(),
    maxTimestamp: payload.varint(),
    smallest: payload.lengthPrefixed().slice(),
    largest: payload.lengthPrefixed().slice(),
    references: [],
  };
  readFields(payload, malformed, (tag, field) => {
    if (tag === AdditionTag.LinkedAt) table.linkedAt = field.varint();
    else if (tag === AdditionTag.RangeTombstones) table.rangeTombstones = field.varint();
    else if (tag === AdditionTag.References) table.references = decodeReferences(field);
    else if (tag === AdditionTag.Superseded) table.superseded = field.varint();
    else return false;
    return true;
  });
  return { level, run, table };
}

function encodeReferences(field: ByteWriter, references: readonly SegmentReference[]): void {
  for (const { place, values, bytes, end } of references) {
    field.varint(place);
    field.varint(values);
    field.varint(bytes);
    field.varint(end);
  }
}

function decodeReferences(field: ByteReader): SegmentReference[] {
  const references: SegmentReference[] = [];
  while (field.remaining > 0) {
    references.push({ place: field.varint(), values: field.varint(), bytes: field.varint(), end: field.varint() });
  }
  return references;
}
