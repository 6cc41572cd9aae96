/**
 * What the key-value suites ask of an engine, and the list of engines. Every adapter uses the fastest way its engine
 * documents for the operation, with the same durability: an adapter that is slower than need be would flatter Varve.
 */

/**
 * `buffered`: handed to the operating system when acknowledged. `commit`: on the device when acknowledged.
 * The same word means the same for every engine; adapters say in a comment how they get it.
 */
export type Durability = 'buffered' | 'commit';

export interface OpenOptions {
  readonly directory: string;
  readonly durability: Durability;
}

/** An open database of byte keys and byte values. */
export interface KeyValueEngine {
  /** Writes `count` entries from `from` on as one atomic commit. */
  writeBatch(keys: readonly Buffer[], values: readonly Buffer[], from: number, count: number): Promise<void> | void;
  get(key: Buffer): Promise<Uint8Array | undefined>;
  /** Absent when the engine offers no synchronous read. */
  getSync?(key: Buffer): Uint8Array | undefined;
  /** Visits entries in key order from `start` on (from the first one when undefined); returns how many it visited. */
  scan(start: Buffer | undefined, limit: number, visit: (value: Uint8Array) => void): Promise<number> | number;
  close(): Promise<void> | void;
}

export type OpenEngine = (options: OpenOptions) => Promise<KeyValueEngine>;

/** Loaded on demand, so that a child process holds one engine only. Varve first, then its peers. */
export const ENGINES: Readonly<Record<string, () => Promise<{ readonly openEngine: OpenEngine }>>> = {
  varve: () => import('./engines/varve.js'),
  lmdb: () => import('./engines/lmdb.js'),
  'classic-level': () => import('./engines/classic-level.js'),
  rocksdb: () => import('./engines/rocksdb.js'),
  'better-sqlite3': () => import('./engines/better-sqlite3.js'),
};

/** Imports a peer by name. The types of peers are not installed with the repository; adapters state what they use. */
export async function importPeer<Module>(name: string): Promise<Module> {
  return (await import(name)) as Module;
}
