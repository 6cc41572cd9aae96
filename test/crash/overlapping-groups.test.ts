/**
 * Groups of commits overlap: one is written, and its sync begins, while that of another is under way, and syncs end in any
 * order. Crashes before every n-th change to the file system, and failures of every sync of the log, must leave what the
 * recovery oracles ask for: of a sync that fails, the system may tell only one of those under way on the same handle.
 */

import { expect, it } from 'vitest';
import { randomBelow, seededRandom } from '../../src/base/index.js';
import { CRASH_MODES, type CrashMode, MemFileSystem } from '../../src/vfs/index.js';
import { ClientRun } from '../support/client-run.js';
import { CommitPlan } from '../support/commit-plan.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import type { Promises } from '../support/load-run.js';
import { checkContinues, checkRecovery } from '../support/recovery-oracles.js';
import { propertyOptions, seed } from '../support/seed.js';

const DIRECTORY = '/db';
const CLIENTS = 64;
const TURNS_MAX = 6;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function planOf(planSeed: number, commits: number): CommitPlan {
  return new CommitPlan({ seed: planSeed, commits, keys: 60, valueBytesMax: 50, bufferedShare: 0.05 });
}

/** A run whose syncs take some turns of the event loop each, at random. */
function slowRun(runSeed: number, commits: number) {
  const random = seededRandom(runSeed);
  let underWay = 0;
  const overlaps = new Set<number>();
  const untilSynced = async (): Promise<void> => {
    overlaps.add(++underWay);
    for (let turns = randomBelow(random, TURNS_MAX); turns > 0; turns--) await turn();
    underWay--;
  };
  const memory = new MemFileSystem({ trackCrashes: true, untilSynced });
  const fileSystem = new FaultFileSystem(memory, { memory, untilSynced });
  const plan = planOf(runSeed, commits);
  return { memory, fileSystem, plan, run: new ClientRun({ plan, seed: runSeed, clients: CLIENTS }), overlaps };
}

interface Crash {
  readonly change: number;
  readonly mode: CrashMode;
  readonly image: MemFileSystem;
  readonly promises: Promises;
}

it('power loss never costs a promised commit while groups overlap', async () => {
  const { memory, fileSystem, plan, run, overlaps } = slowRun(seed, 900);
  const random = seededRandom(seed + 1);
  const every = Math.max(1, Math.round(3 / propertyOptions(1).numRuns));
  const crashes: Crash[] = [];
  fileSystem.watch((change) => {
    if (change % every !== 0) return;
    const mode = CRASH_MODES[randomBelow(random, CRASH_MODES.length)]!;
    crashes.push({ change, mode, image: memory.crashImage(mode, random), promises: run.promises() });
  });
  await run.run(fileSystem, DIRECTORY);
  expect(run.failures).toEqual([]);
  expect(run.disordered).toEqual([]);
  expect(overlaps).toContain(2);
  const recovered = new Set<number>();
  for (const { change, mode, image, promises } of crashes) {
    const atLeast = mode === 'kill' ? promises.acknowledged : promises.durable;
    const expected = { atLeast, atMost: promises.submitted };
    const check = async (): Promise<void> => {
      const timestamp = await checkRecovery(image, DIRECTORY, plan, expected);
      if (change % 8 === 0) await checkContinues(image, DIRECTORY, plan, timestamp);
      recovered.add(timestamp);
    };
    await check().catch((cause: unknown) => {
      throw new Error(`VARVE_SEED=${seed}, change ${change}, mode ${mode}: ${String(cause)}`, { cause });
    });
  }
  expect(recovered.size).toBeGreaterThan(10);
});

it('a sync that fails while another one overlaps costs no commit that was or will be acknowledged', async () => {
  let overlapped = 0;
  for (let skip = 0; skip < propertyOptions(24).numRuns; skip++) {
    const { memory, fileSystem, plan, run, overlaps } = slowRun(seed + skip, 600);
    fileSystem.inject({
      operation: 'sync',
      file: /log$/,
      errno: 'EIO',
      skip: 1 + (skip % 24),
      times: 1,
      losesData: true,
    });
    await run.run(fileSystem, DIRECTORY);
    expect(run.failures).not.toEqual([]);
    expect([run.acknowledgedBeyondRefusal, ...run.disordered]).toEqual([false]);
    // The other sync may still be under way: its handle is closed behind it.
    for (let turns = 0; turns < TURNS_MAX; turns++) await turn();
    expect(fileSystem.openFiles).toEqual([]);
    if (overlaps.has(2)) overlapped++;
    const { durable, submitted } = run.promises();
    const image = memory.crashImage('lost', seededRandom(seed));
    const expected = { atLeast: durable, atMost: submitted };
    await checkRecovery(image, DIRECTORY, plan, expected).catch((cause: unknown) => {
      throw new Error(`VARVE_SEED=${seed}, run ${skip}: ${String(cause)}`, { cause });
    });
  }
  expect(overlapped).toBeGreaterThan(10);
});
