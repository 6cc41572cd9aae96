/**
 * A process that opens a database and does one thing with it, so that opening is timed as a program meets it: in a fresh
 * process, with nothing compiled or cached. Started by the growth suite.
 *
 * `open`: opens, closes, tells how long opening took. `fill-log`: writes until the log is nearly full, tells it, and waits to
 * be killed.
 */

import { BYTES, loadVarve, SPACE } from '../engines/varve.js';
import { seededIntegers } from '../input/random.js';
import { KEY_BYTES, keyOf, ValuePool } from '../input/records.js';

export interface DatabaseTask {
  readonly task: 'open' | 'fill-log';
  readonly directory: string;
  readonly valueBytes: number;
}

export interface DatabaseAnswer {
  readonly openMs: number;
  /** Batches of commits that opening found in the log. */
  readonly batchesReplayed: number;
}

/** The default memtable, filled to nine tenths so that it is not flushed; an entry takes some bytes beside key and value. */
const LOG_BYTES = 8 * 2 ** 20 * 0.9;
const ENTRY_OVERHEAD_BYTES = 40;
const RECORDS_PER_BATCH = 100;

async function runTask({ task, directory, valueBytes }: DatabaseTask): Promise<void> {
  const { open } = await loadVarve();
  const startMs = performance.now();
  const db = await open(directory);
  const openMs = performance.now() - startMs;
  if (task === 'fill-log') {
    const below = seededIntegers(process.pid);
    const values = new ValuePool(valueBytes, below);
    const space = db.keyspace(SPACE, BYTES);
    const records = Math.floor(LOG_BYTES / (KEY_BYTES + valueBytes + ENTRY_OVERHEAD_BYTES));
    for (let from = 0; from < records; from += RECORDS_PER_BATCH) {
      const operations = Array.from({ length: RECORDS_PER_BATCH }, (_, i) => {
        return { type: 'put' as const, key: keyOf(below(2 ** 31)), value: values.at(from + i) };
      });
      await space.batch(operations, { durability: 'buffered' });
    }
    // Keeps the process and its open database until the signal comes.
    setInterval(() => undefined, 1000);
  } else {
    await db.close();
  }
  process.send?.({ openMs, batchesReplayed: db.recovery.batchesReplayed } satisfies DatabaseAnswer);
  if (task === 'open') process.disconnect();
}

process.once('message', (task: DatabaseTask) => {
  void runTask(task);
});
