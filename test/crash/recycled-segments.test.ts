/**
 * Segments of the log are used again, also where no value is kept apart: behind their records lies what they held before. A
 * crash, or a sync that fails and takes the change of their length with it, must not have that taken for damage.
 */

import { expect, test } from 'vitest';
import { seededRandom, utf8Encode } from '../../src/base/index.js';
import { WriteBatch } from '../../src/storage/index.js';
import { CRASH_MODES, MemFileSystem } from '../../src/vfs/index.js';
import { openOn } from '../support/engine-harness.js';
import { FaultFileSystem } from '../support/fault-file-system.js';
import { propertyOptions, seed } from '../support/seed.js';

const DIRECTORY = '/db';
const KEYS = 50;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function put(timestamp: number, valueBytes: number): WriteBatch {
  const batch = new WriteBatch();
  batch.put(utf8Encode(`key${timestamp % KEYS}`), utf8Encode(`${timestamp}`.padEnd(valueBytes, '.')));
  return batch;
}

/** Whether a segment was begun in the file of another one, in lines of a trace. */
function recycles(trace: readonly string[]): boolean {
  return trace.some((line) => /^rename \d+\.log/.test(line));
}

test('a segment is made of one that is not needed any more, and no sync extends it', async () => {
  const fileSystem = new FaultFileSystem(new MemFileSystem());
  const { engine } = await openOn(fileSystem, DIRECTORY, { memtableBytes: 64 * 1024 });
  let timestamp = 0;
  const commitAndFlush = async (): Promise<readonly string[]> => {
    const from = fileSystem.trace.length;
    for (let i = 0; i < 40; i++) await engine.commit(put(++timestamp, 20), timestamp);
    await engine.flush();
    return fileSystem.trace.slice(from);
  };
  /** A commit writes its record with the mark behind it; whatever is much longer extends the segment. */
  const extensions = (trace: readonly string[]): number =>
    trace.filter((line) => Number(/^write \d+\.log (\d+) at/.exec(line)?.[1] ?? 0) > 300).length;
  expect(extensions(await commitAndFlush())).toBeGreaterThan(0);
  for (let round = 0; round < 3; round++) await commitAndFlush();
  const trace = await commitAndFlush();
  expect(recycles(trace)).toBe(true);
  expect(extensions(trace)).toBe(0);
  await engine.close();
});

test('a crash during the close costs no commit', async () => {
  const imagesPerChange = 12 * propertyOptions(1).numRuns;
  const crashes: { readonly name: string; readonly image: MemFileSystem; readonly timestamp: number }[] = [];
  for (let run = 0; run < 4; run++) {
    const memory = new MemFileSystem({ trackCrashes: true });
    const fileSystem = new FaultFileSystem(memory);
    const { engine } = await openOn(fileSystem, DIRECTORY);
    let timestamp = 0;
    while (timestamp < 120) await engine.commit(put(++timestamp, 20 + run), timestamp);
    const from = fileSystem.trace.length;
    fileSystem.watch((change) => {
      for (let i = 0; i < imagesPerChange; i++) {
        const imageSeed = (seed * 1_000_003 + run * 50_021 + change * 101 + i) >>> 0;
        // Pieces of any length: what can come between the end of a segment and the change of its length.
        const mode = i % 2 === 0 ? 'torn-bytes' : CRASH_MODES[imageSeed % CRASH_MODES.length]!;
        const image = memory.crashImage(mode, seededRandom(imageSeed));
        crashes.push({ name: `VARVE_SEED=${seed}, ${mode}, image seed ${imageSeed}`, image, timestamp });
      }
    });
    await engine.close();
    expect(recycles(fileSystem.trace)).toBe(true);
    expect(fileSystem.trace.length).toBeGreaterThan(from);
  }
  for (const { name, image, timestamp } of crashes) {
    const { engine } = await openOn(image, DIRECTORY).catch((cause: unknown) => {
      throw new Error(`${name}: ${String(cause)}`, { cause });
    });
    expect(engine.lastTimestamp, name).toBe(timestamp);
    await engine.close();
  }
});

test('a commit that was synced on its thread survives, although the sync of the end before it failed and lost that', async () => {
  let tried = 0;
  for (let extra = 0; extra < 60; extra++) {
    let isSlow = false;
    const untilSynced = async (): Promise<void> => {
      for (let turns = isSlow ? 5 : 0; turns > 0; turns--) await turn();
    };
    const memory = new MemFileSystem({ trackCrashes: true, untilSynced });
    const fileSystem = new FaultFileSystem(memory, { memory, untilSynced });
    const { engine } = await openOn(fileSystem, DIRECTORY);
    let timestamp = 0;
    while (timestamp < 60 + extra) await engine.commit(put(++timestamp, 20), timestamp);
    isSlow = true;
    const fault = fileSystem.inject({ operation: 'sync', file: /log$/, errno: 'EIO', times: 1, losesData: true });
    const from = fileSystem.trace.length;
    const flushed = engine.flush().catch(() => undefined);
    for (let turns = 0; turns < 3 && fault.struck === 0; turns++) await turn();
    const cut = fileSystem.trace.slice(from).some((line) => /^truncate \d+\.log/.test(line));
    engine.commitSync(put(++timestamp, 20), timestamp);
    const image = memory.crashImage('lost', seededRandom(1));
    await flushed;
    await engine.close().catch(() => undefined);
    const reopened = await openOn(image, DIRECTORY);
    expect(reopened.engine.lastTimestamp).toBe(timestamp);
    await reopened.engine.close();
    if (cut && fault.struck === 1) tried++;
  }
  expect(tried).toBeGreaterThan(20);
});
