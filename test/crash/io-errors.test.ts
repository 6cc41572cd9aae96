/**
 * The file system refuses an operation: every kind of operation on every kind of file, once or from then on, early or
 * late in a run. The engine works on or is poisoned; it never acknowledges anything after a refusal, published data stays
 * readable, and whatever was promised is there when the database is opened again, after a restart and after power loss.
 */

import { describe, expect, it } from 'vitest';
import { ClosedError, randomBelow, seededRandom, VarveError } from '../../src/base/index.js';
import type { Engine } from '../../src/storage/index.js';
import { MemFileSystem } from '../../src/vfs/index.js';
import { CommitPlan } from '../support/commit-plan.js';
import { differenceOf, openOn, stateOf } from '../support/engine-harness.js';
import { type Fault, FaultFileSystem, type FileOperation, type InjectedFault } from '../support/fault-file-system.js';
import { LoadRun } from '../support/load-run.js';
import { checkRecovery } from '../support/recovery-oracles.js';
import { propertyOptions, seed } from '../support/seed.js';

const DIRECTORY = '/db';
const plan = new CommitPlan({
  seed: seed + 1,
  commits: 90,
  keys: 60,
  valueBytesMax: 100,
  bufferedShare: 0.3,
  loadShare: 0.06,
});

const FILE_KINDS: Readonly<Record<string, RegExp>> = {
  log: /\.log$/,
  table: /\.tbl$/,
  manifest: /^MANIFEST-/,
  current: /^CURRENT/,
  directory: /^db$/,
  lock: /^LOCK$/,
};

/** How often each operation meets each kind of file in a run without faults. */
async function census(): Promise<{ operation: FileOperation; kind: string; count: number }[]> {
  const fileSystem = new FaultFileSystem(new MemFileSystem());
  await new LoadRun(fileSystem, DIRECTORY, plan, seed).run();
  const counts = new Map<string, number>();
  for (const line of fileSystem.trace) {
    const [operation, name] = line.split(' ') as [string, string];
    const kind = Object.keys(FILE_KINDS).find((candidate) => FILE_KINDS[candidate]!.test(name));
    if (kind !== undefined) counts.set(`${operation} ${kind}`, (counts.get(`${operation} ${kind}`) ?? 0) + 1);
  }
  return [...counts].map(([pair, count]) => {
    const [operation, kind] = pair.split(' ') as [FileOperation, string];
    return { operation, kind, count };
  });
}

interface Ordeal {
  readonly run: LoadRun;
  readonly memory: MemFileSystem;
  readonly struck: number;
}

/** Two sessions under a fault; a session that cannot be opened or ends early is left, as a caller would. */
async function endure(fault: Fault): Promise<Ordeal> {
  const memory = new MemFileSystem({ trackCrashes: true });
  const fileSystem = new FaultFileSystem(memory, { memory, random: seededRandom(seed) });
  const run = new LoadRun(fileSystem, DIRECTORY, plan, seed);
  const injected = fileSystem.inject(fault);
  for (const last of [plan.commits.length / 2, plan.commits.length]) {
    let engine: Engine;
    try {
      engine = (await openOn(fileSystem, DIRECTORY)).engine;
    } catch (refusal) {
      expect(refusal).toBeInstanceOf(VarveError);
      break;
    }
    await run.load(engine, last);
    if (run.failures.length > 0) await checkPoisoned(engine, run, injected);
    try {
      await run.close(engine);
    } catch (refusal) {
      expect(refusal).toBeInstanceOf(VarveError);
      break;
    }
    if (run.failures.length > 0) break;
  }
  expect(fileSystem.openFiles).toEqual([]);
  return { run, memory, struck: injected.struck };
}

/** After the first refusal: no commit gets through, even when the fault is gone, and what was published is readable. */
async function checkPoisoned(engine: Engine, run: LoadRun, injected: InjectedFault): Promise<void> {
  for (const failure of run.failures) expect(failure).toBeInstanceOf(VarveError);
  expect(run.acknowledgedBeyondRefusal).toBe(false);
  injected.stop();
  const next = run.promises().submitted + 1;
  const batch = plan.batch(1);
  await expect(engine.commit(batch, next)).rejects.toThrow(ClosedError);
  expect(() => engine.commitSync(batch, next + 1)).toThrow(ClosedError);
  await expect(engine.flush()).rejects.toThrow(ClosedError);
  const published = engine.lastTimestamp;
  expect(published).toBeGreaterThanOrEqual(run.promises().acknowledged);
  expect(differenceOf(stateOf(engine), plan.stateAt(published))).toBeUndefined();
}

async function checkReopens({ run, memory }: Ordeal): Promise<void> {
  const { submitted, acknowledged, durable } = run.promises();
  for (const mode of ['lost', 'subset', 'names-lost'] as const) {
    const image = memory.crashImage(mode, seededRandom(seed));
    await checkRecovery(image, DIRECTORY, plan, { atLeast: durable, atMost: submitted });
  }
  const restarted = memory.crashImage('kill', seededRandom(seed));
  await checkRecovery(restarted, DIRECTORY, plan, { atLeast: acknowledged, atMost: submitted });
}

async function explained<T>(fault: Fault, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw new Error(
      `VARVE_SEED=${seed}, fault ${JSON.stringify({ ...fault, file: String(fault.file) })}: ${String(cause)}`,
      {
        cause,
      },
    );
  }
}

describe('I/O errors', () => {
  it('never cost a promised commit, whichever operation on whichever file is refused', async () => {
    const random = seededRandom(seed);
    const survived = new Set<string>();
    const pairs = await census();
    for (const { operation, kind, count } of pairs) {
      for (let i = 0; i < propertyOptions(3).numRuns; i++) {
        const fault: Fault = {
          operation,
          file: FILE_KINDS[kind]!,
          errno: (['EIO', 'ENOSPC', 'EMFILE', 'EROFS'] as const)[i % 4]!,
          skip: i === 0 ? 0 : i === 1 ? count - 1 : randomBelow(random, count),
          ...(i % 2 === 0 ? {} : { times: 1 }),
        };
        await explained(fault, async () => {
          const ordeal = await endure(fault);
          if (ordeal.struck > 0) survived.add(`${operation} ${kind}`);
          await checkReopens(ordeal);
        });
      }
    }
    const met = pairs.map(({ operation, kind }) => `${operation} ${kind}`);
    expect(met).toEqual(
      expect.arrayContaining([
        'write log',
        'sync log',
        'write table',
        'sync table',
        'rename current',
        'syncDirectory directory',
      ]),
    );
    expect([...survived].sort()).toEqual(met.sort());
  });

  it('a sync that fails, then succeeds with the data gone, acknowledges nothing', async () => {
    const random = seededRandom(seed);
    const pairs = (await census()).filter(({ operation }) => operation === 'sync' || operation === 'syncDirectory');
    let poisoned = 0;
    for (const { operation, kind, count } of pairs) {
      for (let i = 0; i < propertyOptions(6).numRuns; i++) {
        const skip = randomBelow(random, count);
        const fault: Fault = { operation, file: FILE_KINDS[kind]!, errno: 'EIO', skip, times: 1, losesData: true };
        await explained(fault, async () => {
          const ordeal = await endure(fault);
          expect(ordeal.struck).toBe(1);
          if (ordeal.run.failures.length > 0) poisoned++;
          await checkReopens(ordeal);
        });
      }
    }
    expect(poisoned).toBeGreaterThan(0);
  });

  it('random refusals of everything cost no promised commit', async () => {
    for (let i = 0; i < propertyOptions(30).numRuns; i++) {
      const memory = new MemFileSystem({ trackCrashes: true });
      const fileSystem = new FaultFileSystem(memory, { memory, random: seededRandom(seed * 100 + i) });
      for (const operation of [
        'write',
        'sync',
        'rename',
        'unlink',
        'read',
        'open',
        'syncDirectory',
        'close',
      ] as const) {
        fileSystem.inject({ operation, errno: 'EIO', chance: 0.01 });
      }
      const run = new LoadRun(fileSystem, DIRECTORY, plan, seed + i);
      try {
        await run.run();
      } catch (refusal) {
        expect(refusal).toBeInstanceOf(VarveError);
      }
      expect(run.acknowledgedBeyondRefusal).toBe(false);
      await checkReopens({ run, memory, struck: 1 });
    }
  });
});
