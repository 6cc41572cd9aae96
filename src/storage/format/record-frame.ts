/**
 * Frames carry the records of logs and manifests:
 *
 *   file  := header frame* 00*        zeros only in logs, which are extended ahead
 *   frame := marker:4 bytes = f5 76 72 0a  checksum:u32  length:u32  syncedOffset:u64  type:u8  body:length bytes
 *
 * The checksum covers everything behind itself, placed at (file number, offset of the frame). `syncedOffset` is how many
 * bytes of this file were known to be durable when the frame was written: a later frame thereby testifies that damage
 * before that offset is not the torn tail of a crash. The marker is what a reader looks for behind damage.
 */

import { type ByteWriter, checksumText, placedChecksum } from '../../base/index.js';

export const FRAME_HEADER_BYTES = 21;
const CHECKSUM_AT = 4;
const LENGTH_AT = 8;
const SYNCED_AT = 12;
const TYPE_AT = 20;

const MARKER = Uint8Array.of(0xf5, 0x76, 0x72, 0x0a);
const MARKER_WORD = 0x0a7276f5;

/** One number space for logs and manifests. Never renumbered; 0 is reserved. */
export const FrameType = { Batch: 1, SegmentEnd: 2, Edit: 3, TimedBatch: 4 } as const;

/** Appends a frame header whose place is not known yet; the body goes behind it. Returns where the frame begins. */
export function beginFrame(writer: ByteWriter, type: number): number {
  const start = writer.length;
  writer.u32(MARKER_WORD);
  writer.u32(0);
  writer.u32(0);
  writer.u64(0);
  writer.u8(type);
  return start;
}

/** Ends the frame that begins at `start`: all bytes written since its header are its body. */
export function endFrame(writer: ByteWriter, start: number): void {
  writer.patchU32(start + LENGTH_AT, writer.length - start - FRAME_HEADER_BYTES);
}

export interface FramePlacement {
  readonly fileNumber: number;
  /** Where `bytes[0]` will lie in the file. */
  readonly offset: number;
  readonly syncedOffset: number;
}

/** Gives every frame in `bytes` (whole frames, one behind the other) its place: fills in `syncedOffset` and checksums. */
export function placeFrames(bytes: Uint8Array, placement: FramePlacement): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const high = Math.floor(placement.syncedOffset / 2 ** 32);
  for (let at = 0; at < bytes.length; ) {
    const end = at + FRAME_HEADER_BYTES + view.getUint32(at + LENGTH_AT, true);
    view.setUint32(at + SYNCED_AT, placement.syncedOffset >>> 0, true);
    view.setUint32(at + SYNCED_AT + 4, high, true);
    const checked = bytes.subarray(at + LENGTH_AT, end);
    view.setUint32(at + CHECKSUM_AT, placedChecksum(placement.fileNumber, placement.offset + at, checked), true);
    at = end;
  }
}

/** What stopped a reader. `offset` is in bytes from the start of the file. */
export interface FrameDamage {
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
}

/** Receives the frames of a file in order; `bodyStart` and `bodyEnd` are offsets in the file. */
export type FrameVisitor = (type: number, bodyStart: number, bodyEnd: number) => void;

export interface FrameScan {
  /** Where the intact frames end. */
  readonly end: number;
  /** Undefined when the frames fill the file. */
  readonly damage: FrameDamage | undefined;
  /** True when an intact frame behind the damage shows that the damaged bytes had been durable. */
  readonly damageWasDurable: boolean;
  /** True when any intact frame lies behind the damage. */
  readonly intactBehindDamage: boolean;
}

/** Visits the intact frames of a whole file from `start` on, up to the first damage. */
export function scanFrames(file: Uint8Array, fileNumber: number, start: number, visit: FrameVisitor): FrameScan {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = start;
  while (at < file.length) {
    const damage = inspectFrame(file, view, fileNumber, at);
    if (damage !== undefined) {
      return { end: at, damage, ...searchBehind(file, view, fileNumber, at) };
    }
    const end = frameEnd(view, at);
    visit(file[at + TYPE_AT]!, at + FRAME_HEADER_BYTES, end);
    at = end;
  }
  return { end: at, damage: undefined, damageWasDurable: false, intactBehindDamage: false };
}

/** `syncedOffset` of the frame that begins at `at`. */
export function syncedOffsetAt(file: Uint8Array, at: number): number {
  return syncedOffsetIn(new DataView(file.buffer, file.byteOffset, file.byteLength), at);
}

function syncedOffsetIn(view: DataView, at: number): number {
  return view.getUint32(at + SYNCED_AT + 4, true) * 2 ** 32 + view.getUint32(at + SYNCED_AT, true);
}

function frameEnd(view: DataView, at: number): number {
  return at + FRAME_HEADER_BYTES + view.getUint32(at + LENGTH_AT, true);
}

function inspectFrame(file: Uint8Array, view: DataView, fileNumber: number, at: number): FrameDamage | undefined {
  const remaining = file.length - at;
  if (remaining < FRAME_HEADER_BYTES) {
    return { offset: at, expected: `a frame header of ${FRAME_HEADER_BYTES} bytes`, found: `${remaining} bytes` };
  }
  if (view.getUint32(at, true) !== MARKER_WORD) {
    return { offset: at, expected: 'a frame marker', found: `word ${view.getUint32(at, true).toString(16)}` };
  }
  const length = view.getUint32(at + LENGTH_AT, true);
  if (length > remaining - FRAME_HEADER_BYTES) {
    const found = `${remaining - FRAME_HEADER_BYTES} bytes`;
    return { offset: at + LENGTH_AT, expected: `a body of ${length} bytes`, found };
  }
  const stored = view.getUint32(at + CHECKSUM_AT, true);
  const checked = file.subarray(at + LENGTH_AT, at + FRAME_HEADER_BYTES + length);
  const computed = placedChecksum(fileNumber, at, checked);
  if (stored === computed) return undefined;
  return { offset: at + CHECKSUM_AT, expected: checksumText(computed), found: checksumText(stored) };
}

/** Looks for intact frames behind the damage at `damaged`. */
function searchBehind(
  file: Uint8Array,
  view: DataView,
  fileNumber: number,
  damaged: number,
): { damageWasDurable: boolean; intactBehindDamage: boolean } {
  const haystack = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  let intactBehindDamage = false;
  let at = haystack.indexOf(MARKER, damaged + 1);
  while (at >= 0) {
    let next = at + 1;
    if (inspectFrame(file, view, fileNumber, at) === undefined) {
      intactBehindDamage = true;
      if (syncedOffsetIn(view, at) > damaged) return { damageWasDurable: true, intactBehindDamage };
      next = frameEnd(view, at);
    }
    at = haystack.indexOf(MARKER, next);
  }
  return { damageWasDurable: false, intactBehindDamage };
}
