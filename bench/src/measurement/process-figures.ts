/** What a process and a folder take, as the system tells it. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Bytes handed to write calls by all threads, from Linux's accounting; null elsewhere. Its other figure, `write_bytes`, counts
 * pages of the cache as they get dirty: nothing for pages that are dirty already, and ten times too much for a record
 * written into a large folio.
 */
export function bytesWrittenByProcess(): number | null {
  try {
    const found = /^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'));
    return found === null ? null : Number(found[1]);
  } catch {
    return null; // not Linux
  }
}

/** Space taken, not length: some engines make sparse files. */
export function bytesOnDisk(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((total, entry) => total + blocksOf(join(entry.parentPath, entry.name)) * 512, 0);
}

function blocksOf(path: string): number {
  // A background merge may unlink a file between the listing and the look at it.
  return statSync(path, { throwIfNoEntry: false })?.blocks ?? 0;
}

export function residentMb(): number {
  return process.memoryUsage.rss() / 2 ** 20;
}
