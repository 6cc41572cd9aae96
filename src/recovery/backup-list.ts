/**
 * The file `BACKUP` of a backup directory, written last: what belongs to the backup and what its bytes must be.
 *
 *   backup := magic:4 bytes = "VRVB"  version:u16 = 2  reserved:u16 = 0  timestamp:u64  manifest:u64  count:u32
 *             file*count  checksum:u32
 *   file   := kind:u8  number:u64  sizeBytes:u64  contentChecksum:u32
 *   kind   := 1 manifest | 2 table | 3 log | 4 value file              0 is reserved
 *
 * `manifest` is the number of the manifest that `CURRENT` of a restored database names; it is among the files, once. The
 * checksum covers all bytes before it, placed at (0, 0). Files are known by kind and number, never by name, so a list
 * cannot point outside its directory. Integers are little-endian.
 */

import {
  ByteReader,
  ByteWriter,
  checksumText,
  CorruptionError,
  InvalidArgumentError,
  placedChecksum,
  utf8Encode,
} from '../base/index.js';
import type { NumberedFileKind, Timestamp } from '../storage/index.js';

export const BACKUP_NAME = 'BACKUP';
/** The list while it is being written. */
export const BACKUP_TEMPORARY_NAME = 'BACKUP.tmp';

const MAGIC = 'VRVB';
const VERSION = 2;
const HEADER_BYTES = 28;
const FILE_BYTES = 21;
const CHECKSUM_BYTES = 4;
const KINDS = { manifest: 1, table: 2, log: 3, value: 4 } as const satisfies Record<NumberedFileKind, number>;

export interface BackupFile {
  readonly kind: NumberedFileKind;
  readonly number: number;
  readonly sizeBytes: number;
  /** See `ContentChecksum`. */
  readonly contentChecksum: number;
}

export interface BackupList {
  /** Every commit up to it is in the backup, and none after it. */
  readonly timestamp: Timestamp;
  readonly manifestNumber: number;
  readonly files: readonly BackupFile[];
}

export function encodeBackupList(list: BackupList): Uint8Array {
  const writer = new ByteWriter(HEADER_BYTES + list.files.length * FILE_BYTES + CHECKSUM_BYTES);
  writer.raw(utf8Encode(MAGIC));
  writer.u16(VERSION);
  writer.u16(0);
  writer.u64(list.timestamp);
  writer.u64(list.manifestNumber);
  writer.u32(list.files.length);
  for (const file of list.files) {
    writer.u8(KINDS[file.kind]);
    writer.u64(file.number);
    writer.u64(file.sizeBytes);
    writer.u32(file.contentChecksum);
  }
  writer.u32(placedChecksum(0, 0, writer.bytes()));
  return writer.toBytes();
}

/**
 * Throws `CorruptionError` for damage, `InvalidArgumentError` for a list of a newer version.
 *
 * @param name of the file, for messages.
 */
export function decodeBackupList(bytes: Uint8Array, name: string): BackupList {
  const damage = (at: number, expected: string, found: string): CorruptionError =>
    CorruptionError.at(name, at, { expected, found });
  checkWhole(bytes, damage, name);
  const reader = new ByteReader(bytes.subarray(0, -CHECKSUM_BYTES), damage, 8);
  const timestamp = reader.u64();
  const manifestNumber = reader.u64();
  const count = reader.u32();
  if (reader.remaining !== count * FILE_BYTES) {
    throw damage(HEADER_BYTES - 4, `${count} files of ${FILE_BYTES} bytes`, `${reader.remaining} bytes`);
  }
  const files: BackupFile[] = [];
  for (let i = 0; i < count; i++) files.push(decodeFile(reader, damage));
  const manifests = files.filter((file) => file.kind === 'manifest');
  if (manifests.length !== 1 || manifests[0]!.number !== manifestNumber) {
    const found = manifests.map((file) => file.number).join(', ');
    throw damage(16, `manifest ${manifestNumber} among the files`, `manifests: ${found}`);
  }
  return { timestamp, manifestNumber, files };
}

type Damage = (at: number, expected: string, found: string) => CorruptionError;

function checkWhole(bytes: Uint8Array, damage: Damage, name: string): void {
  if (bytes.length < HEADER_BYTES + CHECKSUM_BYTES) {
    throw damage(0, `at least ${HEADER_BYTES + CHECKSUM_BYTES} bytes`, `${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - CHECKSUM_BYTES;
  const computed = placedChecksum(0, 0, bytes.subarray(0, end));
  const stored = view.getUint32(end, true);
  const magic = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  if (magic !== MAGIC) throw damage(0, `the magic ${MAGIC}`, JSON.stringify(magic));
  if (stored !== computed) throw damage(end, checksumText(computed), checksumText(stored));
  const version = view.getUint16(4, true);
  if (version !== VERSION) {
    throw new InvalidArgumentError(`${name} has format version ${version}; this library reads ${VERSION}`, {
      facts: { file: name, offset: 4, expected: VERSION, found: version },
    });
  }
}

function decodeFile(reader: ByteReader, damage: Damage): BackupFile {
  const at = reader.position;
  const tag = reader.u8();
  const kind = (['manifest', 'table', 'log', 'value'] as const).find((name) => KINDS[name] === tag);
  if (kind === undefined) throw damage(at, 'a manifest (1), a table (2), a log (3) or values (4)', `file kind ${tag}`);
  return { kind, number: reader.u64(), sizeBytes: reader.u64(), contentChecksum: reader.u32() };
}
