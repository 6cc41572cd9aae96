/**
 * Crashes around every step by which files of values are emptied and given up: a few keys are overwritten and deleted again
 * and again with values that are kept apart, so that most of what is written is garbage soon. Images are taken between the
 * creation of a value file and the unlinking of what it replaces, and must satisfy the recovery oracles.
 */

import { expect, it } from 'vitest';
import { randomBelow, seededRandom } from '../../src/base/index.js';
import { CRASH_MODES, type CrashMode, MemFileSystem } from '../../src/vfs/index.js';
import { CommitPlan } from '../support/commit-plan.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { LoadRun, type Promises } from '../support/load-run.js';
import { checkContinues, checkRecoveredIsDurable, checkRecovery } from '../support/recovery-oracles.js';
import { reachingPlan } from '../support/reaching-plan.js';
import { propertyOptions, seed } from '../support/seed.js';

const DIRECTORY = '/db';
/** What a run has to come across. */
const STEPS = [/^open \d+\.val create/, /^unlink \d+\.val/];
/** Changes that are watched after a value file came into being. */
const WATCHED = 24;

function planOf(attempt: number): CommitPlan {
  const chances = { keys: 14, valueBytesMax: 420, bufferedShare: 0.3, loadShare: 0 };
  return new CommitPlan({ ...chances, seed: seed + 7 + attempt * 1009, commits: 90 });
}

async function traceOf(plan: CommitPlan): Promise<readonly string[]> {
  const fileSystem = new FaultFileSystem(new MemFileSystem());
  await new LoadRun(fileSystem, DIRECTORY, plan, seed).run();
  return fileSystem.trace;
}

interface Crash {
  readonly mode: CrashMode;
  readonly imageSeed: number;
  readonly image: MemFileSystem;
  readonly promises: Promises;
}

it('a crash while values are moved costs no promised commit and brings nothing back', async () => {
  const plan = await reachingPlan(planOf, traceOf, STEPS);
  const memory = new MemFileSystem({ trackCrashes: true });
  const fileSystem = new FaultFileSystem(memory);
  const run = new LoadRun(fileSystem, DIRECTORY, plan, seed);
  const crashes: Crash[] = [];
  let watchedUntil = 0;
  let seen = 0;
  fileSystem.watch((change) => {
    const news = fileSystem.trace.slice(seen);
    seen = fileSystem.trace.length;
    if (news.some((line) => /^open \d+\.val create/.test(line))) watchedUntil = change + WATCHED;
    if (change > watchedUntil) return;
    for (let i = 0; i < propertyOptions(2).numRuns; i++) {
      const imageSeed = (seed * 1_000_003 + change * 101 + i) >>> 0;
      const mode = CRASH_MODES[randomBelow(seededRandom(imageSeed), CRASH_MODES.length)]!;
      crashes.push({
        mode,
        imageSeed,
        image: memory.crashImage(mode, seededRandom(imageSeed)),
        promises: run.promises(),
      });
    }
  });
  await run.run();
  expect(run.failures).toEqual([]);
  expect(crashes.length).toBeGreaterThanOrEqual(WATCHED * propertyOptions(2).numRuns);
  for (const { mode, imageSeed, image, promises } of crashes) {
    const expected = {
      atLeast: mode === 'kill' ? promises.acknowledged : promises.durable,
      atMost: promises.submitted,
    };
    try {
      if (imageSeed % 6 === 1) {
        await checkRecoveredIsDurable(image.crashImage('kill', seededRandom(1)), DIRECTORY, plan, expected);
      }
      const timestamp = await checkRecovery(image, DIRECTORY, plan, expected);
      if (imageSeed % 6 === 0) await checkContinues(image, DIRECTORY, plan, timestamp);
    } catch (cause) {
      throw new Error(`VARVE_SEED=${seed}, mode ${mode}, image seed ${imageSeed}: ${String(cause)}`, { cause });
    }
  }
});
