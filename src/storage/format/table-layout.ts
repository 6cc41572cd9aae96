/**
 * The frame of a table file (`NNNNNN.tbl`):
 *
 *   table      := header dataBlock* tombstones? filter? index properties footer                blocks as in stored-block.ts
 *               | header (dataBlock | filter? index)* topIndex properties footer                partitioned; tombstones?
 *                 behind the last data block
 *   index      := block as in data-block.ts; one entry per data block: the key and timestamp are at or behind the last
 *                 entry of that data block and before the first of the next, the kind is Put, the value is the handle
 *   topIndex   := block as in data-block.ts; one entry per partition, see index-partition.ts
 *   properties := fields, see tagged-fields.ts
 *     1 index := handle               2 entries := varint           3 tombstones := varint    4 smallest key := bytes
 *     5 largest key := bytes          6 min timestamp := varint     7 max timestamp := varint 8 raw bytes := varint
 *     9 data blocks := varint       10 range tombstones := varint  11 tombstone block := handle
 *    12 index partitions := varint  64 filter := handle
 *   footer     := offset:u64 payloadBytes:u32 version:u16 reserved:u16 = 0 checksum:u32 magic:4 bytes "VRVE"
 *
 * The version is 4 when index and filter are partitioned, and 3 otherwise. In a partitioned table, and in no other, there
 * are `index partitions`; `index` is the top index, and there is no `filter`.
 *
 * A table has entries or range tombstones, or both; its key and timestamp ranges are those of both together. Tombstones
 * are as in tombstone-block.ts, and counted once per fragment. The smallest and the largest key are included in the range;
 * where a tombstone ends it at `end`, the largest is the key right before `end`, which is `end` without its last byte when
 * that is 0, or `end` itself when there is no such key.
 *
 * Offset and size in the footer are those of the properties, which are never compressed. The footer's checksum covers
 * its bytes before it, placed at (file number, offset of the footer).
 */

import {
  ByteReader,
  ByteWriter,
  checksumText,
  CorruptionError,
  InvalidArgumentError,
  type MalformedInput,
  placedChecksum,
} from '../../base/index.js';
import type { Timestamp } from '../entry.js';
import { type BlockHandle, decodeHandle, encodeHandle } from './stored-block.js';
import { appendField, readFields } from './tagged-fields.js';

const Tag = {
  Index: 1,
  Entries: 2,
  Tombstones: 3,
  Smallest: 4,
  Largest: 5,
  MinTimestamp: 6,
  MaxTimestamp: 7,
  RawBytes: 8,
  DataBlocks: 9,
  RangeTombstones: 10,
  TombstoneBlock: 11,
  IndexPartitions: 12,
  Filter: 64,
} as const;

export interface TableProperties {
  /** The whole index, or the top index of a partitioned one. */
  readonly index: BlockHandle;
  /** The whole filter. */
  readonly filter: BlockHandle | undefined;
  /** 0 when index and filter are whole. */
  readonly indexPartitions: number;
  readonly entries: number;
  readonly tombstones: number;
  readonly rangeTombstones: number;
  /** Undefined for none. */
  readonly tombstoneBlock: BlockHandle | undefined;
  readonly rawBytes: number;
  readonly dataBlocks: number;
  readonly minTimestamp: Timestamp;
  readonly maxTimestamp: Timestamp;
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
}

export function encodeTableProperties(properties: TableProperties): Uint8Array {
  const writer = new ByteWriter(256);
  const scratch = new ByteWriter(64);
  const number = (tag: number, value: number): void => {
    appendField(writer, scratch, tag, (payload) => payload.varint(value));
  };
  appendField(writer, scratch, Tag.Index, (payload) => encodeHandle(payload, properties.index));
  number(Tag.Entries, properties.entries);
  number(Tag.Tombstones, properties.tombstones);
  appendField(writer, scratch, Tag.Smallest, (payload) => payload.raw(properties.smallest));
  appendField(writer, scratch, Tag.Largest, (payload) => payload.raw(properties.largest));
  number(Tag.MinTimestamp, properties.minTimestamp);
  number(Tag.MaxTimestamp, properties.maxTimestamp);
  number(Tag.RawBytes, properties.rawBytes);
  number(Tag.DataBlocks, properties.dataBlocks);
  if (properties.indexPartitions > 0) number(Tag.IndexPartitions, properties.indexPartitions);
  const { filter, tombstoneBlock } = properties;
  if (tombstoneBlock !== undefined) {
    number(Tag.RangeTombstones, properties.rangeTombstones);
    appendField(writer, scratch, Tag.TombstoneBlock, (payload) => encodeHandle(payload, tombstoneBlock));
  }
  if (filter !== undefined) appendField(writer, scratch, Tag.Filter, (payload) => encodeHandle(payload, filter));
  return writer.toBytes();
}

/** Parses verified bytes. Throws `CorruptionError`; `place` is the name of the file and the offset of the properties. */
export function decodeTableProperties(bytes: Uint8Array, place: { file: string; offset: number }): TableProperties {
  const malformed: MalformedInput = (at, expected, found) =>
    CorruptionError.at(place.file, place.offset + at, { expected, found });
  const numbers = new Map<number, number>();
  const keys = new Map<number, Uint8Array>();
  const handles = new Map<number, BlockHandle>();
  readFields(new ByteReader(bytes, malformed), malformed, (tag, payload) => {
    if (tag === Tag.Index || tag === Tag.Filter || tag === Tag.TombstoneBlock) handles.set(tag, decodeHandle(payload));
    else if (tag === Tag.Smallest || tag === Tag.Largest) keys.set(tag, payload.raw(payload.remaining).slice());
    else if ((tag >= Tag.Entries && tag <= Tag.RangeTombstones) || tag === Tag.IndexPartitions)
      numbers.set(tag, payload.varint());
    else return false;
    return true;
  });
  const present = <T>(fields: Map<number, T>, tag: number): T => {
    const value = fields.get(tag);
    if (value === undefined) throw malformed(0, `table property ${tag}`, 'none');
    return value;
  };
  return {
    index: present(handles, Tag.Index),
    filter: handles.get(Tag.Filter),
    indexPartitions: numbers.get(Tag.IndexPartitions) ?? 0,
    entries: present(numbers, Tag.Entries),
    tombstones: present(numbers, Tag.Tombstones),
    rangeTombstones: numbers.get(Tag.RangeTombstones) ?? 0,
    tombstoneBlock: handles.get(Tag.TombstoneBlock),
    rawBytes: present(numbers, Tag.RawBytes),
    dataBlocks: present(numbers, Tag.DataBlocks),
    minTimestamp: present(numbers, Tag.MinTimestamp),
    maxTimestamp: present(numbers, Tag.MaxTimestamp),
    smallest: present(keys, Tag.Smallest),
    largest: present(keys, Tag.Largest),
  };
}

export const FOOTER_BYTES = 24;
const FOOTER_CHECKED_BYTES = 16;
const FOOTER_VERSIONS = { whole: 3, partitioned: 4 } as const;
const FOOTER_MAGIC = 0x45565256;

/** @param place where the footer will lie. */
export function encodeFooter(
  properties: BlockHandle,
  index: keyof typeof FOOTER_VERSIONS,
  place: { fileNumber: number; offset: number },
): Uint8Array {
  const writer = new ByteWriter(FOOTER_BYTES);
  writer.u64(properties.offset);
  writer.u32(properties.payloadBytes);
  writer.u16(FOOTER_VERSIONS[index]);
  writer.u16(0);
  writer.u32(placedChecksum(place.fileNumber, place.offset, writer.bytes()));
  writer.u32(FOOTER_MAGIC);
  return writer.toBytes();
}

/** Checks a footer and returns the handle of the properties. Throws `CorruptionError` or, for a newer version, `InvalidArgumentError`. */
export function decodeFooter(
  bytes: Uint8Array,
  place: { file: string; fileNumber: number; offset: number },
): BlockHandle {
  const malformed: MalformedInput = (at, expected, found) =>
    CorruptionError.at(place.file, place.offset + at, { expected, found });
  const reader = new ByteReader(bytes, malformed);
  const offset = reader.u64();
  const payloadBytes = reader.u32();
  const version = reader.u16();
  const reserved = reader.u16();
  const stored = reader.u32();
  const magic = reader.u32();
  const computed = placedChecksum(place.fileNumber, place.offset, bytes.subarray(0, FOOTER_CHECKED_BYTES));
  if (magic !== FOOTER_MAGIC) throw malformed(20, 'the footer magic VRVE', `word ${magic.toString(16)}`);
  if (stored !== computed) throw malformed(16, checksumText(computed), checksumText(stored));
  const { whole, partitioned } = FOOTER_VERSIONS;
  if ((version !== whole && version !== partitioned) || reserved !== 0) {
    const expected = `${whole} and ${partitioned}`;
    throw new InvalidArgumentError(`${place.file} has table version ${version}; this library reads ${expected}`, {
      facts: { file: place.file, offset: place.offset + 12, expected, found: version },
    });
  }
  return { offset, payloadBytes, rawBytes: payloadBytes };
}
