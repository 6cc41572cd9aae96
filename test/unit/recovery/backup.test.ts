/** Backup and restore: what comes back is what was there, or an error says which file is not what it should be. */

import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { CorruptionError, InvalidArgumentError, IoError, seededRandom } from '../../../src/base/index.js';
import { backup, restore } from '../../../src/recovery/index.js';
import type { Engine } from '../../../src/storage/index.js';
import { MemFileSystem } from '../../../src/vfs/index.js';
import { CommitPlan } from '../../support/commit-plan.js';
import { checkVerified, environmentOn, filesIn, openOn, stateOf } from '../../support/engine-harness.js';
import { FaultFileSystem } from '../../support/fault-file-system.js';

const plan = new CommitPlan({ seed: 6, commits: 60, keys: 60, valueBytesMax: 80, bufferedShare: 0 });

describe('backup and restore', () => {
  let fileSystem: FaultFileSystem;
  let engine: Engine;
  const commit = async (from: number, to: number): Promise<void> => {
    for (let next = from; next <= to; next++) await engine.commit(plan.batch(next), next);
  };
  const restored = (): ReturnType<typeof restore> => restore(environmentOn(fileSystem), '/backup', '/db2');
  /** Changes one byte in the middle of a file. */
  const spoil = (path: string): void => {
    const file = fileSystem.open(path, 'update');
    const byte = new Uint8Array(1);
    const at = file.size() >> 1;
    file.read(byte, at);
    byte[0]! ^= 0x10;
    file.write(byte, at);
    file.close();
  };

  beforeEach(async () => {
    fileSystem = new FaultFileSystem(new MemFileSystem());
    ({ engine } = await openOn(fileSystem, '/db'));
  });

  it('brings back exactly what was committed before the backup', async () => {
    await commit(1, 40);
    const report = await backup(engine, '/backup');
    expect(report.timestamp).toBe(40);
    expect(report.files).toBe(fileSystem.list('/backup').length);
    const sizes = fileSystem.list('/backup').map((name) => fileSystem.stat(join('/backup', name)).sizeBytes);
    expect(report.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
    await commit(41, 60);
    await engine.close();
    const before = filesIn(fileSystem, '/backup');
    expect(await restored()).toMatchObject({ timestamp: 40, files: report.files });
    expect(filesIn(fileSystem, '/backup')).toEqual(before);
    await checkVerified(fileSystem, '/db2');
    const copy = await openOn(fileSystem, '/db2', { createIfMissing: false });
    expect(stateOf(copy.engine)).toEqual(plan.stateAt(40));
    expect(copy.report).toMatchObject({ created: false, lastTimestamp: 40, orphansRemoved: [], tornBytesCut: 0 });
    await copy.engine.close();
    expect(fileSystem.openFiles).toEqual([]);
  });

  it('may be made while commits and compactions go on', async () => {
    await commit(1, 20);
    const [report] = await Promise.all([backup(engine, '/backup'), commit(21, 60), engine.compact()]);
    expect(report.timestamp).toBeGreaterThanOrEqual(20);
    await engine.close();
    await restored();
    const copy = await openOn(fileSystem, '/db2');
    expect(stateOf(copy.engine)).toEqual(plan.stateAt(report.timestamp));
    await copy.engine.close();
  });

  it('of an empty database restores an empty database', async () => {
    await backup(engine, '/backup');
    await engine.close();
    expect((await restored()).timestamp).toBe(0);
    const copy = await openOn(fileSystem, '/db2', { createIfMissing: false });
    expect(stateOf(copy.engine).size).toBe(0);
    await copy.engine.close();
  });

  it('a backup cannot be opened as a database', async () => {
    await commit(1, 40);
    await backup(engine, '/backup');
    await engine.close();
    const before = filesIn(fileSystem, '/backup');
    await expect(openOn(fileSystem, '/backup')).rejects.toThrow(/not a database/);
    expect(filesIn(fileSystem, '/backup')).toEqual(before);
  });

  it('a backup of a damaged table fails and leaves nothing', async () => {
    await commit(1, 40);
    // Settled, so that only the backup reads the table.
    await engine.gc();
    const table = fileSystem.list('/db').find((name) => name.endsWith('.tbl'))!;
    spoil(join('/db', table));
    await expect(backup(engine, '/backup')).rejects.toThrow(CorruptionError);
    expect(fileSystem.list('/backup')).toEqual([]);
    await engine.close();
  });

  it('a backup that meets an I/O error takes its files back, and the engine works on', async () => {
    await commit(1, 40);
    for (const operation of ['createDirectory', 'open', 'write', 'sync', 'rename', 'syncDirectory'] as const) {
      const fault = fileSystem.inject({ operation, within: '/backup', errno: 'ENOSPC', times: 1 });
      await expect(backup(engine, '/backup')).rejects.toThrow(IoError);
      fault.stop();
      if (fileSystem.exists('/backup')) expect(fileSystem.list('/backup')).toEqual([]);
    }
    await commit(41, 60);
    await engine.close();
    expect(fileSystem.openFiles).toEqual([]);
  });

  it('restore refuses a directory that is no backup, and an occupied destination', async () => {
    await commit(1, 10);
    await backup(engine, '/backup');
    await engine.close();
    const environment = environmentOn(fileSystem);
    await expect(restore(environment, '/db', '/db2')).rejects.toThrow(/not a backup/);
    await expect(restore(environment, '/nowhere', '/db2')).rejects.toThrow(InvalidArgumentError);
    const before = filesIn(fileSystem, '/db');
    await expect(restore(environment, '/backup', '/db')).rejects.toThrow(InvalidArgumentError);
    expect(filesIn(fileSystem, '/db')).toEqual(before);
    expect(fileSystem.exists('/db2')).toBe(false);
  });

  it('restore names any file that is changed, cut or missing, and makes nothing', async () => {
    await commit(1, 40);
    await backup(engine, '/backup');
    await engine.close();
    for (const name of fileSystem.list('/backup')) {
      const path = join('/backup', name);
      spoil(path);
      await expect(restored()).rejects.toThrow(CorruptionError);
      await expect(restored()).rejects.toThrow(name);
      spoil(path);
      if (name === 'BACKUP') continue;
      const size = fileSystem.stat(path).sizeBytes;
      fileSystem.rename(path, '/aside');
      await expect(restored()).rejects.toThrow(`${name}: damaged at offset 0: expected a file of ${size} bytes`);
      fileSystem.rename('/aside', path);
      const file = fileSystem.open(path, 'update');
      const last = new Uint8Array(1);
      file.read(last, size - 1);
      file.truncate(size - 1);
      await expect(restored()).rejects.toThrow(`${name}: damaged at offset ${size - 1}`);
      file.write(last, size - 1);
      file.close();
    }
    expect(fileSystem.exists('/db2')).toBe(false);
    await restored();
  });

  it('restore ignores files that are not listed', async () => {
    await commit(1, 40);
    await backup(engine, '/backup');
    await engine.close();
    for (const name of ['999999.tbl', 'CURRENT', 'notes']) fileSystem.open(join('/backup', name), 'create').close();
    await restored();
    expect(fileSystem.list('/db2')).not.toContain('999999.tbl');
    expect(fileSystem.list('/db2')).not.toContain('notes');
    await checkVerified(fileSystem, '/db2');
  });

  it('restore finds a copy that was not written as it was read, and takes it back', async () => {
    await commit(1, 40);
    await backup(engine, '/backup');
    await engine.close();
    const table = fileSystem.list('/backup').find((name) => name.endsWith('.tbl'))!;
    const fault = fileSystem.inject({ operation: 'sync', errno: 'EIO', times: 1 });
    await expect(restored()).rejects.toThrow(IoError);
    fault.stop();
    expect(fileSystem.list('/db2')).toEqual([]);
    const lying = new FaultFileSystem(fileSystem);
    lying.watch(() => {
      const path = join('/db2', table);
      if (fileSystem.exists(path) && fileSystem.stat(path).sizeBytes > 0) spoil(path);
    });
    await expect(restore(environmentOn(lying), '/backup', '/db2')).rejects.toThrow(join('/db2', table));
    expect(fileSystem.list('/db2')).toEqual([]);
  });

  it('survives a crash together with the directories made for it', async () => {
    const memory = new MemFileSystem({ trackCrashes: true });
    const { engine: tracked } = await openOn(memory, '/db');
    await tracked.commit(plan.batch(1), 1);
    await backup(tracked, '/backups/today/1');
    const image = memory.crashImage('lost', seededRandom(1));
    await tracked.close();
    await restore(environmentOn(image), '/backups/today/1', '/db2');
    await checkVerified(image, '/db2');
  });
});
