/**
 * Crashes around everything that happens to values that end: pairs of keys, as a row and its index entry are, are put with
 * an end, prolonged, swept, flushed and merged. Images are taken at every few file operations and opened with a clock that
 * goes on, and with one that has gone back.
 */

import { expect, test } from 'vitest';
import { randomBelow, seededRandom, utf8Decode } from '../../src/base/index.js';
import type { ChangeGroup, TransactionalStore } from '../../src/mvcc/index.js';
import { EntryKind, isDeletion, WriteBatch } from '../../src/storage/index.js';
import { CRASH_MODES, type CrashMode, type FileSystem, MemFileSystem } from '../../src/vfs/index.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { ManualTime } from '../support/manual-time.js';
import { bytes, openMemoryStore } from '../support/memory-store.js';
import { propertyOptions, seed } from '../support/seed.js';

const START_MS = 1_767_225_600_000;
const KEYS = 12;
const ROUNDS = 60;

/** What is promised of one pair. */
interface Pair {
  /** Of the last put that was acknowledged; 0 before there is one. */
  readonly endMs: number;
  /** A put is under way. */
  readonly changes: boolean;
  /** Told as expired, and not put since. */
  readonly isGone: boolean;
}

interface Crash {
  readonly mode: CrashMode;
  readonly image: MemFileSystem;
  readonly nowMs: number;
  readonly pairs: readonly Pair[];
}

async function openOn(fileSystem: FileSystem, time: ManualTime): Promise<TransactionalStore> {
  const { clock, scheduler } = time;
  return openMemoryStore({ history: { ms: 1e12 }, memtableBytes: 2048 }, { fileSystem, clock, scheduler });
}

/** The pairs of which both keys are there; there is never one without the other. */
function present(store: TransactionalStore): Set<number> {
  const found = new Set<number>();
  const view = store.latest();
  for (let n = 0; n < KEYS; n++) {
    const isThere = view.has(bytes(`row${n}`));
    expect(view.has(bytes(`z-entry${n}`))).toBe(isThere);
    if (isThere) found.add(n);
  }
  return found;
}

async function checkImage({ mode, image, nowMs, pairs }: Crash, goesBack: boolean): Promise<void> {
  const time = new ManualTime(goesBack ? START_MS - 1e6 : nowMs);
  const store = await openOn(image, time);
  const found = present(store);
  // Everything is acknowledged by a sync: it survives whatever was not.
  for (const [n, { endMs, changes, isGone }] of pairs.entries()) {
    if (changes) continue;
    if (isGone) expect(found.has(n), `${mode}: pair ${n} is back`).toBe(false);
    if (!goesBack) expect(found.has(n), `${mode}: pair ${n}`).toBe(endMs > nowMs);
  }
  time.clock.advance(2e6);
  await store.expire();
  const all = store.engine.cursor({}, { asOf: store.lastTimestamp, atMs: 0 });
  while (all.next()) expect([...all.key()]).toEqual([6, 1]);
  await checkTold(store);
  await store.close();
}

/** Every put is followed by one expiry, unless another put came first. */
async function checkTold(store: TransactionalStore): Promise<void> {
  const there = new Map<string, boolean>();
  const last = store.lastTimestamp;
  const range = { lower: bytes('row'), upper: bytes('z~') };
  const feed = store.changes({ range, since: 0 }, (group: ChangeGroup) => group);
  const marker = new WriteBatch();
  marker.put(bytes('row-last'), bytes(''));
  await store.write(marker);
  for await (const { timestamp, changes } of feed) {
    if (timestamp > last) break;
    for (const { kind, key } of changes) {
      const name = utf8Decode(key);
      if (kind === EntryKind.Expiry) expect(there.get(name), `${name} expires once`).toBe(true);
      there.set(name, !isDeletion(kind));
    }
  }
  expect([...there.values()]).not.toContain(true);
}

test('a crash brings back nothing that had expired, keeps pairs whole, and has every end told once', async () => {
  const memory = new MemFileSystem({ trackCrashes: true });
  const fileSystem = new FaultFileSystem(memory);
  const time = new ManualTime(START_MS);
  const random = seededRandom(seed + 22);
  const pairs: Pair[] = Array.from({ length: KEYS }, () => ({ endMs: 0, changes: false, isGone: false }));
  const crashes: Crash[] = [];
  let taken = 0;
  fileSystem.watch(() => {
    if (taken++ % 5 !== 0) return;
    const mode = CRASH_MODES[randomBelow(random, CRASH_MODES.length)]!;
    const image = memory.crashImage(mode, seededRandom(seed * 31 + taken));
    crashes.push({ mode, image, nowMs: time.clock.nowMs(), pairs: [...pairs] });
  });
  const store = await openOn(fileSystem, time);
  for (let round = 0; round < ROUNDS; round++) {
    const n = randomBelow(random, KEYS);
    const endMs = time.clock.nowMs() + 1 + randomBelow(random, 40);
    pairs[n] = { ...pairs[n]!, changes: true, isGone: false };
    const batch = new WriteBatch();
    batch.put(bytes(`row${n}`), bytes('x'.repeat(50)), endMs);
    batch.put(bytes(`z-entry${n}`), bytes(''), endMs);
    await store.write(batch);
    pairs[n] = { endMs, changes: false, isGone: false };
    time.clock.advance(randomBelow(random, 8));
    if (round % 7 === 3) {
      const nowMs = time.clock.nowMs();
      await store.expire();
      for (const [at, pair] of pairs.entries()) if (pair.endMs <= nowMs) pairs[at] = { ...pair, isGone: true };
    }
    if (round % 20 === 19) await (round % 40 === 39 ? store.engine.compact() : store.engine.flush());
  }
  await store.close();
  expect(crashes.length).toBeGreaterThan(60);
  const every = Math.max(1, Math.round(2 / propertyOptions(1).numRuns));
  for (const [at, crash] of crashes.entries()) if (at % every === 0) await checkImage(crash, at % 3 === 0);
});
