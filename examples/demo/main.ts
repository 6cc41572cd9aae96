/**
 * `npm run demo`: Varve on real data, from loading to recovery. Prints a report and exits with 1 when anything in it is
 * not true. Works in a temporary folder and removes it.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'varve';
import { showBackup } from './backup.js';
import { showCrash } from './crash.js';
import { readDataset } from './dataset.js';
import { showDiskUsage } from './disk-usage.js';
import { ENTITIES } from './entities.js';
import { showSnapshot } from './frozen-view.js';
import { loadDataset } from './loading.js';
import { runQueries } from './queries.js';
import { Report, timed } from './report.js';
import { runTransfers } from './transfers.js';

async function main(folder: string, report: Report): Promise<void> {
  const [dataset, readSeconds] = await timed(async () => readDataset());
  const rows = dataset.airports.length + dataset.flights.length + dataset.zipCodes.length;
  report.section('Varve on real data');
  report.note(`${rows.toLocaleString('en')} rows of vega-datasets, read and parsed in ${readSeconds.toFixed(2)} s`);
  report.note(`${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`);
  const directory = join(folder, 'data');
  const db = await open(directory, { entities: ENTITIES });
  try {
    await loadDataset(db, dataset, report);
    await runQueries(db, dataset, report);
    await runTransfers(db, report);
    await showSnapshot(db, report);
    await showBackup(db, folder, report);
  } finally {
    await db.close();
  }
  showDiskUsage(directory, report);
  await showCrash(folder, report);
}

const folder = mkdtempSync(join(tmpdir(), 'varve-demo-'));
try {
  const report = new Report();
  const [, seconds] = await timed(() => main(folder, report));
  if (!report.conclude(seconds)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
