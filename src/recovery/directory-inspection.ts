/** Looks at a directory before anything in it is touched: is it a database, a place for one, or somebody else's? */

import { join } from 'node:path';
import { CorruptionError, InvalidArgumentError, LockedError } from '../base/index.js';
import {
  CURRENT_NAME,
  CURRENT_TEMPORARY_NAME,
  FILE_HEADER_BYTES,
  fileName,
  isOwnFileName,
  LOCK_NAME,
} from '../storage/index.js';
import { type FileSystem, isLockFileName } from '../vfs/index.js';
import { BACKUP_NAME } from './backup-list.js';

/** Numbers of the first files; creation is the only time when a database has no others. */
export const FIRST_LOG_NUMBER = 1;
export const FIRST_MANIFEST_NUMBER = 2;

export interface DirectoryInspection {
  /** `fresh`: empty, or what a creation that was cut short has left. */
  readonly kind: 'absent' | 'fresh' | 'database';
  /** Names of our own files, the lock apart. */
  readonly ownNames: readonly string[];
}

/**
 * Throws `InvalidArgumentError` for a backup and for a directory with other content but no database, and `CorruptionError`
 * for one whose `CURRENT` is gone.
 */
export function inspectDirectory(fileSystem: FileSystem, directory: string): DirectoryInspection {
  if (!fileSystem.exists(directory)) return { kind: 'absent', ownNames: [] };
  if (fileSystem.stat(directory).kind !== 'directory') {
    throw notADatabase(directory, directory, 'a file');
  }
  const names = fileSystem.list(directory).filter((name) => !isLockFileName(name, LOCK_NAME));
  const ownNames = names.filter(isOwnFileName);
  if (ownNames.includes(CURRENT_NAME)) return { kind: 'database', ownNames };
  checkIsNoBackup(directory, names);
  const foreign = names.find((name) => !isOwnFileName(name));
  if (foreign !== undefined) throw notADatabase(directory, foreign, 'other files and no CURRENT');
  const witness = ownNames.find((name) => !isLeftByCreation(fileSystem, directory, name));
  if (witness !== undefined) {
    throw CorruptionError.at(CURRENT_NAME, 0, { expected: `a file, as there is ${witness}`, found: 'none' });
  }
  return { kind: 'fresh', ownNames };
}

/** Throws `InvalidArgumentError` for a backup that no database has been made in, by the `names` in its directory. */
export function checkIsNoBackup(directory: string, names: readonly string[]): void {
  if (!names.includes(BACKUP_NAME) || names.includes(CURRENT_NAME)) return;
  throw new InvalidArgumentError(
    `${directory} is a backup, not a database: restore checks it, every byte of it, and makes a database of it`,
    { facts: { directory, file: BACKUP_NAME } },
  );
}

/** Throws `LockedError` while somebody holds the lock at `path`. */
export function checkUnlocked(fileSystem: FileSystem, path: string): void {
  const pid = fileSystem.lockHolder(path);
  if (pid === undefined) return;
  throw new LockedError(`${path} is held by ${pid === process.pid ? 'this process' : `process ${pid}`}`, {
    facts: { path, pid },
  });
}

/** Before `CURRENT` comes into being, creation writes one empty log segment, one manifest, and the temporary file. */
function isLeftByCreation(fileSystem: FileSystem, directory: string, name: string): boolean {
  if (name === CURRENT_TEMPORARY_NAME || name === fileName('manifest', FIRST_MANIFEST_NUMBER)) return true;
  if (name !== fileName('log', FIRST_LOG_NUMBER)) return false;
  return fileSystem.stat(join(directory, name)).sizeBytes <= FILE_HEADER_BYTES;
}

function notADatabase(directory: string, file: string, found: string): InvalidArgumentError {
  return new InvalidArgumentError(`${directory} is not a database and not empty: found ${file}`, {
    facts: { directory, file, offset: 0, expected: 'a database, or an empty directory', found },
  });
}
