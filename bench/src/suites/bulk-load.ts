/** Bulk loads beside batches of the same records; BULK_LOAD_METHOD says how. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BYTES, openVarve, SPACE } from '../engines/varve.js';
import { seededIntegers, shuffledNumbers } from '../input/random.js';
import { keyOf, ValuePool } from '../input/records.js';
import { loopTurn } from '../measurement/pause-monitor.js';
import type { SuiteContext } from '../suite.js';

const RECORDS_PER_BATCH = 1000;

export const BULK_LOAD_WORKLOADS: readonly string[] = ['batchseq', 'loadseq', 'batchrandom', 'loadrandom'];

export const BULK_LOAD_METHOD = `
Varve alone: \`--records\` records of 16-byte keys and values that compress to about one half, in key order (\`seq\`) or
shuffled (\`random\`), into an empty database: by \`bulkLoad\` of a generator, or by \`batch\`es of ${RECORDS_PER_BATCH.toLocaleString('en')} from the same
generator, with the suite's durability. The whole is one call; an operation is a record.
`;

export async function runBulkLoadSuite({ directory, meter, settings }: SuiteContext): Promise<void> {
  const { records, valueBytes, durability, seed } = settings;
  const below = seededIntegers(seed);
  const values = new ValuePool(valueBytes, below);
  const shuffled = shuffledNumbers(records, below);
  function* entries(isRandom: boolean): Generator<readonly [Buffer, Buffer]> {
    for (let i = 0; i < records; i++) {
      const number = isRandom ? shuffled[i]! : i;
      yield [keyOf(number), values.at(number)];
    }
  }
  for (const name of BULK_LOAD_WORKLOADS) {
    const path = join(directory, name);
    mkdirSync(path);
    const db = await openVarve(path);
    const space = db.keyspace(SPACE, BYTES);
    const source = (): Generator<readonly [Buffer, Buffer]> => entries(name.endsWith('random'));
    const inBatches = async (): Promise<void> => {
      let batch: { type: 'put'; key: Buffer; value: Buffer }[] = [];
      for (const [key, value] of source()) {
        batch.push({ type: 'put', key, value });
        if (batch.length < RECORDS_PER_BATCH) continue;
        await space.batch(batch, { durability });
        batch = [];
        await loopTurn();
      }
      await space.batch(batch, { durability });
    };
    await meter.measure({
      name,
      directory: path,
      calls: 1,
      opsPerCall: records,
      watchPauses: true,
      run: () => (name.startsWith('load') ? space.bulkLoad(source()) : inBatches()),
    });
    await db.close();
  }
}
