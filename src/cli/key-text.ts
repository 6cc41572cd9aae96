/**
 * Stored keys as people read and type them. `hex` is the whole key. `tuple` and `utf8` name the place first (nothing for the
 * default keyspace, `name:` for a named one, `(sql table/index)`, `(catalog)`, `(blob)` and the like) and then show the rest as tuple parts or as
 * text; what is neither is shown as `x'…'`.
 */

import {
  concatBytes,
  CorruptionError,
  encodeTuple,
  InvalidArgumentError,
  type TuplePart,
  decodeTuple,
  utf8Decode,
  utf8Encode,
} from '../base/index.js';
import { timeText } from './dump/dump-line.js';
import { defaultKeyspace, namedKeyspace, splitKeyspaceKey } from '../kv/index.js';
import { decodeDeadline, isDeadline, isSweptKey } from '../mvcc/index.js';
import { splitSqlKey } from '../sql/index.js';

export const KEY_FORMS = ['tuple', 'utf8', 'hex'] as const;
export type KeyForm = (typeof KEY_FORMS)[number];

/** What is in region 05, by the second byte of the key. */
const BLOB_PARTS = ['blob', 'chunk', 'upload'] as const;

export function hexText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

/** JSON text in which control characters, those of the C1 range too, cannot reach a terminal. */
export function quotedText(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function keyText(key: Uint8Array, form: KeyForm): string {
  if (form === 'hex') return hexText(key);
  const { place, rest } = placeOf(key);
  return `${place}${form === 'tuple' ? tupleText(rest) : utf8Text(rest)}`;
}

/** The bytes of a key given as `keyText` shows it. Throws `InvalidArgumentError`. */
export function parseKey(text: string, form: KeyForm): Uint8Array {
  const literal = /^x'(.*)'$/is.exec(text)?.[1] ?? (form === 'hex' ? text : undefined);
  if (literal !== undefined) {
    if (!/^(?:[0-9a-f]{2})*$/i.test(literal)) {
      throw unreadable(text, `pairs of hexadecimal digits${form === 'hex' ? ', or x' : ' between x'}'…'`);
    }
    return new Uint8Array(Buffer.from(literal, 'hex'));
  }
  const named = /^([A-Za-z_][A-Za-z0-9_.-]*):(.*)$/s.exec(text);
  const prefix = named === null ? defaultKeyspace.prefix : namedKeyspace(named[1]!).prefix;
  const rest = named?.[2] ?? text;
  return concatBytes(prefix, form === 'tuple' ? tupleBytes(rest) : utf8Encode(plainText(rest)));
}

function tupleBytes(text: string): Uint8Array {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  if (!Array.isArray(parts)) throw unreadable(text, `a JSON array such as '["user",1]'`);
  return encodeTuple(parts as TuplePart[]);
}

function plainText(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof SyntaxError) throw unreadable(text, 'text, or a JSON string');
    throw cause;
  }
}

function unreadable(found: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(`a key is expected as ${expected}, found ${quotedText(found)}`, {
    facts: { expected, found },
  });
}

function placeOf(key: Uint8Array): { place: string; rest: Uint8Array } {
  const keyspace = splitKeyspaceKey(key);
  if (keyspace !== undefined) {
    return { place: keyspace.name === '' ? '' : `${keyspace.name}:`, rest: key.subarray(keyspace.keyStart) };
  }
  const sql = splitSqlKey(key);
  if (sql !== undefined) return { place: `(sql ${sql.tableId}/${sql.indexId}) `, rest: key.subarray(sql.partsStart) };
  if (key[0] === 0x01) return { place: '(catalog) ', rest: key.subarray(1) };
  if (isDeadline(key)) {
    const { expiresAtMs, key: expiring } = decodeDeadline(key);
    const { place, rest } = placeOf(expiring);
    return { place: `(until ${timeText(expiresAtMs)}) ${place}`, rest };
  }
  if (isSweptKey(key)) return { place: '(swept) ', rest: key.subarray(2) };
  const part = key[0] === 0x05 ? BLOB_PARTS[(key[1] ?? 0) - 1] : undefined;
  return part === undefined ? { place: '', rest: key } : { place: `(${part}) `, rest: key.subarray(2) };
}

function tupleText(bytes: Uint8Array): string {
  try {
    return partText(decodeTuple(bytes));
  } catch (error) {
    if (error instanceof CorruptionError) return utf8Text(bytes);
    throw error;
  }
}

function partText(part: TuplePart): string {
  if (typeof part === 'string') return quotedText(part);
  if (typeof part === 'bigint') return `${part}n`;
  if (part instanceof Uint8Array) return `x'${hexText(part)}'`;
  return Array.isArray(part) ? `[${part.map(partText).join(',')}]` : String(part);
}

function utf8Text(bytes: Uint8Array): string {
  try {
    return quotedText(utf8Decode(bytes));
  } catch (error) {
    if (error instanceof TypeError) return `x'${hexText(bytes)}'`;
    throw error;
  }
}
