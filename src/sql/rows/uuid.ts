/** UUIDs in their two forms: canonical text (8-4-4-4-12 lower-case hexadecimal digits) and 16 bytes, in the same order. */

export const UUID_BYTES = 16;

const HEX_OF_BYTE: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const DASH = 0x2d;

export function uuidBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(UUID_BYTES);
  for (let at = 0, i = 0; i < UUID_BYTES; at += 2, i++) {
    if (text.charCodeAt(at) === DASH) at++;
    bytes[i] = (hexDigit(text.charCodeAt(at)) << 4) | hexDigit(text.charCodeAt(at + 1));
  }
  return bytes;
}

function hexDigit(unit: number): number {
  return unit <= 0x39 ? unit - 0x30 : unit - 0x61 + 10;
}

export function uuidText(bytes: Uint8Array, start: number): string {
  let text = '';
  for (let i = 0; i < UUID_BYTES; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-';
    text += HEX_OF_BYTE[bytes[start + i]!]!;
  }
  return text;
}
