/**
 * An ordered list of operations that commits as a whole, in the bytes the log stores:
 *
 *   batch     := operation*
 *   operation := kind:u8 keyLength:varint key:bytes [valueLength:varint value:bytes]      value only for Put
 *
 * Keys and values are copied in, so the caller may reuse its buffers at once.
 */

import { ByteReader, ByteWriter, EMPTY_BYTES, type MalformedInput } from '../base/index.js';
import { EntryKind } from './entry.js';

/**
 * Receives one operation as ranges of one buffer (`valueStart === valueEnd` for a deletion). The bytes are a view: valid
 * during the call.
 */
export type BatchVisitor = (
  kind: EntryKind,
  bytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
) => void;

export class WriteBatch {
  readonly #writer: ByteWriter;
  #count = 0;
  #keyBytesMax = 0;
  #valueBytesMax = 0;

  /** @param initialBytes room reserved at once; the batch grows as needed. */
  constructor(initialBytes = 256) {
    this.#writer = new ByteWriter(initialBytes);
  }

  /**
   * Parses and copies `bytes`. Throws what `malformed` builds unless they are exactly a list of whole operations.
   */
  static decode(bytes: Uint8Array, malformed: MalformedInput): WriteBatch {
    const reader = new ByteReader(bytes, malformed);
    let count = 0;
    let keyBytesMax = 0;
    let valueBytesMax = 0;
    while (reader.remaining > 0) {
      const at = reader.position;
      const kind = reader.u8();
      if (kind !== EntryKind.Put && kind !== EntryKind.Delete) {
        throw malformed(at, 'a put (2) or a deletion (1)', `operation kind ${kind}`);
      }
      const key = reader.lengthPrefixed();
      const value = kind === EntryKind.Put ? reader.lengthPrefixed() : EMPTY_BYTES;
      keyBytesMax = Math.max(keyBytesMax, key.length);
      valueBytesMax = Math.max(valueBytesMax, value.length);
      count++;
    }
    const batch = new WriteBatch(bytes.length);
    batch.#writer.raw(bytes);
    batch.#count = count;
    batch.#keyBytesMax = keyBytesMax;
    batch.#valueBytesMax = valueBytesMax;
    return batch;
  }

  /** A batch with the same operations and bytes of its own. */
  copy(): WriteBatch {
    const batch = new WriteBatch(this.byteSize);
    batch.#writer.raw(this.#writer.bytes());
    batch.#count = this.#count;
    return batch;
  }

  /** Operations in the batch. */
  get count(): number {
    return this.#count;
  }

  /** Length of `encoded()`. */
  get byteSize(): number {
    return this.#writer.length;
  }

  /** Of the longest key. */
  get keyBytesMax(): number {
    return this.#keyBytesMax;
  }

  /** Of the longest value. */
  get valueBytesMax(): number {
    return this.#valueBytesMax;
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.append(EntryKind.Put, key, value);
  }

  delete(key: Uint8Array): void {
    this.append(EntryKind.Delete, key, EMPTY_BYTES);
  }

  /** Adds one operation; `value` is ignored for a deletion. */
  append(kind: EntryKind, key: Uint8Array, value: Uint8Array): void {
    this.#writer.u8(kind);
    this.#writer.lengthPrefixed(key);
    if (kind === EntryKind.Put) this.#writer.lengthPrefixed(value);
    if (key.length > this.#keyBytesMax) this.#keyBytesMax = key.length;
    if (kind === EntryKind.Put && value.length > this.#valueBytesMax) this.#valueBytesMax = value.length;
    this.#count++;
  }

  /** The same for ranges of one buffer, as `forEach` visits them. */
  appendRanges(
    kind: EntryKind,
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    this.append(kind, bytes.subarray(keyStart, keyEnd), bytes.subarray(valueStart, valueEnd));
  }

  /** View of the encoding; valid until the batch changes. */
  encoded(): Uint8Array {
    return this.#writer.bytes();
  }

  /** Visits the operations in the order they were added. The batch must not change meanwhile. */
  forEach(visit: BatchVisitor): void {
    const bytes = this.#writer.bytes();
    let at = 0;
    while (at < bytes.length) {
      const kind = bytes[at++] as EntryKind;
      let length = 0;
      let scale = 1;
      for (; bytes[at]! >= 0x80; scale *= 0x80) length += (bytes[at++]! & 0x7f) * scale;
      const keyStart = at + 1;
      const keyEnd = keyStart + length + bytes[at]! * scale;
      at = keyEnd;
      let valueStart = at;
      if (kind === EntryKind.Put) {
        length = 0;
        scale = 1;
        for (; bytes[at]! >= 0x80; scale *= 0x80) length += (bytes[at++]! & 0x7f) * scale;
        valueStart = at + 1;
        at = valueStart + length + bytes[at]! * scale;
      }
      visit(kind, bytes, keyStart, keyEnd, valueStart, at);
    }
  }

  /** Forgets every operation and keeps the memory. */
  reset(): void {
    this.#writer.reset();
    this.#count = this.#keyBytesMax = this.#valueBytesMax = 0;
  }
}
