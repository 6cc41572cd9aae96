/**
 * What a database runs with when it is told nothing. Apart from the schema in `options.ts`, so that opening with these
 * values does not load the validation library (33 ms, where import and first open take about 50 without it).
 */

import type { StoreOptions } from './mvcc/index.js';
import type { EntityClass } from './orm/index.js';
import { DEFAULT_SQL_LIMITS, DEFAULT_STATEMENT_CACHE_SIZE, type SqlLimits } from './sql/index.js';
import type { EventListener } from './storage/index.js';
import type { Environment } from './vfs/index.js';

/** Complete and checked options; `options.ts` says what each one means. */
export interface DatabaseSettings extends Omit<StoreOptions, 'blockCache'> {
  readonly blockCache: Omit<StoreOptions['blockCache'], 'bytes'> & { readonly bytes: number | 'auto' };
  readonly compaction: StoreOptions['compaction'] & { readonly bytesPerSecond?: number | undefined };
  readonly background: 'worker' | 'inline';
  readonly ambientTransactions: boolean;
  readonly keysInErrors: boolean;
  readonly sql: { readonly statementCacheSize: number; readonly limits: SqlLimits };
  readonly entities: readonly EntityClass[];
  readonly listener?: EventListener | undefined;
  readonly environment?: Partial<Environment> | undefined;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const DEFAULT_SETTINGS = {
  readOnly: false,
  createIfMissing: true,
  wal: { sync: 'commit' },
  memtableBytes: 8 * MIB,
  valueLog: { thresholdBytes: 4 * KIB, segmentBytes: 64 * MIB, garbageRatio: 0.5, compression: 'none' },
  blockBytes: 4 * KIB,
  tableBytes: 8 * MIB,
  blockCache: { bytes: 'auto', policy: 'sieve' },
  bloomBitsPerKey: 10,
  compression: 'lz4',
  compaction: { policy: 'leveled', level0Runs: 4, levelBaseBytes: 32 * MIB, sizeRatio: 10 },
  background: 'worker',
  ambientTransactions: false,
  keysInErrors: false,
  limits: {
    keyBytes: 64 * KIB,
    valueBytes: 64 * MIB,
    batchBytes: 256 * MIB,
    transactionBytes: 256 * MIB,
    recentCommitBytes: 32 * MIB,
  },
  sql: { statementCacheSize: DEFAULT_STATEMENT_CACHE_SIZE, limits: DEFAULT_SQL_LIMITS },
  entities: [],
} as const satisfies DatabaseSettings;
