/** Makes a database out of a backup, and believes nothing that it has not checked. */

import { join } from 'node:path';
import { CorruptionError, InvalidArgumentError, checksumText } from '../base/index.js';
import { CURRENT_NAME, CURRENT_TEMPORARY_NAME, encodeCurrent, fileName, type Timestamp } from '../storage/index.js';
import type { Environment, FileSystem } from '../vfs/index.js';
import { BACKUP_NAME, type BackupFile, type BackupList, decodeBackupList } from './backup-list.js';
import { type ContentDigest, digestContent } from './content-checksum.js';
import { NewDirectory } from './new-directory.js';
import { verify } from './verify.js';

export interface RestoreReport {
  /** Newest commit of the restored database. */
  readonly timestamp: Timestamp;
  readonly files: number;
  readonly bytes: number;
  readonly tookMs: number;
}

/**
 * Restores the backup in `source` to `destination`, which must be absent or empty. All files of the backup are checked
 * before anything is written, the copies are read back, and the new database passes a full `verify`. It is durable when
 * the promise resolves; without that, or after an error, `destination` is not a database. Throws `CorruptionError` for a
 * file that is missing or not what the backup's list says, `InvalidArgumentError` for a directory that is no backup and
 * for an occupied destination. Files that the list does not name are left alone.
 */
export async function restore(environment: Environment, source: string, destination: string): Promise<RestoreReport> {
  const { fileSystem, clock } = environment;
  const startMs = clock.monotonicMs();
  const list = readList(fileSystem, source);
  for (const file of list.files) {
    check(join(source, nameOf(file)), file, digestOf(fileSystem, source, file));
    await nextTurn(environment);
  }
  const directory = new NewDirectory(fileSystem, destination);
  try {
    for (const file of list.files) {
      check(join(source, nameOf(file)), file, directory.copy(join(source, nameOf(file)), nameOf(file)));
      check(join(destination, nameOf(file)), file, digestOf(fileSystem, destination, file));
      await nextTurn(environment);
    }
    const current = encodeCurrent(list.manifestNumber);
    directory.finish({ name: CURRENT_NAME, temporaryName: CURRENT_TEMPORARY_NAME }, current);
    await checkRestored(environment, destination, list);
    const bytes = list.files.reduce((sum, file) => sum + file.sizeBytes, current.length);
    const tookMs = clock.monotonicMs() - startMs;
    return { timestamp: list.timestamp, files: list.files.length + 1, bytes, tookMs };
  } catch (cause) {
    directory.abandon();
    throw cause;
  }
}

function readList(fileSystem: FileSystem, source: string): BackupList {
  const path = join(source, BACKUP_NAME);
  if (!fileSystem.exists(path)) {
    throw new InvalidArgumentError(`${source} is not a backup: it has no ${BACKUP_NAME}`, {
      facts: { path: source, file: BACKUP_NAME, offset: 0, expected: 'the list of a backup', found: 'no such file' },
    });
  }
  const file = fileSystem.open(path, 'read');
  try {
    const bytes = new Uint8Array(file.size());
    return decodeBackupList(bytes.subarray(0, file.read(bytes, 0)), BACKUP_NAME);
  } finally {
    file.close();
  }
}

function nameOf(file: BackupFile): string {
  return fileName(file.kind, file.number);
}

function digestOf(fileSystem: FileSystem, directory: string, listed: BackupFile): ContentDigest {
  const name = nameOf(listed);
  const path = join(directory, name);
  if (!fileSystem.exists(path)) {
    throw CorruptionError.at(path, 0, { expected: `a file of ${listed.sizeBytes} bytes`, found: 'no such file' });
  }
  const file = fileSystem.open(path, 'read');
  try {
    return digestContent(file);
  } finally {
    file.close();
  }
}

function check(path: string, expected: ContentDigest, found: ContentDigest): void {
  if (found.sizeBytes !== expected.sizeBytes) {
    const what = { expected: `${expected.sizeBytes} bytes`, found: `${found.sizeBytes} bytes` };
    throw CorruptionError.at(path, Math.min(found.sizeBytes, expected.sizeBytes), what);
  }
  if (found.contentChecksum !== expected.contentChecksum) {
    const what = { expected: checksumText(expected.contentChecksum), found: checksumText(found.contentChecksum) };
    throw CorruptionError.at(path, 0, what);
  }
}

async function checkRestored(environment: Environment, destination: string, list: BackupList): Promise<void> {
  const report = await verify(environment, destination);
  const [problem] = report.problems;
  if (problem !== undefined) throw problem;
  const orphan = report.orphans[0];
  if (orphan !== undefined || report.lastTimestamp !== list.timestamp) {
    throw CorruptionError.at(BACKUP_NAME, 8, {
      expected: `the files of a database at timestamp ${list.timestamp}`,
      found: orphan ?? `one at timestamp ${report.lastTimestamp}`,
    });
  }
}

function nextTurn(environment: Environment): Promise<void> {
  return new Promise((resolve) => environment.scheduler.nextTurn(resolve));
}
