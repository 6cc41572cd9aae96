/**
 * The real file system, and the only code that touches `node:fs`. Directories are made with mode 0700, files with 0600;
 * short reads and writes are repeated; every failure becomes an `IoError` with operation, path and errno.
 */

import {
  close,
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  open,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  statSync,
  unlink,
  unlinkSync,
  writeSync,
  writevSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ClosedError, concatBytes, IoError } from '../base/index.js';
import type { File, FileLock, FileStat, FileSystem, OpenMode } from './file-system.js';
import { processLockHolder, takeProcessLock } from './process-lock.js';

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const OPEN_FLAGS: Record<OpenMode, string> = { read: 'r', update: 'r+', create: 'wx+' };

/** Directory handles cannot be flushed on Windows; NTFS journals names itself, so there is nothing to call. */
const directoriesSync = process.platform !== 'win32';

export class NodeFileSystem implements FileSystem {
  /** The end of the `unlinkAside` called last. */
  #unlinked: Promise<void> = Promise.resolve();

  open(path: string, mode: OpenMode): File {
    return attempt('open', path, () => new NodeFile(path, openSync(path, OPEN_FLAGS[mode], FILE_MODE)));
  }

  exists(path: string): boolean {
    try {
      return statSync(path, { throwIfNoEntry: false }) !== undefined;
    } catch (cause) {
      const error = ioError('exists', path, cause);
      if (error.errno === 'ENOTDIR') return false;
      throw error;
    }
  }

  stat(path: string): FileStat {
    return attempt('stat', path, () => {
      const found = statSync(path);
      return { kind: found.isDirectory() ? 'directory' : 'file', sizeBytes: found.size };
    });
  }

  list(directory: string): string[] {
    return attempt('list', directory, () => readdirSync(directory).sort());
  }

  createDirectory(path: string): void {
    if (this.#isDirectory(path)) return;
    // Not `recursive`: Node tries for ever where a parent is there and `mkdir` still says ENOENT, as in /proc.
    const missing = [path];
    for (let at = dirname(path); at !== missing.at(-1) && !this.exists(at); at = dirname(at)) missing.push(at);
    for (const directory of missing.reverse()) this.#makeDirectory(directory);
  }

  rename(from: string, to: string): void {
    attempt('rename', from, () => renameSync(from, to));
  }

  unlink(path: string): void {
    attempt('unlink', path, () => unlinkSync(path));
  }

  /** One at a time: the others need the threads too. */
  unlinkAside(path: string): Promise<void> {
    const unlinked = this.#unlinked.then(() => unlinkInPool(path));
    this.#unlinked = unlinked.catch(() => undefined);
    return unlinked;
  }

  link(existing: string, path: string): void {
    attempt('link', path, () => linkSync(existing, path));
  }

  syncDirectory(path: string): void {
    attempt('syncDirectory', path, () => {
      if (!directoriesSync) return;
      const descriptor = openSync(path, 'r');
      try {
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    });
  }

  syncDirectoryAside(path: string): Promise<void> {
    return directoriesSync ? syncDirectoryInPool(path) : Promise.resolve();
  }

  lock(path: string): FileLock {
    return takeProcessLock(this, path, realPathOf(path));
  }

  lockHolder(path: string): number | undefined {
    return processLockHolder(this, realPathOf(path));
  }

  /** Another process may have made it meanwhile. */
  #makeDirectory(path: string): void {
    try {
      mkdirSync(path, { mode: DIRECTORY_MODE });
    } catch (cause) {
      const error = ioError('createDirectory', path, cause);
      if (error.errno !== 'EEXIST' || !this.#isDirectory(path)) throw error;
    }
  }

  #isDirectory(path: string): boolean {
    return this.exists(path) && this.stat(path).kind === 'directory';
  }
}

/** The path with the symbolic links of its directory resolved. The file itself need not be there. */
function realPathOf(path: string): string {
  return attempt('lock', path, () => join(realpathSync(dirname(path)), basename(path)));
}

function unlinkInPool(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    unlink(path, (cause) => (cause ? reject(ioError('unlink', path, cause)) : resolve()));
  });
}

/** IOV_MAX of Linux and macOS. */
const PARTS_MAX = 1024;

class NodeFile implements File {
  readonly path: string;
  readonly #descriptor: number;
  #closed = false;
  /** `sync` calls in the thread pool. The descriptor outlives them: its number must not be reused under one. */
  #syncsUnderWay = 0;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  size(): number {
    this.#checkOpen();
    return attempt('size', this.path, () => fstatSync(this.#descriptor).size);
  }

  read(target: Uint8Array, position: number): number {
    this.#checkOpen();
    let done = 0;
    try {
      while (done < target.length) {
        const count = readSync(this.#descriptor, target, done, target.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
    } catch (cause) {
      throw ioError('read', this.path, cause);
    }
    return done;
  }

  write(bytes: Uint8Array, position: number): void {
    this.#checkOpen();
    let done = 0;
    try {
      while (done < bytes.length) {
        done += writeSync(this.#descriptor, bytes, done, bytes.length - done, position + done);
      }
    } catch (cause) {
      throw ioError('write', this.path, cause);
    }
  }

  writeParts(parts: readonly Uint8Array[], position: number): void {
    this.#checkOpen();
    let at = position;
    for (let from = 0; from < parts.length; from += PARTS_MAX) {
      const some = parts.slice(from, from + PARTS_MAX);
      const sizeBytes = some.reduce((sum, part) => sum + part.length, 0);
      const written = attempt('write', this.path, () => writevSync(this.#descriptor, some, at));
      if (written < sizeBytes) this.write(concatBytes(...some).subarray(written), at + written);
      at += sizeBytes;
    }
  }

  truncate(sizeBytes: number): void {
    this.#checkOpen();
    attempt('truncate', this.path, () => ftruncateSync(this.#descriptor, sizeBytes));
  }

  async sync(): Promise<void> {
    this.#checkOpen();
    this.#syncsUnderWay++;
    await new Promise<void>((resolve, reject) => {
      fdatasync(this.#descriptor, (syncFault) => {
        this.#syncsUnderWay--;
        const settle = (closeFault?: Error | null): void => {
          if (syncFault) reject(ioError('sync', this.path, syncFault));
          else if (closeFault) reject(ioError('close', this.path, closeFault));
          else resolve();
        };
        if (this.#closed && this.#syncsUnderWay === 0) close(this.#descriptor, settle);
        else settle();
      });
    });
  }

  syncNow(): void {
    this.#checkOpen();
    attempt('sync', this.path, () => fdatasyncSync(this.#descriptor));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#syncsUnderWay === 0) attempt('close', this.path, () => closeSync(this.#descriptor));
  }

  #checkOpen(): void {
    if (this.#closed) throw new ClosedError(`${this.path} is closed`, { facts: { path: this.path } });
  }
}

function syncDirectoryInPool(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (fault: Error | null | undefined): void => {
      if (fault) reject(ioError('syncDirectory', path, fault));
      else resolve();
    };
    open(path, 'r', (openFault, descriptor) => {
      if (openFault) settle(openFault);
      else fsync(descriptor, (syncFault) => close(descriptor, (closeFault) => settle(syncFault ?? closeFault)));
    });
  });
}

function attempt<T>(operation: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw ioError(operation, path, cause);
  }
}

function ioError(operation: string, path: string, cause: unknown): IoError {
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : 'UNKNOWN';
  return new IoError({ operation, path, errno, cause });
}
