/** UUIDs of version 7 (RFC 9562): 48 bits of milliseconds, then random bits, so that new keys land next to each other. */

import type { Clock, Random } from '../../base/index.js';

const HEX_OF_BYTE: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export class UuidSource {
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Unique, not secret: the random bits are those of the environment's generator. */
  next(): string {
    const ms = Math.max(0, this.#clock.nowMs());
    const high = Math.floor(ms / 0x10000) >>> 0;
    const low = ms % 0x10000;
    const a = this.#random.u32();
    const b = this.#random.u32();
    const c = this.#random.u32();
    return (
      `${word(high)}-${half(low)}-${half(0x7000 | (a & 0x0fff))}-` +
      `${half(0x8000 | ((a >>> 12) & 0x3fff))}-${half(b >>> 16)}${word(c)}`
    );
  }
}

/** Four bytes in hexadecimal. */
function word(value: number): string {
  return half(value >>> 16) + half(value & 0xffff);
}

function half(value: number): string {
  return HEX_OF_BYTE[value >>> 8]! + HEX_OF_BYTE[value & 0xff]!;
}
