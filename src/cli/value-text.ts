/** Stored values in one line: decoded where the key says how they are written, else text or bytes; long ones are cut. */

import { inspect } from 'node:util';
import { decodeValue, hexPreview, utf8Decode } from '../base/index.js';
import { splitKeyspaceKey } from '../kv/index.js';
import { quotedText } from './key-text.js';

/** Larger values are not decoded for a preview. */
const DECODED_BYTES_MAX = 4096;
const CHARACTERS_MAX = 100;
const INSPECTION = { breakLength: Infinity, compact: true, depth: 4, maxArrayLength: 10, maxStringLength: 80 } as const;

export function valueText(key: Uint8Array, value: Uint8Array): string {
  const text = value.length > DECODED_BYTES_MAX ? undefined : decodedText(key, value);
  if (text === undefined) return hexPreview(value);
  return text.length <= CHARACTERS_MAX ? text : `${text.slice(0, CHARACTERS_MAX)}… (${value.length} bytes)`;
}

function decodedText(key: Uint8Array, value: Uint8Array): string | undefined {
  try {
    return splitKeyspaceKey(key)?.name === '' ? inspect(decodeValue(value), INSPECTION) : printableText(value);
  } catch {
    // Whatever the bytes are, they are shown as bytes.
    return undefined;
  }
}

function printableText(value: Uint8Array): string | undefined {
  const text = utf8Decode(value);
  return /^[^\p{Cc}]+$/u.test(text) ? quotedText(text) : undefined;
}
