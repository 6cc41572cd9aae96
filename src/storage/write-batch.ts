/**
 * A list of operations that commits as a whole, in the bytes the log stores:
 *
 *   batch     := operation*
 *   operation := kind:u8 keyLength:varint key:bytes [valueLength:varint value:bytes]   no value for Delete, an empty one for Expiry
 *
 * The key of a RangeDelete is the first key that it deletes and its value the key before which it ends, above the first:
 * there is no range without end, as all keys lie below the end of the region they belong to. A RangeDelete deletes what
 * other batches wrote, and nothing of its own: operations that one behind them deletes are not in the encoding.
 * Only batches read from a log have operations of the kinds that point to values.
 *
 * Keys and values are copied in, so the caller may reuse its buffers at once.
 */

import {
  type BoundedRange,
  ByteReader,
  ByteWriter,
  compareBytes,
  EMPTY_BYTES,
  type MalformedInput,
} from '../base/index.js';
import { EntryKind, pointsToValue } from './entry.js';
import { encodeExpiring, EXPIRY_BYTES, expiryBytesOf } from './format/expiring-value.js';
import { POINTER_BYTES } from './format/value-pointer.js';
import { RangeTombstones } from './tombstone/range-tombstones.js';

/**
 * Receives one operation as ranges of one buffer (`valueStart === valueEnd` for a deletion; for the deletion of a range
 * they hold its end). The bytes are a view: valid during the call.
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
  #writer: ByteWriter;
  #count = 0;
  #keyBytesMax = 0;
  #valueBytesMax = 0;
  #hasExpiring = false;
  /** A range deletion follows other operations, which it may cover. */
  #unsettled = false;

  /** `appendRanges` as a function of its own. */
  readonly adding: BatchVisitor = (kind, bytes, keyStart, keyEnd, valueStart, valueEnd) =>
    this.appendRanges(kind, bytes, keyStart, keyEnd, valueStart, valueEnd);

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
      if (!isOperation(kind)) throw malformed(at, EXPECTED_KINDS, `operation kind ${kind}`);
      const key = reader.lengthPrefixed();
      const value = kind === EntryKind.Delete ? EMPTY_BYTES : reader.lengthPrefixed();
      if (kind === EntryKind.RangeDelete && compareBytes(key, value) >= 0) {
        throw malformed(at, 'a range whose end is above its start', 'an empty one');
      }
      const problem = wrongLength(kind, value.length);
      if (problem !== undefined) throw malformed(at, problem, `${value.length} bytes`);
      keyBytesMax = Math.max(keyBytesMax, keyBytesOf(kind, key, value));
      if (kind === EntryKind.Put || kind === EntryKind.ExpiringPut) {
        valueBytesMax = Math.max(valueBytesMax, value.length - expiryBytesOf(kind));
      }
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
    batch.#writer.raw(this.encoded());
    batch.#count = this.#count;
    batch.#keyBytesMax = this.#keyBytesMax;
    batch.#valueBytesMax = this.#valueBytesMax;
    return batch;
  }

  /** Operations in the batch. */
  get count(): number {
    this.#settle();
    return this.#count;
  }

  /** Length of `encoded()`. */
  get byteSize(): number {
    this.#settle();
    return this.#writer.length;
  }

  /** What it holds in memory, used or not. */
  get memoryBytes(): number {
    return this.#writer.capacity;
  }

  /** Of the longest key. */
  get keyBytesMax(): number {
    return this.#keyBytesMax;
  }

  /** Of the longest value. */
  get valueBytesMax(): number {
    return this.#valueBytesMax;
  }

  /** True when values that expire were added, by `put` or `append`. */
  get hasExpiring(): boolean {
    return this.#hasExpiring;
  }

  /** @param expiresAtMs when the value ends, in milliseconds since the epoch; undefined: never. */
  put(key: Uint8Array, value: Uint8Array, expiresAtMs?: number): void {
    if (expiresAtMs === undefined) this.append(EntryKind.Put, key, value);
    else this.append(EntryKind.ExpiringPut, key, encodeExpiring(expiresAtMs, value));
  }

  delete(key: Uint8Array): void {
    this.append(EntryKind.Delete, key, EMPTY_BYTES);
  }

  /**
   * Deletes every key from `lower` on that lies before `upper`, those that the batch has put so far included. Nothing
   * happens when the range is empty.
   */
  clear({ lower, upper }: BoundedRange): void {
    if (compareBytes(lower, upper) >= 0) return;
    this.#unsettled ||= this.#count > 0;
    this.append(EntryKind.RangeDelete, lower, upper);
  }

  /** Adds one operation; `value` is ignored for a deletion, and stored as it is for all others. Range deletions are added by `clear`. */
  append(kind: EntryKind, key: Uint8Array, value: Uint8Array): void {
    this.#writer.u8(kind);
    this.#writer.lengthPrefixed(key);
    if (kind !== EntryKind.Delete) this.#writer.lengthPrefixed(value);
    this.#appended(kind, key.length, value.length);
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
    this.#writer.u8(kind);
    this.#writer.lengthPrefixedRange(bytes, keyStart, keyEnd);
    if (kind !== EntryKind.Delete) this.#writer.lengthPrefixedRange(bytes, valueStart, valueEnd);
    this.#appended(kind, keyEnd - keyStart, valueEnd - valueStart);
  }

  #appended(kind: EntryKind, keyLength: number, valueLength: number): void {
    // A range may begin and end right behind a key of the greatest length.
    const keyBytes = kind === EntryKind.RangeDelete ? Math.max(keyLength, valueLength) - 1 : keyLength;
    if (keyBytes > this.#keyBytesMax) this.#keyBytesMax = keyBytes;
    if (kind === EntryKind.Put && valueLength > this.#valueBytesMax) this.#valueBytesMax = valueLength;
    if (kind === EntryKind.ExpiringPut) this.#noteExpiring(valueLength - EXPIRY_BYTES);
    this.#count++;
  }

  /** View of the encoding; valid until the batch changes. */
  encoded(): Uint8Array {
    this.#settle();
    return this.#writer.bytes();
  }

  /** Visits the operations in the order they were added. The batch must not change meanwhile. */
  forEach(visit: BatchVisitor): void {
    this.#settle();
    this.#forEach(visit);
  }

  #forEach(visit: BatchVisitor): void {
    forEachOperation(this.#writer.bytes(), 0, this.#writer.length, visit);
  }

  /** Forgets every operation and keeps the memory. */
  reset(): void {
    this.#writer.reset();
    this.#count = this.#keyBytesMax = this.#valueBytesMax = 0;
    this.#unsettled = this.#hasExpiring = false;
  }

  #noteExpiring(valueBytes: number): void {
    this.#hasExpiring = true;
    if (valueBytes > this.#valueBytesMax) this.#valueBytesMax = valueBytes;
  }

  /** Leaves out what later range deletions cover. Takes the number of an operation for its timestamp. */
  #settle(): void {
    if (!this.#unsettled) return;
    this.#unsettled = false;
    const cleared = new RangeTombstones();
    let number = 0;
    this.#forEach((kind, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
      number++;
      if (kind !== EntryKind.RangeDelete) return;
      cleared.add(bytes.slice(keyStart, keyEnd), bytes.slice(valueStart, valueEnd), number);
    });
    const settled = new WriteBatch(this.#writer.length);
    const last = number;
    number = 0;
    this.#forEach((kind, bytes, keyStart, keyEnd, valueStart, valueEnd) => {
      number++;
      const covered = kind !== EntryKind.RangeDelete && cleared.covering(bytes, keyStart, keyEnd, last) > number;
      if (!covered) settled.appendRanges(kind, bytes, keyStart, keyEnd, valueStart, valueEnd);
    });
    this.#writer = settled.#writer;
    this.#count = settled.#count;
    this.#keyBytesMax = settled.#keyBytesMax;
    this.#valueBytesMax = settled.#valueBytesMax;
  }
}

const EXPECTED_KINDS =
  'a deletion (1), a put (2), the deletion of a range (3), a pointer (4), either of both with an end (5, 7) or an expiry (6)';

function isOperation(kind: number): kind is EntryKind {
  return kind >= EntryKind.Delete && kind <= EntryKind.ExpiringPointer;
}

/** How long the value of an operation should be; undefined when it is. */
function wrongLength(kind: EntryKind, valueBytes: number): string | undefined {
  const expiryBytes = expiryBytesOf(kind);
  if (pointsToValue(kind) && valueBytes !== expiryBytes + POINTER_BYTES) return `${expiryBytes + POINTER_BYTES} bytes`;
  if (valueBytes < expiryBytes) return `${expiryBytes} bytes or more`;
  return kind === EntryKind.Expiry && valueBytes > 0 ? 'no value' : undefined;
}

/** A range may begin and end right behind a key of the greatest length. */
function keyBytesOf(kind: EntryKind, key: Uint8Array, value: Uint8Array): number {
  return kind === EntryKind.RangeDelete ? Math.max(key.length, value.length) - 1 : key.length;
}

/** Visits the operations that `bytes[from, to)` encodes, whole and checked. */
export function forEachOperation(bytes: Uint8Array, from: number, to: number, visit: BatchVisitor): void {
  let at = from;
  while (at < to) {
    const kind = bytes[at++] as EntryKind;
    let length = 0;
    let scale = 1;
    for (; bytes[at]! >= 0x80; scale *= 0x80) length += (bytes[at++]! & 0x7f) * scale;
    const keyStart = at + 1;
    const keyEnd = keyStart + length + bytes[at]! * scale;
    at = keyEnd;
    let valueStart = at;
    if (kind !== EntryKind.Delete) {
      length = 0;
      scale = 1;
      for (; bytes[at]! >= 0x80; scale *= 0x80) length += (bytes[at++]! & 0x7f) * scale;
      valueStart = at + 1;
      at = valueStart + length + bytes[at]! * scale;
    }
    visit(kind, bytes, keyStart, keyEnd, valueStart, at);
  }
}
