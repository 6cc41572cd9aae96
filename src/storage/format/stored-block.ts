/**
 * How a block lies in a table file:
 *
 *   stored := payload compression:u8 checksum:u32
 *   handle := offset:varint payloadBytes:varint rawBytes:varint
 *
 * compression 1: the payload is the block. 2: the payload is `rawBytes:u32` and an LZ4 block. The checksum covers payload
 * and compression byte, placed at (file number, offset). `rawBytes` is the size after decompression.
 */

import {
  type ByteReader,
  type ByteWriter,
  checksumText,
  CorruptionError,
  InvalidArgumentError,
  placedChecksum,
} from '../../base/index.js';
import { compressedIfWorthwhile, lz4 } from '../lz4.js';

export const BLOCK_TRAILER_BYTES = 5;

/** Never renumbered; 0 is reserved. */
export const Compression = { None: 1, Lz4: 2 } as const;

/** LZ4 cannot expand further than this; a larger claim is damage. */
const LZ4_EXPANSION_MAX = 255;

export interface BlockHandle {
  readonly offset: number;
  readonly payloadBytes: number;
  readonly rawBytes: number;
}

export function encodeHandle(writer: ByteWriter, handle: BlockHandle): void {
  writer.varint(handle.offset);
  writer.varint(handle.payloadBytes);
  writer.varint(handle.rawBytes);
}

export function decodeHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.varint(), payloadBytes: reader.varint(), rawBytes: reader.varint() };
}

/** Where a block is stored. */
export interface BlockPlace {
  readonly file: string;
  readonly fileNumber: number;
  readonly offset: number;
}

/**
 * Writes `raw` in its stored form at the start of `target`, which has room for `raw.length` + trailer, and returns the
 * payload's size.
 */
export function storeBlock(target: Uint8Array, raw: Uint8Array, compress: boolean, place: BlockPlace): number {
  const compressed = compress ? compressedIfWorthwhile(raw) : undefined;
  const payload = compressed ?? raw;
  target.set(payload);
  const at = payload.length;
  target[at] = compressed === undefined ? Compression.None : Compression.Lz4;
  const checksum = placedChecksum(place.fileNumber, place.offset, target.subarray(0, at + 1));
  target[at + 1] = checksum;
  target[at + 2] = checksum >>> 8;
  target[at + 3] = checksum >>> 16;
  target[at + 4] = checksum >>> 24;
  return at;
}

/**
 * Verifies a stored block and returns the block itself: a view of `stored`, or fresh memory when it was compressed.
 * Throws `CorruptionError`; `InvalidArgumentError` when it is compressed and lz4-napi cannot be loaded.
 *
 * @param stored payload and trailer.
 */
export function unwrapBlock(stored: Uint8Array, rawBytes: number, place: BlockPlace): Uint8Array {
  const payloadBytes = stored.length - BLOCK_TRAILER_BYTES;
  const at = payloadBytes + 1;
  const found = (stored[at]! | (stored[at + 1]! << 8) | (stored[at + 2]! << 16) | (stored[at + 3]! << 24)) >>> 0;
  const computed = placedChecksum(place.fileNumber, place.offset, stored.subarray(0, at));
  if (found !== computed) {
    const what = { expected: checksumText(computed), found: checksumText(found) };
    throw CorruptionError.at(place.file, place.offset + at, what);
  }
  const compression = stored[payloadBytes]!;
  const payload = stored.subarray(0, payloadBytes);
  if (compression === Compression.Lz4) return decompressed(payload, place, rawBytes);
  if (compression !== Compression.None || payloadBytes !== rawBytes) {
    const expected = `an uncompressed block of ${rawBytes} bytes`;
    const what = { expected, found: `${payloadBytes} bytes with compression ${compression}` };
    throw CorruptionError.at(place.file, place.offset + payloadBytes, what);
  }
  return payload;
}

/**
 * What `Lz4Codec.compress` has made `payload` of, which lies at `place`. Throws `CorruptionError`; `InvalidArgumentError`
 * when lz4-napi cannot be loaded.
 *
 * @param rawBytes its size, where that is known from elsewhere.
 */
export function decompressed(
  payload: Uint8Array,
  place: { readonly file: string; readonly offset: number },
  rawBytes?: number,
): Uint8Array {
  const codec = lz4();
  if (codec === undefined) {
    throw new InvalidArgumentError(
      `${place.file}: what lies at ${place.offset} is compressed with LZ4, and the optional package lz4-napi is not installed`,
      { facts: { file: place.file, offset: place.offset, missing: 'lz4-napi' } },
    );
  }
  // The codec allocates what the payload's first four bytes claim: that must be right, and possible.
  const claimed = (payload[0]! | (payload[1]! << 8) | (payload[2]! << 16) | (payload[3]! << 24)) >>> 0;
  const bytes = rawBytes ?? claimed;
  if (payload.length < 4 || claimed !== bytes || claimed > payload.length * LZ4_EXPANSION_MAX) {
    const what = {
      expected: `a size of ${rawBytes ?? 'at most 255 times what is stored'}`,
      found: `a claim of ${claimed}`,
    };
    throw CorruptionError.at(place.file, place.offset, what);
  }
  try {
    return codec.decompress(payload);
  } catch (cause) {
    throw CorruptionError.at(place.file, place.offset, { expected: 'an LZ4 block', found: 'other bytes' }, cause);
  }
}
