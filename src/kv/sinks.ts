/** Where keyspaces read and write: the database itself, each write a commit of its own, or one transaction. */

import { InvalidArgumentError } from '../base/index.js';
import {
  checkWriteOptions,
  type ReadView,
  type Transaction,
  type TransactionalStore,
  type WriteOptions,
} from '../mvcc/index.js';
import { WriteBatch } from '../storage/index.js';
import type { Environment } from '../vfs/index.js';
import type { CodecRecord, CodecRecords, NamedCodecs } from './codec-records.js';
import type { KeyspaceSink, Mutations } from './keyspace.js';
import type { StoreSink } from './store-keyspace.js';

/**
 * Batches kept for the next writes: as many as may well be in flight at a time, in bounded memory. Making one for a
 * megabyte takes 250 µs, filling one that is there 70.
 */
const KEPT_BATCHES_MAX = 128;
const KEPT_BYTES_MAX = 8 * 1024 * 1024;

/** One for all writes of transactions, which are done when they return. */
const DONE: Promise<void> = Promise.resolve();

/** Every write commits by itself. */
export function storeSink(store: TransactionalStore, environment: Environment): StoreSink {
  const free: WriteBatch[] = [];
  let freeBytes = 0;
  const batchOf = (fill: (mutations: Mutations) => void): WriteBatch => {
    const kept = free.pop();
    if (kept !== undefined) freeBytes -= kept.memoryBytes;
    const batch = kept ?? new WriteBatch();
    fill(batch);
    return batch;
  };
  /** Once it is committed. One that was refused, by `fill` or by the engine, is left to the garbage collector. */
  const giveBack = (batch: WriteBatch): void => {
    if (free.length >= KEPT_BATCHES_MAX || freeBytes + batch.memoryBytes > KEPT_BYTES_MAX) return;
    batch.reset();
    freeBytes += batch.memoryBytes;
    free.push(batch);
  };
  return {
    environment,
    nowMs: () => store.nowMs(),
    view: () => store.latest(),
    write: (fill, _count, options) =>
      new Promise((resolve, reject) => {
        const batch = batchOf(fill);
        const committed = (): void => {
          giveBack(batch);
          resolve();
        };
        store.submit(batch, options, { committed, failed: reject });
      }),
    writeSync: (fill, _count, options) => {
      const batch = batchOf(fill);
      store.writeSync(batch, options);
      giveBack(batch);
    },
    beginLoad: async (memoryBytes) => store.beginLoad(memoryBytes),
    commitLoad: (load) => store.commitLoad(load),
  };
}

/** Writes become visible with the commit of the transaction. One that is refused, say over a limit, leaves nothing of itself. */
export class TransactionSink implements KeyspaceSink {
  readonly environment: Environment;
  readonly #tx: Transaction;

  constructor(tx: Transaction, environment: Environment) {
    this.environment = environment;
    this.#tx = tx;
  }

  nowMs(): number {
    return this.#tx.nowMs();
  }

  view(): ReadView {
    return this.#tx;
  }

  write(fill: (mutations: Mutations) => void, count: number, options?: WriteOptions): Promise<void> {
    try {
      this.writeSync(fill, count, options);
    } catch (error) {
      return rejection(error);
    }
    return DONE;
  }

  writeSync(fill: (mutations: Mutations) => void, count: number, options?: WriteOptions): void {
    const tx = this.#tx;
    if (options !== undefined) refuseDurability(options);
    // One mutation is refused as a whole anyway.
    if (count <= 1) return fill(tx);
    const savepoint = tx.savepoint();
    try {
      fill(tx);
    } catch (error) {
      savepoint.rollback();
      throw error;
    }
    savepoint.release();
  }
}

/** `sink` for one named keyspace: its first write stores the record of its codecs. */
export function recordingStoreSink(sink: StoreSink, records: CodecRecords, keyspace: NamedCodecs): StoreSink {
  const withRecord =
    ({ key, value }: CodecRecord, fill: (mutations: Mutations) => void) =>
    (mutations: Mutations): void => {
      mutations.put(key, value);
      fill(mutations);
    };
  const writeWithRecord: KeyspaceSink['write'] = async (fill, count, options) => {
    await sink.write(fill, count, options);
    records.markStored(keyspace);
  };
  return {
    environment: sink.environment,
    nowMs: () => sink.nowMs(),
    view: () => sink.view(),
    write: (fill, count, options) => {
      const record = records.missing(keyspace);
      if (record === undefined) return sink.write(fill, count, options);
      return writeWithRecord(withRecord(record, fill), count + 1, options);
    },
    writeSync: (fill, count, options) => {
      const record = records.missing(keyspace);
      if (record === undefined) return sink.writeSync(fill, count, options);
      sink.writeSync(withRecord(record, fill), count + 1, options);
      records.markStored(keyspace);
    },
    beginLoad: async (memoryBytes) => {
      const load = await sink.beginLoad(memoryBytes);
      const record = records.missing(keyspace);
      if (record !== undefined) load.add(record.key, record.value);
      // By itself, so that the load touches nothing between the record and the keyspace.
      await load.writeOut();
      return load;
    },
    commitLoad: async (load) => {
      const timestamp = await sink.commitLoad(load);
      records.markStored(keyspace);
      return timestamp;
    },
  };
}

/** The same inside a transaction. */
export class RecordingTransactionSink extends TransactionSink {
  readonly #tx: Transaction;
  readonly #records: CodecRecords;
  readonly #keyspace: NamedCodecs;

  constructor(tx: Transaction, environment: Environment, records: CodecRecords, keyspace: NamedCodecs) {
    super(tx, environment);
    this.#tx = tx;
    this.#records = records;
    this.#keyspace = keyspace;
  }

  override writeSync(fill: (mutations: Mutations) => void, count: number, options?: WriteOptions): void {
    this.#records.addTo(this.#tx, this.#keyspace);
    super.writeSync(fill, count, options);
  }
}

/** Of whatever somebody has thrown. */
async function rejection(error: unknown): Promise<never> {
  throw error;
}

/** Goes where `inside` says, as long as there is something; `outside` otherwise. */
export function ambientSink(outside: StoreSink, inside: () => KeyspaceSink | undefined): StoreSink {
  return {
    environment: outside.environment,
    nowMs: () => outside.nowMs(),
    view: () => (inside() ?? outside).view(),
    write: (fill, count, options) => (inside() ?? outside).write(fill, count, options),
    writeSync: (fill, count, options) => (inside() ?? outside).writeSync(fill, count, options),
    beginLoad: async (memoryBytes) => {
      if (inside() === undefined) return outside.beginLoad(memoryBytes);
      throw new InvalidArgumentError('a bulk load is a commit of its own: it cannot be part of a transaction');
    },
    commitLoad: (load) => outside.commitLoad(load),
  };
}

/** What is written inside a transaction becomes durable with it, not before. */
export function refuseDurability(options: WriteOptions): void {
  checkWriteOptions(options);
  if (options.durability === undefined) return;
  throw new InvalidArgumentError(
    'a write inside a transaction has no durability of its own: give it to the transaction, among its options',
    { facts: { option: 'durability', found: options.durability } },
  );
}
