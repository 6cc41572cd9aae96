/**
 * The tombstones of a table, as a block of its own (stored as in stored-block.ts):
 *
 *   block    := fragment*                                                    ascending, without overlap, at least one
 *   fragment := start:bytes end:bytes count:varint newest:varint distance:varint*(count − 1)
 *
 * `bytes` is a varint length and as many bytes. A fragment covers the keys from `start` on that lie before `end`, by as
 * many range deletions as it has timestamps: from the newest on, each is its `distance` below the one before.
 */

import { ByteReader, ByteWriter, compareBytes, type MalformedInput } from '../../base/index.js';
import type { Timestamp } from '../entry.js';
import type { TombstoneFragment } from '../tombstone/range-tombstones.js';

export function encodeTombstoneBlock(fragments: readonly TombstoneFragment[]): Uint8Array {
  const writer = new ByteWriter(1024);
  for (const { start, end, timestamps } of fragments) {
    writer.lengthPrefixed(start);
    writer.lengthPrefixed(end);
    writer.varint(timestamps.length);
    for (let i = timestamps.length - 1; i >= 0; i--) {
      writer.varint(i === timestamps.length - 1 ? timestamps[i]! : timestamps[i + 1]! - timestamps[i]!);
    }
  }
  return writer.toBytes();
}

/** Parses a verified block. Throws what `malformed` builds. */
export function decodeTombstoneBlock(block: Uint8Array, malformed: MalformedInput): TombstoneFragment[] {
  const reader = new ByteReader(block, malformed);
  const fragments: TombstoneFragment[] = [];
  while (reader.remaining > 0) {
    const at = reader.position;
    const start = reader.lengthPrefixed().slice();
    const end = reader.lengthPrefixed().slice();
    const last = fragments.at(-1);
    if (compareBytes(start, end) >= 0 || (last !== undefined && compareBytes(last.end, start) > 0)) {
      throw malformed(at, 'tombstones in ascending order', 'a fragment that is empty or overlaps the one before');
    }
    fragments.push({ start, end, timestamps: decodeTimestamps(reader, malformed) });
  }
  return fragments;
}

function decodeTimestamps(reader: ByteReader, malformed: MalformedInput): Timestamp[] {
  const at = reader.position;
  const count = reader.varint();
  if (count === 0 || count > reader.remaining) {
    throw malformed(at, `1 to ${reader.remaining} timestamps`, String(count));
  }
  const timestamps: Timestamp[] = [reader.varint()];
  while (timestamps.length < count) {
    const distance = reader.varint();
    const timestamp = timestamps.at(-1)! - distance;
    if (distance === 0 || timestamp < 0) throw malformed(at, 'descending timestamps', `a distance of ${distance}`);
    timestamps.push(timestamp);
  }
  return timestamps.reverse();
}
