/**
 * The first 20 bytes of every file:
 *
 *   header := magic:4 bytes  version:u16  flags:u16  number:u64  checksum:u32
 *
 * Flag bit 0 of a log segment says that it was begun before the one before it was durable; there are no other flags.
 * `number` is the number in the file's name; in `CURRENT` it is the number of the manifest in force. The checksum covers
 * the 16 bytes before it, placed at (number, 0). Integers are little-endian here and in all formats.
 */

import {
  ByteReader,
  ByteWriter,
  checksumText,
  CorruptionError,
  InvalidArgumentError,
  placedChecksum,
  utf8Encode,
} from '../../base/index.js';

export const FILE_HEADER_BYTES = 20;
const CHECKED_BYTES = 16;

/** The four bytes a file begins with, as text. */
export const FileMagic = { log: 'VRVL', table: 'VRVT', value: 'VRVV', manifest: 'VRVM', current: 'VRVC' } as const;
export type FileMagic = (typeof FileMagic)[keyof typeof FileMagic];

/** The newest version of each file's format, which is the one that is written. */
const VERSIONS: Record<FileMagic, number> = { VRVL: 2, VRVT: 2, VRVV: 2, VRVM: 2, VRVC: 1 };

/** Of a log segment: nothing says that the segments before it are whole. */
export const BEGUN_EARLY = 1;
const FLAGS_KNOWN: Record<FileMagic, number> = { VRVL: BEGUN_EARLY, VRVT: 0, VRVV: 0, VRVM: 0, VRVC: 0 };
const FLAGS_AT = 6;

export function formatVersion(magic: FileMagic): number {
  return VERSIONS[magic];
}

export function encodeFileHeader(magic: FileMagic, number: number, flags = 0): Uint8Array {
  const writer = new ByteWriter(FILE_HEADER_BYTES);
  writer.raw(utf8Encode(magic));
  writer.u16(VERSIONS[magic]);
  writer.u16(flags);
  writer.u64(number);
  writer.u32(placedChecksum(number, 0, writer.bytes()));
  return writer.toBytes();
}

/**
 * Checks a header and returns its number. Throws `CorruptionError` for damage and `InvalidArgumentError` for a file that
 * a newer version of the library wrote.
 *
 * @param file name for messages.
 */
export function decodeFileHeader(bytes: Uint8Array, magic: FileMagic, file: string): number {
  const reader = new ByteReader(bytes, (at, expected, found) => CorruptionError.at(file, at, { expected, found }));
  const expectedMagic = utf8Encode(magic);
  for (let i = 0; i < expectedMagic.length; i++) {
    const byte = reader.u8();
    if (byte !== expectedMagic[i]) {
      throw CorruptionError.at(file, i, { expected: `the magic ${magic}`, found: `byte ${byte}` });
    }
  }
  const version = reader.u16();
  const flags = reader.u16();
  const number = reader.u64();
  const stored = reader.u32();
  const computed = placedChecksum(number, 0, bytes.subarray(0, CHECKED_BYTES));
  if (stored !== computed) {
    throw CorruptionError.at(file, 0, { expected: checksumText(computed), found: checksumText(stored) });
  }
  if (version !== VERSIONS[magic] || (flags & ~FLAGS_KNOWN[magic]) !== 0) {
    throw new InvalidArgumentError(`${file} has format version ${version}; this library reads ${VERSIONS[magic]}`, {
      facts: { file, offset: 4, expected: VERSIONS[magic], found: version },
    });
  }
  return number;
}

/** The flags in a header that was checked. */
export function flagsOf(header: Uint8Array): number {
  return header[FLAGS_AT]! | (header[FLAGS_AT + 1]! << 8);
}

/** `decodeFileHeader`, and the number must be the one in the file's name. */
export function checkFileHeader(bytes: Uint8Array, magic: FileMagic, number: number, file: string): void {
  const found = decodeFileHeader(bytes, magic, file);
  if (found !== number) {
    throw CorruptionError.at(file, 8, { expected: `file number ${number}`, found: `file number ${found}` });
  }
}
