/**
 * What inspections of single files have in common. An inspection yields what it decodes, in the order it lies in the file,
 * and a `damage` item for what does not decode; it goes on behind damage wherever the rest can still be found. Only a
 * failing device (`IoError`) is thrown.
 */

import { InvariantError, IoError, VarveError } from '../../base/index.js';
import type { File } from '../../vfs/index.js';
import { checkFileHeader, FILE_HEADER_BYTES, type FileMagic, formatVersion } from '../format/file-header.js';

export interface DamageItem {
  readonly item: 'damage';
  /** Usually a `CorruptionError`, whose facts name file, offset, expected and found. */
  readonly error: VarveError | InvariantError;
}

/** The first bytes of a file, which hold. */
export interface HeaderItem {
  readonly item: 'header';
  readonly magic: FileMagic;
  readonly version: number;
  readonly number: number;
}

/** An error that says something about the bytes, as an item; any other is thrown again. */
export function damageOf(error: unknown): DamageItem {
  // The readers of blocks assert what a checksum that holds promises; here a writer's fault is a finding.
  const isFinding = (error instanceof VarveError && !(error instanceof IoError)) || error instanceof InvariantError;
  if (isFinding) return { item: 'damage', error };
  throw error;
}

/** Reads and checks the header of `file`, whose name says that it has `number`. */
export function inspectHeader(file: File, magic: FileMagic, number: number, name: string): HeaderItem | DamageItem {
  const header = new Uint8Array(FILE_HEADER_BYTES);
  const read = file.read(header, 0);
  try {
    checkFileHeader(header.subarray(0, read), magic, number, name);
    return { item: 'header', magic, version: formatVersion(magic), number };
  } catch (error) {
    return damageOf(error);
  }
}
