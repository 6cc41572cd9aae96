/** The part of `verify` that reads tables: each by itself, then all of them against one another. */

import { compareByteRanges, compareBytes, CorruptionError, equalBytes, hashBytes, hexPreview } from '../base/index.js';
import {
  expiryBytesOf,
  fileName,
  isDeletion,
  MAX_TIMESTAMP,
  pointsToValue,
  RangeTombstones,
  ReferenceCounter,
  RunCursor,
  type RunTable,
  type SegmentReference,
  TableCursor,
  type TableMeta,
  TableReader,
  type TableSource,
  type Timestamp,
  UNDATED_TIMESTAMP,
  ValueReader,
  type Version,
} from '../storage/index.js';
import { closeAll } from '../vfs/index.js';

const WHOLE_TABLE = { reverse: false, bulk: true } as const;

/**
 * Reads a whole table: every checksum, those of the values it points to too, the order of its entries, its properties against its entries and against the
 * manifest, and every key by way of index and filter. Throws `CorruptionError` at the first thing wrong.
 */
export function checkTable(source: TableSource, meta: TableMeta): void {
  const table = new TableReader(source, meta.fileNumber, meta);
  const values = new ValueReader(source.fileSystem, source.directory);
  try {
    checkProperties(table, meta);
    checkEntries(table, meta, values);
  } finally {
    closeAll([values, table]);
  }
}

/** Numbers that the manifest and what is read must agree on. */
const COUNTED = ['entries', 'tombstones', 'rangeTombstones', 'rawBytes', 'minTimestamp', 'maxTimestamp'] as const;

function checkProperties(table: TableReader, meta: TableMeta): void {
  const found = table.properties;
  for (const name of ['entries', 'tombstones', 'rangeTombstones', 'rawBytes'] as const) {
    if (found[name] !== meta[name])
      throw refuse(table, `${name} ${meta[name]} as in the manifest`, String(found[name]));
  }
  for (const name of ['minTimestamp', 'maxTimestamp'] as const) {
    const expected = meta.linkedAt === undefined ? meta[name] : UNDATED_TIMESTAMP;
    if (found[name] !== expected) throw refuse(table, `${name} ${expected} as in the manifest`, String(found[name]));
  }
  for (const name of ['smallest', 'largest'] as const) {
    if (equalBytes(found[name], meta[name])) continue;
    throw refuse(table, `${name} key ${hexPreview(meta[name])} as in the manifest`, hexPreview(found[name]));
  }
}

function checkEntries(table: TableReader, meta: TableMeta, values: ValueReader): void {
  const { tombstones } = table;
  const references = new ReferenceCounter();
  const seen = {
    entries: 0,
    tombstones: 0,
    rangeTombstones: tombstones?.count ?? 0,
    rawBytes: 0,
    minTimestamp: tombstones?.minTimestamp ?? MAX_TIMESTAMP,
    maxTimestamp: tombstones?.maxTimestamp ?? 0,
  };
  const ends = [tombstones?.smallest, tombstones?.largest];
  const cursor = new TableCursor(table, WHOLE_TABLE);
  let key: Uint8Array | undefined;
  let timestamp: Timestamp = 0;
  for (cursor.seekToStart(); cursor.valid; cursor.next()) {
    const { keyBytes, keyStart, keyEnd } = cursor;
    const order = key === undefined ? 1 : compareByteRanges(keyBytes, keyStart, keyEnd, key, 0, key.length);
    if (order < 0 || (order === 0 && cursor.timestamp >= timestamp)) {
      throw refuse(table, 'ascending entries', `entry ${seen.entries + 1} behind a greater one`);
    }
    timestamp = cursor.timestamp;
    if (order > 0) {
      const first = key === undefined;
      key = keyBytes.slice(keyStart, keyEnd);
      if (first) ends.push(key);
      checkFound(table, key, timestamp);
    }
    seen.entries++;
    if (isDeletion(cursor.kind)) seen.tombstones++;
    const expiryBytes = expiryBytesOf(cursor.kind);
    if (cursor.valueEnd - cursor.valueStart < expiryBytes) {
      throw refuse(table, `a value of ${expiryBytes} bytes or more`, `${cursor.valueEnd - cursor.valueStart} bytes`);
    }
    if (pointsToValue(cursor.kind)) {
      const pointerAt = cursor.valueStart + expiryBytes;
      references.add(cursor.valueBytes, pointerAt);
      values.read(cursor, pointerAt);
    }
    seen.rawBytes += keyEnd - keyStart + cursor.valueEnd - cursor.valueStart;
    seen.minTimestamp = Math.min(seen.minTimestamp, timestamp);
    seen.maxTimestamp = Math.max(seen.maxTimestamp, timestamp);
  }
  cursor.close();
  const [smallest, ...others] = [...ends, key].filter((end) => end !== undefined).sort(compareBytes);
  if (smallest === undefined) throw refuse(table, 'entries or tombstones', 'neither');
  checkBound(table, 'smallest', meta.smallest, smallest);
  checkBound(table, 'largest', meta.largest, others.at(-1) ?? smallest);
  checkReferences(table, meta, references.all());
  for (const name of COUNTED) {
    if (seen[name] !== meta[name]) throw refuse(table, `${name} ${meta[name]}`, String(seen[name]));
  }
}

/** What the manifest says of the values that a table points to decides which files are kept. */
function checkReferences(table: TableReader, meta: TableMeta, found: readonly SegmentReference[]): void {
  const expected = JSON.stringify(meta.references);
  if (expected !== JSON.stringify(found)) throw refuse(table, `references ${expected}`, JSON.stringify(found));
}

function checkBound(table: TableReader, name: string, expected: Uint8Array, found: Uint8Array): void {
  if (equalBytes(expected, found)) return;
  throw refuse(table, `${name} key ${hexPreview(expected)}`, hexPreview(found));
}

/** The newest version of every key must be what a point lookup comes to. */
function checkFound(table: TableReader, key: Uint8Array, timestamp: Timestamp): void {
  if (table.find(key, hashBytes(key), MAX_TIMESTAMP) && table.foundTimestamp === timestamp) return;
  throw refuse(table, `key ${hexPreview(key)} to be found through filter and index`, 'another version, or nothing');
}

/**
 * Checks that, key by key, what a newer run holds is newer than what an older run holds, deletions of ranges included. Requires tables that passed
 * `checkTable`. Throws `CorruptionError` at the first key that does not fit.
 */
export function checkLevelOrder(source: TableSource, version: Version): void {
  const runs = version.levels.flatMap((level) => level.runs);
  const walks = runs.map((run) => new RunWalk(source, run.tables));
  try {
    for (const walk of walks) walk.cursor.seekToStart();
    let key: Uint8Array | undefined;
    let age = 0;
    let timestamp: Timestamp = 0;
    for (let at = smallest(walks); at >= 0; at = smallest(walks)) {
      const { cursor } = walks[at]!;
      const { keyBytes, keyStart, keyEnd } = cursor;
      const sameKey = key !== undefined && compareByteRanges(keyBytes, keyStart, keyEnd, key, 0, key.length) === 0;
      if (!sameKey) key = keyBytes.slice(keyStart, keyEnd);
      else if (at < age || cursor.timestamp === timestamp) {
        throw CorruptionError.at(walks[at]!.fileName, 0, {
          expected: `only versions newer than ${timestamp} of key ${hexPreview(key!)}, which an older run holds`,
          found: `version ${cursor.timestamp}`,
        });
      }
      age = at;
      timestamp = cursor.timestamp;
      checkAgainstTombstones(walks, at);
      cursor.next();
    }
  } finally {
    for (const walk of walks) walk.close();
  }
}

/** What the tombstones of other runs say of the key on which walk `at` stands must be on the right side of its version. */
function checkAgainstTombstones(walks: readonly RunWalk[], at: number): void {
  const { keyBytes, keyStart, keyEnd, timestamp } = walks[at]!.cursor;
  for (const [i, { tombstones }] of walks.entries()) {
    if (i === at || tombstones.isEmpty) continue;
    const number = tombstones.lastStartingUpTo(keyBytes, keyStart, keyEnd);
    if (number < 0 || !tombstones.reaches(number, keyBytes, keyStart, keyEnd)) continue;
    const { timestamps } = tombstones.fragments[number]!;
    const isInOrder = i < at ? timestamps[0]! > timestamp : timestamps.at(-1)! < timestamp;
    if (isInOrder) continue;
    throw CorruptionError.at(walks[at]!.fileName, 0, {
      expected: `a version ${i < at ? 'older' : 'newer'} than the range deletions ${timestamps[0]} … ${timestamps.at(-1)} of another run`,
      found: `version ${timestamp} of key ${hexPreview(keyBytes.slice(keyStart, keyEnd))}`,
    });
  }
}

/** Which walk stands on the first entry (of equal ones, that of the newest run); -1 when all have ended. */
function smallest(walks: readonly RunWalk[]): number {
  let best = -1;
  for (let i = 0; i < walks.length; i++) {
    const cursor = walks[i]!.cursor;
    if (!cursor.valid) continue;
    if (best < 0) {
      best = i;
      continue;
    }
    const leader = walks[best]!.cursor;
    const order = compareByteRanges(
      cursor.keyBytes,
      cursor.keyStart,
      cursor.keyEnd,
      leader.keyBytes,
      leader.keyStart,
      leader.keyEnd,
    );
    if (order < 0 || (order === 0 && cursor.timestamp > leader.timestamp)) best = i;
  }
  return best;
}

/** One pass over a run with one table open at a time. */
class RunWalk {
  readonly cursor: RunCursor;
  readonly tombstones: RangeTombstones;
  #open: TableReader | undefined;

  constructor(source: TableSource, tables: readonly TableMeta[]) {
    const openTables = tables.map(
      (table): RunTable => ({
        ...table,
        reader: () => {
          this.#open?.close();
          this.#open = new TableReader(source, table.fileNumber, table);
          return this.#open;
        },
      }),
    );
    this.cursor = new RunCursor(openTables, WHOLE_TABLE);
    const withTombstones = openTables.filter((_table, i) => tables[i]!.rangeTombstones > 0);
    const fragments = withTombstones.flatMap((table) => table.reader().tombstones?.fragments ?? []);
    this.tombstones = new RangeTombstones(fragments);
  }

  get fileName(): string {
    return fileName('table', this.#open?.fileNumber ?? 0);
  }

  close(): void {
    this.cursor.close();
    this.#open?.close();
  }
}

/** Findings about a table as a whole have no better offset than its properties'. */
function refuse(table: TableReader, expected: string, found: string): CorruptionError {
  return CorruptionError.at(table.name, table.properties.index.offset, { expected, found });
}
