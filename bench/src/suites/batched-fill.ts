/** Writes records in atomic batches of a hundred, with the pauses of the event loop watched. */

import type { Entry, KeyValueEngine } from '../engine.js';
import { InputWindow } from '../input/input-window.js';
import { keyOf, type ValuePool } from '../input/records.js';
import type { Meter, TellFacts } from '../measurement/meter.js';

const RECORDS_PER_BATCH = 100;

export interface Fill {
  readonly name: string;
  readonly directory: string;
  readonly engine: KeyValueEngine;
  readonly records: number;
  readonly numberAt: (index: number) => number;
  readonly values: ValuePool;
  readonly facts?: TellFacts;
}

/** Runs even when nobody asked for its figures, for what it leaves. */
export async function fillInBatches(
  meter: Meter,
  { name, directory, engine, records, numberAt, values, facts }: Fill,
): Promise<void> {
  const batches = new InputWindow<Entry[]>();
  await meter.measure({
    name,
    directory,
    calls: Math.ceil(records / RECORDS_PER_BATCH),
    opsPerCall: RECORDS_PER_BATCH,
    watchPauses: true,
    needed: true,
    callsPerPreparation: 100,
    prepare: (from, to) =>
      batches.fill(from, to, (batch) => {
        const first = batch * RECORDS_PER_BATCH;
        return Array.from({ length: Math.min(RECORDS_PER_BATCH, records - first) }, (_, i) => {
          const number = numberAt(first + i);
          return { key: keyOf(number), value: values.at(number) };
        });
      }),
    run: (call) => engine.writeBatch(batches.at(call)),
    ...(facts === undefined ? {} : { facts }),
  });
}
