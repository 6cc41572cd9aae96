/**
 * Power loss at every change to the file system while a checkpoint, a backup or a restore is made. The database itself
 * loses nothing; what is at the destination is complete or not there at all; and once the call has returned, it is there.
 */

import { describe, expect, it } from 'vitest';
import { seededRandom, VarveError } from '../../src/base/index.js';
import { backup, checkpoint, restore } from '../../src/recovery/index.js';
import { CRASH_MODES, MemFileSystem } from '../../src/vfs/index.js';
import { CommitPlan } from '../support/commit-plan.js';
import { environmentOn, openOn, stateOf } from '../support/engine-harness.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { checkRecovery } from '../support/recovery-oracles.js';
import { propertyOptions, seed } from '../support/seed.js';

const plan = new CommitPlan({ seed: seed + 3, commits: 40, keys: 60, valueBytesMax: 100, bufferedShare: 0 });
const total = plan.commits.length;

/** A database with all commits of the plan, in tables and log. */
async function filled(): Promise<MemFileSystem> {
  const memory = new MemFileSystem({ trackCrashes: true });
  const { engine } = await openOn(memory, '/db');
  for (let next = 1; next <= total; next++) await engine.commit(plan.batch(next), next);
  await engine.close();
  return memory;
}

interface Crash {
  readonly what: string;
  readonly image: MemFileSystem;
  /** True when `action` had returned. */
  readonly done: boolean;
}

/** Runs `action`, and takes images before every change it makes and one afterwards. */
async function crashesDuring(
  memory: MemFileSystem,
  action: (fileSystem: FaultFileSystem) => Promise<void>,
): Promise<Crash[]> {
  const crashes: Crash[] = [];
  const fileSystem = new FaultFileSystem(memory);
  const take = (change: number, done: boolean): void => {
    for (const [i, mode] of CRASH_MODES.entries()) {
      if (!done && (change + i) % 4 >= propertyOptions(1).numRuns) continue;
      const image = memory.crashImage(mode, seededRandom(seed * 1000 + change * 20 + i));
      crashes.push({ what: `VARVE_SEED=${seed}, change ${change}, mode ${mode}`, image, done });
    }
  };
  fileSystem.watch((change) => take(change, false));
  await action(fileSystem);
  take(fileSystem.changes + 1, true);
  expect(fileSystem.changes).toBeGreaterThan(10);
  return crashes;
}

/** True when `directory` holds the whole database, false when it holds none; anything else fails the test. */
async function isComplete(image: MemFileSystem, directory: string): Promise<boolean> {
  try {
    const { engine } = await openOn(image, directory, { createIfMissing: false });
    expect(stateOf(engine)).toEqual(plan.stateAt(total));
    await engine.close();
    return true;
  } catch (refusal) {
    if (refusal instanceof VarveError) return false;
    throw refusal;
  }
}

async function explained(crash: Crash, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (cause) {
    throw new Error(`${crash.what}: ${String(cause)}`, { cause });
  }
}

describe('power loss while copies are made', () => {
  it('a checkpoint is complete or no database, and the database is unharmed', async () => {
    const outcomes = new Set<boolean>();
    const memory = await filled();
    const crashes = await crashesDuring(memory, async (fileSystem) => {
      const { engine } = await openOn(fileSystem, '/db');
      await checkpoint(engine, '/copy');
    });
    for (const crash of crashes) {
      await explained(crash, async () => {
        await checkRecovery(crash.image, '/db', plan, { atLeast: total, atMost: total });
        const complete = await isComplete(crash.image, '/copy');
        // The last file to come decides, and comes only when the others are there for good.
        expect(complete).toBe(crash.image.exists('/copy/CURRENT'));
        if (crash.done) expect(complete).toBe(true);
        outcomes.add(complete);
      });
    }
    expect(outcomes.size).toBe(2);
  });

  it('a backup is complete or no backup, and the database is unharmed', async () => {
    const outcomes = new Set<boolean>();
    const memory = await filled();
    const crashes = await crashesDuring(memory, async (fileSystem) => {
      const { engine } = await openOn(fileSystem, '/db');
      await backup(engine, '/backup');
    });
    for (const crash of crashes) {
      await explained(crash, async () => {
        await checkRecovery(crash.image, '/db', plan, { atLeast: total, atMost: total });
        const isBackup = await restore(environmentOn(crash.image), '/backup', '/restored').then(
          () => true,
          (refusal: unknown) => {
            expect(refusal).toBeInstanceOf(VarveError);
            return false;
          },
        );
        expect(isBackup).toBe(crash.image.exists('/backup/BACKUP'));
        expect(await isComplete(crash.image, '/restored')).toBe(isBackup);
        if (crash.done) expect(isBackup).toBe(true);
        outcomes.add(isBackup);
      });
    }
    expect(outcomes.size).toBe(2);
  });

  it('a restored database is complete or none', async () => {
    const outcomes = new Set<boolean>();
    const memory = await filled();
    const { engine } = await openOn(memory, '/db');
    await backup(engine, '/backup');
    await engine.close();
    const crashes = await crashesDuring(memory, async (fileSystem) => {
      await restore(environmentOn(fileSystem), '/backup', '/restored');
    });
    for (const crash of crashes) {
      await explained(crash, async () => {
        const complete = await isComplete(crash.image, '/restored');
        // The last file to come decides, and comes only when the others are there for good.
        expect(complete).toBe(crash.image.exists('/restored/CURRENT'));
        if (crash.done) expect(complete).toBe(true);
        outcomes.add(complete);
      });
    }
    expect(outcomes.size).toBe(2);
  });
});
