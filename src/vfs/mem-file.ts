/** An open file of `MemFileSystem`. Keeps its inode alive after the last name is gone, as POSIX does. */

import { ClosedError, concatBytes, IoError } from '../base/index.js';
import type { File, OpenMode } from './file-system.js';
import type { MemFileInode } from './mem-inode.js';

/** What all files of one file system share. */
export interface MemFileHost {
  readonly operations: OperationCounter;
  readonly untilSynced: () => Promise<void>;
}

/** Counts the operations of one file system, which orders them for crash images. */
export interface OperationCounter {
  count: number;
}

export class MemFile implements File {
  readonly path: string;
  readonly #inode: MemFileInode;
  readonly #mode: OpenMode;
  readonly #host: MemFileHost;
  #closed = false;

  constructor(path: string, inode: MemFileInode, mode: OpenMode, host: MemFileHost) {
    this.path = path;
    this.#inode = inode;
    this.#mode = mode;
    this.#host = host;
  }

  size(): number {
    this.#checkOpen();
    return this.#inode.current.sizeBytes;
  }

  read(target: Uint8Array, position: number): number {
    this.#checkOpen();
    return this.#inode.current.read(target, position);
  }

  write(bytes: Uint8Array, position: number): void {
    this.#checkOpen();
    this.#checkWritable('write');
    this.#inode.write(bytes, position, ++this.#host.operations.count);
  }

  writeParts(parts: readonly Uint8Array[], position: number): void {
    this.write(concatBytes(...parts), position);
  }

  truncate(sizeBytes: number): void {
    this.#checkOpen();
    this.#checkWritable('truncate');
    this.#inode.truncate(sizeBytes, ++this.#host.operations.count);
  }

  /** What was written by the time of the call becomes durable when the promise resolves, not before. */
  async sync(): Promise<void> {
    this.#checkOpen();
    const lastOrder = this.#host.operations.count;
    await this.#host.untilSynced();
    this.#inode.sync(lastOrder);
  }

  syncNow(): void {
    this.#checkOpen();
    this.#inode.sync(this.#host.operations.count);
  }

  close(): void {
    this.#closed = true;
  }

  #checkOpen(): void {
    if (this.#closed) throw new ClosedError(`${this.path} is closed`, { facts: { path: this.path } });
  }

  #checkWritable(operation: string): void {
    if (this.#mode === 'read') throw new IoError({ operation, path: this.path, errno: 'EBADF' });
  }
}
