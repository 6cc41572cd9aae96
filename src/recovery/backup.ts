/** Copies of an open database's files with a list that says what they must be; `restore` makes a database of them. */

import { CURRENT_NAME, type Engine, parseFileName, type PinnedFiles, type Timestamp } from '../storage/index.js';
import type { Environment, FileSystem } from '../vfs/index.js';
import { assert } from '../base/index.js';
import { BACKUP_NAME, BACKUP_TEMPORARY_NAME, type BackupFile, encodeBackupList } from './backup-list.js';
import type { ContentDigest } from './content-checksum.js';
import { checkOutside, NewDirectory } from './new-directory.js';
import { checkTable } from './table-check.js';

export interface BackupReport {
  /** Every commit up to it is in the backup, and none after it. */
  readonly timestamp: Timestamp;
  readonly files: number;
  readonly bytes: number;
  readonly tookMs: number;
}

/**
 * Copies everything committed before the call to `destination` (absent or empty). Every copied table is read back and
 * checked down to its entries, so a backup of damaged files fails with `CorruptionError`. The backup is durable when the
 * promise resolves; without that, or after an error, `destination` is not a backup. Commits may go on meanwhile. Throws
 * `InvalidArgumentError` for an occupied destination, one inside the database, or a read-only engine.
 * `target` is the file system that `destination` is on, by default the database's own.
 */
export async function backup(
  engine: Engine,
  destination: string,
  target: FileSystem = engine.environment.fileSystem,
): Promise<BackupReport> {
  const { environment } = engine;
  if (target === environment.fileSystem) checkOutside(engine.directory, destination);
  const startMs = environment.clock.monotonicMs();
  await engine.flush();
  const pinned = engine.pinFiles();
  try {
    const directory = new NewDirectory(target, destination);
    try {
      const tables = await copyTables(environment, pinned, { directory, fileSystem: target });
      const files = [...tables, ...writeContents(pinned, directory)];
      const manifest = files.find((file) => file.kind === 'manifest');
      assert(manifest !== undefined, 'pinned files contain a manifest');
      const list = encodeBackupList({ timestamp: pinned.timestamp, manifestNumber: manifest.number, files });
      directory.finish({ name: BACKUP_NAME, temporaryName: BACKUP_TEMPORARY_NAME }, list);
      const bytes = files.reduce((sum, file) => sum + file.sizeBytes, list.length);
      const tookMs = environment.clock.monotonicMs() - startMs;
      return { timestamp: pinned.timestamp, files: files.length + 1, bytes, tookMs };
    } catch (cause) {
      directory.abandon();
      throw cause;
    }
  } finally {
    pinned.release();
  }
}

/** One file per turn of the event loop. What tables point into goes first, as they are checked with it. */
async function copyTables(
  environment: Environment,
  pinned: PinnedFiles,
  { directory, fileSystem }: { readonly directory: NewDirectory; readonly fileSystem: FileSystem },
): Promise<BackupFile[]> {
  const copies = { fileSystem, directory: directory.path, cache: undefined };
  const files: BackupFile[] = [];
  for (const { path, name } of pinned.segments) {
    files.push(listed(name, directory.copy(path, name, environment.fileSystem)));
    await new Promise<void>((resolve) => environment.scheduler.nextTurn(resolve));
  }
  for (const { path, name, meta } of pinned.tables) {
    files.push(listed(name, directory.copy(path, name, environment.fileSystem)));
    checkTable(copies, meta);
    await new Promise<void>((resolve) => environment.scheduler.nextTurn(resolve));
  }
  return files;
}

/** Everything beside the tables, except `CURRENT`: a backup is not a database. */
function writeContents(pinned: PinnedFiles, directory: NewDirectory): BackupFile[] {
  return pinned.contents
    .filter(({ name }) => name !== CURRENT_NAME)
    .map(({ name, bytes }) => listed(name, directory.write(name, bytes)));
}

function listed(name: string, digest: ContentDigest): BackupFile {
  const parsed = parseFileName(name);
  assert(parsed !== undefined, 'pinned files have names of ours');
  return { ...parsed, ...digest };
}
