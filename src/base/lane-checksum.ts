/**
 * A checksum of long ranges in 32 lanes: from 4 KiB on two to three times as fast as CRC-32 of zlib.
 *
 *   word i of the range, little-endian, the last filled up with zeros, up to a multiple of 32 words with words of zero:
 *   lane[i mod 32] := step(lane[i mod 32], word i)      lane[j] begins as (j + 1) * 0xc2b2ae3d
 *   step(state, word) := rotate(state + word * 0x85ebca77, 13) * 0x9e3779b1, mod 2^32, rotated to the left
 *   checksum := step(… step(step(seed, length), lane[0]) …, lane[31])
 *
 * The step, its constants and the order of words are those of xxHash32 (Yann Collet, BSD), which has four lanes and ends otherwise. A step can
 * be undone for a given word and for a given state. So ranges that differ in one aligned word, by whatever, never have the same
 * checksum, and neither has one range under two seeds; others have once in 2^32, unless somebody chose them for that. A step
 * with one multiplication is not enough for this: docs/adr/0026-checksums-by-lanes.md.
 */

import { assert } from './assert.js';
import {
  KERNEL_MEMORY_BYTES,
  LANES_AT,
  type LaneKernel,
  laneKernel,
  ROTATION,
  ROUND_BYTES,
  STATE_PRIME,
  WORD_PRIME,
} from './lane-kernel.js';

const LANES = ROUND_BYTES / 4;
/** In the kernel's memory: the lanes as they begin, the lanes as they are, and what is run. */
const INITIAL_AT = 0;
const PIECE_AT = 2 * ROUND_BYTES;
/** From 16 KiB to 256 KiB makes 10 % of a difference. */
const PIECE_BYTES = 2 ** 16;

/** @param seed 32 bits. @returns an unsigned integer. */
export type LaneChecksum = (seed: number, bytes: Uint8Array, start: number, end: number) => number;

/** @param kernel what runs the lanes; `scriptedKernel` for whoever wants to compare. */
export function laneChecksumBy(kernel: LaneKernel): LaneChecksum {
  assert(PIECE_AT + PIECE_BYTES <= KERNEL_MEMORY_BYTES, 'a piece fits into the memory of the kernel');
  const memory = new Uint8Array(kernel.memory.buffer);
  const words = new DataView(kernel.memory.buffer);
  for (let lane = 0; lane < LANES; lane++) {
    words.setInt32(INITIAL_AT + 4 * lane, Math.imul(lane + 1, 0xc2b2ae3d), true);
  }
  return (seed, bytes, start, end) => {
    assert(start < end && end <= bytes.length, 'a range with bytes, within its array');
    let lanesAt = INITIAL_AT;
    for (let at = start; at < end; at += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, end - at);
      memory.set(length === bytes.length ? bytes : bytes.subarray(at, at + length), PIECE_AT);
      const beyond = PIECE_AT + Math.ceil(length / ROUND_BYTES) * ROUND_BYTES;
      memory.fill(0, PIECE_AT + length, beyond);
      kernel.run(lanesAt, PIECE_AT, beyond);
      lanesAt = LANES_AT;
    }
    let checksum = step(seed, end - start);
    for (let at = LANES_AT; at < LANES_AT + ROUND_BYTES; at += 4) checksum = step(checksum, words.getInt32(at, true));
    return checksum >>> 0;
  };
}

/** The same in JavaScript, a tenth as fast: the definition, and what runs where `laneKernel` is not to be had. */
export function scriptedKernel(): LaneKernel {
  const buffer = new ArrayBuffer(KERNEL_MEMORY_BYTES);
  const words = new DataView(buffer);
  const run = (from: number, at: number, end: number): void => {
    for (let lane = 0; lane < LANES; lane++)
      words.setInt32(LANES_AT + 4 * lane, words.getInt32(from + 4 * lane, true), true);
    for (let i = 0; at + 4 * i < end; i++) {
      const lane = LANES_AT + 4 * (i % LANES);
      words.setInt32(lane, step(words.getInt32(lane, true), words.getInt32(at + 4 * i, true)), true);
    }
  };
  return { memory: { buffer }, run };
}

function step(state: number, word: number): number {
  const sum = state + Math.imul(word, WORD_PRIME);
  return Math.imul((sum << ROTATION) | (sum >>> (32 - ROTATION)), STATE_PRIME);
}

let made: LaneChecksum | undefined;

/** Of a range with bytes. The kernel is made with the first call, which takes a millisecond. */
export function laneChecksum(seed: number, bytes: Uint8Array, start: number, end: number): number {
  made ??= laneChecksumBy(laneKernel() ?? scriptedKernel());
  return made(seed, bytes, start, end);
}
