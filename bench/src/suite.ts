/** What a suite is, and the list of suites with what they do by default. */

import type { Durability, OpenEngine } from './engine.js';
import type { Meter } from './measurement/meter.js';
import { KEY_VALUE_METHOD, KEY_VALUE_WORKLOADS, runKeyValueSuite } from './suites/key-value.js';
import { runYcsbSuite, YCSB_METHOD, YCSB_RECORD_BYTES, YCSB_WORKLOAD_NAMES } from './suites/ycsb.js';

export interface SuiteSettings {
  readonly records: number;
  readonly ops: number;
  readonly valueBytes: number;
  readonly durability: Durability;
  readonly seed: number;
}

export interface SuiteContext {
  /** An empty folder of the round's own. */
  readonly directory: string;
  readonly engine: string;
  readonly openEngine: OpenEngine;
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
  readonly defaults: Pick<SuiteSettings, 'records' | 'ops' | 'valueBytes' | 'durability'>;
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
    defaults: { records: 200_000, ops: 100_000, valueBytes: 100, durability: 'buffered' },
    run: runKeyValueSuite,
  },
  ycsb: {
    title: 'YCSB, workloads A to F',
    method: YCSB_METHOD,
    workloads: YCSB_WORKLOAD_NAMES,
    durableWorkloads: [],
    engines: ['varve', 'varve-async', 'lmdb', 'classic-level', 'rocksdb', 'better-sqlite3'],
    defaults: { records: 200_000, ops: 100_000, valueBytes: YCSB_RECORD_BYTES, durability: 'buffered' },
    run: runYcsbSuite,
  },
};
