/** Processes that take a lock from one another, and from the dead, without ever holding it together. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { NodeFileSystem } from '../../src/vfs/index.js';
import { propertyOptions } from '../support/seed.js';

const contender = fileURLToPath(new URL('../support/lock-contender.mjs', import.meta.url));

it('never lets two processes hold one lock, though most holders die', async () => {
  const root = mkdtempSync(join(tmpdir(), 'varve-lock-'));
  const path = join(root, 'LOCK');
  const deadPid = spawnSync(process.execPath, ['-e', '']).pid;
  const rounds = propertyOptions(400).numRuns;
  const contend = async (): Promise<unknown> => {
    const child = spawn(process.execPath, [contender, path, String(rounds), String(deadPid)], { stdio: 'inherit' });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  };
  expect(await Promise.all([contend(), contend(), contend()])).toEqual([0, 0, 0]);
  new NodeFileSystem().lock(path).release();
  expect(readdirSync(root)).toEqual([]);
  rmSync(root, { recursive: true });
});
