/** An engine with everything small, so that a few hundred commits pass through every file operation it has. */

import { join } from 'node:path';
import { ManualClock, seededRandom, systemScheduler, utf8Decode, utf8Encode } from '../../src/base/index.js';
import { openEngine, type RecoveryReport, verify } from '../../src/recovery/index.js';
import { type Engine, type EngineEvent, type EngineOptions, inlineExecutor } from '../../src/storage/index.js';
import type { Environment, FileSystem } from '../../src/vfs/index.js';
import type { State } from './commit-plan.js';

export const smallOptions: EngineOptions & { createIfMissing: boolean } = {
  createIfMissing: true,
  readOnly: false,
  wal: { sync: 'commit' },
  memtableBytes: 1024,
  // Little garbage is allowed, so that files are collected however much room there is.
  valueLog: { thresholdBytes: 64, segmentBytes: 2048, garbageRatio: 0.1, compression: 'none' },
  blockBytes: 256,
  tableBytes: 1024,
  // Some tables have a whole index, others partitions.
  indexBytesMax: 165,
  blockCache: { bytes: 64 * 1024 },
  bloomBitsPerKey: 10,
  compression: 'none',
  compaction: { policy: 'leveled', level0Runs: 2, levelBaseBytes: 2 * 1024, sizeRatio: 3 },
  limits: { keyBytes: 1024, valueBytes: 64 * 1024, batchBytes: 256 * 1024 },
};

export function environmentOn(fileSystem: FileSystem, seed = 1): Environment {
  return { fileSystem, clock: new ManualClock(), random: seededRandom(seed), scheduler: systemScheduler };
}

/**
 * What the wall clock shows when commit `timestamp` is made: it goes back a little now and then, and is far ahead for a
 * while.
 */
export function timeOf(timestamp: number): number {
  const aheadMs = timestamp % 40 >= 20 && timestamp % 40 < 26 ? 1_000_000 : 0;
  return 100_000 + timestamp * 1000 + aheadMs - (timestamp % 9 === 0 ? 5000 : 0);
}

/** The clock for commits whose timestamps follow one another: asked once for each. */
class CommitClock extends ManualClock {
  next = 1;
  #monotonicMs = 0;

  override nowMs(): number {
    return timeOf(this.next++);
  }

  /** Whatever is measured takes long. */
  override monotonicMs(): number {
    this.#monotonicMs += 10;
    return this.#monotonicMs;
  }
}

/** Opens `directory` with nothing pinned: only the newest version of each key needs to be kept. */
export async function openOn(
  fileSystem: FileSystem,
  directory: string,
  options: Partial<typeof smallOptions> = {},
  events: EngineEvent[] = [],
): Promise<{ engine: Engine; report: RecoveryReport }> {
  const clock = new CommitClock();
  const environment = { ...environmentOn(fileSystem), clock };
  const opened = await openEngine(
    directory,
    { ...smallOptions, ...options },
    {
      environment,
      executor: inlineExecutor(environment),
      retention: { view: () => ({ horizon: Number.MAX_SAFE_INTEGER, pinned: [] }) },
      listener: (event) => void events.push(event),
    },
  );
  clock.next = opened.engine.lastTimestamp + 1;
  return opened;
}

/** Everything visible at `asOf`, by a scan in the given direction. */
export function stateOf(engine: Engine, asOf = engine.lastTimestamp, reverse = false): State {
  const cursor = engine.cursor({}, { asOf, reverse });
  const state = new Map<string, string>();
  try {
    while (cursor.next()) state.set(utf8Decode(cursor.key()), utf8Decode(cursor.value()));
  } finally {
    cursor.close();
  }
  return state;
}

export function valueOf(engine: Engine, key: string): string | undefined {
  const value = engine.get(utf8Encode(key), engine.lastTimestamp);
  return value === undefined ? undefined : utf8Decode(value);
}

/** Every file of a directory with its content. */
export function filesIn(fileSystem: FileSystem, directory: string): ReadonlyMap<string, string> {
  const contents = new Map<string, string>();
  for (const name of fileSystem.list(directory)) {
    const file = fileSystem.open(join(directory, name), 'read');
    const bytes = new Uint8Array(file.size());
    file.read(bytes, 0);
    file.close();
    contents.set(name, Buffer.from(bytes).toString('latin1'));
  }
  return contents;
}

/** Throws unless a full check of a closed database finds nothing wrong. */
export async function checkVerified(fileSystem: FileSystem, directory: string): Promise<void> {
  const report = await verify(environmentOn(fileSystem), directory);
  if (report.orphans.length > 0) throw new Error(`verify found orphans: ${report.orphans.join(', ')}`);
  if (report.problems.length > 0) {
    throw new Error(`verify found: ${report.problems.map((problem) => problem.message).join('; ')}`);
  }
}

/** Where `actual` differs from `expected`, in words; undefined when it does not. */
export function differenceOf(actual: State, expected: State): string | undefined {
  for (const [key, value] of expected) {
    if (actual.get(key) !== value) return `${key} is ${String(actual.get(key))}, expected ${value}`;
  }
  for (const key of actual.keys())
    if (!expected.has(key)) return `${key} is ${String(actual.get(key))}, expected nothing`;
  return undefined;
}
