/**
 * What is stored of a blob, in a region of its own:
 *
 *   record := 05 01 key           → MessagePack of [1, content id, size, chunk size, SHA-256, modified ms, content type, metadata]
 *   chunk  := 05 02 id number:u32 → the bytes; every chunk but the last has the chunk size
 *   upload := 05 03 id            → empty; there from the first chunk on until a record owns the content
 *
 * Keys are tuples; a content id is 16 bytes, given to no second content; numbers are big-endian. A content never changes: a
 * blob is replaced by a record that names another one.
 */

import {
  type BoundedRange,
  concatBytes,
  CorruptionError,
  type KeyRange,
  keyAfter,
  prefixRange,
  type Tuple,
  type TuplePart,
} from '../../base/index.js';
import { keyCodecs, type TupleKey, valueCodecs } from '../codecs.js';
import type { KeyspaceLayout } from '../keyspace.js';

const CHUNKS = new Uint8Array([0x05, 0x02]);
const UPLOADS = new Uint8Array([0x05, 0x03]);
const RECORD_FORMAT = 1;

/** Bytes of a content id. */
export const CONTENT_ID_BYTES = 16;

/** Where records are, as a keyspace. */
export const blobRecords: KeyspaceLayout<TupleKey, TuplePart[], unknown> = {
  name: 'blobs',
  keyCodec: 'tuple',
  valueCodec: 'structured',
  prefix: new Uint8Array([0x05, 0x01]),
  keys: keyCodecs.tuple,
  values: valueCodecs.structured,
};

/** What is known of a blob without reading its content. */
export interface BlobInfo {
  readonly key: Tuple;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of the content, in lower-case hexadecimal. */
  readonly sha256: string;
  readonly modifiedAt: Date;
  /** As given to `put`; undefined when nothing was. */
  readonly contentType: string | undefined;
  readonly metadata: unknown;
}

/** Where a content is and how it is cut. */
export interface BlobContentPlace {
  readonly id: Uint8Array;
  readonly size: number;
  readonly chunkBytes: number;
}

export interface BlobRecord {
  readonly content: BlobContentPlace;
  readonly sha256: Uint8Array;
  readonly modifiedAtMs: number;
  readonly contentType: string | undefined;
  readonly metadata: unknown;
}

/** The structured value of a record. */
export function encodeRecord(record: BlobRecord): unknown {
  const { id, size, chunkBytes } = record.content;
  const { sha256, modifiedAtMs, contentType = null, metadata = null } = record;
  return [RECORD_FORMAT, id, size, chunkBytes, sha256, modifiedAtMs, contentType, metadata];
}

/** Throws `CorruptionError` for what `encodeRecord` cannot have made. */
export function decodeRecord(value: unknown): BlobRecord {
  const fields: readonly unknown[] = Array.isArray(value) ? value : [];
  const [format, id, size, chunkBytes, sha256, modifiedAtMs, contentType, metadata] = fields;
  if (
    format === RECORD_FORMAT &&
    id instanceof Uint8Array &&
    id.length === CONTENT_ID_BYTES &&
    isCount(size) &&
    isCount(chunkBytes) &&
    chunkBytes > 0 &&
    sha256 instanceof Uint8Array &&
    typeof modifiedAtMs === 'number' &&
    (contentType === null || typeof contentType === 'string')
  ) {
    const content = { id, size, chunkBytes };
    return { content, sha256, modifiedAtMs, contentType: contentType ?? undefined, metadata: metadata ?? undefined };
  }
  throw CorruptionError.at('record of a blob', 0, {
    expected: `format ${RECORD_FORMAT} with its fields`,
    found: `format ${String(format)} with ${fields.length} fields`,
  });
}

export function infoOf(key: Tuple, { content, sha256, modifiedAtMs, contentType, metadata }: BlobRecord): BlobInfo {
  return {
    key,
    size: content.size,
    sha256: Buffer.from(sha256).toString('hex'),
    modifiedAt: new Date(modifiedAtMs),
    contentType,
    metadata,
  };
}

export function chunkKey(id: Uint8Array, number: number): Uint8Array {
  const position = new Uint8Array(4);
  new DataView(position.buffer).setUint32(0, number);
  return concatBytes(CHUNKS, id, position);
}

/** The keys of all chunks of a content: up to the largest number that a chunk can have. */
export function chunkRange(id: Uint8Array): BoundedRange {
  return { lower: chunkKey(id, 0), upper: keyAfter(chunkKey(id, 0xffff_ffff)) };
}

export function uploadKey(id: Uint8Array): Uint8Array {
  return concatBytes(UPLOADS, id);
}

/** The keys of everything uploaded that no record owns yet. */
export const uploadRange: KeyRange = prefixRange(UPLOADS);

/** The content id in the key of an upload. */
export function uploadedId(key: Uint8Array): Uint8Array {
  return key.slice(UPLOADS.length);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
