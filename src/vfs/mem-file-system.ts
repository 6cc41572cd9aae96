/**
 * A file system in memory. Serves `open(':memory:')`, and, with `trackCrashes`, the crash suites: it then implements the
 * weakest reading of the durability contract and can produce the states a device could be found in after a crash.
 *
 * Paths are split at `/` and `\`; there is one root and no working directory.
 */

import { assert, IoError, LockedError, type Random, utf8Encode } from '../base/index.js';
import { type CrashMode, crashTree } from './crash-image.js';
import type { File, FileLock, FileStat, FileSystem, OpenMode } from './file-system.js';
import { MemContent } from './mem-content.js';
import { MemFile, type OperationCounter } from './mem-file.js';
import { changeNames, MemDirectoryInode, MemFileInode, type MemInode, type NameChange } from './mem-inode.js';

export interface MemFileSystemOptions {
  /** Keep what `crashImage` needs: twice the memory, and a copy of every write until its file is synced. */
  readonly trackCrashes?: boolean;
  /** How long a `sync` takes: what it covers is durable once the promise resolves. By default no time. */
  readonly untilSynced?: () => Promise<void>;
}

interface Place {
  readonly directory: MemDirectoryInode;
  readonly name: string;
}

export class MemFileSystem implements FileSystem {
  readonly #tracked: boolean;
  readonly #operations: OperationCounter = { count: 0 };
  readonly #untilSynced: () => Promise<void>;
  readonly #locks = new Set<string>();
  #root: MemDirectoryInode;

  constructor(options: MemFileSystemOptions = {}) {
    this.#tracked = options.trackCrashes ?? false;
    this.#untilSynced = options.untilSynced ?? (() => Promise.resolve());
    this.#root = new MemDirectoryInode(this.#tracked);
  }

  open(path: string, mode: OpenMode): File {
    const place = this.#place('open', path);
    const found = place.directory.names.get(place.name);
    if (mode === 'create') {
      if (found !== undefined) throw fault('open', path, 'EEXIST');
      const created = new MemFileInode(new MemContent(), this.#tracked ? new MemContent() : undefined);
      this.#change([{ ...place, inode: created }]);
      return this.#opened(path, created, mode);
    }
    if (found === undefined) throw fault('open', path, 'ENOENT');
    if (found.kind === 'directory') throw fault('open', path, 'EISDIR');
    return this.#opened(path, found, mode);
  }

  exists(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  stat(path: string): FileStat {
    const found = this.#existing('stat', path);
    return { kind: found.kind, sizeBytes: found.kind === 'file' ? found.current.sizeBytes : 0 };
  }

  list(directory: string): string[] {
    return [...this.#directory('list', directory).names.keys()].sort();
  }

  createDirectory(path: string): void {
    let directory = this.#root;
    const parts = split(path);
    for (const [i, name] of parts.entries()) {
      let next = directory.names.get(name);
      if (next === undefined) {
        next = new MemDirectoryInode(this.#tracked);
        this.#change([{ directory, name, inode: next }]);
      } else if (next.kind === 'file') {
        throw fault('createDirectory', path, i === parts.length - 1 ? 'EEXIST' : 'ENOTDIR');
      }
      directory = next;
    }
  }

  rename(from: string, to: string): void {
    const source = this.#place('rename', from);
    const moved = source.directory.names.get(source.name);
    if (moved === undefined) throw fault('rename', from, 'ENOENT');
    const target = this.#place('rename', to);
    const replaced = target.directory.names.get(target.name);
    if (replaced === moved) return;
    if (replaced !== undefined) checkReplaceable(moved, replaced, from);
    if (
      moved.kind === 'directory' &&
      split(to)
        .join('/')
        .startsWith(`${split(from).join('/')}/`)
    ) {
      throw fault('rename', from, 'EINVAL');
    }
    this.#change([
      { ...source, inode: undefined },
      { ...target, inode: moved },
    ]);
  }

  async unlinkAside(path: string): Promise<void> {
    this.unlink(path);
  }

  unlink(path: string): void {
    const place = this.#place('unlink', path);
    const found = place.directory.names.get(place.name);
    if (found === undefined) throw fault('unlink', path, 'ENOENT');
    if (found.kind === 'directory') throw fault('unlink', path, 'EISDIR');
    this.#change([{ ...place, inode: undefined }]);
  }

  link(existing: string, path: string): void {
    const inode = this.#existing('link', existing);
    if (inode.kind === 'directory') throw fault('link', existing, 'EPERM');
    const place = this.#place('link', path);
    if (place.directory.names.has(place.name)) throw fault('link', path, 'EEXIST');
    this.#change([{ ...place, inode }]);
  }

  syncDirectory(path: string): void {
    this.#directory('syncDirectory', path).sync(this.#operations.count);
  }

  async syncDirectoryAside(path: string): Promise<void> {
    const directory = this.#directory('syncDirectory', path);
    const lastOrder = this.#operations.count;
    await this.#untilSynced();
    directory.sync(lastOrder);
  }

  /** Holders are handles of this file system. The lock file is there to be seen; it does not decide anything. */
  lock(path: string): FileLock {
    const key = split(path).join('/');
    if (this.#locks.has(key)) {
      throw new LockedError(`${path} is held by this process`, { facts: { path, pid: process.pid } });
    }
    if (this.exists(path)) this.unlink(path);
    const file = this.open(path, 'create');
    file.write(utf8Encode(`pid ${process.pid}\n`), 0);
    file.close();
    this.#locks.add(key);
    let held = true;
    return {
      path,
      release: () => {
        if (!held) return;
        held = false;
        this.#locks.delete(key);
        if (this.exists(path)) this.unlink(path);
      },
    };
  }

  lockHolder(path: string): number | undefined {
    return this.#locks.has(split(path).join('/')) ? process.pid : undefined;
  }

  /** The whole tree as one possible crash left it, without locks or open files. This file system goes on unharmed. */
  crashImage(mode: CrashMode, random: Random): MemFileSystem {
    assert(this.#tracked, 'crash images need trackCrashes');
    const image = new MemFileSystem({ trackCrashes: true });
    image.#root = crashTree(this.#root, mode, random);
    image.#operations.count = this.#operations.count;
    return image;
  }

  /**
   * What a failed sync leaves behind on systems that then take their dirty pages for clean: running code still reads
   * the unsynced bytes of the file, but no later sync writes them.
   */
  loseUnsynced(path: string): void {
    const inode = this.#existing('loseUnsynced', path);
    inode.pending.length = 0;
  }

  #opened(path: string, inode: MemFileInode, mode: OpenMode): File {
    return new MemFile(path, inode, mode, { operations: this.#operations, untilSynced: this.#untilSynced });
  }

  #change(changes: readonly NameChange[]): void {
    changeNames({ order: ++this.#operations.count, changes });
  }

  #find(path: string): MemInode | undefined {
    let inode: MemInode = this.#root;
    for (const name of split(path)) {
      const next: MemInode | undefined = inode.kind === 'directory' ? inode.names.get(name) : undefined;
      if (next === undefined) return undefined;
      inode = next;
    }
    return inode;
  }

  #existing(operation: string, path: string): MemInode {
    const found = this.#find(path);
    if (found === undefined) throw fault(operation, path, 'ENOENT');
    return found;
  }

  #directory(operation: string, path: string): MemDirectoryInode {
    const found = this.#existing(operation, path);
    if (found.kind !== 'directory') throw fault(operation, path, 'ENOTDIR');
    return found;
  }

  /** Where the last name of `path` is or would be. */
  #place(operation: string, path: string): Place {
    const parts = split(path);
    const name = parts.pop();
    if (name === undefined) throw fault(operation, path, 'EISDIR');
    const directory = this.#find(parts.join('/'));
    if (directory === undefined) throw fault(operation, path, 'ENOENT');
    if (directory.kind !== 'directory') throw fault(operation, path, 'ENOTDIR');
    return { directory, name };
  }
}

function split(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split(/[/\\]/)) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

function checkReplaceable(moved: MemInode, replaced: MemInode, path: string): void {
  if (replaced.kind === 'directory') {
    if (moved.kind === 'file') throw fault('rename', path, 'EISDIR');
    if (replaced.names.size > 0) throw fault('rename', path, 'ENOTEMPTY');
  } else if (moved.kind === 'directory') {
    throw fault('rename', path, 'ENOTDIR');
  }
}

function fault(operation: string, path: string, errno: string): IoError {
  return new IoError({ operation, path, errno });
}
