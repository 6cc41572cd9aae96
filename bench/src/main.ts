/** `npm run bench -- SUITE …`: compares Varve with its peers on this machine, in this run. */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ENGINES } from './engine.js';
import { conditionsOf, medianRows, printRows } from './report.js';
import { type RoundsPlan, runRounds } from './rounds.js';
import { SUITES } from './suite.js';

const USAGE = `npm run bench -- SUITE [options]

suites       ${Object.keys(SUITES).join(', ')}
--engines    comma-separated list of ${Object.keys(ENGINES).join(', ')} (default: all)
--records    records per database (default 200000)
--ops        reads per workload (default 100000)
--value      bytes per value (default 100)
--durability buffered (handed to the operating system) or commit (on the device) for bulk writes (default buffered)
--rounds     rounds per engine, interleaved; medians are reported (default 3)
--seed       seed of keys, values and order (default 1)
--json       file for the results
`;

class UsageError extends Error {}

function readPlan(): { plan: RoundsPlan; jsonFile: string | undefined } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      engines: { type: 'string', default: Object.keys(ENGINES).join(',') },
      records: { type: 'string', default: '200000' },
      ops: { type: 'string', default: '100000' },
      value: { type: 'string', default: '100' },
      durability: { type: 'string', default: 'buffered' },
      rounds: { type: 'string', default: '3' },
      seed: { type: 'string', default: '1' },
      json: { type: 'string' },
    },
  });
  if (positionals.length !== 1) throw new UsageError('name one suite');
  const plan = {
    suite: oneOf('suite', positionals[0]!, Object.keys(SUITES)),
    engines: values.engines.split(',').map((engine) => oneOf('engine', engine, Object.keys(ENGINES))),
    rounds: integer('--rounds', values.rounds, 1),
    settings: {
      records: integer('--records', values.records, 1000),
      ops: integer('--ops', values.ops, 1),
      valueBytes: integer('--value', values.value, 1),
      durability: oneOf('durability', values.durability, ['buffered', 'commit'] as const),
      seed: integer('--seed', values.seed, 0),
    },
  };
  return { plan, jsonFile: values.json };
}

function oneOf<Choice extends string>(what: string, given: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === given);
  if (choice === undefined) throw new UsageError(`there is no ${what} "${given}"; there is ${choices.join(', ')}`);
  return choice;
}

function integer(option: string, text: string, min: number): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < min) {
    throw new UsageError(`${option} takes an integer of at least ${min}, not "${text}"`);
  }
  return number;
}

async function main(): Promise<void> {
  const { plan, jsonFile } = readPlan();
  const conditions = conditionsOf(plan);
  console.log(conditions.machine);
  console.log(
    Object.entries(conditions.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  );
  const { records, ops, valueBytes, durability, seed } = plan.settings;
  console.log(`suite ${plan.suite}: ${records} records, ${ops} ops, values of ${valueBytes} bytes, seed ${seed}`);
  console.log(
    `durability ${durability} (fillsync: commit); medians of ${plan.rounds} interleaved rounds, a process each`,
  );
  const result = await runRounds(plan, (text) => process.stderr.write(`${text}\n`));
  const rows = medianRows(plan, result);
  printRows(rows);
  for (const [engine, reason] of result.failures) console.log(`\n${engine} did not run: ${reason}`);
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify({ ...conditions, rows }, undefined, 1)}\n`);
  if (result.failures.has('varve') || rows.length === 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  if (!isUsage) throw error;
  process.stderr.write(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
