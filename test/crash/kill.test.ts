/** A process that commits to a real disk is killed again and again; whatever it had acknowledged is there. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { randomBelow, seededRandom } from '../../src/base/index.js';
import { NodeFileSystem } from '../../src/vfs/index.js';
import { checkVerified, openOn, smallOptions, stateOf } from '../support/engine-harness.js';
import { propertyOptions, seed } from '../support/seed.js';

const child = fileURLToPath(new URL('../support/kill-child.mjs', import.meta.url));

interface Life {
  /** What the process found when it opened the database. */
  readonly openedAt: number;
  /** The newest commit it reported as done. */
  readonly acknowledged: number;
}

/** Starts the process and kills it once it has acknowledged `commits` commits. */
async function liveAndDie(directory: string, commits: number): Promise<Life> {
  const life = spawn(process.execPath, [child, directory, JSON.stringify({ ...smallOptions, memtableBytes: 16_384 })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(life, 'exit') as Promise<[number | null, string | null]>;
  let openedAt = -1;
  let acknowledged = 0;
  let seen = 0;
  for await (const line of createInterface({ input: life.stdout })) {
    if (line.startsWith('open ')) openedAt = Number(line.slice(5));
    // A last line cut short by the kill would read as a smaller number.
    else acknowledged = Math.max(acknowledged, Number(line));
    if (++seen > commits) life.kill('SIGKILL');
  }
  expect((await ended)[1]).toBe('SIGKILL');
  return { openedAt, acknowledged: Math.max(acknowledged, openedAt) };
}

it('keeps every acknowledged commit when the process is killed, and the others whole or not at all', async () => {
  const root = mkdtempSync(join(tmpdir(), 'varve-kill-'));
  const directory = join(root, 'db');
  const fileSystem = new NodeFileSystem();
  const random = seededRandom(seed);
  let promised = 0;
  for (let i = 0; i < propertyOptions(6).numRuns; i++) {
    const { openedAt, acknowledged } = await liveAndDie(directory, 20 + randomBelow(random, 600));
    expect(openedAt).toBeGreaterThanOrEqual(promised);
    expect(acknowledged).toBeGreaterThan(openedAt);
    promised = acknowledged;
    if (i % 2 === 0) continue;
    const { engine } = await openOn(fileSystem, directory, { memtableBytes: 16_384 });
    const found = engine.lastTimestamp;
    expect(found).toBeGreaterThanOrEqual(promised);
    const expected = new Map([['last', String(found)]]);
    for (let n = 1; n <= found; n++) for (const part of [0, 1, 2, 3]) expected.set(`${n}/${part}`, String(n));
    expect(stateOf(engine).size).toBe(expected.size);
    expect(new Map(stateOf(engine))).toEqual(expected);
    await engine.close();
    await checkVerified(fileSystem, directory);
    promised = found;
  }
  rmSync(root, { recursive: true });
});
