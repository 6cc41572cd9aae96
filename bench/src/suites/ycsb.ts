/** YCSB, core workloads A to F; YCSB_METHOD says how. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry, KeyValueEngine } from '../engine.js';
import { InputWindow } from '../input/input-window.js';
import { seededIntegers } from '../input/random.js';
import { ValuePool } from '../input/records.js';
import { untilIdle } from '../measurement/idleness.js';
import {
  FIELD_BYTES,
  FIELDS,
  type Operation,
  OperationStream,
  userKey,
  type WorkloadMix,
  YCSB_WORKLOADS,
} from '../input/ycsb-operations.js';
import type { SuiteContext } from '../suite.js';
import { copyOf, getFastest, putFastest, whenDone } from './fastest-call.js';

const LOAD = 'load';
const RECORDS_PER_BATCH = 100;
const RECORD_BYTES = FIELDS * FIELD_BYTES;
const WARM_UP_READS_MAX = 1_000_000;

export const YCSB_WORKLOAD_NAMES: readonly string[] = [LOAD, ...Object.keys(YCSB_WORKLOADS)];
export const YCSB_RECORD_BYTES = RECORD_BYTES;

export const YCSB_METHOD = `
The core workloads of YCSB (Cooper et al., 2010) by its own definitions: a record is 10 fields of 100 bytes under the key
\`user\` + FNV-64 of its number; A is 50 % reads and 50 % updates, B 95 / 5, C reads only, F 50 % reads and 50 %
read-modify-writes, all with scrambled Zipfian keys (θ = 0.99); D is 95 % reads of recent records and 5 % inserts; E is 95 %
scans of 1 to 100 records and 5 % inserts. One client, each operation done before the next. Loaded once in number order, in
batches of 100, then A, B, C, F, D, E in the same database, as YCSB recommends, but without a new load before E.

All engines store a record the same way: one value of 1,000 bytes, field i at 100 × i. A read takes a byte of every field.
An update writes one random field, which in a key-value store means reading the record and writing it whole, as in F, where
the whole record is handed to the caller first. \`varve\` and the peers use synchronous calls where they have them (lmdb,
better-sqlite3: all; classic-level: reads; rocksdb: none); \`varve-async\` is Varve with \`await\` on every call. Before A
every engine is left alone until its process has been idle for half a second (\`busyAfterMs\` of \`load\` says how long it was
busy), and records spread over the database are read, so that all engines begin settled and warm. Every engine with a cache
of its own has the same bytes for it (\`--cache\`), enough for the whole database as long as the default of 2 GiB is; lmdb's is
the page cache, which has all memory. Between the operations of a workload the event loop gets a turn every so often, outside
the time that is taken.
`;

export async function runYcsbSuite(context: SuiteContext): Promise<void> {
  const directory = join(context.directory, 'ycsb');
  mkdirSync(directory);
  const { durability } = context.settings;
  const engine = await context.openEngine({ directory, durability, valueBytes: RECORD_BYTES });
  const run = new YcsbRun(context, engine, directory);
  await run.load();
  await run.warmUp();
  for (const [name, mix] of Object.entries(YCSB_WORKLOADS)) {
    if (context.meter.wants(name)) await run.workload(name, mix);
  }
  await engine.close();
}

class YcsbRun {
  readonly #context: SuiteContext;
  readonly #engine: KeyValueEngine;
  readonly #directory: string;
  readonly #values: ValuePool;
  #records: number;
  #writes = 0;

  constructor(context: SuiteContext, engine: KeyValueEngine, directory: string) {
    this.#context = context;
    this.#engine = engine;
    this.#directory = directory;
    this.#values = new ValuePool(RECORD_BYTES, seededIntegers(context.settings.seed));
    this.#records = context.settings.records;
  }

  async load(): Promise<void> {
    const batches = new InputWindow<Entry[]>();
    await this.#context.meter.measure({
      name: LOAD,
      directory: this.#directory,
      calls: Math.ceil(this.#records / RECORDS_PER_BATCH),
      opsPerCall: RECORDS_PER_BATCH,
      watchPauses: true,
      needed: true,
      callsPerPreparation: 100,
      prepare: (from, to) =>
        batches.fill(from, to, (batch) => {
          const first = batch * RECORDS_PER_BATCH;
          return Array.from({ length: Math.min(RECORDS_PER_BATCH, this.#records - first) }, (_, i) => ({
            key: userKey(first + i),
            value: this.#values.at(first + i),
          }));
        }),
      run: (call) => this.#engine.writeBatch(batches.at(call)),
      facts: async () => ({ busyAfterMs: await untilIdle() }),
    });
  }

  async warmUp(): Promise<void> {
    // Also where nobody asked for the figures of the load.
    await untilIdle();
    const stride = Math.ceil(this.#records / WARM_UP_READS_MAX);
    for (let number = 0; number < this.#records; number += stride) {
      const pending = getFastest(this.#engine, userKey(number));
      readFields(pending instanceof Promise ? await pending : pending);
    }
  }

  async workload(name: string, mix: WorkloadMix): Promise<void> {
    const { meter, settings } = this.#context;
    const seed = settings.seed + name.charCodeAt(0);
    const stream = new OperationStream(mix, this.#records, settings.ops, seed);
    const operations = new InputWindow<Operation>();
    await meter.measure({
      name,
      directory: this.#directory,
      calls: settings.ops,
      prepare: (from, to) => operations.fill(from, to, () => stream.next()),
      run: (call) => this.#perform(operations.at(call)),
    });
    this.#records = stream.records;
  }

  #perform({ kind, key, argument }: Operation): unknown {
    switch (kind) {
      case 'read':
        return whenDone(getFastest(this.#engine, key), readFields);
      case 'insert':
        return putFastest(this.#engine, key, this.#values.at(this.#writes++));
      case 'scan':
        return whenDone(this.#engine.scan({ start: key, limit: argument }, readFields), expectSome);
      case 'update':
      case 'readModifyWrite':
        return whenDone(getFastest(this.#engine, key), (old) => {
          if (kind === 'readModifyWrite') readFields(old);
          return putFastest(this.#engine, key, this.#changed(old, argument));
        });
    }
  }

  /** The record with one field from another value. */
  #changed(old: Uint8Array | undefined, field: number): Uint8Array {
    if (old?.length !== RECORD_BYTES) throw new Error('a record that was written is not there');
    const record = copyOf(old);
    const start = field * FIELD_BYTES;
    this.#values.at(this.#writes++).copy(record, start, start, start + FIELD_BYTES);
    return record;
  }
}

/** Takes a byte of every field, so that nobody gains by handing over memory that is not there yet. */
function readFields(record: Uint8Array | undefined): number {
  if (record?.length !== RECORD_BYTES) throw new Error('a record that was written is not there');
  let sum = 0;
  for (let at = 0; at < RECORD_BYTES; at += FIELD_BYTES) sum += record[at]!;
  return sum;
}

function expectSome(found: number): void {
  if (found === 0) throw new Error('a scan from a record that is there found nothing');
}
