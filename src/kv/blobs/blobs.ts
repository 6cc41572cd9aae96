/** Blobs that can be written: by the database, each `put` a commit of its own, or inside a transaction. */

import { ByteWriter, checkOptionNames, InvalidArgumentError, kindOf, type TuplePart } from '../../base/index.js';
import {
  checkSignal,
  checkWriteOptions,
  EXPIRY_OPTIONS,
  type ExpiryOptions,
  expiryFrom,
  type ReadView,
  type Transaction,
  type TransactionalStore,
  type WriteOptions,
} from '../../mvcc/index.js';
import type { Environment } from '../../vfs/index.js';
import type { TupleKey } from '../codecs.js';
import { Keyspace } from '../keyspace.js';
import { refuseDurability, TransactionSink } from '../sinks.js';
import { type BlobOwner, BlobReader } from './blob-reader.js';
import { type BlobRecord, blobRecords, chunkRange, decodeRecord, encodeRecord, uploadKey } from './blob-record.js';
import { type BlobSource, claimSource } from './blob-source.js';
import type { Uploads } from './upload.js';

export interface BlobDescription {
  /** Such as `'image/png'`; kept as it is. */
  readonly contentType?: string;
  /** Any structured value, returned by `stat` and `list`. */
  readonly metadata?: unknown;
}

export interface BlobPutOptions extends BlobDescription, WriteOptions, ExpiryOptions {
  /** Ends the upload with the signal's reason. Nothing of it stays. */
  readonly signal?: AbortSignal;
}

/** What writing blobs needs of the database. */
export interface BlobServices {
  readonly environment: Environment;
  readonly store: TransactionalStore;
  readonly uploads: Uploads;
}

export class Blobs extends BlobReader {
  readonly #services: BlobServices;
  /** Undefined when every call is a transaction of its own. */
  readonly #transaction: Transaction | undefined;

  constructor(services: BlobServices, transaction: Transaction | undefined) {
    super(transaction === undefined ? storeOwner(services) : transactionOwner(services, transaction));
    this.#services = services;
    this.#transaction = transaction;
  }

  /**
   * Stores what `source` yields under `key`, replacing what was there once all of it has arrived; resolves when that is as
   * durable as asked. The chunks are written while they arrive, also in a transaction, whose rollback removes them; a crash
   * in between leaves nothing visible, and nothing at all after the next open. With `ttlMs`, counted from this call, or
   * `expiresAt` the object ends with all of its content, as a value does; who reads it then reads on. One that ends before all of
   * `source` has arrived is refused with `InvalidArgumentError`.
   *
   * Rejects with the source's own error, with the signal's reason, or with what a commit rejects with.
   */
  async put(key: TupleKey, source: BlobSource, options: BlobPutOptions = {}): Promise<void> {
    const { uploads, environment, store } = this.#services;
    const expiresAtMs = checkPut(key, source, options, () => store.nowMs());
    this.#checkWritable(options);
    const content = await uploads.upload(source, { signal: options.signal, expiresAtMs });
    const record: BlobRecord = {
      content: content.place,
      sha256: content.sha256,
      modifiedAtMs: environment.clock.nowMs(),
      contentType: options.contentType,
      metadata: options.metadata,
    };
    try {
      await this.#change((tx) => {
        const records = this.#recordsOf(tx);
        removeContent(tx, records.getSync(key));
        if (expiresAtMs !== undefined && expiresAtMs <= store.nowMs()) throw endedBefore(options, expiresAtMs);
        records.putSync(key, encodeRecord(record), { expiresAt: expiresAtMs });
        tx.delete(uploadKey(content.place.id));
      }, options);
      // Undone later, wholly or to a savepoint, it leaves the upload without a record.
      this.#transaction?.onEnd(() => void uploads.abandon(content.place.id));
    } catch (error) {
      await uploads.abandon(content.place.id);
      throw error;
    }
  }

  /** Removes the blob of `key`; false when there is none. */
  async delete(key: TupleKey, options: WriteOptions = {}): Promise<boolean> {
    checkWriteOptions(options);
    this.#checkWritable(options);
    return this.#change((tx) => {
      const records = this.#recordsOf(tx);
      const found = records.getSync(key);
      if (found === undefined) return false;
      removeContent(tx, found);
      records.deleteSync(key);
      return true;
    }, options);
  }

  #recordsOf(tx: Transaction): Keyspace<TupleKey, TuplePart[], unknown> {
    return new Keyspace(new TransactionSink(tx, this.#services.environment), blobRecords);
  }

  #change<T>(change: (tx: Transaction) => T, { durability }: WriteOptions): Promise<T> {
    const tx = this.#transaction;
    if (tx === undefined) return this.#services.store.transaction(change, { durability });
    return Promise.resolve(change(tx));
  }

  /** Before anything is uploaded. */
  #checkWritable(options: WriteOptions): void {
    const tx = this.#transaction;
    if (tx === undefined) return checkWriteOptions({ durability: options.durability });
    if (options.durability !== undefined) refuseDurability({ durability: options.durability });
    tx.assertOpen();
    if (tx.readOnly) throw new InvalidArgumentError('a read-only transaction stores and removes no blobs');
  }
}

/** The chunks go with the record in one commit; whoever still reads them has a snapshot. */
function removeContent(tx: Transaction, found: unknown): void {
  if (found === undefined) return;
  tx.clear(chunkRange(decodeRecord(found).content.id));
}

/** Returns when the blob is to end. */
function checkPut(key: TupleKey, source: BlobSource, options: BlobPutOptions, nowMs: () => number): number | undefined {
  checkOptionNames('options of a blob', options, [
    'contentType',
    'metadata',
    'signal',
    'durability',
    ...EXPIRY_OPTIONS,
  ]);
  const { contentType, metadata, signal } = options;
  if (signal !== undefined) checkSignal(signal);
  if (contentType !== undefined && typeof contentType !== 'string') {
    throw new InvalidArgumentError(`the content type of a blob must be a string, found ${kindOf(contentType)}`, {
      facts: { option: 'contentType', expected: 'string', found: kindOf(contentType) },
    });
  }
  signal?.throwIfAborted();
  blobRecords.keys.append(new ByteWriter(64), key);
  if (metadata !== undefined) blobRecords.values.encode(metadata);
  const expiresAtMs = expiryFrom(options, nowMs);
  // Last, for it counts as read from now on.
  claimSource(source);
  return expiresAtMs;
}

/** The chunks that came first have ended by now. */
function endedBefore({ ttlMs, expiresAt }: BlobPutOptions, expiresAtMs: number): InvalidArgumentError {
  const option = ttlMs === undefined ? 'expiresAt' : 'ttlMs';
  return new InvalidArgumentError(`the blob ended, by its ${option}, before all of its content had been stored`, {
    facts: { option, found: ttlMs ?? expiresAt, endedAtMs: expiresAtMs },
  });
}

function storeOwner({ environment, store }: BlobServices): BlobOwner {
  const latest = store.latest();
  return {
    environment,
    view: () => latest,
    hold: () => {
      const snapshot = store.snapshot();
      return { environment, view: snapshot, latest: snapshot, release: () => snapshot.close() };
    },
  };
}

/** The transaction itself keeps what it sees. */
function transactionOwner({ environment, store }: BlobServices, tx: Transaction): BlobOwner {
  const held = { environment, view: tx, latest: store.latest(), release: () => undefined };
  return { environment, view: () => tx, hold: () => held };
}

/** The blobs of one snapshot, which its owner closes. */
export function snapshotBlobs({ environment }: BlobServices, snapshot: ReadView): BlobReader {
  const held = { environment, view: snapshot, latest: snapshot, release: () => undefined };
  return new BlobReader({ environment, view: () => snapshot, hold: () => held });
}
