/**
 * Which codecs a named keyspace is written with. Stored with the first write of the keyspace, in the same commit, so that
 * a later opening with other codecs is refused instead of misreading what is there.
 *
 *   record key   := 01 6b name            'k', in the region of the catalog; the name in ASCII
 *   record value := 01 keys:u8 values:u8
 *   keys         := 01 tuple | 02 bytes | 03 utf8
 *   values       := 01 structured | 02 bytes | 03 utf8 | 04 json
 *
 * Numbers are never given to another codec.
 */

import { concatBytes, CorruptionError, hexPreview, InvalidArgumentError, utf8Encode } from '../base/index.js';
import type { Transaction, TransactionalStore } from '../mvcc/index.js';
import type { KeyCodecName, ValueCodecName } from './codecs.js';

/** As it is stored. */
export interface CodecRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A keyspace with the codecs somebody wants to use it with. */
export interface NamedCodecs {
  readonly name: string;
  readonly keyCodec: KeyCodecName;
  readonly valueCodec: ValueCodecName;
}

const RECORDS_PREFIX = new Uint8Array([0x01, 0x6b]);
const RECORD_FORMAT = 1;
const KEY_CODECS: readonly (KeyCodecName | undefined)[] = [undefined, 'tuple', 'bytes', 'utf8'];
const VALUE_CODECS: readonly (ValueCodecName | undefined)[] = [undefined, 'structured', 'bytes', 'utf8', 'json'];

/** One per open database. */
export class CodecRecords {
  readonly #store: TransactionalStore;
  /** The codecs of every keyspace opened so far, by name: as stored, or as first asked for. */
  readonly #known = new Map<string, NamedCodecs>();
  /** Names of keyspaces whose record is stored. Records are never removed. */
  readonly #stored = new Set<string>();
  /** Names of keyspaces that a transaction will record when it commits. */
  readonly #pending = new WeakMap<Transaction, Set<string>>();

  constructor(store: TransactionalStore) {
    this.#store = store;
  }

  /** Throws `InvalidArgumentError` when the keyspace has other codecs, stored or in use by this process. */
  open(wanted: NamedCodecs): void {
    const known = this.#known.get(wanted.name) ?? this.#read(wanted.name) ?? wanted;
    this.#known.set(wanted.name, known);
    if (known.keyCodec === wanted.keyCodec && known.valueCodec === wanted.valueCodec) return;
    throw new InvalidArgumentError(
      `keyspace "${wanted.name}" has ${describe(known)}: it cannot be opened with ${describe(wanted)}`,
      { facts: { keyspace: wanted.name, expected: codecsOf(known), found: codecsOf(wanted) } },
    );
  }

  /** The record that a write to `keyspace` must include; undefined when it is stored already. */
  missing(keyspace: NamedCodecs): CodecRecord | undefined {
    if (this.#stored.has(keyspace.name)) return undefined;
    return { key: recordKey(keyspace.name), value: encodeRecord(keyspace) };
  }

  /** A write that included the record has been committed. */
  markStored(keyspace: NamedCodecs): void {
    this.#stored.add(keyspace.name);
  }

  /** Lets `tx` store the record when it commits, unless it is stored already. Call it before each write. */
  addTo(tx: Transaction, keyspace: NamedCodecs): void {
    const record = tx.readOnly ? undefined : this.missing(keyspace);
    if (record === undefined) return;
    const pending = this.#pending.get(tx) ?? new Set();
    if (pending.has(keyspace.name)) return;
    // At the commit and not now: a savepoint that is undone may take the first write with it, but not a later one.
    tx.onBeforeCommit(() => tx.put(record.key, record.value));
    tx.onEnd((outcome) => {
      if (outcome === 'committed') this.markStored(keyspace);
    });
    this.#pending.set(tx, pending.add(keyspace.name));
  }

  #read(name: string): NamedCodecs | undefined {
    const value = this.#store.latest().get(recordKey(name));
    if (value === undefined) return undefined;
    const record = decodeRecord(name, value);
    this.#stored.add(name);
    return record;
  }
}

function recordKey(name: string): Uint8Array {
  return concatBytes(RECORDS_PREFIX, utf8Encode(name));
}

function encodeRecord({ keyCodec, valueCodec }: NamedCodecs): Uint8Array {
  return new Uint8Array([RECORD_FORMAT, KEY_CODECS.indexOf(keyCodec), VALUE_CODECS.indexOf(valueCodec)]);
}

function decodeRecord(name: string, bytes: Uint8Array): NamedCodecs {
  const [format, keys, values, ...rest] = bytes;
  const keyCodec = KEY_CODECS[keys ?? 0];
  const valueCodec = VALUE_CODECS[values ?? 0];
  if (format === RECORD_FORMAT && keyCodec !== undefined && valueCodec !== undefined && rest.length === 0) {
    return { name, keyCodec, valueCodec };
  }
  const what = { expected: 'format 1, a key codec and a value codec', found: hexPreview(bytes) };
  throw CorruptionError.at(`record of keyspace "${name}"`, 0, what);
}

function codecsOf({ keyCodec, valueCodec }: NamedCodecs): { keys: KeyCodecName; values: ValueCodecName } {
  return { keys: keyCodec, values: valueCodec };
}

function describe({ keyCodec, valueCodec }: NamedCodecs): string {
  return `${keyCodec} keys and ${valueCodec} values`;
}
