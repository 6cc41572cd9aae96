/** Random writes for minutes: memory and pauses stay bounded; TURNOVER_METHOD says how. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type * as Varve from 'varve';
import { engineOver, openVarve } from '../engines/varve.js';
import { seededIntegers } from '../input/random.js';
import { ValuePool } from '../input/records.js';
import { residentMb } from '../measurement/process-figures.js';
import type { SuiteContext } from '../suite.js';
import { fillInBatches } from './batched-fill.js';

const SAMPLE_MS = 200;
const MEMTABLE_BYTES = 8 * 2 ** 20;
const CACHE_BYTES = 256 * 2 ** 20;
/** What Node, the program and buffers in flight may take. */
const ALLOWANCE_MB = 150;

export const TURNOVER_WORKLOADS: readonly string[] = ['turnover'];

export const TURNOVER_METHOD = `
Varve alone: \`--ops\` random writes in batches of 100 over \`--records\` records (by default ten gigabytes over half a one), with
the memory of the process looked at every ${SAMPLE_MS} ms. \`maxRssMb\` is the most it had; \`boundMb\` is what the settings allow: all
memtables there were at a time, the whole block cache, indexes and filters of open tables, and ${ALLOWANCE_MB} MB. \`stalledMs\` is how
long commits were made to wait for merges.
`;

export async function runTurnoverSuite(context: SuiteContext): Promise<void> {
  const { records, ops, valueBytes, durability, seed } = context.settings;
  const directory = join(context.directory, 'turnover');
  mkdirSync(directory);
  const db = await openVarve(directory, { memtableBytes: MEMTABLE_BYTES, blockCache: { bytes: CACHE_BYTES } });
  const below = seededIntegers(seed);
  const values = new ValuePool(valueBytes, below);
  const memory = new MemoryWatch(db);
  await fillInBatches(context.meter, {
    name: 'turnover',
    directory,
    engine: engineOver(db, durability),
    records: ops,
    numberAt: () => below(records),
    values,
    facts: () => {
      const { stalls } = db.stats().engine;
      return { ...memory.stop(), stalledMs: Math.round(stalls.slowedMs + stalls.stoppedMs) };
    },
  });
  await db.close();
}

class MemoryWatch {
  readonly #db: Varve.Database;
  readonly #timer: NodeJS.Timeout;
  #rssMb = 0;
  #memtables = 0;
  #tableMemoryBytes = 0;

  constructor(db: Varve.Database) {
    this.#db = db;
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS);
  }

  stop(): { maxRssMb: number; boundMb: number } {
    clearInterval(this.#timer);
    this.#look();
    const engineMb = (this.#memtables * MEMTABLE_BYTES + CACHE_BYTES + this.#tableMemoryBytes) / 2 ** 20;
    return { maxRssMb: Math.round(this.#rssMb), boundMb: Math.round(engineMb + ALLOWANCE_MB) };
  }

  #look(): void {
    const { sealedMemtables, tableMemoryBytes } = this.#db.stats().engine;
    this.#rssMb = Math.max(this.#rssMb, residentMb());
    this.#memtables = Math.max(this.#memtables, sealedMemtables + 1);
    this.#tableMemoryBytes = Math.max(this.#tableMemoryBytes, tableMemoryBytes);
  }
}
