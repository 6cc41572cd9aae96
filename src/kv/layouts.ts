/**
 * Where keyspaces live among the stored keys. The first byte of every key names its region: 01 the catalog, 02 the
 * default keyspace, 03 named keyspaces (then the length of the name in one byte, and the name), 04 SQL tables, 05 blobs, 06
 * deadlines.
 */

import {
  checkOptionNames,
  concatBytes,
  InvalidArgumentError,
  type TuplePart,
  utf8Decode,
  utf8Encode,
} from '../base/index.js';
import {
  type KeyCodecName,
  type KeyIn,
  type KeyOut,
  keyCodecs,
  type TupleKey,
  type ValueCodecName,
  type ValueOf,
  valueCodecs,
} from './codecs.js';
import type { KeyspaceLayout } from './keyspace.js';

export const REGION_DEFAULT = 0x02;
export const REGION_NAMED = 0x03;

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;

/** The keyspace behind `db.get`, `db.put`, …: tuples to structured values. */
export const defaultKeyspace: KeyspaceLayout<TupleKey, TuplePart[], unknown> = {
  name: '',
  keyCodec: 'tuple',
  valueCodec: 'structured',
  prefix: new Uint8Array([REGION_DEFAULT]),
  keys: keyCodecs.tuple,
  values: valueCodecs.structured,
};

export interface KeyspaceOptions<K extends KeyCodecName, V extends ValueCodecName> {
  /** `'tuple'` (default), `'bytes'` or `'utf8'`. Recorded with the first write, as are `values`: others are refused then. */
  readonly keys?: K;
  /** `'structured'` (default, MessagePack), `'bytes'`, `'utf8'` or `'json'`. */
  readonly values?: V;
}

/** By name: transactions ask for the same ones again and again, and encode keys faster where the prefix is the same array. */
const made = new Map<string, KeyspaceLayout<unknown, unknown, unknown>>();
const MADE_MAX = 1024;

/** The layout of the keyspace called `name`. Throws `InvalidArgumentError` for a malformed name or an unknown codec. */
export function namedKeyspace<K extends KeyCodecName = 'tuple', V extends ValueCodecName = 'structured'>(
  name: string,
  options: KeyspaceOptions<K, V> = {},
): KeyspaceLayout<KeyIn<K>, KeyOut<K>, ValueOf<V>> {
  checkOptionNames('options of a keyspace', options, ['keys', 'values']);
  const { keys = 'tuple', values = 'structured' } = options;
  let layout = made.get(name);
  if (layout === undefined || layout.keyCodec !== keys || layout.valueCodec !== values) {
    layout = makeLayout(name, keys, values);
    if (made.size >= MADE_MAX) made.clear();
    made.set(name, layout);
  }
  return layout as KeyspaceLayout<KeyIn<K>, KeyOut<K>, ValueOf<V>>;
}

function makeLayout(
  name: string,
  keys: KeyCodecName,
  values: ValueCodecName,
): KeyspaceLayout<unknown, unknown, unknown> {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new InvalidArgumentError(
      `a keyspace name is 1 to 64 letters, digits, '_', '.' or '-', not starting with a digit; found ${JSON.stringify(name)}`,
      { facts: { found: name } },
    );
  }
  const nameBytes = utf8Encode(name);
  return {
    name,
    keyCodec: keys,
    valueCodec: values,
    prefix: concatBytes(new Uint8Array([REGION_NAMED, nameBytes.length]), nameBytes),
    keys: pick('keys', keyCodecs, keys),
    values: pick('values', valueCodecs, values),
  };
}

/**
 * Which keyspace a stored key belongs to ('' for the default one), and where the key proper begins; undefined for keys
 * of other regions.
 */
export function splitKeyspaceKey(key: Uint8Array): { readonly name: string; readonly keyStart: number } | undefined {
  if (key[0] === REGION_DEFAULT) return { name: '', keyStart: 1 };
  const keyStart = 2 + (key[1] ?? 0);
  if (key[0] !== REGION_NAMED || key.length < keyStart) return undefined;
  const bytes = key.subarray(2, keyStart);
  const name = bytes.every((byte) => byte < 0x80) ? utf8Decode(bytes) : '';
  return NAME.test(name) ? { name, keyStart } : undefined;
}

function pick<T extends object>(option: string, codecs: T, name: string): T[keyof T] {
  if (Object.hasOwn(codecs, name)) return codecs[name as keyof T];
  const known = Object.keys(codecs).join(', ');
  throw new InvalidArgumentError(`keyspace option ${option} must be one of ${known}; found ${JSON.stringify(name)}`, {
    facts: { option, found: name },
  });
}
