/** The full check: finds nothing in a sound database, changes nothing, and names what is wrong in a damaged one. */

import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { CorruptionError, InvalidArgumentError, IoError, LockedError, seededRandom } from '../../../src/base/index.js';
import { backup, verify } from '../../../src/recovery/index.js';
import { fileName, ManifestWriter, readManifest, type TableMeta, Version } from '../../../src/storage/index.js';
import { MemFileSystem } from '../../../src/vfs/index.js';
import { CommitPlan } from '../../support/commit-plan.js';
import { environmentOn, filesIn, openOn } from '../../support/engine-harness.js';
import { FaultFileSystem } from '../../support/fault-file-system.js';

const plan = new CommitPlan({ seed: 7, commits: 60, keys: 60, valueBytesMax: 80, bufferedShare: 0 });
const DIRECTORY = '/db';

describe('verify', () => {
  let fileSystem: FaultFileSystem;
  const check = (): ReturnType<typeof verify> => verify(environmentOn(fileSystem), DIRECTORY);
  const problem = async (): Promise<string> => {
    const { problems } = await check();
    expect(problems.length).toBe(1);
    expect(problems[0]).toBeInstanceOf(CorruptionError);
    return problems[0]!.message;
  };
  /** Replaces the manifest by one in which every table passed through `change`. */
  const rewriteManifest = (change: (table: TableMeta, level: number) => TableMeta & { level?: number }): void => {
    const { state } = readManifest(fileSystem, DIRECTORY);
    const added = state.version.additions().map(({ level, run, table }) => {
      const changed = change(table, level);
      return { level: changed.level ?? level, run, table: changed };
    });
    const version = new Version().with(
      { added, removed: [] },
      (meta) => meta,
      (expected, found) => new Error(expected + found),
    );
    const old = fileSystem.list(DIRECTORY).find((name) => name.startsWith('MANIFEST'))!;
    const number = state.nextFileNumber;
    ManifestWriter.create(fileSystem, DIRECTORY, number, { ...state, version, nextFileNumber: number + 1 }).close();
    fileSystem.unlink(join(DIRECTORY, old));
  };
  const tables = (): string[] => fileSystem.list(DIRECTORY).filter((name) => name.endsWith('.tbl'));

  beforeEach(async () => {
    const memory = new MemFileSystem({ trackCrashes: true });
    const { engine } = await openOn(memory, DIRECTORY, { tableBytes: 512 });
    for (let next = 1; next <= 55; next++) await engine.commit(plan.batch(next), next);
    await engine.flush();
    for (let next = 56; next <= 60; next++) await engine.commit(plan.batch(next), next);
    // Killed, not closed: the last commits are in the log.
    fileSystem = new FaultFileSystem(memory.crashImage('kill', seededRandom(1)));
    await engine.close();
    fileSystem.unlink(join(DIRECTORY, 'LOCK'));
    // A segment that was kept to be used again.
    for (const name of (await check()).orphans) fileSystem.unlink(join(DIRECTORY, name));
  });

  it('counts what it saw, finds nothing and writes nothing', async () => {
    const before = filesIn(fileSystem, DIRECTORY);
    const changes = fileSystem.changes;
    const report = await check();
    expect(report).toMatchObject({ lastTimestamp: 60, logBatches: 5, tornBytes: 0, orphans: [], problems: [] });
    expect(report.tables).toBe(tables().length);
    expect(report.entries).toBeGreaterThan(20);
    expect(filesIn(fileSystem, DIRECTORY)).toEqual(before);
    expect(fileSystem.changes).toBe(changes);
    expect(fileSystem.trace.length).toBeGreaterThan(0);
    expect(fileSystem.openFiles).toEqual([]);
  });

  it('reads every byte of every table', async () => {
    const bytes = tables().reduce((sum, name) => sum + fileSystem.stat(join(DIRECTORY, name)).sizeBytes, 0);
    for (const name of tables()) {
      const path = join(DIRECTORY, name);
      const size = fileSystem.stat(path).sizeBytes;
      for (let at = 0; at < size; at += 23) {
        flip(path, at);
        expect(await problem()).toContain(name);
        flip(path, at);
      }
    }
    expect(bytes).toBeGreaterThan(1000);
  });

  function flip(path: string, at: number): void {
    const file = fileSystem.open(path, 'update');
    const byte = new Uint8Array(1);
    file.read(byte, at);
    byte[0]! ^= 1;
    file.write(byte, at);
    file.close();
  }

  it('goes on behind a problem', async () => {
    const names = tables();
    expect(names.length).toBeGreaterThan(1);
    for (const name of names) fileSystem.unlink(join(DIRECTORY, name));
    const { problems } = await check();
    expect(problems.map((found) => String(found.facts['file'])).sort()).toEqual(names);
  });

  it('names a missing CURRENT, manifest and log', async () => {
    for (const name of fileSystem.list(DIRECTORY).filter((candidate) => !candidate.endsWith('.tbl'))) {
      const path = join(DIRECTORY, name);
      fileSystem.rename(path, '/aside');
      expect(await problem()).toContain(name);
      fileSystem.rename('/aside', path);
    }
    expect((await check()).problems).toEqual([]);
  });

  it('lists files that nothing refers to, and leaves foreign ones alone', async () => {
    const orphans = [fileName('table', 999_998), fileName('manifest', 999_999), fileName('log', 1)];
    for (const name of [...orphans, 'notes.txt']) fileSystem.open(join(DIRECTORY, name), 'create').close();
    const report = await check();
    expect(report.problems).toEqual([]);
    expect([...report.orphans].sort()).toEqual(orphans.sort());
  });

  it('compares tables with what the manifest says of them', async () => {
    rewriteManifest((table) => ({ ...table, tombstones: table.tombstones + 1 }));
    const { problems } = await check();
    expect(problems.length).toBe(tables().length);
    expect(problems[0]!.message).toMatch(/tombstones \d+ as in the manifest/);
  });

  it('finds levels in the wrong order', async () => {
    // Recovery moves the last commits to a table of level 0.
    const compaction = { policy: 'leveled', level0Runs: 1000, levelBaseBytes: 2 ** 40, sizeRatio: 10 } as const;
    await (await openOn(fileSystem, DIRECTORY, { compaction })).engine.close();
    const { state } = readManifest(fileSystem, DIRECTORY);
    expect(state.version.levels.length).toBeGreaterThan(1);
    // What is newest moves below everything else, whose versions of the same keys are older.
    const newest = state.version.levels[0]!.runs[0]!.tables[0]!;
    rewriteManifest((table) => (table.fileNumber === newest.fileNumber ? { ...table, level: 30 } : table));
    expect(await problem()).toMatch(
      /expected (only versions newer than \d+ of key|a version newer than the range deletions)/,
    );
  });

  it("refuses what is no database: nothing, a stranger's directory, a backup", async () => {
    const verifying = (directory: string) => verify(environmentOn(fileSystem), directory);
    await expect(verifying('/nowhere')).rejects.toThrow(/no database in \/nowhere/);
    fileSystem.createDirectory('/foreign');
    fileSystem.open('/foreign/notes.txt', 'create').close();
    await expect(verifying('/foreign')).rejects.toThrow(InvalidArgumentError);
    const { engine } = await openOn(fileSystem, DIRECTORY);
    await backup(engine, '/backup');
    await engine.close();
    await expect(verifying('/backup')).rejects.toThrow(/is a backup, not a database/);
  });

  it('refuses a database that is open', async () => {
    const { engine } = await openOn(fileSystem, DIRECTORY);
    await expect(check()).rejects.toThrow(LockedError);
    await engine.close();
    expect((await check()).problems).toEqual([]);
  });

  it('throws what keeps it from reading', async () => {
    fileSystem.inject({ operation: 'read', file: /\.tbl$/, errno: 'EIO', times: 1 });
    await expect(check()).rejects.toThrow(IoError);
    expect(fileSystem.openFiles).toEqual([]);
  });
});
