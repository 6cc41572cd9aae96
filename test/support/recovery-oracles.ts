/** What must hold of a database found after a crash or an error, whatever happened to it. */

import { seededRandom } from '../../src/base/index.js';
import type { RecoveryReport } from '../../src/recovery/index.js';
import type { Engine } from '../../src/storage/index.js';
import type { FileSystem, MemFileSystem } from '../../src/vfs/index.js';
import type { CommitPlan } from './commit-plan.js';
import { checkVerified, differenceOf, filesIn, openOn, stateOf, timeOf, valueOf } from './engine-harness.js';

/** Which timestamps the database may have come back with. */
export interface Expectation {
  readonly atLeast: number;
  readonly atMost: number;
}

/** Thrown by an oracle; the message says which one. */
export class OracleError extends Error {
  override readonly name = 'OracleError';
}

/**
 * Opens the database and checks: no promised commit is missing; what is there is exactly the state after some prefix of
 * the commit order (so every other commit is there as a whole or not at all), by scans in both directions and by key;
 * after an orderly close the full check finds nothing; a second recovery finds the same, has nothing to do, and leaves
 * every table as it was (log, manifest and `CURRENT` begin anew at each opening).
 * Returns the timestamp it came back with.
 */
export async function checkRecovery(
  fileSystem: FileSystem,
  directory: string,
  plan: CommitPlan,
  expected: Expectation,
): Promise<number> {
  const { timestamp } = await checkState(fileSystem, directory, plan, expected);
  await checkVerified(fileSystem, directory);
  const before = tablesIn(fileSystem, directory);
  const { report } = await checkState(fileSystem, directory, plan, { atLeast: timestamp, atMost: timestamp });
  if (report.batchesReplayed > 0 || report.tornBytesCut > 0 || report.orphansRemoved.length > 0) {
    throw new OracleError(`second recovery had work to do: ${JSON.stringify(report)}`);
  }
  const difference = differenceOf(tablesIn(fileSystem, directory), before);
  if (difference !== undefined) throw new OracleError(`second recovery changed files: ${difference.slice(0, 300)}`);
  return timestamp;
}

function tablesIn(fileSystem: FileSystem, directory: string): ReadonlyMap<string, string> {
  return new Map([...filesIn(fileSystem, directory)].filter(([name]) => name.endsWith('.tbl')));
}

/** No compaction, so that tables only change by recovery. */
const quiet = { compaction: { policy: 'leveled', level0Runs: 1000, levelBaseBytes: 2 ** 40, sizeRatio: 10 } } as const;

async function checkState(
  fileSystem: FileSystem,
  directory: string,
  plan: CommitPlan,
  { atLeast, atMost }: Expectation,
): Promise<{ timestamp: number; report: RecoveryReport }> {
  const { engine, report } = await openOn(fileSystem, directory, quiet);
  try {
    const timestamp = engine.lastTimestamp;
    if (report.lastTimestamp !== timestamp) {
      throw new OracleError(`report says timestamp ${report.lastTimestamp}, the engine ${timestamp}`);
    }
    if (timestamp < atLeast) throw new OracleError(`promised commits are missing: ${timestamp + 1} … ${atLeast}`);
    if (timestamp > atMost) throw new OracleError(`commit ${timestamp} was never made, only ${atMost} were`);
    checkTimes(engine);
    const state = plan.stateAt(timestamp);
    for (const reverse of [false, true]) {
      const difference = differenceOf(stateOf(engine, timestamp, reverse), state);
      if (difference !== undefined) throw new OracleError(`not the state after commit ${timestamp}: ${difference}`);
    }
    for (const key of plan.allKeys()) {
      if (valueOf(engine, key) !== state.get(key))
        throw new OracleError(`get of ${key} disagrees with commit ${timestamp}`);
    }
    return { timestamp, report };
  } finally {
    await engine.close();
  }
}

/** Dates give the commits that they gave before, as far back as states can be read. */
function checkTimes(engine: Engine): void {
  for (let made = engine.prunedThrough; made <= engine.lastTimestamp; made++) {
    const atMs = timeOf(made);
    let expected = engine.lastTimestamp;
    while (expected > 0 && timeOf(expected) > atMs) expected--;
    const found = engine.timestampAt(atMs);
    if (expected >= engine.prunedThrough && found !== expected) {
      throw new OracleError(`at ${atMs} the newest commit was ${expected}, the table of times says ${found}`);
    }
  }
}

/** What an opened database shows has become durable by then: power loss right after opening takes nothing back. */
export async function checkRecoveredIsDurable(
  fileSystem: MemFileSystem,
  directory: string,
  plan: CommitPlan,
  expected: Expectation,
): Promise<void> {
  const { engine } = await openOn(fileSystem, directory);
  const timestamp = engine.lastTimestamp;
  const image = fileSystem.crashImage('lost', seededRandom(timestamp));
  await engine.close();
  await checkRecovery(image, directory, plan, { ...expected, atLeast: timestamp });
}

/** Goes on with the plan after a recovery: timestamps rise across restarts, and new commits stay. */
export async function checkContinues(
  fileSystem: MemFileSystem,
  directory: string,
  plan: CommitPlan,
  timestamp: number,
): Promise<void> {
  const last = Math.min(timestamp + 3, plan.commits.length);
  const { engine } = await openOn(fileSystem, directory);
  for (let next = timestamp + 1; next <= last; next++) await engine.commit(plan.batch(next), next);
  await engine.close();
  await checkRecovery(fileSystem, directory, plan, { atLeast: last, atMost: last });
}
