/** Which of our files a path is: by its name, and where that says nothing by its first bytes. */

import { basename } from 'node:path';
import { InvalidArgumentError } from '../../base/index.js';
import { BACKUP_NAME, BACKUP_TEMPORARY_NAME } from '../../recovery/index.js';
import {
  CURRENT_NAME,
  CURRENT_TEMPORARY_NAME,
  decodeFileHeader,
  FILE_HEADER_BYTES,
  FileMagic,
  LOCK_NAME,
  type NumberedFileKind,
  parseFileName,
} from '../../storage/index.js';
import { type FileSystem, isLockFileName } from '../../vfs/index.js';

export interface DumpedFile {
  readonly path: string;
  readonly name: string;
  readonly kind: NumberedFileKind | 'current' | 'backup' | 'lock';
  /** The number in its name, or else in its header; 0 for kinds that have none. */
  readonly fileNumber: number;
  readonly sizeBytes: number;
}

/** Throws `InvalidArgumentError` for what is not a file, or not one of ours. */
export function identifyFile(fileSystem: FileSystem, path: string): DumpedFile {
  if (!fileSystem.exists(path)) throw notOurs(path, 'there is no such file');
  const { kind: found, sizeBytes } = fileSystem.stat(path);
  if (found !== 'file') throw notOurs(path, 'it is a directory: varve stats and varve verify look at those');
  const name = basename(path);
  const identity = byName(name) ?? byContent(fileSystem, path, name);
  if (identity !== undefined) return { path, name, sizeBytes, ...identity };
  throw notOurs(path, 'neither its name nor its first bytes are those of a file of a database');
}

type Identity = Pick<DumpedFile, 'kind' | 'fileNumber'>;

function byName(name: string): Identity | undefined {
  const numbered = parseFileName(name);
  if (numbered !== undefined) return { kind: numbered.kind, fileNumber: numbered.number };
  if (name === CURRENT_NAME || name === CURRENT_TEMPORARY_NAME) return { kind: 'current', fileNumber: 0 };
  if (name === BACKUP_NAME || name === BACKUP_TEMPORARY_NAME) return { kind: 'backup', fileNumber: 0 };
  return isLockFileName(name, LOCK_NAME) ? { kind: 'lock', fileNumber: 0 } : undefined;
}

/** A file under another name: checksums cover the number it was written under, which its header holds. */
function byContent(fileSystem: FileSystem, path: string, name: string): Identity | undefined {
  const file = fileSystem.open(path, 'read');
  const header = new Uint8Array(FILE_HEADER_BYTES);
  try {
    if (file.read(header, 0) < FILE_HEADER_BYTES) return undefined;
  } finally {
    file.close();
  }
  const magic = Buffer.from(header.subarray(0, 4)).toString('latin1');
  const kind = (['table', 'log', 'manifest', 'current'] as const).find((one) => FileMagic[one] === magic);
  return kind && { kind, fileNumber: decodeFileHeader(header, FileMagic[kind], name) };
}

function notOurs(path: string, found: string): InvalidArgumentError {
  return new InvalidArgumentError(`${path} cannot be dumped: ${found}`, { facts: { path } });
}
