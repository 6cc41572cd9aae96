/**
 * LZ4 from the optional dependency lz4-napi, loaded at the first use (12 ms). Where it is missing, blocks are written
 * uncompressed and reading a compressed one is an error that says so.
 */

import { createRequire } from 'node:module';

export interface Lz4Codec {
  /** Size of the input as a 32-bit integer, then an LZ4 block. */
  compress(bytes: Uint8Array): Uint8Array;
  /** Inverse of `compress`. Allocates what the first four bytes say. Throws for anything else. */
  decompress(bytes: Uint8Array): Uint8Array;
}

/** What compression saves less of is kept as it is. */
const WORTHWHILE_RATIO = 0.88;

let loaded: { readonly codec: Lz4Codec | undefined } | undefined;

/** The codec; undefined when lz4-napi cannot be loaded on this machine. */
export function lz4(): Lz4Codec | undefined {
  loaded ??= { codec: load() };
  return loaded.codec;
}

/** `bytes` compressed; undefined when that does not pay, or cannot be done on this machine. */
export function compressedIfWorthwhile(bytes: Uint8Array): Uint8Array | undefined {
  const compressed = lz4()?.compress(bytes);
  return compressed !== undefined && compressed.length <= bytes.length * WORTHWHILE_RATIO ? compressed : undefined;
}

function load(): Lz4Codec | undefined {
  try {
    const library = createRequire(import.meta.url)('lz4-napi') as typeof import('lz4-napi');
    return {
      compress: (bytes) => library.compressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)),
      decompress: (bytes) => {
        const { buffer, byteOffset, length } = library.uncompressSync(bytes);
        // A plain array like every other block: the loops that search them stay monomorphic.
        return new Uint8Array(buffer, byteOffset, length);
      },
    };
  } catch {
    // Not installed, or no binary for this platform: an optional dependency is allowed to be absent.
    return undefined;
  }
}
