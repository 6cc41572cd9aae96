/**
 * The files of a job whose syncs do not hold up the thread: each begins where the job asks for it, goes on in the thread
 * pool while this job and others work, and is waited for once, by whoever hands out the result. While values are
 * written at the rate of the device a sync takes 10 ms, whatever is synced, and a flush, a merge and a collection have two to four.
 */

import type { File, FileLock, FileStat, FileSystem, OpenMode } from '../../vfs/index.js';

export class AsideSyncs implements FileSystem {
  readonly #fileSystem: FileSystem;
  #underWay: Promise<void>[] = [];
  readonly #directories = new Set<string>();

  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem;
  }

  /** Resolves when everything is durable that was to be synced. Rejects with the first error of that. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
    // Last, when the journal has been committed: there is little left to do.
    for (const directory of this.#directories) await this.#fileSystem.syncDirectoryAside(directory);
  }

  open(path: string, mode: OpenMode): File {
    const file = this.#fileSystem.open(path, mode);
    return mode === 'create' ? new AsideFile(file, (sync) => this.#follow(sync)) : file;
  }

  syncDirectory(path: string): void {
    this.#directories.add(path);
  }

  async syncDirectoryAside(path: string): Promise<void> {
    this.syncDirectory(path);
  }

  exists(path: string): boolean {
    return this.#fileSystem.exists(path);
  }

  stat(path: string): FileStat {
    return this.#fileSystem.stat(path);
  }

  list(directory: string): string[] {
    return this.#fileSystem.list(directory);
  }

  createDirectory(path: string): void {
    this.#fileSystem.createDirectory(path);
  }

  rename(from: string, to: string): void {
    this.#fileSystem.rename(from, to);
  }

  unlinkAside(path: string): Promise<void> {
    return this.#fileSystem.unlinkAside(path);
  }

  unlink(path: string): void {
    this.#fileSystem.unlink(path);
  }

  link(existing: string, path: string): void {
    this.#fileSystem.link(existing, path);
  }

  lock(path: string): FileLock {
    return this.#fileSystem.lock(path);
  }

  lockHolder(path: string): number | undefined {
    return this.#fileSystem.lockHolder(path);
  }

  #follow(sync: Promise<void>): void {
    this.#underWay.push(sync);
    // Told of by `settled`, unless the job fails before.
    sync.catch(() => undefined);
  }
}

class AsideFile implements File {
  readonly path: string;
  readonly #file: File;
  readonly #follow: (sync: Promise<void>) => void;

  constructor(file: File, follow: (sync: Promise<void>) => void) {
    this.path = file.path;
    this.#file = file;
    this.#follow = follow;
  }

  size(): number {
    return this.#file.size();
  }

  read(target: Uint8Array, position: number): number {
    return this.#file.read(target, position);
  }

  write(bytes: Uint8Array, position: number): void {
    this.#file.write(bytes, position);
  }

  writeParts(parts: readonly Uint8Array[], position: number): void {
    this.#file.writeParts(parts, position);
  }

  truncate(sizeBytes: number): void {
    this.#file.truncate(sizeBytes);
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  /** Begins only. */
  syncNow(): void {
    this.#follow(this.#file.sync());
  }

  /** The file stays open until its sync is through. */
  close(): void {
    this.#file.close();
  }
}
