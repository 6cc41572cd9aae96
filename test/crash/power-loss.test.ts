/**
 * Crashes before every change to the file system along a run of commits, bulk loads, flushes, merges and a restart, with several
 * kinds of damage each, and crashes again while recovering from those. Every image must satisfy the recovery oracles.
 *
 * `VARVE_RUNS` multiplies the damages tried per change, `VARVE_SEED` picks others. A failure names change, mode and seed.
 */

import { describe, expect, it } from 'vitest';
import { randomBelow, seededRandom, VarveError } from '../../src/base/index.js';
import { CRASH_MODES, type CrashMode, MemFileSystem } from '../../src/vfs/index.js';
import { CommitPlan } from '../support/commit-plan.js';
import { openOn } from '../support/engine-harness.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { LoadRun, type Promises } from '../support/load-run.js';
import {
  checkContinues,
  checkRecoveredIsDurable,
  checkRecovery,
  type Expectation,
} from '../support/recovery-oracles.js';
import { propertyOptions, seed } from '../support/seed.js';

const DIRECTORY = '/db';
const PLAN = { seed, commits: 110, keys: 60, valueBytesMax: 100, bufferedShare: 0.3, loadShare: 0.06 };
const plan = new CommitPlan(PLAN);
/** Images held in memory at a time: a run is repeated for each of these, taking every n-th change. */
const PASSES = 8;

interface Crash {
  readonly change: number;
  readonly mode: CrashMode;
  readonly imageSeed: number;
  readonly image: MemFileSystem;
  readonly promises: Promises;
}

function expectationOf({ mode, promises }: Crash): Expectation {
  return { atLeast: mode === 'kill' ? promises.acknowledged : promises.durable, atMost: promises.submitted };
}

/** One run of the plan; calls `atChange` before each change to the file system. */
async function observe(atChange: (change: number, memory: MemFileSystem, run: LoadRun) => void): Promise<string[]> {
  const memory = new MemFileSystem({ trackCrashes: true });
  const fileSystem = new FaultFileSystem(memory);
  const run = new LoadRun(fileSystem, DIRECTORY, plan, seed);
  fileSystem.watch((change) => atChange(change, memory, run));
  await run.run();
  expect(run.failures).toEqual([]);
  expect(run.promises().durable).toBe(plan.commits.length);
  return fileSystem.trace;
}

/** Images before every change whose number leaves the rest `pass`. */
async function crashesOf(pass: number, damagesPerChange: number): Promise<Crash[]> {
  const crashes: Crash[] = [];
  await observe((change, memory, run) => {
    if (change % PASSES !== pass) return;
    for (let i = 0; i < damagesPerChange; i++) {
      const imageSeed = (seed * 1_000_003 + change * 101 + i) >>> 0;
      const mode = CRASH_MODES[randomBelow(seededRandom(imageSeed), CRASH_MODES.length)]!;
      const image = memory.crashImage(mode, seededRandom(imageSeed));
      crashes.push({ change, mode, imageSeed, image, promises: run.promises() });
    }
  });
  return crashes;
}

async function explained(crash: Crash, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (cause) {
    const where = `VARVE_SEED=${seed}, change ${crash.change}, mode ${crash.mode}, image seed ${crash.imageSeed}`;
    throw new Error(`${where}, ${JSON.stringify(crash.promises)}: ${String(cause)}`, { cause });
  }
}

describe('power loss', () => {
  it('is the same run for the same seed', async () => {
    expect(await observe(() => {})).toEqual(await observe(() => {}));
  });

  it('never costs a promised commit, at any change to the file system', async () => {
    const recovered = new Set<number>();
    const modes = new Set<CrashMode>();
    for (let pass = 0; pass < PASSES; pass++) {
      for (const crash of await crashesOf(pass, propertyOptions(2).numRuns)) {
        await explained(crash, async () => {
          if (crash.imageSeed % 8 === 1) {
            const copy = crash.image.crashImage('kill', seededRandom(1));
            await checkRecoveredIsDurable(copy, DIRECTORY, plan, expectationOf(crash));
          }
          const timestamp = await checkRecovery(crash.image, DIRECTORY, plan, expectationOf(crash));
          if (crash.imageSeed % 8 === 0) await checkContinues(crash.image, DIRECTORY, plan, timestamp);
          recovered.add(timestamp);
          modes.add(crash.mode);
        });
      }
    }
    expect(recovered.size).toBeGreaterThan(plan.commits.length / 2);
    expect([...modes].sort()).toEqual([...CRASH_MODES].sort());
  });

  it('may fall into the change from one manifest to the next', async () => {
    const longKeys = new CommitPlan({ ...PLAN, commits: 110, keyBytesMin: 800 });
    const memory = new MemFileSystem({ trackCrashes: true });
    const fileSystem = new FaultFileSystem(memory);
    const run = new LoadRun(fileSystem, DIRECTORY, longKeys, seed);
    const crashes: Crash[] = [];
    let manifests = 0;
    let watchedUntil = 0;
    fileSystem.watch((change) => {
      if (fileSystem.trace.at(-1)?.startsWith('open MANIFEST') && fileSystem.trace.at(-1)?.endsWith('create')) {
        manifests++;
        watchedUntil = change + 12;
      }
      if (change > watchedUntil) return;
      for (const [i, mode] of CRASH_MODES.entries()) {
        if ((change + i) % 4 >= propertyOptions(1).numRuns) continue;
        const imageSeed = (seed * 1_000_003 + change * 101 + i) >>> 0;
        const image = memory.crashImage(mode, seededRandom(imageSeed));
        crashes.push({ change, mode, imageSeed, image, promises: run.promises() });
      }
    });
    await run.run();
    // Two are written by the openings of the two sessions.
    expect(manifests).toBeGreaterThan(2);
    for (const crash of crashes) {
      await explained(crash, async () => {
        await checkRecovery(crash.image, DIRECTORY, longKeys, expectationOf(crash));
      });
    }
  });

  it('may strike again during recovery, and during the recovery of that', async () => {
    let interrupted = 0;
    for (const crash of await crashesOf(seed % PASSES, propertyOptions(1).numRuns)) {
      await explained(crash, async () => {
        const random = seededRandom(crash.imageSeed);
        let image = crash.image;
        for (let depth = 0; depth < 2; depth++) {
          const next = await interruptRecovery(image, crash.mode, random.u32());
          if (next === undefined) break;
          interrupted++;
          image = next;
        }
        await checkRecovery(image, DIRECTORY, plan, expectationOf(crash));
      });
    }
    expect(interrupted).toBeGreaterThan(50);
  });
});

/** Recovers `image` up to some change, and returns what a crash leaves there; undefined when recovery changes nothing. */
async function interruptRecovery(
  image: MemFileSystem,
  mode: CrashMode,
  cutSeed: number,
): Promise<MemFileSystem | undefined> {
  const random = seededRandom(cutSeed);
  const rehearsal = new FaultFileSystem(image.crashImage('kill', random));
  const { engine } = await openOn(rehearsal, DIRECTORY);
  const changes = rehearsal.changes;
  await engine.close();
  if (changes === 0) return undefined;
  const fileSystem = new FaultFileSystem(image);
  const taken: MemFileSystem[] = [];
  // After a mere kill the page cache lives on, so that nothing may be lost that an earlier mode has kept.
  const secondMode = mode === 'kill' ? 'kill' : CRASH_MODES[randomBelow(random, CRASH_MODES.length)]!;
  fileSystem.cutPowerAt(1 + randomBelow(random, changes), () => taken.push(image.crashImage(secondMode, random)));
  const opened = await openOn(fileSystem, DIRECTORY).catch((cause: unknown) => cause);
  if (opened instanceof Error) {
    expect(opened).toBeInstanceOf(VarveError);
  } else {
    // The cut came after recovery, in a merge that the engine began by itself: it must have stopped.
    const { engine: stopped } = opened as Awaited<ReturnType<typeof openOn>>;
    await expect(stopped.flush()).rejects.toThrow(VarveError);
    await stopped.close();
  }
  return taken[0];
}
