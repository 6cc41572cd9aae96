/**
 * Unlinks own files before a new manifest is in force: what a recovery that failed has created, and what nothing needs when
 * the disk is too full for a recovery. Nothing is unlinked before it is durable that the manifest in force names none of it.
 */

import { join } from 'node:path';
import { IoError, VarveError } from '../base/index.js';
import { CURRENT_NAME, decodeCurrent, fileName } from '../storage/index.js';
import type { FileSystem } from '../vfs/index.js';
import { inspectDirectory } from './directory-inspection.js';

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** Whether a disk, or what the user may have of it, is full. */
export function tellsOfFullDisk(cause: unknown): boolean {
  return cause instanceof IoError && FULL.has(cause.errno);
}

/** The own files of a directory, and its manifest in force, at some time. */
export interface DirectoryState {
  readonly ownNames: readonly string[];
  /** Undefined when there was no database. */
  readonly manifestNumber: number | undefined;
}

/** Unlinks what was created since `before`, unless the manifest has changed. Errors leave the rest to the next recovery. */
export function unlinkCreatedSince(before: DirectoryState, fileSystem: FileSystem, directory: string): void {
  try {
    if (manifestInForce(fileSystem, directory) !== before.manifestNumber) return;
    const names = inspectDirectory(fileSystem, directory).ownNames.filter((name) => !before.ownNames.includes(name));
    if (names.length === 0) return;
    // Whatever has become of a switch of `CURRENT`: what was read is durable then.
    fileSystem.syncDirectory(directory);
    unlinkPresent(names, fileSystem, directory);
  } catch (failure) {
    if (!(failure instanceof VarveError)) throw failure;
  }
}

/** Unlinks files that the manifest in force does not need, as far as a process has read it: a crash may have forgotten it. */
export function unlinkUnneeded(
  names: readonly string[],
  manifestNumber: number,
  { fileSystem, directory }: { readonly fileSystem: FileSystem; readonly directory: string },
): void {
  const manifest = fileSystem.open(join(directory, fileName('manifest', manifestNumber)), 'update');
  try {
    manifest.syncNow();
  } finally {
    manifest.close();
  }
  fileSystem.syncDirectory(directory);
  unlinkPresent(names, fileSystem, directory);
}

export function unlinkPresent(names: readonly string[], fileSystem: FileSystem, directory: string): void {
  for (const name of names) {
    const path = join(directory, name);
    // The switch of CURRENT has replaced a leftover temporary file already.
    if (fileSystem.exists(path)) fileSystem.unlink(path);
  }
}

function manifestInForce(fileSystem: FileSystem, directory: string): number | undefined {
  const path = join(directory, CURRENT_NAME);
  if (!fileSystem.exists(path)) return undefined;
  const file = fileSystem.open(path, 'read');
  try {
    const content = new Uint8Array(file.size());
    file.read(content, 0);
    return decodeCurrent(content, CURRENT_NAME);
  } finally {
    file.close();
  }
}
