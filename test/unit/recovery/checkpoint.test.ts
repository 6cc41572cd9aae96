/** Checkpoints: a second database that shares files with the first and is otherwise independent of it. */

import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { InvalidArgumentError, IoError } from '../../../src/base/index.js';
import { checkpoint } from '../../../src/recovery/index.js';
import type { Engine } from '../../../src/storage/index.js';
import { MemFileSystem } from '../../../src/vfs/index.js';
import { CommitPlan } from '../../support/commit-plan.js';
import { checkVerified, openOn, stateOf } from '../../support/engine-harness.js';
import { FaultFileSystem } from '../../support/fault-file-system.js';

const plan = new CommitPlan({ seed: 5, commits: 60, keys: 60, valueBytesMax: 80, bufferedShare: 0 });

describe('checkpoint', () => {
  let fileSystem: FaultFileSystem;
  let engine: Engine;
  const commit = async (from: number, to: number): Promise<void> => {
    for (let next = from; next <= to; next++) await engine.commit(plan.batch(next), next);
  };

  beforeEach(async () => {
    fileSystem = new FaultFileSystem(new MemFileSystem());
    ({ engine } = await openOn(fileSystem, '/db'));
  });

  it('holds every commit made before it and none made after', async () => {
    await commit(1, 40);
    const report = await checkpoint(engine, '/copy');
    expect(report.timestamp).toBe(40);
    expect(report.files).toBe(fileSystem.list('/copy').length);
    await commit(41, 60);
    await engine.close();
    await checkVerified(fileSystem, '/copy');
    const copy = await openOn(fileSystem, '/copy');
    expect(copy.report.lastTimestamp).toBe(40);
    expect(stateOf(copy.engine)).toEqual(plan.stateAt(40));
    await copy.engine.close();
  });

  it('goes its own way: neither database sees what the other commits, merges or deletes', async () => {
    await commit(1, 40);
    await checkpoint(engine, '/copy');
    const copy = await openOn(fileSystem, '/copy');
    await commit(41, 60);
    await engine.compact();
    await copy.engine.commit(plan.batch(1), 41);
    await copy.engine.compact();
    expect(stateOf(engine)).toEqual(plan.stateAt(60));
    await engine.close();
    const changed = new Map(plan.stateAt(40));
    plan.apply(1, changed);
    expect(stateOf(copy.engine)).toEqual(changed);
    await copy.engine.close();
    await checkVerified(fileSystem, '/db');
    await checkVerified(fileSystem, '/copy');
  });

  it('of an empty database is an empty database', async () => {
    expect((await checkpoint(engine, '/copy')).timestamp).toBe(0);
    const copy = await openOn(fileSystem, '/copy', { createIfMissing: false });
    expect(copy.report.created).toBe(false);
    expect(stateOf(copy.engine).size).toBe(0);
    await copy.engine.close();
    await engine.close();
  });

  it('may be made while commits go on', async () => {
    await commit(1, 20);
    const [report] = await Promise.all([checkpoint(engine, '/copy'), commit(21, 60)]);
    expect(report.timestamp).toBeGreaterThanOrEqual(20);
    await engine.close();
    const copy = await openOn(fileSystem, '/copy');
    expect(stateOf(copy.engine)).toEqual(plan.stateAt(report.timestamp));
    await copy.engine.close();
  });

  it('refuses an occupied destination and touches nothing there', async () => {
    await commit(1, 10);
    fileSystem.createDirectory('/full');
    fileSystem.open('/full/notes', 'create').close();
    await expect(checkpoint(engine, '/full')).rejects.toThrow(InvalidArgumentError);
    await expect(checkpoint(engine, '/full/notes')).rejects.toThrow(InvalidArgumentError);
    await expect(checkpoint(engine, '/db')).rejects.toThrow(InvalidArgumentError);
    expect(fileSystem.list('/full')).toEqual(['notes']);
    await engine.close();
  });

  it('takes its files back after an error, and the engine works on', async () => {
    await commit(1, 40);
    for (const operation of ['link', 'write', 'sync', 'rename', 'syncDirectory'] as const) {
      const fault = fileSystem.inject({ operation, within: '/copy', errno: 'ENOSPC', times: 1 });
      await expect(checkpoint(engine, '/copy')).rejects.toThrow(IoError);
      fault.stop();
      expect([operation, fileSystem.list('/copy')]).toEqual([operation, []]);
    }
    await checkpoint(engine, '/copy');
    await commit(41, 60);
    await engine.close();
    expect(fileSystem.exists(join('/copy', 'CURRENT'))).toBe(true);
    expect(fileSystem.openFiles).toEqual([]);
  });
});
