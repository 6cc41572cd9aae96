/**
 * A file system whose syncs take a while, as those of devices do: time in which commits are in flight, neither seen nor
 * acknowledged. Everything else goes straight to the file system inside.
 */

import type { File, FileLock, FileStat, FileSystem, OpenMode } from '../../../src/vfs/index.js';

export class SlowSyncFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  readonly #wait: () => Promise<void>;

  /** @param wait what comes between a sync and its acknowledgement. */
  constructor(inner: FileSystem, wait: () => Promise<void>) {
    this.#inner = inner;
    this.#wait = wait;
  }

  open(path: string, mode: OpenMode): File {
    return new SlowSyncFile(this.#inner.open(path, mode), this.#wait);
  }

  exists(path: string): boolean {
    return this.#inner.exists(path);
  }

  stat(path: string): FileStat {
    return this.#inner.stat(path);
  }

  list(directory: string): string[] {
    return this.#inner.list(directory);
  }

  createDirectory(path: string): void {
    this.#inner.createDirectory(path);
  }

  rename(from: string, to: string): void {
    this.#inner.rename(from, to);
  }

  unlinkAside(path: string): Promise<void> {
    return this.#inner.unlinkAside(path);
  }

  unlink(path: string): void {
    this.#inner.unlink(path);
  }

  link(existing: string, path: string): void {
    this.#inner.link(existing, path);
  }

  syncDirectory(path: string): void {
    this.#inner.syncDirectory(path);
  }

  async syncDirectoryAside(path: string): Promise<void> {
    await this.#inner.syncDirectoryAside(path);
    await this.#wait();
  }

  lock(path: string): FileLock {
    return this.#inner.lock(path);
  }

  lockHolder(path: string): number | undefined {
    return this.#inner.lockHolder(path);
  }
}

class SlowSyncFile implements File {
  readonly path: string;
  readonly #inner: File;
  readonly #wait: () => Promise<void>;

  constructor(inner: File, wait: () => Promise<void>) {
    this.path = inner.path;
    this.#inner = inner;
    this.#wait = wait;
  }

  size(): number {
    return this.#inner.size();
  }

  read(target: Uint8Array, position: number): number {
    return this.#inner.read(target, position);
  }

  write(bytes: Uint8Array, position: number): void {
    this.#inner.write(bytes, position);
  }

  writeParts(parts: readonly Uint8Array[], position: number): void {
    this.#inner.writeParts(parts, position);
  }

  truncate(sizeBytes: number): void {
    this.#inner.truncate(sizeBytes);
  }

  async sync(): Promise<void> {
    try {
      await this.#inner.sync();
    } finally {
      await this.#wait();
    }
  }

  syncNow(): void {
    this.#inner.syncNow();
  }

  close(): void {
    this.#inner.close();
  }
}
