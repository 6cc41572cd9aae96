/** What a suite is, and the list of suites with what they do by default. */

import type { Durability, KeyValueEngine, OpenOptions } from './engine.js';
import type { Meter } from './measurement/meter.js';
import { AMPLIFICATION_METHOD, AMPLIFICATION_WORKLOADS, runAmplificationSuite } from './suites/amplification.js';
import { BULK_LOAD_METHOD, BULK_LOAD_WORKLOADS, runBulkLoadSuite } from './suites/bulk-load.js';
import { GROWTH_METHOD, GROWTH_WORKLOADS, runGrowthSuite } from './suites/growth.js';
import { KEY_VALUE_METHOD, KEY_VALUE_WORKLOADS, runKeyValueSuite } from './suites/key-value.js';
import { runTurnoverSuite, TURNOVER_METHOD, TURNOVER_WORKLOADS } from './suites/turnover.js';
import { runValuesSuite, VALUES_METHOD, VALUES_WORKLOADS } from './suites/values.js';
import { runYcsbSuite, YCSB_METHOD, YCSB_RECORD_BYTES, YCSB_WORKLOAD_NAMES } from './suites/ycsb.js';
import { runTransactionSuite, TRANSACTION_WORKLOADS, TRANSACTIONS_METHOD } from './suites/transactions.js';

export interface SuiteSettings {
  readonly records: number;
  readonly ops: number;
  readonly valueBytes: number;
  readonly durability: Durability;
  readonly seed: number;
  /** Of every engine that has a cache of its own; 0 for the engines' defaults. */
  readonly cacheBytes: number;
}

export interface SuiteContext {
  /** An empty folder of the round's own. */
  readonly directory: string;
  readonly engine: string;
  /** With the cache that the settings say. */
  readonly openEngine: (options: Omit<OpenOptions, 'cacheBytes'>) => Promise<KeyValueEngine>;
  readonly settings: SuiteSettings;
  readonly meter: Meter;
}

export interface Suite {
  /** One line for the usage text and the report. */
  readonly title: string;
  /** What is measured and how, in Markdown, for the report. */
  readonly method: string;
  readonly workloads: readonly string[];
  /** Workloads that are durable, whatever the suite's durability. */
  readonly durableWorkloads: readonly string[];
  /** Who takes part by default, in the order of a round; nobody else can. */
  readonly engines: readonly string[];
  readonly defaults: Pick<SuiteSettings, 'records' | 'ops' | 'valueBytes' | 'durability' | 'cacheBytes'>;
  /** Of a suite that compares no engines: which facts its chart shows. */
  readonly chart?: { readonly title: string; readonly facts: readonly string[] };
  /** Runs one round on one engine. */
  readonly run: (context: SuiteContext) => Promise<void>;
}

export const SUITES: Readonly<Record<string, Suite>> = {
  kv: {
    title: 'plain reads and writes, named after db_bench',
    method: KEY_VALUE_METHOD,
    workloads: KEY_VALUE_WORKLOADS,
    durableWorkloads: ['fillsync', 'fillsync64'],
    engines: ['varve', 'lmdb', 'classic-level', 'rocksdb', 'better-sqlite3', 'rawsync'],
    defaults: { records: 200_000, ops: 100_000, valueBytes: 100, durability: 'buffered', cacheBytes: 0 },
    run: runKeyValueSuite,
  },
  ycsb: {
    title: 'YCSB, workloads A to F',
    method: YCSB_METHOD,
    workloads: YCSB_WORKLOAD_NAMES,
    durableWorkloads: [],
    engines: ['varve', 'varve-async', 'lmdb', 'classic-level', 'rocksdb', 'better-sqlite3'],
    defaults: {
      records: 200_000,
      ops: 100_000,
      valueBytes: YCSB_RECORD_BYTES,
      durability: 'buffered',
      cacheBytes: 2 ** 31,
    },
    run: runYcsbSuite,
  },
  txn: {
    title: 'transactions that read and write',
    method: TRANSACTIONS_METHOD,
    workloads: TRANSACTION_WORKLOADS,
    durableWorkloads: [],
    engines: ['varve', 'lmdb', 'better-sqlite3'],
    defaults: { records: 200_000, ops: 200_000, valueBytes: 100, durability: 'commit', cacheBytes: 0 },
    run: runTransactionSuite,
  },
  load: {
    title: 'bulk loads beside batches',
    method: BULK_LOAD_METHOD,
    workloads: BULK_LOAD_WORKLOADS,
    durableWorkloads: [],
    engines: ['varve'],
    defaults: { records: 2_000_000, ops: 1, valueBytes: 100, durability: 'commit', cacheBytes: 0 },
    run: runBulkLoadSuite,
  },
  growth: {
    title: 'what ten times the records cost more',
    method: GROWTH_METHOD,
    workloads: GROWTH_WORKLOADS,
    durableWorkloads: [],
    engines: ['varve'],
    defaults: { records: 10_000_000, ops: 100_000, valueBytes: 100, durability: 'buffered', cacheBytes: 0 },
    chart: { title: 'rate for one of a database of a tenth of the size', facts: ['toTenth'] },
    run: runGrowthSuite,
  },
  amplification: {
    title: 'bytes written and kept, by compaction policy',
    method: AMPLIFICATION_METHOD,
    workloads: AMPLIFICATION_WORKLOADS,
    durableWorkloads: [],
    engines: ['varve'],
    defaults: { records: 1_000_000, ops: 1, valueBytes: 100, durability: 'buffered', cacheBytes: 0 },
    chart: { title: 'bytes for a byte', facts: ['write', 'textbook', 'space'] },
    run: runAmplificationSuite,
  },
  values: {
    title: 'large values: overwriting, space, reading',
    method: VALUES_METHOD,
    workloads: VALUES_WORKLOADS,
    durableWorkloads: [],
    engines: ['varve', 'varve-inline', 'lmdb', 'classic-level'],
    defaults: { records: 131_072, ops: 1, valueBytes: 4096, durability: 'buffered', cacheBytes: 0 },
    run: runValuesSuite,
  },
  turnover: {
    title: 'ten gigabytes of random writes: memory and pauses',
    method: TURNOVER_METHOD,
    workloads: TURNOVER_WORKLOADS,
    durableWorkloads: [],
    engines: ['varve'],
    defaults: { records: 500_000, ops: 10_000_000, valueBytes: 1000, durability: 'buffered', cacheBytes: 0 },
    chart: { title: 'resident memory, MB', facts: ['maxRssMb', 'boundMb'] },
    run: runTurnoverSuite,
  },
};
