/**
 * Files and directories in memory, apart from their names (so that hard links and renames are only name changes).
 *
 * With crash tracking each inode has two states, the one that running code sees and the one the device is sure to hold,
 * and between them the operations that are not yet synced, in order. Without tracking only the first exists.
 */

import { assert } from '../base/index.js';
import type { MemContent } from './mem-content.js';

export type MemInode = MemFileInode | MemDirectoryInode;

/** An unsynced change of a file's content. `order` counts all operations of the file system. */
export type ContentOperation =
  | { readonly kind: 'write'; readonly order: number; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly order: number; readonly sizeBytes: number };

/** An unsynced atomic change of names: one for create, link, unlink and mkdir, two for a rename. */
export interface NameOperation {
  readonly order: number;
  readonly changes: readonly NameChange[];
}

export interface NameChange {
  readonly directory: MemDirectoryInode;
  readonly name: string;
  /** Undefined removes the name. */
  readonly inode: MemInode | undefined;
}

export class MemFileInode {
  readonly kind = 'file';
  readonly current: MemContent;
  /** What survives any crash; undefined without tracking. */
  readonly durable: MemContent | undefined;
  readonly pending: ContentOperation[] = [];

  constructor(current: MemContent, durable: MemContent | undefined) {
    this.current = current;
    this.durable = durable;
  }

  write(bytes: Uint8Array, position: number, order: number): void {
    this.current.write(bytes, position);
    if (this.durable !== undefined && bytes.length > 0) {
      this.pending.push({ kind: 'write', order, position, bytes: bytes.slice() });
    }
  }

  truncate(sizeBytes: number, order: number): void {
    this.current.truncate(sizeBytes);
    if (this.durable !== undefined) this.pending.push({ kind: 'truncate', order, sizeBytes });
  }

  /** Makes everything up to and including operation `lastOrder` durable. */
  sync(lastOrder: number): void {
    if (this.durable === undefined) return;
    let done = 0;
    for (const operation of this.pending) {
      if (operation.order > lastOrder) break;
      applyContentOperation(this.durable, operation);
      done++;
    }
    this.pending.splice(0, done);
  }
}

export function applyContentOperation(content: MemContent, operation: ContentOperation): void {
  if (operation.kind === 'write') content.write(operation.bytes, operation.position);
  else content.truncate(operation.sizeBytes);
}

export class MemDirectoryInode {
  readonly kind = 'directory';
  readonly names = new Map<string, MemInode>();
  /** What survives any crash; undefined without tracking. */
  readonly durableNames: Map<string, MemInode> | undefined;
  /** A rename between two directories is pending in both. */
  readonly pending: NameOperation[] = [];

  constructor(tracked: boolean) {
    this.durableNames = tracked ? new Map() : undefined;
  }

  /**
   * Makes all name changes so far durable. A rename from or to another directory is atomic, and takes the earlier
   * changes of that directory with it: journaling file systems commit in order, and the contract promises no less.
   */
  sync(lastOrder: number): void {
    if (this.durableNames === undefined) return;
    const ready = this.pending.filter((operation) => operation.order <= lastOrder);
    this.pending.splice(0, ready.length);
    for (const operation of ready) {
      for (const change of operation.changes) {
        if (change.directory !== this) change.directory.sync(operation.order);
        applyNameChange(change);
      }
    }
  }
}

/** Changes what running code sees, and remembers it as unsynced. */
export function changeNames(operation: NameOperation): void {
  for (const { directory, name, inode } of operation.changes) {
    if (inode === undefined) directory.names.delete(name);
    else directory.names.set(name, inode);
    if (directory.durableNames !== undefined && directory.pending.at(-1) !== operation) {
      directory.pending.push(operation);
    }
  }
}

function applyNameChange({ directory, name, inode }: NameChange): void {
  const durable = directory.durableNames;
  assert(durable !== undefined, 'only tracked directories have unsynced names');
  if (inode === undefined) durable.delete(name);
  else durable.set(name, inode);
}
