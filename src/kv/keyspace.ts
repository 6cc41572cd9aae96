/**
 * Typed key-value access to one region of the store. `KeyspaceReader` reads through whatever view its owner gives it
 * (the newest state, a snapshot, a transaction); `Keyspace` adds writes. The work is synchronous; the plain methods are
 * asynchronous for the sake of the call site, the `…Sync` twins cost no promise.
 */

import {
  assert,
  type BoundedRange,
  ByteWriter,
  checkOptionNames,
  EMPTY_BYTES,
  hexPreview,
  higherLower,
  InvalidArgumentError,
  type KeyRange,
  keyAfter,
  kindOf,
  lowerUpper,
  prefixRange,
} from '../base/index.js';
import { EXPIRY_OPTIONS, type ExpiryOptions, expiryFrom, type ReadView, type WriteOptions } from '../mvcc/index.js';
import type { Environment } from '../vfs/index.js';
import type { KeyCodec, KeyCodecName, ValueCodec, ValueCodecName } from './codecs.js';
import { type EntryDecoder, EntryScan, scanLimit } from './scan.js';

/** How one keyspace maps to bytes: every key is `prefix`, then the codec's encoding. */
export interface KeyspaceLayout<KeyIn, KeyOut, Value> {
  /** Empty for the default keyspace. */
  readonly name: string;
  readonly keyCodec: KeyCodecName;
  readonly valueCodec: ValueCodecName;
  readonly prefix: Uint8Array;
  readonly keys: KeyCodec<KeyIn, KeyOut>;
  readonly values: ValueCodec<Value>;
}

/** Some keys of a keyspace. All given conditions hold together; an empty object means all of them. */
export interface RangeOptions<KeyIn> {
  /** Keys that begin with this one: tuples that extend it, strings or bytes that start with it. */
  readonly prefix?: KeyIn;
  readonly gt?: KeyIn;
  readonly gte?: KeyIn;
  readonly lt?: KeyIn;
  readonly lte?: KeyIn;
}

/** Which keys a scan visits, and how. */
export interface ScanOptions<KeyIn> extends RangeOptions<KeyIn> {
  /** Descending order. */
  readonly reverse?: boolean;
  /** At most this many entries; a non-negative integer. */
  readonly limit?: number;
}

const RANGE_OPTIONS: readonly (keyof RangeOptions<unknown>)[] = ['prefix', 'gt', 'gte', 'lt', 'lte'];
const SCAN_OPTIONS: readonly (keyof ScanOptions<unknown>)[] = [...RANGE_OPTIONS, 'reverse', 'limit'];

/** How long a scan keeps the event loop waiting, in milliseconds, and after how many entries it looks at the clock. */
const TURN_MS = 5;
const ENTRIES_PER_LOOK = 8;

/** Where a keyspace reads from: asked anew for every call. */
export interface KeyspaceSource {
  readonly environment: Environment;
  view(): ReadView;
}

/** What a write fills: a `WriteBatch` outside a transaction, the transaction itself inside one. */
export interface Mutations {
  put(key: Uint8Array, value: Uint8Array, expiresAtMs?: number): void;
  delete(key: Uint8Array): void;
  clear(range: BoundedRange): void;
}

/**
 * Where a keyspace writes to. All mutations of one call, `count` of them, take effect together or not at all. `write` throws
 * nothing: whatever is wrong, with `fill` too, its promise rejects with.
 */
export interface KeyspaceSink extends KeyspaceSource {
  /** What the clock shows that expiry is judged by. */
  nowMs(): number;
  write(fill: (mutations: Mutations) => void, count: number, options?: WriteOptions): Promise<void>;
  writeSync(fill: (mutations: Mutations) => void, count: number, options?: WriteOptions): void;
}

/** Durability of a write, and until when its value is there: by default until it is replaced or removed. */
export interface PutOptions extends WriteOptions, ExpiryOptions {}

export type BatchOperation<KeyIn, Value> =
  | ({ readonly type: 'put'; readonly key: KeyIn; readonly value: Value } & ExpiryOptions)
  | { readonly type: 'delete'; readonly key: KeyIn }
  | ({ readonly type: 'clear' } & RangeOptions<KeyIn>);

/** One for all: a key is encoded and used within one call, and opening a transaction should not allocate. */
const scratch = new ByteWriter(256);
/** Whose prefix `scratch` begins with: calls for one keyspace tend to come in a row. */
let scratchPrefix: Uint8Array | undefined;

export class KeyspaceReader<KeyIn, KeyOut, Value> {
  readonly #source: KeyspaceSource;
  readonly #layout: KeyspaceLayout<KeyIn, KeyOut, Value>;
  /** Made by the first scan: short scans are as quick as what they allocate. */
  #decoder: EntryDecoder<KeyOut, Value> | undefined;
  #whole: KeyRange | undefined;

  constructor(source: KeyspaceSource, layout: KeyspaceLayout<KeyIn, KeyOut, Value>) {
    this.#source = source;
    this.#layout = layout;
  }

  /** The value of `key`, or undefined when it is absent. */
  async get<V extends Value = Value>(key: KeyIn): Promise<V | undefined> {
    return this.getSync<V>(key);
  }

  getSync<V extends Value = Value>(key: KeyIn): V | undefined {
    return this.#ownedValue(this.#source.view().get(this.keyView(key))) as V | undefined;
  }

  /** The values of `keys` in their order, all from one version of the store. */
  async getMany<V extends Value = Value>(keys: readonly KeyIn[]): Promise<(V | undefined)[]> {
    return this.getManySync<V>(keys);
  }

  getManySync<V extends Value = Value>(keys: readonly KeyIn[]): (V | undefined)[] {
    requireArray('the keys of getMany', keys);
    const view = this.#source.view().moment();
    return keys.map((key) => this.#ownedValue(view.get(this.keyView(key))) as V | undefined);
  }

  async has(key: KeyIn): Promise<boolean> {
    return this.hasSync(key);
  }

  hasSync(key: KeyIn): boolean {
    return this.#source.view().has(this.keyView(key));
  }

  /** When the value of `key` ends; undefined when it does not, or there is none. */
  async expiresAt(key: KeyIn): Promise<Date | undefined> {
    return this.expiresAtSync(key);
  }

  expiresAtSync(key: KeyIn): Date | undefined {
    const expiresAtMs = this.#source.view().expiryOf(this.keyView(key));
    return expiresAtMs === undefined ? undefined : new Date(expiresAtMs);
  }

  /**
   * Entries in key order from one version of the store: writes made during the iteration do not show. Lets the event loop
   * have a turn every few milliseconds.
   */
  async *scan<V extends Value = Value>(options: ScanOptions<KeyIn> = {}): AsyncGenerator<[KeyOut, V], void, undefined> {
    const { clock, scheduler } = this.#source.environment;
    let turnEndsMs = clock.monotonicMs() + TURN_MS;
    let unlooked = 0;
    for (const entry of this.scanSync<V>(options)) {
      yield entry;
      if (++unlooked < ENTRIES_PER_LOOK) continue;
      unlooked = 0;
      if (clock.monotonicMs() < turnEndsMs) continue;
      await new Promise<void>((resolve) => scheduler.nextTurn(resolve));
      turnEndsMs = clock.monotonicMs() + TURN_MS;
    }
  }

  scanSync<V extends Value = Value>(options: ScanOptions<KeyIn> = {}): Generator<[KeyOut, V], void, undefined> {
    this.#decoder ??= {
      prefixLength: this.#layout.prefix.length,
      key: (bytes, start, end) => this.decodeKey(bytes, start, end),
      value: (bytes, start, end) => this.decodeValue(bytes, start, end),
    };
    return new EntryScan(this.#decoder as EntryDecoder<KeyOut, V>, () => {
      checkOptionNames('options of a scan', options, SCAN_OPTIONS);
      const limit = scanLimit(options.limit);
      const range = limit === 0 ? NOTHING : this.#range(options);
      return { cursor: this.#source.view().cursor(range, { reverse: options.reverse ?? false }), limit };
    });
  }

  /** Where stored keys begin after the keyspace's own prefix. */
  protected get prefixLength(): number {
    return this.#layout.prefix.length;
  }

  /** The stored keys that begin with `prefix`; all of the keyspace without one. */
  protected prefixRange(prefix: KeyIn | undefined): KeyRange {
    const { keys, prefix: own } = this.#layout;
    if (prefix !== undefined) return keys.prefixRange(this.keyBytes(prefix));
    return (this.#whole ??= prefixRange(own));
  }

  /** The stored form of `key`. */
  protected keyBytes(key: KeyIn): Uint8Array {
    return this.keyView(key).slice();
  }

  /** The stored form of a range. Every keyspace ends before some key. */
  protected boundedRange(options: RangeOptions<KeyIn>): BoundedRange {
    checkOptionNames('bounds of a range', options, RANGE_OPTIONS);
    const { lower, upper } = this.#range(options);
    assert(lower !== undefined && upper !== undefined, 'a keyspace has a prefix, and the prefix an end');
    return { lower, upper };
  }

  /** The stored form of `value`; copied by whoever keeps it. */
  protected valueBytes(value: Value): Uint8Array {
    return this.#layout.values.encode(value);
  }

  /** The stored form of `key`, for a call that does not keep it: overwritten by the next key of any keyspace. */
  protected keyView(key: KeyIn): Uint8Array {
    const { prefix, keys } = this.#layout;
    if (scratchPrefix === prefix) {
      scratch.reset(prefix.length);
    } else {
      scratch.reset();
      scratch.raw(prefix);
      scratchPrefix = prefix;
    }
    keys.append(scratch, key);
    return scratch.bytes();
  }

  /** Of a whole stored key, without the prefix: `start` is behind that. */
  protected decodeKey(bytes: Uint8Array, start: number, end: number): KeyOut {
    try {
      return this.#layout.keys.decode(bytes, start, end);
    } catch (cause) {
      throw this.#undecodable('key', this.#layout.keyCodec, bytes.subarray(start, end), cause);
    }
  }

  protected decodeValue(bytes: Uint8Array, start: number, end: number): Value {
    try {
      return this.#layout.values.decode(bytes, start, end);
    } catch (cause) {
      throw this.#undecodable('value', this.#layout.valueCodec, bytes.subarray(start, end), cause);
    }
  }

  /** Of bytes that nobody else holds. */
  #ownedValue(bytes: Uint8Array | undefined): Value | undefined {
    if (bytes === undefined) return undefined;
    try {
      return this.#layout.values.decodeOwned(bytes);
    } catch (cause) {
      throw this.#undecodable('value', this.#layout.valueCodec, bytes, cause);
    }
  }

  /** Checksums have vouched for the bytes: it is the codec that is not the one they were written with. */
  #undecodable(what: string, codec: string, bytes: Uint8Array, cause: unknown): InvalidArgumentError {
    const { name } = this.#layout;
    const found = hexPreview(bytes);
    const title = name === '' ? 'the default keyspace' : `keyspace "${name}"`;
    return new InvalidArgumentError(`${title} holds a ${what} that the codec '${codec}' did not write: ${found}`, {
      cause,
      facts: { keyspace: name, codec, found },
    });
  }

  #range(options: RangeOptions<KeyIn>): KeyRange {
    let { lower, upper } = this.prefixRange(options.prefix);
    const { gt, gte, lt, lte } = options;
    if (gte !== undefined) lower = higherLower(lower, this.keyBytes(gte));
    if (gt !== undefined) lower = higherLower(lower, keyAfter(this.keyBytes(gt)));
    if (lt !== undefined) upper = lowerUpper(upper, this.keyBytes(lt));
    if (lte !== undefined) upper = lowerUpper(upper, keyAfter(this.keyBytes(lte)));
    return { lower, upper };
  }
}

const NOTHING: KeyRange = { lower: EMPTY_BYTES, upper: EMPTY_BYTES };

function requireArray(what: string, found: unknown): void {
  if (Array.isArray(found)) return;
  throw new InvalidArgumentError(`${what} must be an array, found ${kindOf(found)}`, {
    facts: { expected: 'array', found: kindOf(found) },
  });
}

export class Keyspace<KeyIn, KeyOut, Value> extends KeyspaceReader<KeyIn, KeyOut, Value> {
  readonly #sink: KeyspaceSink;

  constructor(sink: KeyspaceSink, layout: KeyspaceLayout<KeyIn, KeyOut, Value>) {
    super(sink, layout);
    this.#sink = sink;
  }

  /**
   * Stores `value` under `key`, replacing what was there, and when that was to expire. Outside a transaction it is one by
   * itself.
   *
   * With `ttlMs` or `expiresAt` the value expires: from then on it is not found any more, by nobody who begins to look then, and
   * soon after it is removed, which feeds of changes tell as `expire`. A transaction or snapshot judges by when it began.
   * Rejects with `InvalidArgumentError` for an end that is past, is no time at all, or is said twice.
   */
  put(key: KeyIn, value: Value, options?: PutOptions): Promise<void> {
    if (options !== undefined) return this.#putWith(key, value, options);
    return this.#sink.write((mutations) => this.#putTo(mutations, key, value, undefined), 1);
  }

  putSync(key: KeyIn, value: Value, options?: PutOptions): void {
    const write = writeOptions(options);
    const expiresAtMs = this.#expiryOf(options);
    this.#sink.writeSync((mutations) => this.#putTo(mutations, key, value, expiresAtMs), 1, write);
  }

  /** Removes `key`; nothing happens when it is absent. */
  delete(key: KeyIn, options?: WriteOptions): Promise<void> {
    return this.#sink.write((mutations) => mutations.delete(this.keyView(key)), 1, options);
  }

  deleteSync(key: KeyIn, options?: WriteOptions): void {
    this.#sink.writeSync((mutations) => mutations.delete(this.keyView(key)), 1, options);
  }

  /**
   * Removes the keys of a range, by default all of this keyspace, as one small record however many there are: it takes no
   * longer for a million keys than for one. Their space comes back with the next flush and compactions.
   */
  async clear(range: RangeOptions<KeyIn> = {}, options?: WriteOptions): Promise<void> {
    const bounds = this.boundedRange(range);
    await this.#sink.write((mutations) => mutations.clear(bounds), 1, options);
  }

  clearSync(range: RangeOptions<KeyIn> = {}, options?: WriteOptions): void {
    const bounds = this.boundedRange(range);
    this.#sink.writeSync((mutations) => mutations.clear(bounds), 1, options);
  }

  /** Applies all operations in their order, as one commit. Nothing is applied when any of them is refused. */
  async batch(operations: readonly BatchOperation<KeyIn, Value>[], options?: WriteOptions): Promise<void> {
    await this.#sink.write(this.#filling(operations), operations.length, options);
  }

  batchSync(operations: readonly BatchOperation<KeyIn, Value>[], options?: WriteOptions): void {
    this.#sink.writeSync(this.#filling(operations), operations.length, options);
  }

  /** The sink sees to it that an operation that is refused leaves no trace of those before it. */
  #filling(operations: readonly BatchOperation<KeyIn, Value>[]): (mutations: Mutations) => void {
    requireArray('the operations of a batch', operations);
    let nowMs: number | undefined;
    const now = (): number => (nowMs ??= this.#sink.nowMs());
    return (mutations) => {
      for (const operation of operations) {
        if (operation?.type === 'clear') {
          const { type: _, ...range } = operation;
          mutations.clear(this.boundedRange(range));
          continue;
        }
        const fields = operation?.type === 'delete' ? DELETE_FIELDS : PUT_FIELDS;
        checkOptionNames('fields of a batch operation', operation ?? null, fields);
        const { type } = operation;
        if (type === 'put') this.#putTo(mutations, operation.key, operation.value, expiryFrom(operation, now));
        else if (type === 'delete') mutations.delete(this.keyView(operation.key));
        else throw unknownOperation(type);
      }
    };
  }

  /** The value first: encoding it may call the user's code, and the view of the key does not outlive the next key. */
  #putTo(mutations: Mutations, key: KeyIn, value: Value, expiresAtMs: number | undefined): void {
    const valueBytes = this.valueBytes(value);
    mutations.put(this.keyView(key), valueBytes, expiresAtMs);
  }

  async #putWith(key: KeyIn, value: Value, options: PutOptions): Promise<void> {
    const write = writeOptions(options);
    const expiresAtMs = this.#expiryOf(options);
    await this.#sink.write((mutations) => this.#putTo(mutations, key, value, expiresAtMs), 1, write);
  }

  #expiryOf(options: ExpiryOptions | undefined): number | undefined {
    return options === undefined ? undefined : expiryFrom(options, () => this.#sink.nowMs());
  }
}

const PUT_FIELDS = ['type', 'key', 'value', ...EXPIRY_OPTIONS];
const DELETE_FIELDS = ['type', 'key'];
const PUT_OPTIONS: readonly (keyof PutOptions)[] = ['durability', ...EXPIRY_OPTIONS];

/** What the write of a `put` is told. */
function writeOptions(options: PutOptions | undefined): WriteOptions | undefined {
  if (options === undefined) return undefined;
  checkOptionNames('options of a put', options, PUT_OPTIONS);
  return { durability: options.durability };
}

function unknownOperation(type: unknown): InvalidArgumentError {
  const found = String(type);
  return new InvalidArgumentError(`a batch operation has type 'put', 'delete' or 'clear', found ${found}`, {
    facts: { found },
  });
}
