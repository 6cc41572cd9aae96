/**
 * Varve through its public API: a keyspace of bytes, default options but for the cache. `openAsyncEngine` has the promises
 * only, so that a suite which prefers synchronous calls measures those; `openInlineEngine` keeps values of every size in
 * tables.
 */

import type * as Varve from 'varve';
import type { Durability, Entry, KeyValueEngine, OpenOptions, ScanRange, TransactionalEngine } from '../engine.js';

/**
 * The build beside this folder, loaded when it is needed: processes of peers do without. By address, because the package
 * name means this very benchmark in here.
 */
export async function loadVarve(): Promise<typeof Varve> {
  return (await import(new URL('../../../dist/index.js', import.meta.url).href)) as typeof Varve;
}

export async function openVarve(directory: string, options?: Varve.DatabaseOptions): Promise<Varve.Database> {
  const { open } = await loadVarve();
  return open(directory, options);
}

/** The keyspace of all suites. */
export const SPACE = 'bench';
export const BYTES = { keys: 'bytes', values: 'bytes' } as const;

export async function openEngine({ directory, durability, cacheBytes }: OpenOptions): Promise<KeyValueEngine> {
  return engineOver(await openVarve(directory, cacheOf(cacheBytes)), durability);
}

function cacheOf(bytes: number | undefined): Varve.DatabaseOptions {
  return bytes === undefined ? {} : { blockCache: { bytes } };
}

/** For suites that open Varve with options of their own. */
export function engineOver(db: Varve.Database, durability: Durability): KeyValueEngine {
  const space = db.keyspace(SPACE, BYTES);
  const write = { durability };
  return {
    writeBatch: (entries) => space.batch(putsOf(entries), write),
    put: (key, value) => space.put(key, value, write),
    putSync: (key, value) => space.putSync(key, value, write),
    get: (key) => space.get(key),
    getSync: (key) => space.getSync(key),
    scan(range, visit) {
      let count = 0;
      for (const [, value] of space.scanSync(scanOptions(range))) {
        visit(value);
        count++;
      }
      return count;
    },
    transactions: transactionsOf(db, write),
    collect: () => db.gc(),
    movedBytes: () => db.stats().engine.valueLog.movedBytes,
    close: () => db.close(),
  };
}

export async function openInlineEngine({ directory, durability, cacheBytes }: OpenOptions): Promise<KeyValueEngine> {
  const valueLog = { thresholdBytes: Number.POSITIVE_INFINITY };
  return engineOver(await openVarve(directory, { ...cacheOf(cacheBytes), valueLog }), durability);
}

export async function openAsyncEngine({ directory, durability, cacheBytes }: OpenOptions): Promise<KeyValueEngine> {
  const db = await openVarve(directory, cacheOf(cacheBytes));
  const space = db.keyspace(SPACE, BYTES);
  const write = { durability };
  return {
    writeBatch: (entries) => space.batch(putsOf(entries), write),
    put: (key, value) => space.put(key, value, write),
    get: (key) => space.get(key),
    async scan(range, visit) {
      let count = 0;
      for await (const [, value] of space.scan(scanOptions(range))) {
        visit(value);
        count++;
      }
      return count;
    },
    transactions: transactionsOf(db, write),
    close: () => db.close(),
  };
}

function putsOf(entries: readonly Entry[]): { type: 'put'; key: Buffer; value: Uint8Array }[] {
  return entries.map(({ key, value }) => ({ type: 'put', key, value }));
}

function scanOptions({ start, limit, reverse = false }: ScanRange): Varve.ScanOptions<Uint8Array> {
  const from = start === undefined ? {} : reverse ? { lte: start } : { gte: start };
  return { ...from, limit, reverse };
}

function transactionsOf(db: Varve.Database, write: Varve.WriteOptions): TransactionalEngine {
  const space = db.keyspace(SPACE, BYTES);
  // A hundred clients on one key: the default of ten is for programs that would rather hear of it.
  const modifying: Varve.TransactionOptions = { ...write, retries: 1_000_000 };
  return {
    modify(key, update) {
      let attempts = 0;
      return db.transaction(async (tx) => {
        const inside = tx.keyspace(SPACE, BYTES);
        const old = await inside.get(key);
        if (old === undefined) throw new Error('a record that was written is not there');
        await inside.put(key, update(old));
        return attempts++;
      }, modifying);
    },
    readTogether: (keys, visit) =>
      db.transaction(
        async (tx) => {
          const inside = tx.keyspace(SPACE, BYTES);
          for (const key of keys) visit(await inside.get(key));
        },
        { readOnly: true },
      ),
    async readOneByOne(keys, visit) {
      for (const key of keys) visit(await space.get(key));
    },
  };
}
