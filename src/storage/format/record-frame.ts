/**
 * Frames carry the records of logs and manifests:
 *
 *   file  := header frame* rest       only logs have a rest, see docs/formats/log.md
 *   frame := marker:4 bytes = f5 76 72 0a  checksum:u32  length:u32  syncedOffset:u64  type:u8  body:length bytes  area
 *
 * The area is empty for all types but 5 and 6, whose body begins with its size as u64. The checksum covers everything
 * behind itself without the area, which has checksums of its own; it is placed at (file number, offset of the frame). `syncedOffset` is how many
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
export const FrameType = {
  Batch: 1,
  SegmentEnd: 2,
  Edit: 3,
  TimedBatch: 4,
  ValueBatch: 5,
  TimedValueBatch: 6,
} as const;

/** The size of the area, which its body begins with. */
const AREA_SIZE_BYTES = 8;

export function hasValueArea(type: number): boolean {
  return type === FrameType.ValueBatch || type === FrameType.TimedValueBatch;
}

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
  /** Where the first frame will lie in the file. */
  readonly offset: number;
  readonly syncedOffset: number;
}

/** Gives every frame in `bytes` (whole frames without areas, one behind the other) its place. */
export function placeFrames(bytes: Uint8Array, { fileNumber, offset, syncedOffset }: FramePlacement): void {
  const placer = new FramePlacer(bytes, fileNumber, syncedOffset);
  for (let at = 0; at < bytes.length; ) at = placer.place(at, offset + at);
}

/** Gives frames in `bytes` their places one by one: fills in `syncedOffset` and the checksum. */
export class FramePlacer {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fileNumber: number;
  readonly #syncedOffset: number;

  constructor(bytes: Uint8Array, fileNumber: number, syncedOffset: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fileNumber = fileNumber;
    this.#syncedOffset = syncedOffset;
  }

  /** The frame at `at` will lie at `offset` in the file. Returns where it ends, without its area. */
  place(at: number, offset: number): number {
    const view = this.#view;
    const end = at + FRAME_HEADER_BYTES + view.getUint32(at + LENGTH_AT, true);
    view.setUint32(at + SYNCED_AT, this.#syncedOffset >>> 0, true);
    view.setUint32(at + SYNCED_AT + 4, Math.floor(this.#syncedOffset / 2 ** 32), true);
    const checksum = placedChecksum(this.#fileNumber, offset, this.#bytes, at + LENGTH_AT, end);
    view.setUint32(at + CHECKSUM_AT, checksum, true);
    return end;
  }
}

/** What stopped a reader. `offset` is in bytes from the start of the file. */
export interface FrameDamage {
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
}

/**
 * Receives the frames of a file in order; positions are offsets in the file, and the area follows the body up to `areaEnd`.
 * Damage that it finds in the area ends the scan at this frame.
 */
export type FrameVisitor = (
  type: number,
  bodyStart: number,
  bodyEnd: number,
  areaEnd: number,
) => FrameDamage | undefined;

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
    let damage = inspectFrame(file, view, fileNumber, at);
    const end = damage === undefined ? bodyEnd(view, at) : at;
    const areaEnd = damage === undefined ? end + areaBytes(view, at) : at;
    if (areaEnd > file.length) {
      damage = { offset: end, expected: `values up to ${areaEnd}`, found: `${file.length - end} bytes` };
    }
    damage ??= visit(file[at + TYPE_AT]!, at + FRAME_HEADER_BYTES, end, areaEnd);
    if (damage !== undefined) {
      return { end: at, damage, ...searchBehind(file, view, fileNumber, at) };
    }
    at = areaEnd;
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

function bodyEnd(view: DataView, at: number): number {
  return at + FRAME_HEADER_BYTES + view.getUint32(at + LENGTH_AT, true);
}

/** Size of the area behind the body of an intact frame. */
function areaBytes(view: DataView, at: number): number {
  if (!hasValueArea(view.getUint8(at + TYPE_AT)) || view.getUint32(at + LENGTH_AT, true) < AREA_SIZE_BYTES) return 0;
  const size = at + FRAME_HEADER_BYTES;
  return view.getUint32(size + 4, true) * 2 ** 32 + view.getUint32(size, true);
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
  const computed = placedChecksum(fileNumber, at, file, at + LENGTH_AT, at + FRAME_HEADER_BYTES + length);
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
      next = bodyEnd(view, at);
    }
    at = haystack.indexOf(MARKER, next);
  }
  return { damageWasDurable: false, intactBehindDamage };
}
