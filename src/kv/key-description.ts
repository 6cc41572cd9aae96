/** Stored keys as error messages show them. */

import { decodeTuple, hexPreview, type TuplePart, utf8Decode } from '../base/index.js';
import { REGION_DEFAULT, REGION_NAMED } from './layouts.js';

/** The parts of a tuple; with the name of its keyspace when it has one. What is no tuple is shown in hexadecimal. */
export function describeKey(key: Uint8Array): string {
  if (key[0] === REGION_DEFAULT) return tuple(key.subarray(1));
  if (key[0] !== REGION_NAMED || key.length < 2 || key.length < 2 + key[1]!) return hexPreview(key);
  const nameEnd = 2 + key[1]!;
  return `${utf8Decode(key.subarray(2, nameEnd))} ${tuple(key.subarray(nameEnd))}`;
}

function tuple(bytes: Uint8Array): string {
  try {
    return list(decodeTuple(bytes));
  } catch {
    // Keys of another codec.
    return hexPreview(bytes);
  }
}

function list(parts: readonly TuplePart[]): string {
  return `[${parts.map(part).join(', ')}]`;
}

function part(value: TuplePart): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return hexPreview(value);
  if (Array.isArray(value)) return list(value as readonly TuplePart[]);
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
