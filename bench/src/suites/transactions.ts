/** Transactions that read and write, alone and against each other; TRANSACTIONS_METHOD says how. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyValueEngine, Modify, TransactionalEngine } from '../engine.js';
import { InputWindow } from '../input/input-window.js';
import { type DrawBelow, seededIntegers } from '../input/random.js';
import { keyOf, ValuePool } from '../input/records.js';
import { Meter } from '../measurement/meter.js';
import type { SuiteContext } from '../suite.js';
import { fillInBatches } from './batched-fill.js';
import { copyOf } from './fastest-call.js';

const CLIENTS = 64;
const RIVALS = 100;
const CALLS_PER_RIVAL = 50;
const WARM_UP_CALLS = 1500;
const READS_PER_TRANSACTION = 10;
const PAIRS_MAX = 20_000;
/** A counter, in the first bytes of every value. */
const COUNTER_BYTES = 4;

export const TRANSACTION_WORKLOADS: readonly string[] = [
  'modify64',
  'modify64await',
  'hotcounter100',
  'get10',
  'readonly10',
];

export const TRANSACTIONS_METHOD = `
Every value begins with a counter. A transaction reads a record, adds one, writes it back, and is durable when it is done.

- \`modify64\`: 64 clients, each waiting for its own transaction before the next, on keys drawn uniformly. Varve:
  \`await db.transaction(async tx => …)\`, serializable. lmdb: \`await db.transaction(() => …)\`, which it runs many of in one
  transaction of LMDB; overlapping syncs are off, so that its promise, too, says that the commit is on the device.
  better-sqlite3: an immediate transaction; it is synchronous, so only one is ever in flight. Before, ${WARM_UP_CALLS} transactions
  for each client that are not measured: most of the compiling is done by then.
- \`modify64await\`: the same once more, of lmdb with a body that is \`async\` as Varve's is.
- \`hotcounter100\`: 100 clients on one record. \`retries\`: transactions run again after a conflict, for each that committed.
- After both the counters are added up: \`lostUpdates\` must be 0, or the round fails.
- \`get10\`, \`readonly10\`: ten random reads one by one, and in one read-only transaction, by the same kind of call;
  \`usMore\`: µs that the transaction takes longer than the same reads without it, median over pairs. Varve awaits each
  read; the others are synchronous.
`;

export async function runTransactionSuite(context: SuiteContext): Promise<void> {
  const directory = join(context.directory, 'txn');
  mkdirSync(directory);
  const { durability, valueBytes, seed } = context.settings;
  const below = seededIntegers(seed);
  await load(context, directory, below);
  const engine = await context.openEngine({ directory, durability, valueBytes });
  const run = new TransactionRun(context, engine, { directory, below });
  await run.modify();
  await run.modifyAwaiting();
  await run.countTogether();
  await run.readTogether();
  await engine.close();
}

async function load({ openEngine, settings }: SuiteContext, directory: string, below: DrawBelow): Promise<void> {
  const { valueBytes, records } = settings;
  const engine = await openEngine({ directory, durability: 'buffered', valueBytes });
  const pool = new ValuePool(valueBytes, below, COUNTER_BYTES);
  const unmeasured = new Meter({ only: [] });
  await fillInBatches(unmeasured, { name: 'load', directory, engine, records, numberAt: (i) => i, values: pool });
  await engine.close();
}

interface Competition {
  readonly name: string;
  readonly clients: number;
  readonly callsPerClient: number;
  readonly warmUpCalls?: number;
}

class TransactionRun {
  readonly #context: SuiteContext;
  readonly #engine: KeyValueEngine;
  readonly #transactions: TransactionalEngine;
  readonly #directory: string;
  readonly #below: DrawBelow;
  #modified = 0;

  constructor(
    context: SuiteContext,
    engine: KeyValueEngine,
    { directory, below }: { directory: string; below: DrawBelow },
  ) {
    if (engine.transactions === undefined) throw new Error('this engine has no transactions that read');
    this.#context = context;
    this.#engine = engine;
    this.#transactions = engine.transactions;
    this.#directory = directory;
    this.#below = below;
  }

  modify(): Promise<void> {
    return this.#compete(this.#modifying('modify64'), () => this.#randomKey(), this.#transactions.modify);
  }

  async modifyAwaiting(): Promise<void> {
    const { modify, modifyAwaiting = modify } = this.#transactions;
    await this.#compete(this.#modifying('modify64await'), () => this.#randomKey(), modifyAwaiting);
  }

  countTogether(): Promise<void> {
    const calls = { callsPerClient: CALLS_PER_RIVAL, warmUpCalls: CALLS_PER_RIVAL };
    const competition = { name: 'hotcounter100', clients: RIVALS, ...calls };
    return this.#compete(competition, () => keyOf(0), this.#transactions.modify);
  }

  #modifying(name: string): Competition {
    const callsPerClient = Math.ceil(this.#context.settings.ops / CLIENTS);
    return { name, clients: CLIENTS, callsPerClient, warmUpCalls: WARM_UP_CALLS };
  }

  async #compete(competition: Competition, key: () => Buffer, modify: Modify): Promise<void> {
    let retries = 0;
    let calls = 0;
    await this.#context.meter.measureClients({
      ...competition,
      directory: this.#directory,
      run: async () => {
        // Not in one expression: `retries +=` would read it before the wait.
        const again = await modify(key(), plusOne);
        retries += again;
        calls++;
        this.#modified++;
      },
      facts: async () => ({ retries: retries / calls, lostUpdates: await this.#lostUpdates() }),
    });
  }

  async #lostUpdates(): Promise<number> {
    let counted = 0;
    await this.#engine.scan({ limit: this.#context.settings.records }, (value) => {
      counted += counterOf(value);
    });
    const lost = this.#modified - counted;
    if (lost !== 0) throw new Error(`${lost} of ${this.#modified} updates are lost`);
    return lost;
  }

  async readTogether(): Promise<void> {
    const { meter, settings } = this.#context;
    if (!meter.wants('get10', 'readonly10')) return;
    const keys = new InputWindow<Buffer[]>();
    const workload = {
      directory: this.#directory,
      calls: settings.ops,
      prepare: (from: number, to: number) => keys.fill(from, to, () => this.#randomKeys()),
    };
    const readPlain = (call: number): unknown => this.#transactions.readOneByOne(keys.at(call), expectRecord);
    const readInOne = (call: number): unknown => this.#transactions.readTogether(keys.at(call), expectRecord);
    const usMore = await this.#medianUsMore(Math.min(settings.ops, PAIRS_MAX));
    await meter.measure({ ...workload, name: 'get10', run: readPlain });
    await meter.measure({ ...workload, name: 'readonly10', run: readInOne, facts: () => ({ usMore }) });
  }

  /** What the transaction costs beyond its reads, of keys read just before: in turn the one and the other goes first. */
  async #medianUsMore(pairs: number): Promise<number> {
    const plain = (keys: readonly Buffer[]): unknown => this.#transactions.readOneByOne(keys, expectRecord);
    const inOne = (keys: readonly Buffer[]): unknown => this.#transactions.readTogether(keys, expectRecord);
    const differencesMs = new Float64Array(pairs);
    for (let pair = 0; pair < pairs; pair++) {
      const keys = this.#randomKeys();
      await plain(keys);
      const plainFirst = pair % 2 === 0;
      const firstMs = await durationMs(() => (plainFirst ? plain : inOne)(keys));
      const secondMs = await durationMs(() => (plainFirst ? inOne : plain)(keys));
      differencesMs[pair] = plainFirst ? secondMs - firstMs : firstMs - secondMs;
    }
    return differencesMs.toSorted()[Math.floor(pairs / 2)]! * 1000;
  }

  #randomKey(): Buffer {
    return keyOf(this.#below(this.#context.settings.records));
  }

  #randomKeys(): Buffer[] {
    return Array.from({ length: READS_PER_TRANSACTION }, () => this.#randomKey());
  }
}

async function durationMs(run: () => unknown): Promise<number> {
  const startMs = performance.now();
  const pending = run();
  if (pending instanceof Promise) await pending;
  return performance.now() - startMs;
}

function plusOne(old: Uint8Array): Uint8Array {
  const value = copyOf(old);
  value.writeUInt32LE(value.readUInt32LE() + 1);
  return value;
}

function counterOf(value: Uint8Array): number {
  return value[0]! + value[1]! * 2 ** 8 + value[2]! * 2 ** 16 + value[3]! * 2 ** 24;
}

function expectRecord(value: Uint8Array | undefined): void {
  if (value === undefined) throw new Error('a record that was written is not there');
}
