/**
 * Copies and checks whole files in bounded memory. The checksum of a content runs over pieces of 64 KiB (the last may
 * be shorter): it begins as 0, and each piece takes it on as if it were a file number,
 * `placedChecksum(so far, offset of the piece, piece)`. So pieces that changed places are found.
 */

import { placedChecksum } from '../base/index.js';
import type { File } from '../vfs/index.js';

const PIECE_BYTES = 64 * 1024;

export interface ContentDigest {
  readonly sizeBytes: number;
  readonly contentChecksum: number;
}

/** Reads `source` from its begin to its end; writes the same bytes to `target`, which must be empty, if there is one. */
export function digestContent(source: File, target?: File): ContentDigest {
  const buffer = new Uint8Array(PIECE_BYTES);
  let contentChecksum = 0;
  let offset = 0;
  for (;;) {
    const count = source.read(buffer, offset);
    if (count === 0) break;
    const piece = buffer.subarray(0, count);
    contentChecksum = placedChecksum(contentChecksum, offset, piece);
    target?.write(piece, offset);
    offset += count;
  }
  return { sizeBytes: offset, contentChecksum };
}
