/** The commands, their arguments and their help; and from an argument list to an exit code. */

import { createRequire } from 'node:module';
import { Command, CommanderError, InvalidArgumentError as BadArgument, Option } from 'commander';
import { dump, type DumpOptions } from './commands/dump.js';
import { backup, compact, restore, verify } from './commands/maintenance.js';
import { stats } from './commands/stats.js';
import { IoError } from '../base/index.js';
import type { CommandContext } from './command.js';
import { errorLine, ExitCode, exitCodeOf, usageLine } from './exit-code.js';
import { KEY_FORMS, type KeyForm } from './key-text.js';
import { Output } from './output.js';

type Streams = Pick<NodeJS.Process, 'stdout' | 'stderr' | 'env'>;

/** Runs the command in `args` (without node and script) and returns the exit code. */
export async function run(args: readonly string[], streams: Streams): Promise<ExitCode> {
  const output = new Output(streams.stdout, streams.env);
  const outcome = { code: ExitCode.Ok as ExitCode };
  const complain = (line: string): void => void streams.stderr.write(`${line}\n`);
  const problem = (error: Error): void => {
    outcome.code = ExitCode.Problem;
    complain(errorLine(error));
  };
  const program = commands(({ json }) => ({ output, json: json === true, problem }), complain);
  try {
    await program.parseAsync(args, { from: 'user' });
    await output.flush();
  } catch (error) {
    // The reader has seen enough: `varve dump … | head`.
    if (isClosedPipe(error)) return outcome.code;
    await output.flush().catch((cause: unknown) => {
      if (!isClosedPipe(cause)) throw cause;
    });
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Ok : ExitCode.Usage;
    if (!(error instanceof Error)) throw error;
    complain(errorLine(error));
    return exitCodeOf(error);
  }
  return outcome.code;
}

function isClosedPipe(error: unknown): boolean {
  return error instanceof IoError && error.errno === 'EPIPE';
}

type ContextOf = (options: { readonly json?: boolean }) => CommandContext;

function commands(contextOf: ContextOf, complain: (line: string) => void): Command {
  const program = new Command('varve')
    .description('Looks at and looks after Varve databases.')
    .version(packageVersion(), '--version', 'print the version of the package')
    .exitOverride()
    .configureOutput({ outputError: (text) => complain(usageLine(text)) })
    .addHelpText('after', `\nExit codes: ${EXIT_CODES}`);
  addMicroscope(program, contextOf);
  addMaintenance(program, contextOf);
  return program;
}

function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('varve/package.json') as { readonly version: string };
  return version;
}

const EXIT_CODES = '0 all is well, 1 a problem was found (damage, a database in use, a failing device), 2 wrong usage.';

function addMicroscope(program: Command, contextOf: ContextOf): void {
  withJson(program.command('stats'), 'varve stats ./data', 'varve stats ./data --json | jq .amplification')
    .description('levels, sizes, amplification, log and recovery of a database; opens it read-only')
    .argument('<path>', 'directory of a database that nobody has open')
    .addOption(keysOption())
    .action((path: string, options: { keys: KeyForm; json?: boolean }) => stats(path, options, contextOf(options)));
  withJson(
    program.command('dump'),
    'varve dump ./data/000007.tbl --limit 20',
    `varve dump ./data/000007.tbl --from '["user",1]'`,
    'varve dump ./data/MANIFEST-000004 --keys hex --json',
  )
    .description(
      'decode one file: table, log, value file, MANIFEST, CURRENT, BACKUP or LOCK; damage is shown in its place',
    )
    .argument('<file>', 'a file of a database or of a backup')
    .addOption(keysOption())
    .option('--limit <n>', 'stop after so many entries', count)
    .option('--from <key>', 'tables only: begin at the first entry whose key is not below this one')
    .action((file: string, options: DumpOptions & { json?: boolean }) => dump(file, options, contextOf(options)));
  withJson(program.command('verify'), 'varve verify ./data && echo sound')
    .description('read and check every byte of a database; changes nothing')
    .argument('<path>', 'directory of a database that nobody has open')
    .action((path: string, options: { json?: boolean }) => verify(path, contextOf(options)));
}

function addMaintenance(program: Command, contextOf: ContextOf): void {
  withJson(program.command('backup'), 'varve backup ./data ./backup')
    .description('copy a database into a new directory, every copy checked')
    .argument('<path>', 'directory of a database that nobody has open')
    .argument('<destination>', 'directory that is absent or empty')
    .action((path: string, to: string, options: { json?: boolean }) => backup(path, to, contextOf(options)));
  withJson(program.command('restore'), 'varve restore ./backup ./data2')
    .description('make a database out of a backup, checked byte by byte')
    .argument('<source>', 'directory of a backup')
    .argument('<destination>', 'directory that is absent or empty')
    .action((source: string, to: string, options: { json?: boolean }) => restore(source, to, contextOf(options)));
  withJson(program.command('compact'), 'varve compact ./data')
    .description('merge all tables into the deepest level, dropping what nobody can read any more')
    .argument('<path>', 'directory of a database that nobody has open')
    .action((path: string, options: { json?: boolean }) => compact(path, contextOf(options)));
}

function withJson(command: Command, ...examples: readonly string[]): Command {
  return command
    .option('--json', 'print JSON, one value per line')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`);
}

function keysOption(): Option {
  return new Option('--keys <form>', 'how keys are shown and given').choices(KEY_FORMS).default('tuple');
}

function count(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new BadArgument('expected a whole number.');
}
