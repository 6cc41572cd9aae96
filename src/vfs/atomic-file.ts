/** A small file that is replaced as a whole: after a crash it holds the old content or the new one, never a mixture. */

import { join } from 'node:path';
import type { FileSystem } from './file-system.js';

export interface AtomicFileNames {
  readonly name: string;
  /** Used while the new content is not durable yet; a file of this name is nobody's and may be deleted. */
  readonly temporaryName: string;
}

/**
 * Gives the file the content `bytes`, durably: temporary file, sync, rename, directory sync. Names that were unsynced in
 * `directory` become durable with it, but may do so after it: what the file refers to must be synced by the caller before.
 */
export function replaceFile(
  fileSystem: FileSystem,
  directory: string,
  names: AtomicFileNames,
  bytes: Uint8Array,
): void {
  const temporary = join(directory, names.temporaryName);
  if (fileSystem.exists(temporary)) fileSystem.unlink(temporary);
  const file = fileSystem.open(temporary, 'create');
  try {
    file.write(bytes, 0);
    file.syncNow();
  } finally {
    file.close();
  }
  fileSystem.rename(temporary, join(directory, names.name));
  fileSystem.syncDirectory(directory);
}
