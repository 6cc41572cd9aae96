/** Directories that are there after a crash. */

import { dirname } from 'node:path';
import type { FileSystem } from './file-system.js';

/** Creates a directory and its missing parents, each durable in the one above. Nothing happens when it exists. */
export function createDurableDirectory(fileSystem: FileSystem, directory: string): void {
  if (fileSystem.exists(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) createDurableDirectory(fileSystem, parent);
  fileSystem.createDirectory(directory);
  fileSystem.syncDirectory(parent);
}
