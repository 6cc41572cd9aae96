/**
 * The victim: loads zip codes into its own database, over and over under new codes, and says after each commit which
 * batch is now durable. It never ends by itself; `crash.ts` kills it.
 */

import { writeSync } from 'node:fs';
import { open } from 'varve';
import { ROWS_PER_BATCH, rowCode } from './crash-batches.js';
import { readDataset } from './dataset.js';
import { ZipCode } from './entities.js';

async function main(directory: string): Promise<never> {
  const { zipCodes } = readDataset();
  const db = await open(directory, { entities: [ZipCode] });
  for (let batch = 0; ; batch++) {
    const rows = Array.from({ length: ROWS_PER_BATCH }, (_, index) => ({
      ...zipCodes[(batch * ROWS_PER_BATCH + index) % zipCodes.length]!,
      code: rowCode(batch, index),
    }));
    await db.transaction((tx) => tx.repository(ZipCode).insert(rows));
    writeSync(1, `${batch}\n`); // synchronous: the acknowledgement is in the pipe before the next batch begins
  }
}

const directory = process.argv[2];
if (directory === undefined) throw new Error('usage: node crash-child.js DIRECTORY');
await main(directory);
