/** Short names for entries, tables and engines in the storage tests. */

import { type Clock, systemClock, utf8Decode, utf8Encode } from '../../../src/base/index.js';
import { openEngine, type OpenEngineOptions, type RecoveryReport } from '../../../src/recovery/index.js';
import type { TableMeta } from '../../../src/storage/format/manifest-edit.js';
import {
  type Engine,
  type EngineCursor,
  type EngineDependencies,
  type EngineEvent,
  type EntryCursor,
  EntryKind,
  inlineExecutor,
  MAX_TIMESTAMP,
  WriteBatch,
} from '../../../src/storage/index.js';
import { type TableFormat, TableWriter } from '../../../src/storage/table/table-writer.js';
import { type Environment, type FileSystem, MemFileSystem, systemEnvironment } from '../../../src/vfs/index.js';

export const bytes = utf8Encode;

export interface TestEntry {
  readonly key: string;
  readonly timestamp: number;
  /** Undefined for a deletion. */
  readonly value: string | undefined;
}

export function entry(key: string, timestamp: number, value?: string): TestEntry {
  return { key, timestamp, value };
}

/** Calls `add` with the arguments that table writers and block builders take. */
export function addEntry(target: Pick<TableWriter, 'add'>, { key, timestamp, value }: TestEntry): void {
  const keyBytes = bytes(key);
  const valueBytes = bytes(value ?? '');
  const kind = value === undefined ? EntryKind.Delete : EntryKind.Put;
  target.add(keyBytes, 0, keyBytes.length, timestamp, kind, valueBytes, 0, valueBytes.length);
}

export function currentEntry(cursor: EntryCursor): TestEntry {
  const key = utf8Decode(cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd));
  const value = utf8Decode(cursor.valueBytes.slice(cursor.valueStart, cursor.valueEnd));
  return { key, timestamp: cursor.timestamp, value: cursor.kind === EntryKind.Put ? value : undefined };
}

/** Everything from the cursor's position on. What it says about repeated keys must be true. */
export function drain(cursor: EntryCursor): TestEntry[] {
  const entries: TestEntry[] = [];
  for (; cursor.valid; cursor.next()) {
    const current = currentEntry(cursor);
    const repeats = entries.length > 0 && entries.at(-1)!.key === current.key;
    if (cursor.repeats !== repeats) throw new Error(`"${current.key}" repeats: ${cursor.repeats}, expected ${repeats}`);
    entries.push(current);
  }
  return entries;
}

export function drainAll(cursor: EntryCursor): TestEntry[] {
  cursor.seekToStart();
  return drain(cursor);
}

/** The order of all entries everywhere. */
export function compareTestEntries(a: TestEntry, b: TestEntry): number {
  return Buffer.compare(bytes(a.key), bytes(b.key)) || b.timestamp - a.timestamp;
}

export const TABLE_FORMAT: TableFormat = { blockBytes: 128, bloomBitsPerKey: 10, compression: 'none' };
export const TABLE_DIRECTORY = '/tables';

export function tableFileSystem(): MemFileSystem {
  const fileSystem = new MemFileSystem({ trackCrashes: true });
  fileSystem.createDirectory(TABLE_DIRECTORY);
  return fileSystem;
}

/** Writes entries, which must be in order, to a table. */
export function writeTable(
  fileSystem: FileSystem,
  fileNumber: number,
  entries: readonly TestEntry[],
  format: Partial<TableFormat> = {},
): TableMeta {
  const writer = new TableWriter(fileSystem, TABLE_DIRECTORY, fileNumber, { ...TABLE_FORMAT, ...format });
  for (const one of entries) addEntry(writer, one);
  return writer.finish();
}

/** What the manifest would say of a table with these keys. */
export function tableMeta(fileNumber: number, smallest: string, largest: string, sizeBytes = 1000): TableMeta {
  return {
    fileNumber,
    sizeBytes,
    entries: 2,
    tombstones: 0,
    rangeTombstones: 0,
    superseded: 0,
    rawBytes: sizeBytes,
    minTimestamp: 1,
    maxTimestamp: 2,
    smallest: bytes(smallest),
    largest: bytes(largest),
    references: [],
  };
}

/** Everything small, so that a few hundred commits flush and compact. */
export const ENGINE_OPTIONS: OpenEngineOptions = {
  createIfMissing: true,
  readOnly: false,
  wal: { sync: 'commit' },
  memtableBytes: 2048,
  valueLog: { thresholdBytes: 1024, segmentBytes: 8192, garbageRatio: 0.5, compression: 'none' },
  blockBytes: 256,
  tableBytes: 2048,
  blockCache: { bytes: 4096 },
  bloomBitsPerKey: 10,
  compression: 'none',
  compaction: { policy: 'leveled', level0Runs: 2, levelBaseBytes: 8192, sizeRatio: 4 },
  limits: { keyBytes: 1024, valueBytes: 64 * 1024, batchBytes: 256 * 1024 },
};

export const ENGINE_DIRECTORY = '/db';

export interface OpenedEngine {
  readonly engine: Engine;
  readonly report: RecoveryReport;
  readonly events: EngineEvent[];
}

/** A wall clock that stands still, so that how long log records are does not depend on when they are written. */
const STILL_CLOCK: Clock = { nowMs: () => 0, monotonicMs: () => systemClock.monotonicMs() };

/** Opens an engine that keeps only the newest version of each key, unless `dependencies` says otherwise. */
export async function openTestEngine(
  fileSystem: FileSystem,
  options: Partial<OpenEngineOptions> = {},
  dependencies: Partial<EngineDependencies & Pick<Environment, 'scheduler'>> = {},
): Promise<OpenedEngine> {
  const { scheduler, ...others } = dependencies;
  const parts = scheduler === undefined ? { fileSystem } : { fileSystem, scheduler };
  const environment = systemEnvironment({ ...parts, clock: STILL_CLOCK });
  const events: EngineEvent[] = [];
  const opened = await openEngine(
    ENGINE_DIRECTORY,
    { ...ENGINE_OPTIONS, ...options },
    {
      environment,
      executor: inlineExecutor(environment),
      retention: { view: () => ({ horizon: MAX_TIMESTAMP, pinned: [] }) },
      listener: (event) => void events.push(event),
      ...others,
    },
  );
  return { ...opened, events };
}

/** A batch of puts; an undefined value deletes. */
export function batchOf(writes: Readonly<Record<string, string | undefined>>): WriteBatch {
  const batch = new WriteBatch();
  for (const [key, value] of Object.entries(writes)) {
    if (value === undefined) batch.delete(bytes(key));
    else batch.put(bytes(key), bytes(value));
  }
  return batch;
}

export function getText(engine: Engine, key: string, asOf = engine.lastTimestamp): string | undefined {
  const value = engine.get(bytes(key), asOf);
  return value === undefined ? undefined : utf8Decode(value);
}

/** `key=value` of everything that the cursor still finds. */
export function scanText(cursor: EngineCursor): string[] {
  const found: string[] = [];
  while (cursor.next()) found.push(`${utf8Decode(cursor.key())}=${utf8Decode(cursor.value())}`);
  return found;
}

export function fileNames(fileSystem: FileSystem, ending: string): string[] {
  return fileSystem.list(ENGINE_DIRECTORY).filter((name) => name.endsWith(ending));
}
