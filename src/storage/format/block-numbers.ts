/** The numbers inside a block, read and written in place: unsigned LEB128 varints and little-endian words. Hot code. */

/** Value of the varint bytes from `at` on. */
export function varintRest(bytes: Uint8Array, at: number): number {
  let value = 0;
  let scale = 1;
  let byte = bytes[at]!;
  while (byte >= 0x80) {
    value += (byte & 0x7f) * scale;
    scale *= 0x80;
    byte = bytes[++at]!;
  }
  return value + byte * scale;
}

/** Position behind the varint bytes from `at` on. */
export function varintEnd(bytes: Uint8Array, at: number): number {
  while (bytes[at]! >= 0x80) at++;
  return at + 1;
}

/** Writes a varint at `at` and returns the position behind it. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}

/** The unsigned 32-bit integer at `at`. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
