/** `varve verify`, `backup`, `restore` and `compact`: the library's functions of these names, with their reports printed. */

import { resolve } from 'node:path';
import { restore as restoreBackup, verify as verifyDatabase } from '../../index.js';
import type { CommandContext } from '../command.js';
import { withDatabase } from '../opened-database.js';

export async function verify(path: string, context: CommandContext): Promise<void> {
  const { problems, ...facts } = await verifyDatabase(resolve(path));
  for (const problem of problems) context.problem(problem);
  const { tables, entries, logBatches, lastTimestamp, tornBytes, tornFiles, orphans } = facts;
  const { output } = context;
  if (context.json) {
    const findings = problems.map((problem) => ({ code: problem.code, message: problem.message, ...problem.facts }));
    await output.json({ path: resolve(path), ...facts, problems: findings });
    return;
  }
  const verdict = problems.length === 0 ? 'sound' : output.alarm(`damaged: ${problems.length} problems`);
  await output.line(`${output.heading(path)}: ${verdict}`);
  await output.line(
    `${tables} tables with ${entries} entries, ${logBatches} commits in the log, up to ${lastTimestamp}`,
  );
  if (tornFiles.length > 0) {
    const where = tornFiles.join(' and ');
    await output.line(
      `torn tail of ${where}: ${tornBytes} bytes left incomplete by a crash; the next open cuts them off`,
    );
  }
  if (orphans.length > 0) await output.line(`needed by nothing, removed by the next open: ${orphans.join(', ')}`);
}

/** Opens the database for writing, as a backup begins with a flush. */
export async function backup(path: string, destination: string, context: CommandContext): Promise<void> {
  const report = await withDatabase(path, {}, (db) => db.backup(destination));
  const { files, bytes, timestamp } = report;
  if (context.json) await context.output.json({ path: resolve(path), destination: resolve(destination), ...report });
  else await context.output.line(`${destination}: ${files} files, ${bytes} bytes, commits up to ${timestamp}`);
}

export async function restore(source: string, destination: string, context: CommandContext): Promise<void> {
  const report = await restoreBackup(source, destination);
  const { files, bytes, timestamp } = report;
  if (context.json)
    await context.output.json({ source: resolve(source), destination: resolve(destination), ...report });
  else await context.output.line(`${destination}: ${files} files, ${bytes} bytes, commits up to ${timestamp}`);
}

export async function compact(path: string, context: CommandContext): Promise<void> {
  const report = await withDatabase(path, {}, async (db) => {
    const bytesBefore = tableBytes(db.stats());
    await db.compact();
    const stats = db.stats();
    return { bytesBefore, bytesAfter: tableBytes(stats), entriesDropped: stats.engine.entriesDropped };
  });
  if (context.json) await context.output.json({ path: resolve(path), ...report });
  else {
    const { bytesBefore, bytesAfter, entriesDropped } = report;
    await context.output.line(
      `${path}: tables of ${bytesBefore} bytes became ${bytesAfter}, ${entriesDropped} entries dropped`,
    );
  }
}

function tableBytes({
  engine,
}: {
  readonly engine: { readonly levels: readonly { readonly bytes: number }[] };
}): number {
  return engine.levels.reduce((sum, level) => sum + level.bytes, 0);
}
