/** Kills a writer in the middle of its work and shows that every commit it acknowledged is there. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { open, verify } from 'varve';
import { ROWS_PER_BATCH, rowCode } from './crash-batches.js';
import { ZipCode } from './entities.js';
import { type Report, timed } from './report.js';

/** Late enough for tables and a log on disk, early enough to be over soon. */
const BATCHES_BEFORE_KILL = 150;

export async function showCrash(folder: string, report: Report): Promise<void> {
  report.section('kill -9 in mid-load');
  const directory = join(folder, 'crash');
  const { acknowledged, signal } = await runAndKill(directory);
  const [db, seconds] = await timed(() => open(directory, { entities: [ZipCode] }));
  const rows = await db.sql<{ code: string }>`SELECT code FROM zip_codes ORDER BY code`;
  const recovered = rows.length / ROWS_PER_BATCH;
  report.table(
    ['ended by', 'commits acknowledged', 'commits found', 'replayed from the log', 'torn bytes cut', 'seconds to open'],
    [[signal, acknowledged, recovered, db.recovery.batchesReplayed, db.recovery.tornBytesCut, seconds]],
  );
  report.checkEqual('the writer was killed, it did not end by itself', signal, 'SIGKILL');
  report.check(`all ${acknowledged} acknowledged commits are there`, recovered >= acknowledged);
  report.check('at most the one commit that was under way is there beyond them', recovered <= acknowledged + 1);
  const expected = Array.from({ length: rows.length }, (_, i) =>
    rowCode(Math.floor(i / ROWS_PER_BATCH), i % ROWS_PER_BATCH),
  );
  report.check(
    'every commit is there as a whole, and none is missing in between',
    Number.isInteger(recovered) && rows.every((row, i) => row.code === expected[i]),
  );
  await db.close();
  const { problems } = await verify(directory);
  report.checkEqual('every checksum and order in its files verifies', problems.map(String), []);
}

async function runAndKill(directory: string): Promise<{ acknowledged: number; signal: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('crash-child.js', import.meta.url)), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  let acknowledged = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line) + 1;
    if (acknowledged === BATCHES_BEFORE_KILL) child.kill('SIGKILL');
  }
  return { acknowledged, signal: await ended };
}
