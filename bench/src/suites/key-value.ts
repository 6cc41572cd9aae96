/** The plain key-value workloads, named after LevelDB's db_bench; KEY_VALUE_METHOD says what each does. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Durability, KeyValueEngine } from '../engine.js';
import { type DrawBelow, seededIntegers, shuffledNumbers } from '../input/random.js';
import { keyOf, ValuePool } from '../input/records.js';
import { untilIdle } from '../measurement/idleness.js';
import type { SuiteContext } from '../suite.js';
import { fillInBatches } from './batched-fill.js';
import { putFastest } from './fastest-call.js';
import { FilledDatabase } from './filled-database.js';

/** A durable write takes about a device's sync; more of them would only take longer. */
const SYNC_OPS_MAX = 5000;
const SYNC_CLIENTS = 64;
const SYNC_OPS_PER_CLIENT_MAX = 4000;
const SYNC_WARM_UP_CALLS = 1000;

const READS = ['readrandomsync', 'readrandom', 'readmissing', 'readseq', 'readreverse'] as const;
const SEEKS = { seekrandom10: 10, seekrandom100: 100 } as const;
const UPDATES = ['readwhilewriting', 'updaterandom', 'overwrite'] as const;

export const KEY_VALUE_WORKLOADS: readonly string[] = [
  'fillseq',
  'fillsync',
  'fillsync64',
  'fillrandom',
  ...READS,
  ...Object.keys(SEEKS),
  ...UPDATES,
];

export const KEY_VALUE_METHOD = `
Keys are 16 digits, values compress to about one half.

- \`fillseq\`, \`fillrandom\`: every record once, in key order or shuffled, in atomic batches of 100; an operation is a
  record. The event loop gets a turn after each batch; pauses are how late a timer of 1 ms fires meanwhile.
- \`fillsync\`: single records, each durable before the next begins. \`rawsync\` beside it is no engine: the same bytes
  appended to a file with \`write\` and \`fdatasync\`.
- \`fillsync64\`: the same by ${SYNC_CLIENTS} clients at a time, each waiting for its own, after ${SYNC_WARM_UP_CALLS} each that are not measured:
  most of the compiling is done by then.
- The rest is on what \`fillrandom\` left. Every engine is left alone, before it is closed and when it is open again, until its
  process has been idle for half a second, so that reads meet it as it serves, not while it still sorts what it was given;
  \`busyAfterMs\` of the fill says how long that took. Then it is warmed up by reading at least one record of every block.
  The event loop gets a turn every so often, outside the time that is taken.
- \`readrandomsync\`, \`readrandom\` (\`await\`), \`readmissing\` (keys that do not exist among those that do): one key per
  operation, drawn uniformly.
- \`readseq\`, \`readreverse\`: one scan over everything; an operation is a record.
- \`seekrandom10\`, \`seekrandom100\`: seek to a random key and read so many records on; an operation is a seek with its
  records.
- \`readwhilewriting\`: random reads, and a writer that begins a put at every ninth read, which waits for its last one; an
  operation is a read.
- \`updaterandom\`: read a random record, write it back changed. \`overwrite\`: like \`fillrandom\`, over what is there.

Where no kind of call is named the synchronous one is used if the engine has one. Every read is checked: a missing record,
a record that should be missing, or a scan that ends early fails the round.
`;

export async function runKeyValueSuite(context: SuiteContext): Promise<void> {
  const run = new KeyValueRun(context);
  if (context.engine === 'rawsync') return run.fillSync();
  const { meter, settings } = context;
  if (meter.wants('fillseq')) await run.fill('fillseq', (i) => i);
  if (meter.wants('fillsync')) await run.fillSync();
  if (meter.wants('fillsync64')) await run.fillSyncByClients();
  if (!meter.wants('fillrandom', ...READS, ...Object.keys(SEEKS), ...UPDATES)) return;
  const shuffled = shuffledNumbers(settings.records, run.below);
  await run.fill('fillrandom', (i) => shuffled[i]!);
  await run.onFilled('fillrandom', async (database) => {
    await database.warmUp();
    await database.reads();
    for (const [name, length] of Object.entries(SEEKS)) await database.seeks(name, length);
    await database.readsWhileWriting();
    await database.updates();
    await database.overwrite(shuffled);
  });
}

class KeyValueRun {
  readonly below: DrawBelow;
  readonly #context: SuiteContext;
  readonly #values: ValuePool;

  constructor(context: SuiteContext) {
    this.below = seededIntegers(context.settings.seed);
    this.#context = context;
    this.#values = new ValuePool(context.settings.valueBytes, this.below);
  }

  async fill(name: string, numberAt: (index: number) => number): Promise<void> {
    const { directory, engine } = await this.#open(name);
    const { records } = this.#context.settings;
    const facts = async () => ({ busyAfterMs: await untilIdle() });
    await fillInBatches(this.#context.meter, {
      name,
      directory,
      engine,
      numberAt,
      records,
      values: this.#values,
      facts,
    });
    await engine.close();
  }

  async fillSync(): Promise<void> {
    const { directory, engine } = await this.#open('fillsync', 'commit');
    const { ops, records } = this.#context.settings;
    await this.#context.meter.measure({
      name: 'fillsync',
      directory,
      calls: Math.min(ops, records, SYNC_OPS_MAX),
      run: (call) => putFastest(engine, keyOf(call), this.#values.at(call)),
    });
    await engine.close();
  }

  async fillSyncByClients(): Promise<void> {
    const { directory, engine } = await this.#open('fillsync64', 'commit');
    await this.#context.meter.measureClients({
      name: 'fillsync64',
      directory,
      clients: SYNC_CLIENTS,
      callsPerClient: Math.min(Math.ceil(this.#context.settings.ops / SYNC_CLIENTS), SYNC_OPS_PER_CLIENT_MAX),
      warmUpCalls: SYNC_WARM_UP_CALLS,
      run: async (client, call) => {
        const number = call * SYNC_CLIENTS + client;
        await engine.put(keyOf(number), this.#values.at(number));
      },
    });
    await engine.close();
  }

  async onFilled(name: string, work: (database: FilledDatabase) => Promise<void>): Promise<void> {
    const { directory, engine } = await this.#open(name);
    await work(new FilledDatabase(this.#context, engine, { directory, below: this.below, values: this.#values }));
    await engine.close();
  }

  async #open(
    name: string,
    durability: Durability = this.#context.settings.durability,
  ): Promise<{ directory: string; engine: KeyValueEngine }> {
    const directory = join(this.#context.directory, name);
    mkdirSync(directory, { recursive: true });
    const { valueBytes } = this.#context.settings;
    return { directory, engine: await this.#context.openEngine({ directory, durability, valueBytes }) };
  }
}
