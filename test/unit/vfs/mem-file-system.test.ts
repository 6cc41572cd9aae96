/** The file system in memory: the contract, and which states a crash may leave behind, row by row of its table. */

import { describe, expect, it } from 'vitest';
import { seededRandom, utf8Decode, utf8Encode } from '../../../src/base/index.js';
import { CRASH_MODES, type CrashMode, type FileSystem, MemFileSystem } from '../../../src/vfs/index.js';
import { describeFileSystem } from '../../support/file-system-conformance.js';

for (const trackCrashes of [false, true]) {
  describeFileSystem(`MemFileSystem (${trackCrashes ? 'tracked' : 'plain'})`, () => {
    const fileSystem = new MemFileSystem({ trackCrashes });
    fileSystem.createDirectory('/root');
    return { fileSystem, root: '/root', dispose: () => {} };
  });
}

function put(fs: FileSystem, path: string, text: string): void {
  const file = fs.open(path, fs.exists(path) ? 'update' : 'create');
  file.write(utf8Encode(text), 0);
  file.close();
}

function sync(fs: FileSystem, path: string): void {
  const file = fs.open(path, 'update');
  file.syncNow();
  file.close();
}

function bytesOf(fs: FileSystem, path: string): Uint8Array {
  const file = fs.open(path, 'read');
  const bytes = new Uint8Array(file.size());
  file.read(bytes, 0);
  return bytes;
}

const textOf = (fs: FileSystem, path: string): string => utf8Decode(bytesOf(fs, path));

/** Every file under `directory` with its content, as one comparable text. */
function contentsOf(fs: FileSystem, directory = ''): string {
  return fs
    .list(directory)
    .map((name) => {
      const path = `${directory}/${name}`;
      if (fs.stat(path).kind === 'directory') return `${path}/\n${contentsOf(fs, path)}`;
      return `${path}=${Buffer.from(bytesOf(fs, path)).toString('latin1')}\n`;
    })
    .join('');
}

/** Distinct contents over many images; with fixed seeds, as tests expect that each possible one occurs. */
function outcomes(
  fs: MemFileSystem,
  mode: CrashMode,
  describeImage: (image: MemFileSystem) => string,
  runs = 1000,
): string[] {
  const found = new Set<string>();
  for (let i = 0; i < runs; i++) found.add(describeImage(fs.crashImage(mode, seededRandom(i))));
  return [...found].sort();
}

/** A synced directory with a synced file `a` = "old". */
function syncedFile(): MemFileSystem {
  const fs = new MemFileSystem({ trackCrashes: true });
  put(fs, 'a', 'old');
  sync(fs, 'a');
  fs.syncDirectory('');
  return fs;
}

describe('MemFileSystem after a crash', () => {
  it('keeps names synced beside the thread from when that is told, and as of the call', async () => {
    let settle = (): void => undefined;
    const fs = new MemFileSystem({
      trackCrashes: true,
      untilSynced: () => new Promise((resolve) => (settle = resolve)),
    });
    const after = (): string[] => fs.crashImage('lost', seededRandom(1)).list('');
    put(fs, 'before', '');
    const synced = fs.syncDirectoryAside('');
    put(fs, 'behind', '');
    expect(after()).toEqual([]);
    settle();
    await synced;
    expect(after()).toEqual(['before']);
  });

  it('keeps everything synced, in every mode', () => {
    const fs = syncedFile();
    fs.createDirectory('d/e');
    fs.syncDirectory('d');
    put(fs, 'd/e/f', 'deep');
    sync(fs, 'd/e/f');
    fs.syncDirectory('d/e');
    fs.syncDirectory('');
    for (const mode of CRASH_MODES) {
      expect([mode, ...outcomes(fs, mode, contentsOf, 20)]).toEqual([mode, contentsOf(fs)]);
    }
  });

  it('kill: keeps all that returned, which a later power loss may still take', () => {
    const fs = syncedFile();
    put(fs, 'a', 'new');
    put(fs, 'b', 'more');
    fs.unlink('b');
    fs.createDirectory('d');
    put(fs, 'd/c', 'inner');
    const killed = fs.crashImage('kill', seededRandom(1));
    expect(contentsOf(killed)).toBe(contentsOf(fs));
    expect(contentsOf(killed.crashImage('lost', seededRandom(1)))).toBe('/a=old\n');
    sync(killed, 'a');
    expect(contentsOf(killed.crashImage('lost', seededRandom(1)))).toBe('/a=new\n');
    expect(contentsOf(fs.crashImage('lost', seededRandom(1)))).toBe('/a=old\n');
  });

  it('write: any subset, in any order, until the file is synced', () => {
    const fs = syncedFile();
    const file = fs.open('a', 'update');
    file.write(utf8Encode('X'), 0);
    file.write(utf8Encode('Y'), 2);
    expect(outcomes(fs, 'subset', contentsOf)).toEqual(['/a=Xld\n', '/a=XlY\n', '/a=old\n', '/a=olY\n'].sort());
    expect(outcomes(fs, 'prefix', contentsOf)).toEqual(['/a=XlY\n', '/a=Xld\n', '/a=old\n']);
    expect(outcomes(fs, 'lost', contentsOf)).toEqual(['/a=old\n']);
    file.syncNow();
    expect(outcomes(fs, 'subset', contentsOf)).toEqual(['/a=XlY\n']);
  });

  it('truncate: done or not, independently of writes', () => {
    const fs = syncedFile();
    const file = fs.open('a', 'update');
    file.truncate(1);
    file.write(utf8Encode('!'), 2);
    expect(outcomes(fs, 'subset', contentsOf)).toEqual(['/a=o\n', '/a=o\0!\n', '/a=ol!\n', '/a=old\n'].sort());
  });

  it('sync: content survives, the name does not yet', async () => {
    const fs = new MemFileSystem({ trackCrashes: true });
    put(fs, 'a', 'content');
    const file = fs.open('a', 'update');
    await file.sync();
    expect(outcomes(fs, 'subset', contentsOf)).toEqual(['', '/a=content\n']);
    expect(outcomes(fs, 'lost', contentsOf)).toEqual(['']);
    fs.syncDirectory('');
    expect(outcomes(fs, 'lost', contentsOf)).toEqual(['/a=content\n']);
  });

  it('sync: nothing is durable before its promise resolves', async () => {
    const fs = syncedFile();
    const file = fs.open('a', 'update');
    file.write(utf8Encode('new'), 0);
    const synced = file.sync();
    expect(outcomes(fs, 'lost', contentsOf)).toEqual(['/a=old\n']);
    file.write(utf8Encode('NEW'), 0);
    await synced;
    expect(outcomes(fs, 'lost', contentsOf)).toEqual(['/a=new\n']);
  });

  it('rename: old or new names, never both or neither; it does not sync the data', () => {
    const fs = syncedFile();
    put(fs, 'a.tmp', 'new');
    fs.syncDirectory('');
    fs.rename('a.tmp', 'a');
    expect(outcomes(fs, 'subset', contentsOf)).toEqual([
      '/a=\n',
      '/a=new\n',
      '/a=old\n/a.tmp=\n',
      '/a=old\n/a.tmp=new\n',
    ]);
    expect(outcomes(fs, 'data-lost', contentsOf)).toEqual(['/a=\n']);
    fs.syncDirectory('');
    sync(fs, 'a');
    expect(outcomes(fs, 'subset', contentsOf)).toEqual(['/a=new\n']);
  });

  it('rename between directories is atomic too', () => {
    const fs = syncedFile();
    fs.createDirectory('d');
    fs.syncDirectory('');
    fs.rename('a', 'd/a');
    expect(outcomes(fs, 'subset', contentsOf)).toEqual(['/a=old\n/d/\n', '/d/\n/d/a=old\n']);
    fs.syncDirectory('d');
    expect(outcomes(fs, 'subset', contentsOf)).toEqual(['/d/\n/d/a=old\n']);
  });

  it('unlink and link: done or undone, in any order', () => {
    const fs = syncedFile();
    fs.link('a', 'b');
    fs.unlink('a');
    expect(outcomes(fs, 'subset', contentsOf)).toEqual(['', '/a=old\n', '/a=old\n/b=old\n', '/b=old\n']);
    fs.syncDirectory('');
    expect(outcomes(fs, 'subset', contentsOf)).toEqual(['/b=old\n']);
  });

  it('link: both names of an image are one file', () => {
    const fs = syncedFile();
    fs.link('a', 'b');
    fs.syncDirectory('');
    const image = fs.crashImage('subset', seededRandom(1));
    put(image, 'b', 'two');
    expect(textOf(image, 'a')).toBe('two');
  });

  it('an unlink may persist before the rename that preceded it', () => {
    const fs = syncedFile();
    put(fs, 'next', 'new');
    sync(fs, 'next');
    fs.syncDirectory('');
    fs.rename('next', 'current');
    fs.unlink('a');
    expect(outcomes(fs, 'subset', contentsOf)).toContain('/next=new\n');
  });

  it('createDirectory: gone with all inside until the parent is synced', () => {
    const fs = new MemFileSystem({ trackCrashes: true });
    fs.createDirectory('d');
    put(fs, 'd/a', 'x');
    sync(fs, 'd/a');
    fs.syncDirectory('d');
    expect(outcomes(fs, 'subset', contentsOf)).toEqual(['', '/d/\n/d/a=x\n']);
  });

  it.each([
    ['torn-512', 512],
    ['torn-4096', 4096],
  ] as const)('%s: pieces of a write survive by sector, old and new mixed', (mode, sector) => {
    const fs = new MemFileSystem({ trackCrashes: true });
    const file = fs.open('a', 'create');
    file.write(new Uint8Array(4 * sector).fill(1), 0);
    file.syncNow();
    fs.syncDirectory('');
    file.write(new Uint8Array(3 * sector - 20).fill(2), 10);
    const found = outcomes(fs, mode, (image) => {
      const bytes = bytesOf(image, 'a');
      const kinds = [0, 1, 2].map((i) => {
        const piece = bytes.subarray(Math.max(10, i * sector), Math.min(3 * sector - 10, (i + 1) * sector));
        expect(new Set(piece).size).toBe(1);
        return piece[0];
      });
      expect(bytes.subarray(0, 10).every((byte) => byte === 1)).toBe(true);
      return kinds.join('');
    });
    expect(found).toEqual(['111', '112', '121', '122', '211', '212', '221', '222']);
  });

  it('torn-bytes: a cut may fall inside a sector', () => {
    const fs = syncedFile();
    put(fs, 'a', 'NEW');
    expect(outcomes(fs, 'torn-bytes', contentsOf)).toEqual(expect.arrayContaining(['/a=Nld\n', '/a=oEW\n']));
  });

  it('zeros: the file has grown, its new part holds zeros, its old part is unharmed', () => {
    const fs = syncedFile();
    const file = fs.open('a', 'update');
    file.write(utf8Encode('DER'), 2);
    expect(outcomes(fs, 'zeros', contentsOf)).toEqual(['/a=olDER\n', '/a=old\0\0\n']);
  });

  it('garbage: in the written range and its unsynced neighbours, never in synced bytes', () => {
    const fs = syncedFile();
    const file = fs.open('a', 'update');
    file.write(utf8Encode('er'), 3);
    file.write(utf8Encode('st'), 5);
    const seen = outcomes(fs, 'garbage', (image) => {
      const bytes = bytesOf(image, 'a');
      expect(bytes.length).toBe(7);
      expect(utf8Decode(bytes.subarray(0, 3))).toBe('old');
      const spoiled = (from: number, word: string): string =>
        Buffer.from(bytes.subarray(from, from + 2)).toString('latin1') === word ? word : '??';
      return spoiled(3, 'er') + spoiled(5, 'st');
    });
    expect(seen).toEqual(['????', '??st', 'erst']);
  });

  it('recycled: stale bytes of another file at the same place', () => {
    const fs = syncedFile();
    put(fs, 'b', 'stale record');
    sync(fs, 'b');
    fs.syncDirectory('');
    fs.open('a', 'update').write(utf8Encode(' record'), 5);
    expect(outcomes(fs, 'recycled', (image) => textOf(image, 'a'))).toContain('old\0\0 record');
    expect(outcomes(fs, 'recycled', (image) => textOf(image, 'a').slice(5))).toContain(' record');
    fs.open('a', 'update').write(utf8Encode('########'), 4);
    expect(outcomes(fs, 'recycled', (image) => textOf(image, 'a').slice(4))).toContain('e record');
  });

  it('is the same for the same seed', () => {
    const fs = syncedFile();
    for (let i = 0; i < 20; i++) put(fs, `f${i}`, 'content '.repeat(i * 20));
    for (const mode of CRASH_MODES) {
      const image = (): string => contentsOf(fs.crashImage(mode, seededRandom(7)));
      expect(image()).toBe(image());
    }
  });

  it('leaves what a failed sync lost readable, but never durable again', async () => {
    const fs = syncedFile();
    put(fs, 'a', 'new');
    fs.loseUnsynced('a');
    const file = fs.open('a', 'update');
    await file.sync();
    expect(textOf(fs, 'a')).toBe('new');
    expect(outcomes(fs, 'names-lost', contentsOf)).toEqual(['/a=old\n']);
  });

  it('releases locks, as a new machine would', () => {
    const fs = syncedFile();
    fs.lock('LOCK');
    fs.crashImage('kill', seededRandom(1)).lock('LOCK').release();
  });
});
