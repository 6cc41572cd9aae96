/** What a database ten times as large costs more; GROWTH_METHOD says how. */

import { fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KeyValueEngine } from '../engine.js';
import { seededIntegers, shuffledNumbers } from '../input/random.js';
import { ValuePool } from '../input/records.js';
import type { Measurement } from '../measurement/measurement.js';
import type { SuiteContext } from '../suite.js';
import { fillInBatches } from './batched-fill.js';
import type { DatabaseAnswer, DatabaseTask } from './database-process.js';
import { FilledDatabase } from './filled-database.js';

const SMALLER_BY = 10;
const OPENINGS = 5;
/** By the part of the records that the database holds. */
const SIZES = { tenth: SMALLER_BY, full: 1 } as const;
const WORKLOADS = [
  'fillrandom',
  'readrandomsync',
  'readrandom',
  'readmissing',
  'readseq',
  'readreverse',
  'seekrandom10',
  'updaterandom',
] as const;
const OPENINGS_OF = ['open', 'open-after-kill'] as const;

export const GROWTH_WORKLOADS: readonly string[] = [...WORKLOADS, ...OPENINGS_OF].flatMap((workload) =>
  Object.keys(SIZES).map((size) => `${workload}/${size}`),
);

export const GROWTH_METHOD = `
Varve alone, with a tenth of the records and with all of them: the workloads of suite \`kv\`, each on both; \`toTenth\` is the
rate for one of the smaller database.

- \`open\`: a database that was closed, in a fresh process each; an operation is an opening.
- \`open-after-kill\`: the same after a process has written 90 % of a memtable to the log and was killed with SIGKILL;
  \`batchesReplayed\` is what opening found in the log.
`;

export async function runGrowthSuite(context: SuiteContext): Promise<void> {
  for (const [size, smallerBy] of Object.entries(SIZES)) {
    const directory = join(context.directory, size);
    mkdirSync(directory);
    const records = Math.floor(context.settings.records / smallerBy);
    const sized = { ...context, settings: { ...context.settings, records }, meter: context.meter.suffixed(size) };
    await workOn(sized, directory);
    await timeOpenings(sized, directory);
  }
  compareSizes(context.meter.measurements);
}

/** Adds the rate for one of the smaller database. */
function compareSizes(measurements: Measurement[]): void {
  for (const [index, measurement] of measurements.entries()) {
    const { workload, opsPerSec, facts } = measurement;
    const tenth = measurements.find((other) => other.workload === workload.replace(/full$/, 'tenth'));
    if (tenth === undefined || tenth === measurement) continue;
    measurements[index] = { ...measurement, facts: { ...facts, toTenth: opsPerSec / tenth.opsPerSec } };
  }
}

async function workOn(context: SuiteContext, directory: string): Promise<void> {
  const { seed, records, valueBytes, durability } = context.settings;
  const below = seededIntegers(seed);
  const values = new ValuePool(valueBytes, below);
  const open = (): Promise<KeyValueEngine> => context.openEngine({ directory, durability, valueBytes });
  const order = shuffledNumbers(records, below);
  const filled = await open();
  const fill = { name: 'fillrandom', directory, engine: filled, records, values };
  await fillInBatches(context.meter, { ...fill, numberAt: (index) => order[index]! });
  await filled.close();

  const engine = await open();
  const database = new FilledDatabase(context, engine, { directory, below, values });
  await database.warmUp();
  await database.reads();
  await database.seeks('seekrandom10', 10);
  await database.updates();
  await engine.close();
}

async function timeOpenings({ meter, settings: { valueBytes } }: SuiteContext, directory: string): Promise<void> {
  const timed = async (name: string, prepare: () => Promise<unknown>): Promise<void> => {
    if (!meter.wants(name)) return;
    const answers: DatabaseAnswer[] = [];
    for (let i = 0; i < OPENINGS; i++) {
      await prepare();
      answers.push(await ask({ task: 'open', directory, valueBytes }, undefined));
    }
    const durationsMs = answers.map(({ openMs }) => openMs);
    const batchesReplayed = answers.at(-1)!.batchesReplayed;
    await meter.recordDurations(name, directory, durationsMs, { batchesReplayed });
  };
  await timed('open', async () => undefined);
  await timed('open-after-kill', () => ask({ task: 'fill-log', directory, valueBytes }, 'SIGKILL'));
}

/** Runs a process for one task; with a signal, it gets that when it has answered. Returns when it has ended. */
function ask(task: DatabaseTask, signal: 'SIGKILL' | undefined): Promise<DatabaseAnswer> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('database-process.js', import.meta.url)));
    let answer: DatabaseAnswer | undefined;
    child.once('message', (message: DatabaseAnswer) => {
      answer = message;
      if (signal !== undefined) child.kill(signal);
    });
    child.once('exit', (code) => {
      if (answer === undefined) reject(new Error(`the process for ${task.task} ended with ${code}`));
      else resolve(answer);
    });
    child.send(task);
  });
}
