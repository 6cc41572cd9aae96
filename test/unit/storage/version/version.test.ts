import { describe, expect, test } from 'vitest';
import { CorruptionError, seededRandom } from '../../../../src/base/index.js';
import type { ManifestEdit, TableMeta } from '../../../../src/storage/format/manifest-edit.js';
import {
  applyEdit,
  type DatabaseState,
  ManifestWriter,
  readManifest,
} from '../../../../src/storage/version/manifest.js';
import { tableFor, Version } from '../../../../src/storage/version/version.js';
import { type RemoveFiles, VersionSet } from '../../../../src/storage/version/version-set.js';
import type { MemFileSystem } from '../../../../src/vfs/index.js';
import { bytes, entry, TABLE_DIRECTORY, tableFileSystem, tableMeta, writeTable } from '../fixtures.js';

const PLACE = { file: 'MANIFEST-000001', offset: 20 };
const EMPTY: DatabaseState = {
  version: new Version(),
  nextFileNumber: 10,
  logNumber: 1,
  lastTimestamp: 0,
  prunedThrough: 0,
  times: [],
};

function apply(state: DatabaseState, edit: Partial<ManifestEdit>): DatabaseState {
  return applyEdit(state, { added: [], removed: [], ...edit }, (meta) => meta, PLACE);
}

function add(level: number, run: number, ...tables: TableMeta[]): Pick<ManifestEdit, 'added'> {
  return { added: tables.map((table) => ({ level, run, table })) };
}

function numbersOf(version: Version): number[][][] {
  return version.levels.map(({ runs }) => runs.map((run) => run.tables.map((table) => table.fileNumber)));
}

describe('version', () => {
  test('orders runs newest first and the tables of a run by key', () => {
    let state = apply(EMPTY, add(0, 5, tableMeta(5, 'a', 'z')));
    state = apply(state, add(0, 7, tableMeta(7, 'a', 'z')));
    state = apply(state, add(0, 6, tableMeta(6, 'a', 'z')));
    state = apply(state, add(2, 0, tableMeta(3, 'm', 'p'), tableMeta(4, 'a', 'b'), tableMeta(2, 'x', 'y')));
    expect(numbersOf(state.version)).toEqual([[[7], [6], [5]], [], [[4, 3, 2]]]);
  });

  test('moves a table by one edit, and drops empty runs and levels', () => {
    const before = apply(EMPTY, {
      added: [...add(0, 5, tableMeta(5, 'a', 'c')).added, ...add(1, 0, tableMeta(4, 'd', 'f')).added],
    });
    const after = apply(before, { ...add(1, 0, tableMeta(5, 'a', 'c')), removed: [{ level: 0, fileNumber: 5 }] });
    expect(numbersOf(after.version)).toEqual([[], [[5, 4]]]);
    const none = apply(after, { removed: [5, 4].map((fileNumber) => ({ level: 1, fileNumber })) });
    expect(none.version.levels).toEqual([]);
  });

  test('finds the table that may hold a key', () => {
    const { version } = apply(EMPTY, add(1, 0, tableMeta(1, 'b', 'd'), tableMeta(2, 'f', 'f'), tableMeta(3, 'h', 'k')));
    const run = version.runsAt(1)[0]!;
    const found = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'k', 'l'].map((key) => tableFor(run, bytes(key))?.fileNumber);
    expect(found).toEqual([undefined, 1, 1, 1, undefined, 2, undefined, 3, undefined]);
  });

  test.each<[string, Partial<ManifestEdit>]>([
    ['overlaps its neighbours', add(1, 0, tableMeta(9, 'c', 'e'))],
    ['touches a neighbour', add(1, 0, tableMeta(9, 'd', 'e'))],
    ['has its keys the wrong way round', add(1, 0, tableMeta(9, 'z', 'y'))],
    ['is deeper than any tree', add(40, 0, tableMeta(9, 'y', 'z'))],
    ['removes what is not there', { removed: [{ level: 0, fileNumber: 1 }] }],
    ['goes back in time', { lastTimestamp: 4 }],
    ['goes back to an older log', { logNumber: 0 }],
  ])('refuses an edit that %s', (_what, edit) => {
    const state = apply(EMPTY, { ...add(1, 0, tableMeta(1, 'b', 'd')), lastTimestamp: 5 });
    expect(() => apply(state, edit)).toThrow(CorruptionError);
  });
});

describe('manifest', () => {
  function fresh(): MemFileSystem {
    const fileSystem = tableFileSystem();
    fileSystem.syncDirectory('/');
    return fileSystem;
  }

  const edits: ManifestEdit[] = [1, 2, 3].map((i) => ({
    ...add(0, i, tableMeta(i, 'a', 'z')),
    lastTimestamp: i * 10,
    removed: [],
  }));

  /** The states after each edit. */
  const states = edits.reduce((sofar, edit) => [...sofar, apply(sofar.at(-1)!, edit)], [EMPTY]);

  test('is read back after every edit, even when the power fails right after its sync', async () => {
    const fileSystem = fresh();
    const manifest = ManifestWriter.create(fileSystem, TABLE_DIRECTORY, 6, EMPTY);
    for (const [i, edit] of edits.entries()) {
      manifest.append(edit);
      expect(manifest.isSynced).toBe(false);
      const before = readManifest(fileSystem.crashImage('lost', seededRandom(1)), TABLE_DIRECTORY);
      expect(before).toEqual({ number: 6, state: states[i], tornBytes: 0 });
      if (i % 2 === 0) await manifest.sync();
      else expect(manifest.syncNow()).toBe(true);
      const after = readManifest(fileSystem.crashImage('lost', seededRandom(1)), TABLE_DIRECTORY);
      expect(after).toEqual({ number: 6, state: states[i + 1], tornBytes: 0 });
    }
  });

  test('is not synced on this thread while the outcome of another sync is open', async () => {
    const manifest = ManifestWriter.create(fresh(), TABLE_DIRECTORY, 6, EMPTY);
    manifest.append(edits[0]!);
    const first = manifest.sync();
    manifest.append(edits[1]!);
    expect(manifest.syncNow()).toBe(false);
    await first;
    expect(manifest.isSynced).toBe(false);
    await manifest.sync();
    expect(manifest.isSynced).toBe(true);
  });

  test('drops a torn last edit, cut anywhere', () => {
    const fileSystem = fresh();
    const manifest = ManifestWriter.create(fileSystem, TABLE_DIRECTORY, 6, EMPTY);
    manifest.append(edits[0]!);
    const intact = manifest.sizeBytes;
    manifest.append(edits[1]!);
    const file = fileSystem.open(`${TABLE_DIRECTORY}/MANIFEST-000006`, 'update');
    for (let size = manifest.sizeBytes - 1; size > intact; size--) {
      file.truncate(size);
      const read = readManifest(fileSystem, TABLE_DIRECTORY);
      expect(read).toEqual({ number: 6, state: states[1], tornBytes: size - intact });
    }
  });

  test('is refused with damage anywhere before its last edit', () => {
    const fileSystem = fresh();
    const manifest = ManifestWriter.create(fileSystem, TABLE_DIRECTORY, 6, EMPTY);
    manifest.append(edits[0]!);
    manifest.syncNow();
    const lastEdit = manifest.sizeBytes;
    manifest.append(edits[1]!);
    const file = fileSystem.open(`${TABLE_DIRECTORY}/MANIFEST-000006`, 'update');
    const byte = new Uint8Array(1);
    for (let at = 0; at < lastEdit; at++) {
      file.read(byte, at);
      file.write(Uint8Array.of(byte[0]! ^ 4), at);
      expect(() => readManifest(fileSystem, TABLE_DIRECTORY), `byte ${at}`).toThrow(CorruptionError);
      file.write(byte, at);
    }
    file.truncate(30);
    expect(() => readManifest(fileSystem, TABLE_DIRECTORY)).toThrow(CorruptionError);
  });

  test('is refused when CURRENT is damaged or names nothing', () => {
    const fileSystem = fresh();
    ManifestWriter.create(fileSystem, TABLE_DIRECTORY, 6, EMPTY).close();
    const current = fileSystem.open(`${TABLE_DIRECTORY}/CURRENT`, 'update');
    const whole = new Uint8Array(20);
    current.read(whole, 0);
    for (let at = 0; at < whole.length; at++) {
      current.write(Uint8Array.of(whole[at]! ^ 1), at);
      expect(() => readManifest(fileSystem, TABLE_DIRECTORY), `byte ${at}`).toThrow(CorruptionError);
      current.write(whole, 0);
    }
    fileSystem.unlink(`${TABLE_DIRECTORY}/MANIFEST-000006`);
    expect(() => readManifest(fileSystem, TABLE_DIRECTORY)).toThrow('no MANIFEST-000006');
  });

  test('switches CURRENT at once: a crash leaves the old one or the new one', () => {
    const fileSystem = fresh();
    ManifestWriter.create(fileSystem, TABLE_DIRECTORY, 6, EMPTY).close();
    ManifestWriter.create(fileSystem, TABLE_DIRECTORY, 7, states[2]!).close();
    for (let seed = 0; seed < 20; seed++) {
      const image = fileSystem.crashImage('subset', seededRandom(seed));
      expect(readManifest(image, TABLE_DIRECTORY)).toEqual({ number: 7, state: states[2], tornBytes: 0 });
    }
  });
});

describe('version set', () => {
  function opened(gate = Promise.resolve()): { fileSystem: MemFileSystem; versions: VersionSet } {
    const fileSystem = tableFileSystem();
    fileSystem.syncDirectory('/');
    const manifest = ManifestWriter.create(fileSystem, TABLE_DIRECTORY, 6, EMPTY);
    const source = { fileSystem, directory: TABLE_DIRECTORY, cache: undefined };
    const remove: RemoveFiles = (paths, gone) => {
      for (const path of paths) fileSystem.unlink(path);
      void gate.then(gone);
    };
    return { fileSystem, versions: new VersionSet(source, EMPTY, manifest, remove) };
  }

  function tablesIn(fileSystem: MemFileSystem): string[] {
    return fileSystem.list(TABLE_DIRECTORY).filter((name) => name.endsWith('.tbl'));
  }

  function install(versions: VersionSet, added: TableMeta[], removed: number[]): void {
    versions.install({
      added: added.map((table) => ({ level: 0, run: table.fileNumber, table })),
      removed: removed.map((fileNumber) => ({ level: 0, fileNumber })),
    });
    versions.durableNow();
    versions.deleteObsolete();
  }

  test('deletes a table when the last version that has it is let go', () => {
    const { fileSystem, versions } = opened();
    const [one, two, three] = [1, 2, 3].map((number) => writeTable(fileSystem, number, [entry('k', number, 'v')]));
    install(versions, [one!, two!], []);
    const first = versions.pin();
    const firstAgain = versions.pin();
    install(versions, [three!], [1]);
    const second = versions.pin();
    install(versions, [], [2]);
    expect(tablesIn(fileSystem)).toEqual(['000001.tbl', '000002.tbl', '000003.tbl']);
    first.release();
    first.release();
    versions.deleteObsolete();
    expect(tablesIn(fileSystem)).toEqual(['000001.tbl', '000002.tbl', '000003.tbl']);
    firstAgain.release();
    versions.deleteObsolete();
    expect(tablesIn(fileSystem)).toEqual(['000002.tbl', '000003.tbl']);
    second.release();
    versions.deleteObsolete();
    expect(tablesIn(fileSystem)).toEqual(['000003.tbl']);
    expect(second.version.runsAt(0)).toHaveLength(2);
  });

  test('keeps files that the state before needs until the edit that removes them is durable', async () => {
    const { fileSystem, versions } = opened();
    const [one, two] = [1, 2].map((number) => writeTable(fileSystem, number, [entry('k', number, 'v')]));
    install(versions, [one!], []);
    versions.install({
      added: [{ level: 0, run: 2, table: two! }],
      removed: [{ level: 0, fileNumber: 1 }],
    });
    versions.deleteObsolete();
    expect(tablesIn(fileSystem)).toEqual(['000001.tbl', '000002.tbl']);
    const lost = readManifest(fileSystem.crashImage('lost', seededRandom(1)), TABLE_DIRECTORY);
    expect([...lost.state.version.tables()].map((table) => table.fileNumber)).toEqual([1]);
    await versions.durable();
    versions.deleteObsolete();
    expect(tablesIn(fileSystem)).toEqual(['000002.tbl']);
    const kept = readManifest(fileSystem.crashImage('lost', seededRandom(1)), TABLE_DIRECTORY);
    expect([...kept.state.version.tables()].map((table) => table.fileNumber)).toEqual([2]);
  });

  test('counts values on their way out, spare segments that are given up among them, until they are gone', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { fileSystem, versions } = opened(gate);
    let sparesMax = 1000;
    versions.spares.limit({ all: () => sparesMax, each: () => 100 });
    for (const number of [11, 12, 13, 14]) {
      const file = fileSystem.open(`${TABLE_DIRECTORY}/0000${number}.log`, 'create');
      file.write(new Uint8Array(number === 14 ? 200 : 100), 0);
      versions.spares.reusing(number);
    }
    for (const number of [11, 12, 13, 14]) versions.addFlushedLog(number, 90);
    expect(versions.leavingBytes).toBe(4 * 90);
    versions.deleteObsolete();
    expect({ leaving: versions.leavingBytes, spare: versions.spares.bytes }).toEqual({ leaving: 90, spare: 300 });
    sparesMax = 0;
    versions.giveUpSpares('excess');
    expect({ leaving: versions.leavingBytes, spare: versions.spares.bytes }).toEqual({ leaving: 190, spare: 200 });
    release();
    await gate;
    await Promise.resolve();
    expect(versions.leavingBytes).toBe(0);
  });

  test('begins a new manifest when edits must be durable at once while a sync is under way', async () => {
    const { fileSystem, versions } = opened();
    const table = writeTable(fileSystem, 1, [entry('k', 1, 'v')]);
    versions.install({ added: [{ level: 0, run: 1, table }], removed: [] });
    const underWay = versions.durable();
    versions.install({ added: [], removed: [], prunedThrough: 3 });
    versions.durableNow();
    const { number, state } = readManifest(fileSystem.crashImage('lost', seededRandom(1)), TABLE_DIRECTORY);
    expect(number).toBeGreaterThan(6);
    expect(state.prunedThrough).toBe(3);
    await underWay;
  });

  test('keeps a table open, and its file, when it only moves', () => {
    const { fileSystem, versions } = opened();
    const table = writeTable(fileSystem, 1, [entry('k', 1, 'v')]);
    install(versions, [table], []);
    const reader = [...versions.current.tables()][0]!.reader();
    versions.install({ added: [{ level: 1, run: 0, table }], removed: [{ level: 0, fileNumber: 1 }] });
    versions.deleteObsolete();
    expect([...versions.current.tables()][0]!.reader()).toBe(reader);
    expect(tablesIn(fileSystem)).toEqual(['000001.tbl']);
  });

  test('rolls the manifest over when the edits outgrow the state', () => {
    const { fileSystem, versions } = opened();
    const table = writeTable(fileSystem, 1, [entry('k', 1, 'v')]);
    const long = { ...table, largest: bytes('z'.repeat(2000)) };
    versions.install({ added: [{ level: 0, run: 0, table: long }], removed: [] });
    for (let i = 0; i < 100; i++) {
      const [from, to] = [i % 2, (i + 1) % 2];
      versions.install({ added: [{ level: to, run: 0, table: long }], removed: [{ level: from, fileNumber: 1 }] });
    }
    const names = fileSystem.list(TABLE_DIRECTORY).filter((name) => name.startsWith('MANIFEST'));
    versions.deleteObsolete();
    const left = fileSystem.list(TABLE_DIRECTORY).filter((name) => name.startsWith('MANIFEST'));
    expect(names.length).toBeGreaterThan(2);
    expect(left).toHaveLength(1);
    expect(left).not.toEqual(['MANIFEST-000006']);
    const { state } = readManifest(fileSystem, TABLE_DIRECTORY);
    expect(state).toEqual({ ...versions.state, version: state.version });
    expect(state.version.additions()).toEqual([{ level: 0, run: 0, table: long }]);
    expect(versions.manifestBytes).toBeLessThan(100_000);
  });
});
