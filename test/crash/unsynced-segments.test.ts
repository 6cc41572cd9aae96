/**
 * Crashes along a run in which most commits ask for no sync and no value is kept apart, so that segments of the log are ended
 * without one: any part of any of them may be lost. Every image must satisfy the recovery oracles.
 */

import { expect, it } from 'vitest';
import { randomBelow, seededRandom } from '../../src/base/index.js';
import { CRASH_MODES, MemFileSystem } from '../../src/vfs/index.js';
import { CommitPlan } from '../support/commit-plan.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { LoadRun } from '../support/load-run.js';
import { checkContinues, checkRecoveredIsDurable, checkRecovery } from '../support/recovery-oracles.js';
import { propertyOptions, seed } from '../support/seed.js';

const DIRECTORY = '/db';
const plan = new CommitPlan({
  seed: seed + 11,
  commits: 150,
  keys: 60,
  valueBytesMax: 60,
  bufferedShare: 0.97,
  loadShare: 0.01,
});
/** Images held in memory at a time: a run is repeated for each of these, taking every n-th change. */
const PASSES = 4;

async function crashesOf(pass: number) {
  const memory = new MemFileSystem({ trackCrashes: true });
  const fileSystem = new FaultFileSystem(memory);
  const run = new LoadRun(fileSystem, DIRECTORY, plan, seed);
  const crashes: { mode: string; image: MemFileSystem; imageSeed: number; atLeast: number; atMost: number }[] = [];
  fileSystem.watch((change) => {
    if (change % PASSES !== pass) return;
    for (let i = 0; i < propertyOptions(1).numRuns; i++) {
      const imageSeed = (seed * 1_000_003 + change * 101 + i) >>> 0;
      const mode = CRASH_MODES[randomBelow(seededRandom(imageSeed), CRASH_MODES.length)]!;
      const { acknowledged, durable, submitted: atMost } = run.promises();
      const image = memory.crashImage(mode, seededRandom(imageSeed));
      crashes.push({ mode, image, imageSeed, atLeast: mode === 'kill' ? acknowledged : durable, atMost });
    }
  });
  await run.run();
  expect(run.failures).toEqual([]);
  return { crashes, trace: fileSystem.trace };
}

/** Segments that were not synced before the next one came into being. */
function endedWithoutSync(trace: readonly string[]): number {
  let count = 0;
  let synced = true;
  for (const line of trace) {
    if (/^(open \d+\.log create|rename \d+\.log)/.test(line)) {
      if (!synced) count++;
      synced = false;
    } else if (/^sync(Now)? \d+\.log/.test(line)) {
      synced = true;
    }
  }
  return count;
}

it('segments that were ended without a sync cost no promised commit, and leave no holes', async () => {
  const recovered = new Set<number>();
  for (let pass = 0; pass < PASSES; pass++) {
    const { crashes, trace } = await crashesOf(pass);
    expect(endedWithoutSync(trace)).toBeGreaterThan(5);
    for (const { mode, image, imageSeed, ...expected } of crashes) {
      try {
        if (imageSeed % 8 === 1) {
          await checkRecoveredIsDurable(image.crashImage('kill', seededRandom(1)), DIRECTORY, plan, expected);
        }
        const timestamp = await checkRecovery(image, DIRECTORY, plan, expected);
        if (imageSeed % 8 === 0) await checkContinues(image, DIRECTORY, plan, timestamp);
        recovered.add(timestamp);
      } catch (cause) {
        throw new Error(`VARVE_SEED=${seed}, mode ${mode}, image seed ${imageSeed}: ${String(cause)}`, { cause });
      }
    }
  }
  expect(recovered.size).toBeGreaterThan(plan.commits.length / 3);
});
