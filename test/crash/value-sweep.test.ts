/**
 * A crash at every single change of a scenario that lives on collecting values: a few keys overwritten and deleted by
 * concurrent commits of which most ask for no sync, cursors open across flushes, merges and collections, segments that are
 * used again. Every image must satisfy the recovery oracles: what was deleted stays deleted, and every value there is
 * resolves. The cursors must read on what they saw when they were opened.
 */

import { expect, it } from 'vitest';
import { randomBelow, seededRandom, utf8Decode } from '../../src/base/index.js';
import type { Engine, EngineCursor } from '../../src/storage/index.js';
import { CRASH_MODES, MemFileSystem } from '../../src/vfs/index.js';
import { CommitPlan } from '../support/commit-plan.js';
import { openOn } from '../support/engine-harness.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { LoadRun } from '../support/load-run.js';
import { checkContinues, checkRecoveredIsDurable, checkRecovery } from '../support/recovery-oracles.js';
import { reachingPlan } from '../support/reaching-plan.js';
import { seed } from '../support/seed.js';

const DIRECTORY = '/db';
const COMMITS = 80;
const CURSORS = 3;
/** What a run has to come across. */
const STEPS = [/^open \d+\.val create/, /^unlink \d+\.val/, /^unlink \d+\.log/, /^rename \d+\.log/];
const options = {
  valueLog: { thresholdBytes: 64, segmentBytes: 512, garbageRatio: 0.3, compression: seed % 2 === 0 ? 'lz4' : 'none' },
} as const;
/** Images in memory at a time: the run is repeated so often, taking every so-many-th change. */
const PASSES = 4;

interface OpenCursor {
  readonly cursor: EngineCursor;
  readonly timestamp: number;
}

function planOf(attempt: number): CommitPlan {
  const chances = { keys: 12, valueBytesMax: 500, bufferedShare: 0.7, loadShare: 0 };
  return new CommitPlan({ ...chances, seed: seed + 23 + attempt * 1009, commits: COMMITS });
}

async function traceOf(plan: CommitPlan): Promise<readonly string[]> {
  const fileSystem = new FaultFileSystem(new MemFileSystem());
  await work(fileSystem, plan, new LoadRun(fileSystem, DIRECTORY, plan, seed));
  return fileSystem.trace;
}

function expectUnchanged(plan: CommitPlan, { cursor, timestamp }: OpenCursor): void {
  const found = new Map<string, string>();
  while (cursor.next()) found.set(utf8Decode(cursor.key()), utf8Decode(cursor.value()));
  expect(found).toEqual(new Map([...plan.stateAt(timestamp)].sort(([a], [b]) => (a < b ? -1 : 1))));
}

function openCursor(engine: Engine): OpenCursor {
  return { cursor: engine.cursor({}, { asOf: engine.lastTimestamp }), timestamp: engine.lastTimestamp };
}

async function work(fileSystem: FaultFileSystem, plan: CommitPlan, run: LoadRun): Promise<void> {
  for (const last of [COMMITS / 2, COMMITS]) {
    const { engine } = await openOn(fileSystem, DIRECTORY, options);
    const open: OpenCursor[] = [];
    for (let next = run.promises().submitted + 4; next <= last; next += 4) {
      await run.load(engine, next);
      open.push(openCursor(engine));
      if (open.length > CURSORS) expectUnchanged(plan, open.shift()!);
      if (next % 20 === 0) await engine.gc();
    }
    for (const one of open) expectUnchanged(plan, one);
    await run.close(engine);
  }
}

async function crashesOf(plan: CommitPlan, pass: number) {
  const memory = new MemFileSystem({ trackCrashes: true });
  const fileSystem = new FaultFileSystem(memory);
  const run = new LoadRun(fileSystem, DIRECTORY, plan, seed);
  const crashes: { mode: string; image: MemFileSystem; imageSeed: number; atLeast: number; atMost: number }[] = [];
  fileSystem.watch((change) => {
    if (change % PASSES !== pass) return;
    const imageSeed = (seed * 1_000_003 + change * 101) >>> 0;
    const mode = CRASH_MODES[randomBelow(seededRandom(imageSeed), CRASH_MODES.length)]!;
    const { acknowledged, durable, submitted: atMost } = run.promises();
    const image = memory.crashImage(mode, seededRandom(imageSeed));
    crashes.push({ mode, image, imageSeed, atLeast: mode === 'kill' ? acknowledged : durable, atMost });
  });
  await work(fileSystem, plan, run);
  expect(run.failures).toEqual([]);
  return crashes;
}

it('a crash at any change costs no promised commit, leaves no pointer without its value and brings nothing back', async () => {
  const plan = await reachingPlan(planOf, traceOf, STEPS);
  for (let pass = 0; pass < PASSES; pass++) {
    for (const { mode, image, imageSeed, ...expected } of await crashesOf(plan, pass)) {
      try {
        if (imageSeed % 8 === 1) {
          await checkRecoveredIsDurable(image.crashImage('kill', seededRandom(1)), DIRECTORY, plan, expected);
        }
        const timestamp = await checkRecovery(image, DIRECTORY, plan, expected);
        if (imageSeed % 8 === 0) await checkContinues(image, DIRECTORY, plan, timestamp);
      } catch (cause) {
        throw new Error(`VARVE_SEED=${seed}, mode ${mode}, image seed ${imageSeed}: ${String(cause)}`, { cause });
      }
    }
  }
});
