/**
 * Changes out of the stored versions: all of a span of commits, or as many of its first ones as fit into memory. Tables
 * without anything of the span are not read; of the others, everything in the range is.
 */

import { type Clock, compareByteRanges, EMPTY_BYTES, type KeyRange, type Scheduler } from '../base/index.js';
import {
  type Engine,
  type EntryCursor,
  EntryKind,
  MAX_TIMESTAMP,
  type Timestamp,
  type TombstoneFragment,
} from '../storage/index.js';

/** What a commit did to one key, or for the kind `RangeDelete` to every key from `key` on and before `value`. */
export interface KeyChange {
  readonly kind: EntryKind;
  readonly key: Uint8Array;
  /** Empty for a deletion. */
  readonly value: Uint8Array;
}

/** All that a commit did in a range, by key. */
export interface ChangeGroup {
  readonly timestamp: Timestamp;
  readonly changes: readonly KeyChange[];
}

export interface ChangeWindow {
  /** Ascending. */
  readonly groups: readonly ChangeGroup[];
  /** All commits up to this one have been looked at. */
  readonly through: Timestamp;
}

/** Changes held in memory, unless a single commit has more. */
const WINDOW_BYTES = 1024 * 1024;
const OVERHEAD_BYTES = 100;
/** How long reading keeps the event loop waiting, in milliseconds, and after how many entries it looks at the clock. */
const TURN_MS = 5;
const ENTRIES_PER_LOOK = 256;

/** The changes in `range` after `after`, from the first on, at most up to `newest`; the caller keeps them from being dropped. */
export async function readChanges(
  engine: Engine,
  range: KeyRange,
  after: Timestamp,
  newest: Timestamp,
): Promise<ChangeWindow> {
  const { clock, scheduler } = engine.environment;
  const versions = engine.versions(range, { after, through: newest });
  const { cursor } = versions;
  const window = new Window(newest);
  const pause = new Pause(clock, scheduler);
  try {
    for (cursor.seek(range.lower ?? EMPTY_BYTES, MAX_TIMESTAMP); cursor.valid; cursor.next()) {
      if (isBehind(cursor, range.upper)) break;
      if (cursor.timestamp > after && cursor.timestamp <= window.through) window.add(cursor);
      if (pause.isDue()) await pause.take();
    }
    window.addClears(versions.clears, after);
    return { groups: window.groups(), through: window.through };
  } finally {
    cursor.close();
    versions.release();
  }
}

/**
 * `group` with the deletions of ranges turned into deletions of the keys that were there, by key. History must reach back
 * to before the commit.
 */
export async function withoutClears(engine: Engine, group: ChangeGroup): Promise<ChangeGroup> {
  const clears = group.changes.filter(({ kind }) => kind === EntryKind.RangeDelete);
  if (clears.length === 0) return group;
  const pause = new Pause(engine.environment.clock, engine.environment.scheduler);
  const changes = new Map(
    group.changes.filter(({ kind }) => kind !== EntryKind.RangeDelete).map((one) => [nameOf(one.key), one]),
  );
  for (const { key: lower, value: upper } of clears) {
    // What has expired and was not removed as such goes with the others, and is told with them.
    const cursor = engine.cursor({ lower, upper }, { asOf: group.timestamp - 1, atMs: 0 });
    try {
      while (cursor.next()) {
        const key = cursor.key();
        const name = nameOf(key);
        if (!changes.has(name)) changes.set(name, { kind: EntryKind.Delete, key, value: EMPTY_BYTES });
        if (pause.isDue()) await pause.take();
      }
    } finally {
      cursor.close();
    }
  }
  return { timestamp: group.timestamp, changes: inOrder(changes) };
}

/** A string for each key, in the order of the keys. */
export function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}

/** Changes by the name of their key, sorted. */
export function inOrder(changes: ReadonlyMap<string, KeyChange>): KeyChange[] {
  return [...changes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, change]) => change);
}

function isBehind(cursor: EntryCursor, upper: Uint8Array | undefined): boolean {
  if (upper === undefined) return false;
  return compareByteRanges(cursor.keyBytes, cursor.keyStart, cursor.keyEnd, upper, 0, upper.length) >= 0;
}

interface FoundChange extends KeyChange {
  readonly timestamp: Timestamp;
}

/** Collects changes by key and gives the latest ones up again where there are too many. */
class Window {
  through: Timestamp;
  #found: FoundChange[] = [];
  #bytes = 0;
  #bytesMax = 2 * WINDOW_BYTES;

  constructor(through: Timestamp) {
    this.through = through;
  }

  add(cursor: EntryCursor): void {
    const key = cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd);
    const value = cursor.valueBytes.slice(cursor.valueStart, cursor.valueEnd);
    this.#found.push({ timestamp: cursor.timestamp, kind: cursor.kind, key, value });
    this.#bytes += key.length + value.length + OVERHEAD_BYTES;
    if (this.#bytes > this.#bytesMax) this.#shrink();
  }

  /** Adds what was cleared after `after`; to be called at the end, as it does not count for how much fits. */
  addClears(clears: readonly TombstoneFragment[], after: Timestamp): void {
    for (const { start, end, timestamps } of clears) {
      for (const timestamp of timestamps) {
        if (timestamp <= after || timestamp > this.through) continue;
        this.#found.push({ timestamp, kind: EntryKind.RangeDelete, key: start, value: end });
      }
    }
  }

  /** By commit; within each the changes are in the order in which they were added, that of the keys. */
  groups(): ChangeGroup[] {
    const groups = new Map<Timestamp, KeyChange[]>();
    for (const { timestamp, ...change } of this.#found) {
      const changes = groups.get(timestamp);
      if (changes === undefined) groups.set(timestamp, [change]);
      else changes.push(change);
    }
    return [...groups]
      .map(([timestamp, changes]) => ({ timestamp, changes }))
      .sort((a, b) => a.timestamp - b.timestamp);
  }

  /** Keeps the first commits that fit, at least one. */
  #shrink(): void {
    const sizes = new Map<Timestamp, number>();
    for (const { timestamp, key, value } of this.#found) {
      sizes.set(timestamp, (sizes.get(timestamp) ?? 0) + key.length + value.length + OVERHEAD_BYTES);
    }
    let bytes = 0;
    for (const [timestamp, size] of [...sizes].sort(([a], [b]) => a - b)) {
      if (bytes > 0 && bytes + size > WINDOW_BYTES) break;
      bytes += size;
      this.through = timestamp;
    }
    this.#found = this.#found.filter(({ timestamp }) => timestamp <= this.through);
    this.#bytes = bytes;
    this.#bytesMax = 2 * Math.max(WINDOW_BYTES, bytes);
  }
}

/** Lets the event loop have a turn now and then. */
class Pause {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  #endsMs: number;
  #unlooked = 0;

  constructor(clock: Clock, scheduler: Scheduler) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#endsMs = clock.monotonicMs() + TURN_MS;
  }

  isDue(): boolean {
    if (++this.#unlooked < ENTRIES_PER_LOOK) return false;
    this.#unlooked = 0;
    return this.#clock.monotonicMs() >= this.#endsMs;
  }

  async take(): Promise<void> {
    await new Promise<void>((resolve) => this.#scheduler.nextTurn(resolve));
    this.#endsMs = this.#clock.monotonicMs() + TURN_MS;
  }
}
