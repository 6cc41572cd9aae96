/** What a suite is, and the list of suites. */

import type { Durability, OpenEngine } from './engine.js';
import type { Measurement } from './measurement.js';
import { runKeyValueSuite } from './suites/key-value.js';

export interface SuiteSettings {
  readonly records: number;
  readonly ops: number;
  readonly valueBytes: number;
  readonly durability: Durability;
  readonly seed: number;
}

/** Runs one round of all workloads on one engine. `directory` is an empty folder of its own. */
export type Suite = (openEngine: OpenEngine, directory: string, settings: SuiteSettings) => Promise<Measurement[]>;

export const SUITES: Readonly<Record<string, Suite>> = { kv: runKeyValueSuite };
