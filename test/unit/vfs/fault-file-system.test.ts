/** The fault injector itself: a suite that relies on it must not pass because it did nothing. */

import { describe, expect, it } from 'vitest';
import { IoError, seededRandom, utf8Encode } from '../../../src/base/index.js';
import { MemFileSystem } from '../../../src/vfs/index.js';
import { FaultFileSystem } from '../../support/fault-file-system.js';
import { describeFileSystem } from '../../support/file-system-conformance.js';
import { seed } from '../../support/seed.js';

describeFileSystem('FaultFileSystem without faults', () => {
  const fileSystem = new FaultFileSystem(new MemFileSystem());
  fileSystem.createDirectory('/root');
  return { fileSystem, root: '/root', dispose: () => {} };
});

const errnoOf = (action: () => unknown): string => {
  try {
    action();
    return 'none';
  } catch (error) {
    return error instanceof IoError ? error.errno : String(error);
  }
};

describe('FaultFileSystem', () => {
  it('strikes the chosen operation and file, after a skip, so many times', () => {
    const fs = new FaultFileSystem(new MemFileSystem());
    const log = fs.open('1.log', 'create');
    const table = fs.open('1.tbl', 'create');
    const fault = fs.inject({ operation: 'write', file: /\.log$/, errno: 'ENOSPC', skip: 1, times: 2 });
    const write = (): string => errnoOf(() => log.write(utf8Encode('x'), 0));
    expect([write(), write(), write(), write()]).toEqual(['none', 'ENOSPC', 'ENOSPC', 'none']);
    expect(errnoOf(() => table.write(utf8Encode('x'), 0))).toBe('none');
    expect(fault.struck).toBe(2);
  });

  it('stops when told to', () => {
    const fs = new FaultFileSystem(new MemFileSystem());
    const fault = fs.inject({ operation: 'list', errno: 'EIO' });
    expect(errnoOf(() => fs.list(''))).toBe('EIO');
    fault.stop();
    expect(errnoOf(() => fs.list(''))).toBe('none');
  });

  it('cuts the power before the k-th change, and for good', () => {
    const memory = new MemFileSystem({ trackCrashes: true });
    const fs = new FaultFileSystem(memory);
    let atCut: string[] = [];
    fs.cutPowerAt(3, () => {
      atCut = memory.list('');
    });
    const file = fs.open('a', 'create');
    file.write(utf8Encode('x'), 0);
    expect(fs.exists('a')).toBe(true);
    expect(errnoOf(() => fs.open('b', 'create'))).toBe('EIO');
    expect(atCut).toEqual(['a']);
    expect([errnoOf(() => file.size()), errnoOf(() => fs.list('')), fs.powerless]).toEqual(['EIO', 'EIO', true]);
    expect(memory.exists('b')).toBe(false);
  });

  it('loses the data of a failed sync even if the retry succeeds', async () => {
    const memory = new MemFileSystem({ trackCrashes: true });
    const fs = new FaultFileSystem(memory, { memory });
    const file = fs.open('a', 'create');
    fs.syncDirectory('');
    file.write(utf8Encode('data'), 0);
    fs.inject({ operation: 'sync', errno: 'EIO', times: 1, losesData: true });
    await expect(file.sync()).rejects.toThrow(IoError);
    await file.sync();
    expect(memory.stat('a').sizeBytes).toBe(4);
    expect(memory.crashImage('names-lost', seededRandom(1)).stat('a').sizeBytes).toBe(0);
  });

  it('gives the same trace for the same seed', () => {
    const run = (runSeed: number): string[] => {
      const fs = new FaultFileSystem(new MemFileSystem(), { random: seededRandom(runSeed) });
      const file = fs.open('a', 'create');
      fs.inject({ operation: 'write', errno: 'EIO', chance: 0.5 });
      for (let i = 0; i < 40; i++) errnoOf(() => file.write(utf8Encode('x'), i));
      return fs.trace;
    };
    expect(run(seed)).toEqual(run(seed));
    expect(run(seed)).not.toEqual(run(seed + 1));
    expect(run(seed).filter((line) => line.endsWith('→ EIO')).length).toBeGreaterThan(5);
  });
});
