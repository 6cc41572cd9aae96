/** `npm run bench -- SUITE …`: compares Varve with its peers on this machine, in this run. */

import { writeFileSync } from 'node:fs';
import { type Command, parseCommand, USAGE, UsageError } from './command-line.js';
import { OWN_ENGINE } from './engine.js';
import { conditionsNow } from './report/conditions.js';
import { consoleReport } from './report/console-report.js';
import { writeDocuments } from './report/documents.js';
import { MergeError, readResults, type Results, rowsOf } from './report/results.js';
import { runRounds } from './rounds.js';

async function resultsOf({ plan, from, text }: Command): Promise<Results> {
  if (from.length > 0) return readResults(from);
  const conditions = conditionsNow(plan.engines);
  const rounds = await runRounds(plan, (line) => process.stderr.write(`${line}\n`));
  return { suite: plan.suite, ...conditions, settings: plan.settings, commands: [text], ...rounds };
}

async function main(): Promise<void> {
  const command = parseCommand(process.argv.slice(2));
  const results = await resultsOf(command);
  const rows = rowsOf(results);
  console.log(consoleReport(results));
  if (command.jsonFile !== undefined) {
    writeFileSync(command.jsonFile, `${JSON.stringify({ ...results, rows }, undefined, 1)}\n`);
  }
  if (command.report) for (const path of await writeDocuments(results)) console.log(`\nwritten: ${path}`);
  if (OWN_ENGINE in results.failures || rows.length === 0) process.exitCode = 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
try {
  await main();
} catch (error) {
  const isUsage =
    error instanceof UsageError || error instanceof MergeError || (error instanceof TypeError && 'code' in error);
  if (!isUsage) throw error;
  process.stderr.write(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
