/**
 * What the suites ask of an engine, and the list of engines. Every adapter uses the fastest way its engine documents for
 * the operation, with the same durability: an adapter that is slower than need be would flatter Varve.
 */

/**
 * `buffered`: handed to the operating system when acknowledged. `commit`: on the device when acknowledged.
 * The same word means the same for every engine; adapters say in a comment how they get it.
 */
export type Durability = 'buffered' | 'commit';

export interface OpenOptions {
  readonly directory: string;
  readonly durability: Durability;
  /** How large values are going to be, for engines that lay tables out by it. */
  readonly valueBytes: number;
  /** Memory for the engine's own cache of what it reads; undefined for the engine's default. */
  readonly cacheBytes?: number | undefined;
}

export interface Entry {
  readonly key: Buffer;
  readonly value: Uint8Array;
}

/** An open database of byte keys and byte values. Writes are durable as the database was opened. */
export interface KeyValueEngine {
  /** Writes all entries as one atomic commit. */
  writeBatch(entries: readonly Entry[]): Promise<void> | void;
  /** Writes one entry as a commit of its own. May be called again before it is done. */
  put(key: Buffer, value: Uint8Array): Promise<void> | void;
  /** The same on this thread. Absent when the engine has no synchronous write. */
  putSync?(key: Buffer, value: Uint8Array): void;
  get(key: Buffer): Promise<Uint8Array | undefined>;
  /** The result is the caller's until the next call only. Absent when the engine has no synchronous read. */
  getSync?(key: Buffer): Uint8Array | undefined;
  /** Visits entries in key order from `start` on; returns how many. */
  scan(range: ScanRange, visit: (value: Uint8Array) => void): Promise<number> | number;
  /** Absent when the engine has no transactions that read. */
  readonly transactions?: TransactionalEngine;
  /** Gives back what space it can. Absent when the engine has no call for that. */
  collect?(): Promise<void>;
  /** Bytes of values that were written before and again since, to free the space around them. */
  movedBytes?(): number;
  close(): Promise<void> | void;
}

export interface ScanRange {
  /** The first key, or with `reverse` the last; the end of the key space when left out. */
  readonly start?: Buffer;
  readonly limit: number;
  readonly reverse?: boolean;
}

/** Replaces the value of a key by what `update` makes of it. Returns how often it was run again after a conflict. */
export type Modify = (key: Buffer, update: (old: Uint8Array) => Uint8Array) => Promise<number> | number;

export interface TransactionalEngine {
  readonly modify: Modify;
  /** The same by an `async` body. Absent when the engine has none, or when that is what `modify` does. */
  readonly modifyAwaiting?: Modify;
  /** Reads keys as they are at one moment, in the engine's read-only transaction. */
  readTogether(keys: readonly Buffer[], visit: (value: Uint8Array | undefined) => void): Promise<void> | void;
  /** Reads the same keys one by one, outside any transaction, by the same kind of call. */
  readOneByOne(keys: readonly Buffer[], visit: (value: Uint8Array | undefined) => void): Promise<void> | void;
}

export type OpenEngine = (options: OpenOptions) => Promise<KeyValueEngine>;

export const OWN_ENGINE = 'varve';

/** Loaded on demand, so that a child process holds one engine only. Varve first, then its peers, then the machine. */
export const ENGINES: Readonly<Record<string, () => Promise<OpenEngine>>> = {
  [OWN_ENGINE]: async () => (await import('./engines/varve.js')).openEngine,
  'varve-inline': async () => (await import('./engines/varve.js')).openInlineEngine,
  'varve-async': async () => (await import('./engines/varve.js')).openAsyncEngine,
  lmdb: async () => (await import('./engines/lmdb.js')).openEngine,
  'classic-level': async () => (await import('./engines/classic-level.js')).openEngine,
  rocksdb: async () => (await import('./engines/rocksdb.js')).openEngine,
  'better-sqlite3': async () => (await import('./engines/better-sqlite3.js')).openEngine,
  rawsync: async () => (await import('./engines/raw-log.js')).openEngine,
};

/** Engines that take no part in the comparison: Varve itself in another guise, and the bare machine. */
export const NOT_PEERS: readonly string[] = [OWN_ENGINE, 'varve-inline', 'varve-async', 'rawsync'];

/** Imports a module of this folder's own installation, whose types are not installed with the repository: callers state what they use. */
export async function importPeer<Module>(name: string): Promise<Module> {
  return (await import(name)) as Module;
}
