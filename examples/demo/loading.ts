/** Loads the three files through their entity classes, one durable transaction per batch of rows. */

import cliProgress from 'cli-progress';
import type { Database } from 'varve';
import type { Dataset } from './dataset.js';
import { Airport, Flight, ZipCode } from './entities.js';
import { type Report, timed } from './report.js';

const ROWS_PER_TRANSACTION = 2000;

export async function loadDataset(
  db: Database,
  { airports, flights, zipCodes }: Dataset,
  report: Report,
): Promise<void> {
  report.section('Loading through the ORM, one durable transaction per 2,000 rows');
  const rows = [
    await load('zip codes', zipCodes, (batch) => db.transaction((tx) => tx.repository(ZipCode).insert(batch))),
    await load('airports', airports, (batch) => db.transaction((tx) => tx.repository(Airport).insert(batch))),
    await load('flights', flights, (batch) => db.transaction((tx) => tx.repository(Flight).insert(batch))),
  ];
  report.table(['table', 'rows', 'seconds', 'rows/s'], rows);
  const counts = await Promise.all(
    ['airports', 'flights', 'zip_codes'].map(async (table) => {
      const [row] = await db.sql<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`);
      return row?.n;
    }),
  );
  const expected = [airports.length, flights.length, zipCodes.length];
  report.checkEqual(`every row of the files is in its table (${expected.join(', ')})`, counts, expected);
}

async function load<Row>(
  name: string,
  rows: readonly Row[],
  insert: (batch: readonly Row[]) => Promise<unknown>,
): Promise<[name: string, rows: number, seconds: number, rowsPerSecond: number]> {
  // The bar draws on a terminal only; the table that follows says the same anywhere.
  const bar = new cliProgress.SingleBar({
    format: `   ${name.padEnd(10)} {bar} {percentage}% | {value}/{total} rows`,
    clearOnComplete: true,
  });
  bar.start(rows.length, 0);
  const [, seconds] = await timed(async () => {
    for (let from = 0; from < rows.length; from += ROWS_PER_TRANSACTION) {
      const batch = rows.slice(from, from + ROWS_PER_TRANSACTION);
      await insert(batch);
      bar.increment(batch.length);
    }
  });
  bar.stop();
  return [name, rows.length, seconds, Math.round(rows.length / seconds)];
}
