/**
 * Records that can grow:
 *
 *   fields := field*
 *   field  := tag:varint length:varint payload:length bytes
 *
 * Tags are never renumbered and 0 is reserved. A reader refuses an unknown tag below 64, because its meaning may be
 * essential, and skips an unknown tag from 64 on, which is advice.
 */

import { ByteReader, type ByteWriter, type MalformedInput } from '../../base/index.js';

const FIRST_ADVISORY_TAG = 64;

/** Appends a field whose payload `encode` writes through `scratch`, which it empties first. */
export function appendField(
  writer: ByteWriter,
  scratch: ByteWriter,
  tag: number,
  encode: (payload: ByteWriter) => void,
): void {
  scratch.reset();
  encode(scratch);
  writer.varint(tag);
  writer.lengthPrefixed(scratch.bytes());
}

/** Reads every field; `decode` returns false for a tag it does not know and otherwise consumes the whole payload. */
export function readFields(
  reader: ByteReader,
  malformed: MalformedInput,
  decode: (tag: number, payload: ByteReader) => boolean,
): void {
  while (reader.remaining > 0) {
    const at = reader.position;
    const tag = reader.varint();
    const bytes = reader.lengthPrefixed();
    const start = reader.position - bytes.length;
    const payload = new ByteReader(bytes, (inside, expected, found) => malformed(start + inside, expected, found));
    if (decode(tag, payload)) payload.end();
    else if (tag < FIRST_ADVISORY_TAG) throw malformed(at, 'a known field tag', `tag ${tag}`);
  }
}
