/**
 * Structured values as MessagePack: null, booleans, numbers, bigints of any size, strings, arrays, plain objects,
 * `Uint8Array`, `Date`, `Map` and `Set`. The format is that of msgpack.org; extension types 1 … 3 are ours and never
 * renumbered. Properties that are `undefined` are left out; `undefined` inside an array reads back as null.
 */

import {
  Decoder,
  decodeTimestampExtension,
  Encoder,
  EXT_TIMESTAMP,
  encodeTimestampExtension,
  ExtensionCodec,
} from '@msgpack/msgpack';
import { CorruptionError, InvalidArgumentError } from './errors.js';

const EXTENSION_BIGINT = 1;
const EXTENSION_MAP = 2;
const EXTENSION_SET = 3;

/** Nesting a value deeper than this is refused, in both directions. */
const DEPTH_MAX = 100;

/** Names that could reach a prototype through a decoded object; values that use them as keys are refused. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

const extensions = new ExtensionCodec<undefined>();

// A bigint as its decimal digits: any size, and no second convention for the sign.
extensions.register({
  type: EXTENSION_BIGINT,
  encode: (value) => (typeof value === 'bigint' ? new TextEncoder().encode(value.toString()) : null),
  decode: (bytes) => BigInt(new TextDecoder().decode(bytes)),
});

extensions.register({
  type: EXTENSION_MAP,
  encode: (value) => (value instanceof Map ? encoder.encode([...value.keys(), ...value.values()]) : null),
  decode: (bytes) => {
    const flat = decodeValue(bytes) as unknown[];
    const size = flat.length / 2;
    return new Map(Array.from({ length: size }, (_, i) => [flat[i], flat[size + i]]));
  },
});

extensions.register({
  type: EXTENSION_SET,
  encode: (value) => (value instanceof Set ? encoder.encode([...value]) : null),
  decode: (bytes) => new Set(decodeValue(bytes) as unknown[]),
});

// The format's own extension for points in time, which by itself only knows the Dates of this realm.
extensions.register({
  type: EXT_TIMESTAMP,
  encode: (value) => (isDate(value) ? encodeTimestampExtension(new Date(value.getTime())) : null),
  decode: decodeTimestampExtension,
});

const encoder = new Encoder<undefined>({ extensionCodec: extensions, ignoreUndefined: true, maxDepth: DEPTH_MAX });
const decoder = new Decoder<undefined>({
  extensionCodec: extensions,
  mapKeyConverter: (key) => {
    if (typeof key !== 'string' || FORBIDDEN_KEYS.has(key))
      throw new RangeError(`an object with the key ${String(key)}`);
    return key;
  },
});

/** Encodes a value; the bytes are the caller's. Throws `InvalidArgumentError` for what cannot be stored. */
export function encodeValue(value: unknown): Uint8Array {
  refuseUnstorable(value, 0);
  return encoder.encode(value);
}

/** Decodes a value. Throws `CorruptionError` on bytes that `encodeValue` cannot make. */
export function decodeValue(bytes: Uint8Array): unknown {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw CorruptionError.at('value', 0, { expected: 'a MessagePack value', found }, cause);
  }
}

/** Walks the value once before it is encoded: a value that reads back as another must not be stored. */
function refuseUnstorable(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'function' || typeof value === 'symbol' || (value === undefined && depth === 0)) {
      throw unstorable(typeof value);
    }
    return;
  }
  if (depth >= DEPTH_MAX)
    throw unstorable(`an object nested more than ${DEPTH_MAX} deep (or one that contains itself)`);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) refuseUnstorable(value[i], depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return refuseUnstorableProperties(value, depth);
  refuseUnstorableInstance(value, depth);
}

function refuseUnstorableProperties(value: object, depth: number): void {
  for (const key of Object.keys(value)) {
    if (FORBIDDEN_KEYS.has(key)) throw unstorable(`an object with the key "${key}"`);
    refuseUnstorable((value as Record<string, unknown>)[key], depth + 1);
  }
}

function refuseUnstorableInstance(value: object, depth: number): void {
  if (value instanceof Uint8Array) return;
  if (isDate(value)) {
    if (Number.isNaN(value.getTime())) throw unstorable('an invalid Date');
    return;
  }
  if (value instanceof Map) {
    for (const [key, item] of value) {
      refuseUnstorable(key, depth + 1);
      refuseUnstorable(item, depth + 1);
    }
    return;
  }
  if (value instanceof Set) {
    for (const item of value) refuseUnstorable(item, depth + 1);
    return;
  }
  throw unstorable(`an instance of ${value.constructor?.name ?? 'a class'}`);
}

/** Dates of every realm: one made inside `node:vm`, or handed to a test by its runner, is a Date too. */
function isDate(value: unknown): value is Date {
  if (value instanceof Date) return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  // Nearly every object that is asked about ends here.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return false;
  if (Object.prototype.toString.call(value) !== '[object Date]') return false;
  try {
    Date.prototype.getTime.call(value);
    return true;
  } catch {
    return false; // it only calls itself one
  }
}

function unstorable(found: string): InvalidArgumentError {
  return new InvalidArgumentError(
    `a value must be made of plain objects, arrays, Map, Set, Date, Uint8Array and primitives; found ${found}`,
    { facts: { found } },
  );
}
