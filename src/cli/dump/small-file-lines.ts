/** `CURRENT`, the list of a backup, and lock files as lines: files that are read in one piece. */

import { CorruptionError, IoError, utf8Decode, VarveError } from '../../base/index.js';
import { decodeBackupList } from '../../recovery/index.js';
import { decodeCurrent, decodeFileHeader, FILE_HEADER_BYTES, fileName, FileMagic } from '../../storage/index.js';
import { type FileSystem, parseLockOwner } from '../../vfs/index.js';
import { damageLine, type DumpLine, nestedText, placedText } from './dump-line.js';
import type { DumpedFile } from './dumped-file.js';

export function* currentLines(fileSystem: FileSystem, { path, name }: DumpedFile): Generator<DumpLine> {
  yield* decoding(() => {
    const manifest = decodeCurrent(contentOf(fileSystem, path), name);
    const text = placedText(0, 'header', `${FileMagic.current}, names ${fileName('manifest', manifest)}, checksum ok`);
    return [{ text, data: { item: 'current', offset: 0, manifest, checksum: 'ok' } }];
  });
}

/** Values lie one behind the other: where each begins only the tables know that point to it. */
export function* valueLines(fileSystem: FileSystem, file: DumpedFile): Generator<DumpLine> {
  yield* decoding(() => {
    const { path, name, fileNumber, sizeBytes } = file;
    decodeFileHeader(contentOf(fileSystem, path).subarray(0, FILE_HEADER_BYTES), FileMagic.value, name);
    const valueBytes = sizeBytes - FILE_HEADER_BYTES;
    return [
      {
        text: placedText(0, 'header', `${FileMagic.value}, number ${fileNumber}, checksum ok`),
        data: { item: 'header', offset: 0, number: fileNumber, checksum: 'ok' },
      },
      {
        text: placedText(
          FILE_HEADER_BYTES,
          'values',
          `${valueBytes} bytes, verified through the tables that point to them`,
        ),
        data: { item: 'values', offset: FILE_HEADER_BYTES, bytes: valueBytes },
      },
    ];
  });
}

export function* backupLines(fileSystem: FileSystem, { path, name }: DumpedFile): Generator<DumpLine> {
  yield* decoding(() => {
    const { timestamp, manifestNumber, files } = decodeBackupList(contentOf(fileSystem, path), name);
    const facts = `timestamp ${timestamp}, ${fileName('manifest', manifestNumber)} in force, ${files.length} files, checksum ok`;
    return [
      {
        text: placedText(0, 'list', facts),
        data: { item: 'backup', offset: 0, timestamp, manifest: manifestNumber, files: files.length, checksum: 'ok' },
      },
      ...files.map(({ kind, number, sizeBytes, contentChecksum }) => {
        const content = contentChecksum.toString(16).padStart(8, '0');
        return {
          text: nestedText(kind, `${fileName(kind, number)}: ${sizeBytes} bytes, content checksum ${content}`),
          data: { item: 'entry', kind, number, sizeBytes, contentChecksum: content },
          isEntry: true,
        };
      }),
    ];
  });
}

export function* lockLines(fileSystem: FileSystem, { path, name }: DumpedFile): Generator<DumpLine> {
  yield* decoding(() => {
    const owner = parseLockOwner(textOf(contentOf(fileSystem, path), name));
    if (owner === undefined) throw CorruptionError.at(name, 0, { expected: 'a lock file', found: 'other bytes' });
    const isAlive = fileSystem.lockHolder(path) !== undefined;
    const facts = `process ${owner.pid}, ${isAlive ? 'which is running' : 'which has ended'}, taking ${owner.taking}`;
    return [{ text: placedText(0, 'lock', facts), data: { item: 'lock', ...owner, isAlive } }];
  });
}

function decoding(decode: () => DumpLine[]): DumpLine[] {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof VarveError) || error instanceof IoError) throw error;
    return [damageLine({ item: 'damage', error })];
  }
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return utf8Decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw CorruptionError.at(name, 0, { expected: 'text', found: 'other bytes' }, cause);
  }
}

function contentOf(fileSystem: FileSystem, path: string): Uint8Array {
  const file = fileSystem.open(path, 'read');
  try {
    const content = new Uint8Array(file.size());
    return content.subarray(0, file.read(content, 0));
  } finally {
    file.close();
  }
}
