/** What every `FileSystem` does while nothing crashes. Run against each implementation. */

import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClosedError, IoError, LockedError, utf8Decode, utf8Encode } from '../../src/base/index.js';
import type { FileSystem } from '../../src/vfs/index.js';

export interface Workplace {
  readonly fileSystem: FileSystem;
  /** An empty directory. */
  readonly root: string;
  dispose(): void;
}

export function describeFileSystem(name: string, makeWorkplace: () => Workplace): void {
  describe(`${name}: file system contract`, () => {
    let place: Workplace;
    let fs: FileSystem;
    const at = (...names: string[]): string => join(place.root, ...names);
    const put = (path: string, text: string): void => {
      const file = fs.open(path, 'create');
      file.write(utf8Encode(text), 0);
      file.close();
    };
    const text = (path: string): string => {
      const file = fs.open(path, 'read');
      const bytes = new Uint8Array(file.size());
      file.read(bytes, 0);
      file.close();
      return utf8Decode(bytes);
    };

    beforeEach(() => {
      place = makeWorkplace();
      fs = place.fileSystem;
    });
    afterEach(() => place.dispose());

    describe('files', () => {
      it('reads back what was written, at any position', () => {
        const file = fs.open(at('a'), 'create');
        file.write(utf8Encode('hello world'), 0);
        file.write(utf8Encode('W'), 6);
        const target = new Uint8Array(5);
        expect(file.read(target, 6)).toBe(5);
        expect(utf8Decode(target)).toBe('World');
        expect(file.size()).toBe(11);
        file.close();
      });

      it('returns fewer bytes only where the file ends', () => {
        const file = fs.open(at('a'), 'create');
        file.write(utf8Encode('abc'), 0);
        const target = new Uint8Array(8);
        expect([file.read(target, 1), file.read(target, 3), file.read(target, 99)]).toEqual([2, 0, 0]);
        file.close();
      });

      it('fills a gap with zeros', () => {
        const file = fs.open(at('a'), 'create');
        file.write(Uint8Array.of(7), 200_000);
        const target = new Uint8Array(3).fill(9);
        expect(file.read(target, 199_998)).toBe(3);
        expect([...target]).toEqual([0, 0, 7]);
        file.close();
      });

      it('keeps large writes whole', () => {
        const bytes = new Uint8Array(300_001);
        for (let i = 0; i < bytes.length; i++) bytes[i] = i * 7;
        const file = fs.open(at('a'), 'create');
        file.write(bytes, 12_345);
        const target = new Uint8Array(bytes.length);
        expect(file.read(target, 12_345)).toBe(bytes.length);
        expect(Buffer.compare(target, bytes)).toBe(0);
        file.close();
      });

      it('writes parts as one, more of them than the system takes at a time', () => {
        const parts = Array.from({ length: 2500 }, (_, i) => new Uint8Array((i % 5) + 1).fill(i));
        const whole = Buffer.concat(parts);
        const file = fs.open(at('a'), 'create');
        file.writeParts(parts, 7);
        expect(file.size()).toBe(7 + whole.length);
        const target = new Uint8Array(whole.length);
        file.read(target, 7);
        expect(Buffer.compare(target, whole)).toBe(0);
        file.close();
      });

      it('truncates, and grows again with zeros', () => {
        const file = fs.open(at('a'), 'create');
        file.write(utf8Encode('secret'), 0);
        file.truncate(2);
        expect(file.size()).toBe(2);
        file.truncate(5);
        const target = new Uint8Array(5);
        file.read(target, 0);
        expect([...target]).toEqual([0x73, 0x65, 0, 0, 0]);
        file.close();
      });

      it('syncs in both ways', async () => {
        const file = fs.open(at('a'), 'create');
        file.write(utf8Encode('x'), 0);
        await file.sync();
        file.syncNow();
        file.close();
        expect(text(at('a'))).toBe('x');
      });

      it('may be closed while a sync is under way, and more than once', async () => {
        const file = fs.open(at('a'), 'create');
        file.write(utf8Encode('x'), 0);
        const synced = file.sync();
        file.close();
        file.close();
        await expect(synced).resolves.toBeUndefined();
      });

      it('refuses use after close', async () => {
        const file = fs.open(at('a'), 'create');
        file.close();
        expect(() => file.size()).toThrow(ClosedError);
        expect(() => file.read(new Uint8Array(1), 0)).toThrow(ClosedError);
        expect(() => file.write(new Uint8Array(1), 0)).toThrow(ClosedError);
        expect(() => file.truncate(0)).toThrow(ClosedError);
        expect(() => file.syncNow()).toThrow(ClosedError);
        await expect(file.sync()).rejects.toThrow(ClosedError);
      });

      it('opens: create only new files, update and read only existing ones, read without writing', () => {
        put(at('a'), 'one');
        expect(faultOf(() => fs.open(at('a'), 'create'))).toEqual(['open', at('a'), 'EEXIST']);
        expect(faultOf(() => fs.open(at('b'), 'update'))).toEqual(['open', at('b'), 'ENOENT']);
        expect(faultOf(() => fs.open(at('b'), 'read'))).toEqual(['open', at('b'), 'ENOENT']);
        expect(fs.exists(at('b'))).toBe(false);
        const updated = fs.open(at('a'), 'update');
        updated.write(utf8Encode('t'), 0);
        updated.close();
        const read = fs.open(at('a'), 'read');
        expect(faultOf(() => read.write(new Uint8Array(1), 0))).toEqual(['write', at('a'), 'EBADF']);
        read.close();
        expect(text(at('a'))).toBe('tne');
      });

      it('lets an open file outlive its name', () => {
        put(at('a'), 'alive');
        const file = fs.open(at('a'), 'read');
        fs.unlink(at('a'));
        expect(fs.exists(at('a'))).toBe(false);
        expect(file.size()).toBe(5);
        file.close();
      });
    });

    describe('names', () => {
      it('lists in order, with kinds and sizes', () => {
        put(at('b'), '12');
        put(at('a'), '');
        fs.createDirectory(at('c'));
        expect(fs.list(place.root)).toEqual(['a', 'b', 'c']);
        expect(fs.stat(at('b'))).toEqual({ kind: 'file', sizeBytes: 2 });
        expect(fs.stat(at('c')).kind).toBe('directory');
        expect(fs.exists(at('b', 'x'))).toBe(false);
      });

      it('creates directories with their parents, once or again', () => {
        fs.createDirectory(at('x', 'y', 'z'));
        fs.createDirectory(at('x', 'y', 'z'));
        fs.syncDirectory(at('x', 'y'));
        expect(fs.list(at('x', 'y'))).toEqual(['z']);
        put(at('file'), '');
        expect(faultOf(() => fs.createDirectory(at('file')))[2]).toBe('EEXIST');
        expect(faultOf(() => fs.createDirectory(at('file', 'sub')))[2]).toBe('ENOTDIR');
      });

      it('syncs and unlinks beside the thread, and tells there what is wrong', async () => {
        put(at('a'), 'a');
        await fs.syncDirectoryAside(place.root);
        await fs.unlinkAside(at('a'));
        expect(fs.list(place.root)).toEqual([]);
        const refused = (operation: string): unknown =>
          expect.objectContaining({ operation, path: at('no'), errno: 'ENOENT' });
        await expect(fs.syncDirectoryAside(at('no'))).rejects.toThrow(refused('syncDirectory'));
        await expect(fs.unlinkAside(at('no'))).rejects.toThrow(refused('unlink'));
      });

      it('renames over an existing file', () => {
        put(at('a'), 'new');
        put(at('b'), 'old');
        fs.rename(at('a'), at('b'));
        expect(fs.list(place.root)).toEqual(['b']);
        expect(text(at('b'))).toBe('new');
      });

      it('renames between directories', () => {
        fs.createDirectory(at('x'));
        put(at('a'), 'moved');
        fs.rename(at('a'), at('x', 'b'));
        expect(text(at('x', 'b'))).toBe('moved');
        expect(fs.list(place.root)).toEqual(['x']);
      });

      it('gives a file two names with one content', () => {
        put(at('a'), 'one');
        fs.link(at('a'), at('b'));
        const file = fs.open(at('b'), 'update');
        file.write(utf8Encode('two'), 0);
        file.close();
        expect(text(at('a'))).toBe('two');
        fs.unlink(at('a'));
        expect(text(at('b'))).toBe('two');
        put(at('c'), '');
        expect(faultOf(() => fs.link(at('b'), at('c')))[2]).toBe('EEXIST');
      });

      it('names operation, path and errno of every refusal', () => {
        expect(faultOf(() => fs.stat(at('no')))).toEqual(['stat', at('no'), 'ENOENT']);
        expect(faultOf(() => fs.list(at('no')))).toEqual(['list', at('no'), 'ENOENT']);
        expect(faultOf(() => fs.unlink(at('no')))).toEqual(['unlink', at('no'), 'ENOENT']);
        expect(faultOf(() => fs.rename(at('no'), at('b')))).toEqual(['rename', at('no'), 'ENOENT']);
        expect(faultOf(() => fs.link(at('no'), at('b')))[2]).toBe('ENOENT');
        expect(faultOf(() => fs.syncDirectory(at('no')))).toEqual(['syncDirectory', at('no'), 'ENOENT']);
        put(at('file'), '');
        expect(faultOf(() => fs.list(at('file')))).toEqual(['list', at('file'), 'ENOTDIR']);
        fs.createDirectory(at('full', 'inner'));
        fs.createDirectory(at('other'));
        expect(faultOf(() => fs.rename(at('other'), at('full')))[2]).toMatch(/ENOTEMPTY|EEXIST|EPERM/);
      });
    });

    describe('lock', () => {
      it('excludes a second holder in this process until released', () => {
        const lock = fs.lock(at('LOCK'));
        expect(fs.list(place.root)).toEqual(['LOCK']);
        let caught: unknown;
        try {
          fs.lock(at('LOCK'));
        } catch (error) {
          caught = error;
        }
        expect(caught).toBeInstanceOf(LockedError);
        expect((caught as LockedError).facts).toEqual({ path: at('LOCK'), pid: process.pid });
        lock.release();
        lock.release();
        expect(fs.list(place.root)).toEqual([]);
        fs.lock(at('LOCK')).release();
      });

      it('tells its holder without touching anything', () => {
        expect(fs.lockHolder(at('LOCK'))).toBeUndefined();
        expect(fs.list(place.root)).toEqual([]);
        const lock = fs.lock(at('LOCK'));
        expect(fs.lockHolder(at('LOCK'))).toBe(process.pid);
        lock.release();
        expect(fs.lockHolder(at('LOCK'))).toBeUndefined();
        put(at('LOCK'), 'left by a power loss');
        expect(fs.lockHolder(at('LOCK'))).toBeUndefined();
        expect(fs.list(place.root)).toEqual(['LOCK']);
      });

      it('is not released by an earlier holder that releases again', () => {
        const first = fs.lock(at('LOCK'));
        first.release();
        const second = fs.lock(at('LOCK'));
        first.release();
        expect(() => fs.lock(at('LOCK'))).toThrow(LockedError);
        second.release();
      });

      it('takes over a file that names nobody', () => {
        put(at('LOCK'), '');
        fs.lock(at('LOCK')).release();
        put(at('LOCK'), 'left by a power loss\0\0');
        const lock = fs.lock(at('LOCK'));
        expect(fs.list(place.root)).toEqual(['LOCK']);
        lock.release();
      });
    });
  });
}

function faultOf(action: () => unknown): [operation: string, path: string, errno: string] {
  try {
    action();
  } catch (error) {
    if (error instanceof IoError) return [error.operation, error.path, error.errno];
    throw error;
  }
  throw new Error('expected an IoError');
}
