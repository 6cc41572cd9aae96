/** Files that are read in one piece: logs, manifests, `CURRENT`. Memory is bounded by the size of the file. */

import type { FileSystem } from '../vfs/index.js';

export function readWholeFile(fileSystem: FileSystem, path: string): Uint8Array {
  const file = fileSystem.open(path, 'read');
  try {
    const content = new Uint8Array(file.size());
    return content.subarray(0, file.read(content, 0));
  } finally {
    file.close();
  }
}
