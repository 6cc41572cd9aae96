/**
 * A file system that fails on demand. Wraps any other; counts and records every operation; can cut the power before the
 * k-th change, and refuse single operations by kind and path. Same calls and same seed, same trace.
 */

import { basename, dirname } from 'node:path';
import { IoError, type Random } from '../../src/base/index.js';
import type { File, FileLock, FileStat, FileSystem, MemFileSystem, OpenMode } from '../../src/vfs/index.js';

const QUERIES = ['exists', 'stat', 'list', 'size', 'read', 'lockHolder'] as const;
const CHANGES = [
  'open',
  'createDirectory',
  'rename',
  'unlink',
  'link',
  'syncDirectory',
  'lock',
  'unlock',
  'write',
  'truncate',
  'sync',
  'close',
] as const;

export type FileOperation = (typeof QUERIES)[number] | (typeof CHANGES)[number];

/** What an operation that changes nothing must not be counted as, or sweeps would repeat the same state. */
const uncounted: ReadonlySet<FileOperation> = new Set([...QUERIES, 'close', 'lock', 'unlock']);

export interface Fault {
  readonly operation: FileOperation;
  /** Matched against the file's name without its directory; absent: every file. */
  readonly file?: RegExp;
  /** Only this directory's files, and the directory itself; absent: everywhere. */
  readonly within?: string;
  readonly errno: 'EIO' | 'ENOSPC' | 'EMFILE' | 'EROFS' | 'EACCES' | 'ENOENT';
  /** Matching operations that pass before the fault begins; 0 by default. */
  readonly skip?: number;
  /** How often it strikes; forever by default. */
  readonly times?: number;
  /** Chance of striking when it could; 1 by default. Below 1 needs the `random` option. */
  readonly chance?: number;
  /** For `sync` and `syncDirectory`: what was unsynced is gone, though a retry will succeed. */
  readonly losesData?: boolean;
}

export interface InjectedFault {
  readonly struck: number;
  stop(): void;
}

interface ActiveFault extends Fault {
  seen: number;
  struck: number;
}

export interface FaultFileSystemOptions {
  readonly random?: Random;
  /** Where `losesData` takes effect. */
  readonly memory?: MemFileSystem;
  /** How long a `sync` takes that fails. */
  readonly untilSynced?: () => Promise<void>;
}

export class FaultFileSystem implements FileSystem {
  /** One line for every operation: kind, file name, detail. */
  readonly trace: string[] = [];
  /** Operations so far that changed, or could have changed, what a crash leaves behind. */
  changes = 0;
  /** Files that are open, by path: what a leak would show in. */
  readonly openFiles: string[] = [];
  readonly #inner: FileSystem;
  readonly #options: FaultFileSystemOptions;
  readonly #faults = new Set<ActiveFault>();
  #watch: (change: number) => void = () => {};
  #cutAt = Number.POSITIVE_INFINITY;
  #onCut: () => void = () => {};
  #powerless = false;
  /** How often something unsynced was lost, by path. */
  readonly #losses = new Map<string, number>();

  constructor(inner: FileSystem, options: FaultFileSystemOptions = {}) {
    this.#inner = inner;
    this.#options = options;
  }

  get powerless(): boolean {
    return this.#powerless;
  }

  /** Runs `beforeChange` before each change, with its number (1-based), for crash images along a single run. */
  watch(beforeChange: (change: number) => void): void {
    this.#watch = beforeChange;
  }

  /** Before change number `change` (1-based) takes place, `onCut` runs; that operation and all later ones throw. */
  cutPowerAt(change: number, onCut: () => void): void {
    this.#cutAt = change;
    this.#onCut = onCut;
  }

  inject(fault: Fault): InjectedFault {
    const active: ActiveFault = { ...fault, seen: 0, struck: 0 };
    this.#faults.add(active);
    return {
      get struck() {
        return active.struck;
      },
      stop: () => void this.#faults.delete(active),
    };
  }

  open(path: string, mode: OpenMode): File {
    this.before('open', path, mode, mode === 'create');
    const file = new FaultFile(this, this.#inner.open(path, mode));
    this.openFiles.push(path);
    return file;
  }

  exists(path: string): boolean {
    this.before('exists', path);
    return this.#inner.exists(path);
  }

  stat(path: string): FileStat {
    this.before('stat', path);
    return this.#inner.stat(path);
  }

  list(directory: string): string[] {
    this.before('list', directory);
    return this.#inner.list(directory);
  }

  createDirectory(path: string): void {
    this.before('createDirectory', path);
    this.#inner.createDirectory(path);
  }

  rename(from: string, to: string): void {
    this.before('rename', from, `to ${basename(to)}`);
    this.#inner.rename(from, to);
  }

  async unlinkAside(path: string): Promise<void> {
    this.unlink(path);
  }

  unlink(path: string): void {
    this.before('unlink', path);
    this.#inner.unlink(path);
  }

  link(existing: string, path: string): void {
    this.before('link', path, `of ${basename(existing)}`);
    this.#inner.link(existing, path);
  }

  syncDirectory(path: string): void {
    this.before('syncDirectory', path);
    this.#inner.syncDirectory(path);
  }

  async syncDirectoryAside(path: string): Promise<void> {
    this.before('syncDirectory', path);
    await this.#inner.syncDirectoryAside(path);
  }

  lock(path: string): FileLock {
    this.before('lock', path);
    const lock = this.#inner.lock(path);
    return {
      path,
      release: () => {
        this.before('unlock', path);
        lock.release();
      },
    };
  }

  lockHolder(path: string): number | undefined {
    this.before('lockHolder', path);
    return this.#inner.lockHolder(path);
  }

  /** Records the operation; throws if it is to fail. For {@link FaultFile}. */
  before(operation: FileOperation, path: string, detail = '', changes = !uncounted.has(operation)): void {
    if (this.#powerless) throw new IoError({ operation, path, errno: 'EIO', cause: 'the power is cut' });
    if (changes) {
      this.changes++;
      this.#watch(this.changes);
      if (this.changes === this.#cutAt) {
        this.trace.push(`power cut before ${operation} ${basename(path)}`);
        this.#onCut();
        this.#powerless = true;
        throw new IoError({ operation, path, errno: 'EIO', cause: 'the power is cut' });
      }
    }
    const fault = this.#strike(operation, path);
    this.trace.push(`${operation} ${basename(path)} ${detail}${fault === undefined ? '' : ` → ${fault.errno}`}`);
    if (fault === undefined) return;
    if (fault.losesData) {
      this.#losses.set(path, this.lossesOf(path) + 1);
      this.#options.memory?.loseUnsynced(path);
    }
    throw new IoError({ operation, path, errno: fault.errno, cause: 'injected' });
  }

  /** For {@link FaultFile}. */
  lossesOf(path: string): number {
    return this.#losses.get(path) ?? 0;
  }

  /** For {@link FaultFile}. */
  async untilSynced(): Promise<void> {
    await this.#options.untilSynced?.();
  }

  #strike(operation: FileOperation, path: string): Fault | undefined {
    for (const fault of this.#faults) {
      if (fault.operation !== operation || !(fault.file?.test(basename(path)) ?? true)) continue;
      if (fault.within !== undefined && path !== fault.within && dirname(path) !== fault.within) continue;
      fault.seen++;
      if (fault.seen <= (fault.skip ?? 0) || fault.struck >= (fault.times ?? Number.POSITIVE_INFINITY)) continue;
      if (fault.chance !== undefined && (this.#options.random?.float() ?? 0) >= fault.chance) continue;
      fault.struck++;
      return fault;
    }
    return undefined;
  }
}

class FaultFile implements File {
  readonly path: string;
  readonly #system: FaultFileSystem;
  readonly #inner: File;
  #closed = false;
  /** The losses that it has been told of: see the contract of `FileSystem`. */
  #told: number;

  constructor(system: FaultFileSystem, inner: File) {
    this.path = inner.path;
    this.#system = system;
    this.#inner = inner;
    this.#told = system.lossesOf(inner.path);
  }

  size(): number {
    this.#system.before('size', this.path);
    return this.#inner.size();
  }

  read(target: Uint8Array, position: number): number {
    this.#system.before('read', this.path, `${target.length} at ${position}`);
    return this.#inner.read(target, position);
  }

  write(bytes: Uint8Array, position: number): void {
    this.#system.before('write', this.path, `${bytes.length} at ${position}`);
    this.#inner.write(bytes, position);
  }

  writeParts(parts: readonly Uint8Array[], position: number): void {
    const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
    this.#system.before('write', this.path, `${sizeBytes} at ${position}`);
    this.#inner.writeParts(parts, position);
  }

  truncate(sizeBytes: number): void {
    this.#system.before('truncate', this.path, `to ${sizeBytes}`);
    this.#inner.truncate(sizeBytes);
  }

  async sync(): Promise<void> {
    try {
      this.#system.before('sync', this.path);
    } catch (fault) {
      this.#told = this.#system.lossesOf(this.path);
      await this.#system.untilSynced();
      throw fault;
    }
    await this.#inner.sync();
    this.#tellOfLoss();
  }

  syncNow(): void {
    try {
      this.#system.before('sync', this.path);
    } catch (fault) {
      this.#told = this.#system.lossesOf(this.path);
      throw fault;
    }
    this.#inner.syncNow();
    this.#tellOfLoss();
  }

  #tellOfLoss(): void {
    const losses = this.#system.lossesOf(this.path);
    if (losses === this.#told) return;
    this.#told = losses;
    throw new IoError({ operation: 'sync', path: this.path, errno: 'EIO', cause: 'told of a loss' });
  }

  /** As with close(2), the descriptor is gone even when an error is reported. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#system.openFiles.splice(this.#system.openFiles.indexOf(this.path), 1);
    try {
      this.#system.before('close', this.path);
    } finally {
      this.#inner.close();
    }
  }
}
