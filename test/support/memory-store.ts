/** A transactional store in memory for tests, and short names for the byte strings they use. */

import { utf8Decode, utf8Encode } from '../../src/base/index.js';
import { type RangeCursor, type ReadView, type StoreOptions, TransactionalStore } from '../../src/mvcc/index.js';
import { inlineExecutor } from '../../src/storage/index.js';
import { type Environment, MemFileSystem, systemEnvironment } from '../../src/vfs/index.js';

const KIB = 1024;

/** Small sizes, so that flushes and compactions happen within a test. */
export const STORE_OPTIONS: StoreOptions = {
  readOnly: false,
  createIfMissing: true,
  wal: { sync: 'commit' },
  memtableBytes: 64 * KIB,
  blockBytes: 1 * KIB,
  tableBytes: 64 * KIB,
  valueLog: { thresholdBytes: 4 * KIB, segmentBytes: 64 * KIB, garbageRatio: 0.5, compression: 'none' },
  blockCache: { bytes: 1024 * KIB },
  bloomBitsPerKey: 10,
  compression: 'none',
  compaction: { policy: 'leveled', level0Runs: 2, levelBaseBytes: 256 * KIB, sizeRatio: 4 },
  limits: { keyBytes: 64 * KIB, valueBytes: 1024 * KIB, batchBytes: 4096 * KIB, transactionBytes: 1024 * KIB },
};

/** A store over its own `MemFileSystem`, unless `environment` brings another. */
export async function openMemoryStore(
  options: Partial<StoreOptions> = {},
  environment: Partial<Environment> = {},
): Promise<TransactionalStore> {
  const whole = systemEnvironment({ fileSystem: new MemFileSystem(), ...environment });
  const { store } = await TransactionalStore.open(
    '/store',
    { ...STORE_OPTIONS, ...options },
    {
      environment: whole,
      executor: inlineExecutor(whole),
      listener: () => undefined,
    },
  );
  return store;
}

export const bytes = utf8Encode;

/** The value of `key` as text. */
export function read(view: ReadView, key: string): string | undefined {
  const value = view.get(bytes(key));
  return value === undefined ? undefined : utf8Decode(value);
}

export function write(
  view: { put(key: Uint8Array, value: Uint8Array): void },
  key: string,
  value: string | number,
): void {
  view.put(bytes(key), bytes(String(value)));
}

/** `key=value` of everything in `[lower, upper)`. */
export function scan(view: ReadView, lower?: string, upper?: string, reverse = false): string[] {
  const range = { lower: optional(lower), upper: optional(upper) };
  return drain(view.cursor(range, { reverse }));
}

/** `key=value` of what is left of `cursor`. */
export function drain(cursor: RangeCursor): string[] {
  const entries: string[] = [];
  while (cursor.next()) entries.push(entry(cursor));
  return entries;
}

/** `key=value` where the cursor stands. */
export function entry(cursor: RangeCursor): string {
  return `${utf8Decode(cursor.key())}=${utf8Decode(cursor.value())}`;
}

function optional(key: string | undefined): Uint8Array | undefined {
  return key === undefined ? undefined : bytes(key);
}
