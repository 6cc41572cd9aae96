/** Synchronous commits keep the event loop from turning while jobs and syncs end beside them: these are not done twice, nor too early. */

import { expect, test } from 'vitest';
import { seededRandom, utf8Encode } from '../../../../src/base/index.js';
import { type Engine, WriteBatch } from '../../../../src/storage/index.js';
import { MemFileSystem } from '../../../../src/vfs/index.js';
import { openOn } from '../../../support/engine-harness.js';
import { seed } from '../../../support/seed.js';

const DIRECTORY = '/db';
const OPTIONS = { wal: { sync: 'manual' }, memtableBytes: 4096 } as const;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A file system whose syncs wait, from `hold` to `letGo`, for `release`. */
function heldSyncs() {
  let holds = false;
  let held: (() => void)[] = [];
  const untilSynced = (): Promise<void> => (holds ? new Promise((resolve) => held.push(resolve)) : Promise.resolve());
  const hold = (): void => {
    holds = true;
  };
  const release = (): void => {
    for (const resolve of held) resolve();
    held = [];
  };
  const letGo = (): void => {
    holds = false;
    release();
  };
  const memory = new MemFileSystem({ trackCrashes: true, untilSynced });
  return { memory, hold, release, letGo, waiting: () => held.length };
}

/** Commits `count` values of `valueBytes` on this thread and returns the newest timestamp. */
function commitMany(engine: Engine, count: number, valueBytes: number): number {
  const from = engine.lastTimestamp + 1;
  for (let timestamp = from; timestamp < from + count; timestamp++) {
    const batch = new WriteBatch();
    batch.put(utf8Encode(`key ${timestamp}`), utf8Encode('v'.repeat(valueBytes)));
    engine.commitSync(batch, timestamp);
  }
  return engine.lastTimestamp;
}

test('take the result of a flush that is done and waits for the sync of its segment', async () => {
  const { memory, hold, letGo, waiting } = heldSyncs();
  const { engine } = await openOn(memory, DIRECTORY, OPTIONS);
  const valueBytes = 100;
  commitMany(engine, 1, valueBytes);
  hold();
  commitMany(engine, 60, valueBytes);
  for (let turns = 0; turns < 200; turns++) await turn();
  expect(waiting()).toBeGreaterThan(0);
  expect(memory.list(DIRECTORY).some((name) => name.endsWith('.tbl'))).toBe(true);
  const last = commitMany(engine, 3000, valueBytes);
  expect(engine.poisoned).toBe(false);
  letGo();
  await engine.close();
  const { engine: again } = await openOn(memory, DIRECTORY, OPTIONS);
  expect(again.lastTimestamp).toBe(last);
  await again.close();
});

test('that end the segment which a sync is on the way to leave its successor without a claim about what is not durable', async () => {
  const { memory, hold, release, waiting } = heldSyncs();
  const { engine } = await openOn(memory, DIRECTORY, OPTIONS);
  hold();
  const promised = commitMany(engine, 150, 40);
  const synced = engine.sync();
  for (let turns = 0; turns < 5 && waiting() === 0; turns++) await turn();
  commitMany(engine, 1, 40);
  await synced;
  commitMany(engine, 200, 40);
  for (let step = 0; step < 40; step++) {
    release();
    await turn();
    const image = memory.crashImage('lost', seededRandom(seed));
    const { engine: recovered } = await openOn(image, DIRECTORY, OPTIONS);
    expect(recovered.lastTimestamp).toBeGreaterThanOrEqual(promised);
    await recovered.close();
  }
});
