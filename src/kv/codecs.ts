/**
 * How typed keys and values become bytes. A key codec writes behind the prefix of its keyspace and preserves order; a
 * value codec need not. Codecs are stateless from the outside and shared by every keyspace that names them.
 */

import {
  appendTuple,
  appendTuplePart,
  type ByteWriter,
  decodeTuple,
  decodeValue,
  encodeValue,
  InvalidArgumentError,
  type KeyRange,
  prefixRange,
  type Tuple,
  type TuplePart,
  tuplePrefixRange,
  utf8Decode,
  utf8Encode,
} from '../base/index.js';
import { copyOut } from '../storage/index.js';

/** A tuple, or a single part standing for the tuple that holds only it. */
export type TupleKey = TuplePart | Tuple;

export interface KeyCodec<In, Out> {
  /** Appends `key` to `writer`. Throws `InvalidArgumentError` for what cannot be a key. */
  append(writer: ByteWriter, key: In): void;
  /** Decodes `bytes[start, end)`. Throws for what `append` cannot have written. */
  decode(bytes: Uint8Array, start: number, end: number): Out;
  /** The keys that begin with the encoded `prefix`. */
  prefixRange(prefix: Uint8Array): KeyRange;
}

export interface ValueCodec<Value> {
  /** May return its argument; the caller copies before it keeps the bytes. */
  encode(value: Value): Uint8Array;
  /** Decodes `bytes[start, end)`, a view that the caller will overwrite: the result must not refer to it. Throws for what `encode` cannot have made. */
  decode(bytes: Uint8Array, start: number, end: number): Value;
  /** Decodes bytes that are the result's to keep. */
  decodeOwned(bytes: Uint8Array): Value;
}

const tupleKeys: KeyCodec<TupleKey, TuplePart[]> = {
  append: (writer, key) => {
    if (Array.isArray(key)) appendTuple(writer, key as Tuple);
    else appendTuplePart(writer, key);
  },
  decode: decodeTuple,
  prefixRange: tuplePrefixRange,
};

const byteKeys: KeyCodec<Uint8Array, Uint8Array> = {
  append: (writer, key) => writer.raw(requireBytes('a key of a bytes keyspace', key)),
  decode: copyOut,
  prefixRange,
};

const textKeys: KeyCodec<string, string> = {
  append: (writer, key) => writer.raw(utf8Encode(requireText('a key of a utf8 keyspace', key))),
  decode: decodeText,
  prefixRange,
};

const structuredValues: ValueCodec<unknown> = {
  encode: encodeValue,
  decode: (bytes, start, end) => decodeValue(bytes.slice(start, end)),
  decodeOwned: decodeValue,
};

const byteValues: ValueCodec<Uint8Array> = {
  encode: (value) => requireBytes('a value of a bytes keyspace', value),
  decode: copyOut,
  decodeOwned: (bytes) => bytes,
};

const textValues: ValueCodec<string> = {
  encode: (value) => utf8Encode(requireText('a value of a utf8 keyspace', value)),
  decode: decodeText,
  decodeOwned: (bytes) => decodeText(bytes, 0, bytes.length),
};

const jsonValues: ValueCodec<unknown> = {
  encode: (value) => {
    const text: unknown = JSON.stringify(value);
    if (typeof text !== 'string') throw new InvalidArgumentError(`${typeof value} has no JSON form`);
    return utf8Encode(text);
  },
  decode: (bytes, start, end) => JSON.parse(decodeText(bytes, start, end)) as unknown,
  decodeOwned: (bytes) => JSON.parse(decodeText(bytes, 0, bytes.length)) as unknown,
};

/** Key codecs by the name that `db.keyspace(…, { keys })` takes. */
export const keyCodecs = { tuple: tupleKeys, bytes: byteKeys, utf8: textKeys } as const;

/** Value codecs by the name that `db.keyspace(…, { values })` takes. */
export const valueCodecs = {
  structured: structuredValues,
  bytes: byteValues,
  utf8: textValues,
  json: jsonValues,
} as const;

export type KeyCodecName = keyof typeof keyCodecs;
export type ValueCodecName = keyof typeof valueCodecs;

type CodecInput<C> = C extends KeyCodec<infer In, infer _Out> ? In : never;
type CodecOutput<C> = C extends KeyCodec<infer _In, infer Out> ? Out : never;
/** What a keyspace with these keys accepts, and what its scans return. */
export type KeyIn<N extends KeyCodecName> = CodecInput<(typeof keyCodecs)[N]>;
export type KeyOut<N extends KeyCodecName> = CodecOutput<(typeof keyCodecs)[N]>;
export type ValueOf<N extends ValueCodecName> = (typeof valueCodecs)[N] extends ValueCodec<infer V> ? V : never;

function requireBytes(what: string, found: unknown): Uint8Array {
  if (found instanceof Uint8Array) return found;
  throw new InvalidArgumentError(`${what} must be a Uint8Array, found ${typeof found}`, {
    facts: { expected: 'Uint8Array', found: typeof found },
  });
}

function requireText(what: string, found: unknown): string {
  if (typeof found === 'string' && found.isWellFormed()) return found;
  throw new InvalidArgumentError(`${what} must be a well-formed string, found ${typeof found}`, {
    facts: { expected: 'string', found: typeof found },
  });
}

function decodeText(bytes: Uint8Array, start: number, end: number): string {
  return utf8Decode(bytes.subarray(start, end));
}
