import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NodeFileSystem } from '../../../src/vfs/index.js';
import { takeProcessLock } from '../../../src/vfs/process-lock.js';
import { FaultFileSystem } from '../../support/fault-file-system.js';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'varve-lock-')));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('a fault while the lock is taken', () => {
  test.each(['open', 'write', 'link'] as const)('of %s is reported, and not the one of cleaning up', (operation) => {
    const fileSystem = new FaultFileSystem(new NodeFileSystem());
    const path = join(root, 'LOCK');
    fileSystem.inject({ operation, errno: 'ENOSPC', file: /^LOCK/ });
    // The first unlink makes room for the file, the later ones clean up.
    fileSystem.inject({ operation: 'unlink', errno: 'EIO', skip: 1 });
    expect(() => takeProcessLock(fileSystem, path, path)).toThrow(
      expect.objectContaining({ operation, errno: 'ENOSPC' }),
    );
  });

  test('leaves nothing behind that keeps the next one out', () => {
    const fileSystem = new FaultFileSystem(new NodeFileSystem());
    const path = join(root, 'LOCK');
    const fault = fileSystem.inject({ operation: 'link', errno: 'ENOSPC' });
    expect(() => takeProcessLock(fileSystem, path, path)).toThrow('ENOSPC');
    expect(readdirSync(root)).toEqual([]);
    fault.stop();
    takeProcessLock(fileSystem, path, path).release();
    expect(readdirSync(root)).toEqual([]);
  });
});
