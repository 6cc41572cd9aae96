/** BYTEA as text in PostgreSQL's hex format: `\x` and two digits per byte. */

/** `\x0aff`. */
export function hexText(bytes: Uint8Array): string {
  return `\\x${hexDigits(bytes)}`;
}

/** `0aff`. */
export function hexDigits(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Reads `\x0aff`, in either case; undefined for anything else. */
export function parseHex(text: string): Uint8Array | undefined {
  return text.startsWith('\\x') ? parseHexDigits(text.slice(2)) : undefined;
}

/** Reads an even number of hex digits; undefined for anything else. */
export function parseHexDigits(digits: string): Uint8Array | undefined {
  if (digits.length % 2 !== 0) return undefined;
  // Buffer stops silently at the first character that is no digit: the length tells.
  const bytes = new Uint8Array(Buffer.from(digits, 'hex'));
  return bytes.length === digits.length / 2 ? bytes : undefined;
}
