/** What may be typed behind `npm run bench --`, and what it means. */

import { parseArgs } from 'node:util';
import type { RoundsPlan } from './rounds.js';
import { SUITES } from './suite.js';

export interface Command {
  readonly plan: RoundsPlan;
  /** Where the results go, if anywhere. */
  readonly jsonFile: string | undefined;
  /** Files of earlier runs: nothing is measured, their rounds are taken together. */
  readonly from: readonly string[];
  readonly report: boolean;
  /** As it was typed. */
  readonly text: string;
}

export class UsageError extends Error {}

export const USAGE = `npm run bench -- SUITE [options]

${Object.entries(SUITES)
  .map(([name, { title }]) => `  ${name.padEnd(14)} ${title}`)
  .join('\n')}

--engines    comma-separated, of ${[...new Set(Object.values(SUITES).flatMap(({ engines }) => engines))].join(', ')}
--workloads  comma-separated; all of the suite by default
--records    records per database
--ops        operations per workload that is not about every record
--value      bytes per value
--durability of writes: buffered (handed to the operating system) or commit (on the device)
--rounds     rounds per engine, interleaved; medians are reported (default 3)
--cache      bytes of cache for every engine that has one of its own; 0 for their defaults
--seed       seed of keys, values and order (default 1)
--profile    one more round of Varve under V8's sampling profiler: where the time goes
--json       file for the results
--from       comma-separated result files: takes their rounds together instead of measuring
--report     writes docs/benchmarks/SUITE.md and SUITE.svg
`;

const OPTIONS = {
  engines: { type: 'string' },
  workloads: { type: 'string' },
  records: { type: 'string' },
  ops: { type: 'string' },
  value: { type: 'string' },
  durability: { type: 'string' },
  cache: { type: 'string' },
  rounds: { type: 'string', default: '3' },
  seed: { type: 'string', default: '1' },
  profile: { type: 'boolean', default: false },
  json: { type: 'string' },
  from: { type: 'string' },
  report: { type: 'boolean', default: false },
} as const;

export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  if (positionals.length !== 1) throw new UsageError('name one suite');
  const suite = oneOf('suite', positionals[0]!, Object.keys(SUITES));
  const { engines, workloads, defaults } = SUITES[suite]!;
  return {
    plan: {
      suite,
      engines: values.engines === undefined ? engines : listOf(`engine of ${suite}`, values.engines, engines),
      workloads:
        values.workloads === undefined ? undefined : listOf(`workload of ${suite}`, values.workloads, workloads),
      rounds: integer('--rounds', values.rounds, 1),
      profile: values.profile,
      settings: {
        records: integer('--records', values.records ?? defaults.records, 1000),
        ops: integer('--ops', values.ops ?? defaults.ops, 1),
        valueBytes: integer('--value', values.value ?? defaults.valueBytes, 1),
        durability: oneOf('durability', values.durability ?? defaults.durability, ['buffered', 'commit'] as const),
        seed: integer('--seed', values.seed, 0),
        cacheBytes: integer('--cache', values.cache ?? defaults.cacheBytes, 0),
      },
    },
    jsonFile: values.json,
    from: values.from?.split(',') ?? [],
    report: values.report,
    text: ['npm run bench --', ...withoutFiles(args)].join(' '),
  };
}

/** Which files somebody kept results in is nobody else's concern. */
function withoutFiles(args: readonly string[]): string[] {
  return args.filter((arg, index) => !/^--(json|from)\b/.test(arg) && !/^--(json|from)$/.test(args[index - 1] ?? ''));
}

function listOf<Choice extends string>(what: string, given: string, choices: readonly Choice[]): Choice[] {
  return given.split(',').map((one) => oneOf(what, one, choices));
}

function oneOf<Choice extends string>(what: string, given: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === given);
  if (choice === undefined) throw new UsageError(`there is no ${what} "${given}"; there is ${choices.join(', ')}`);
  return choice;
}

function integer(option: string, given: string | number, min: number): number {
  const number = Number(given);
  if (!Number.isSafeInteger(number) || number < min) {
    throw new UsageError(`${option} takes an integer of at least ${min}, not "${given}"`);
  }
  return number;
}
