/**
 * What the top index of a partitioned table says of one partition; the value of an entry whose key and timestamp are those
 * of the last entry in the partition:
 *
 *   partition := index:handle dataBlocks:varint filter:handle?
 *
 * The index partition is a block as in data-block.ts with `dataBlocks` entries, which say of their data blocks what the
 * entries of a whole index say. The filter, as in bloom-filter.ts, covers every key that has an entry in these data blocks.
 */

import type { ByteReader, ByteWriter } from '../../base/index.js';
import { type BlockHandle, decodeHandle, encodeHandle } from './stored-block.js';

export interface IndexPartition {
  readonly index: BlockHandle;
  readonly dataBlocks: number;
  readonly filter: BlockHandle | undefined;
}

export function encodePartition(writer: ByteWriter, { index, dataBlocks, filter }: IndexPartition): void {
  encodeHandle(writer, index);
  writer.varint(dataBlocks);
  if (filter !== undefined) encodeHandle(writer, filter);
}

export function decodePartition(reader: ByteReader): IndexPartition {
  const index = decodeHandle(reader);
  const dataBlocks = reader.varint();
  const filter = reader.remaining > 0 ? decodeHandle(reader) : undefined;
  reader.end();
  return { index, dataBlocks, filter };
}
