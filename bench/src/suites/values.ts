/** Overwriting and reading large values; VALUES_METHOD says how. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry, KeyValueEngine } from '../engine.js';
import { InputWindow } from '../input/input-window.js';
import { type DrawBelow, seededIntegers, shuffledNumbers } from '../input/random.js';
import { KEY_BYTES, keyOf, ValuePool } from '../input/records.js';
import { untilIdle } from '../measurement/idleness.js';
import { Meter } from '../measurement/meter.js';
import { bytesOnDisk } from '../measurement/process-figures.js';
import { preadsPerSec, RAW_SPACE, writevPerSec } from '../measurement/raw-values.js';
import type { SuiteContext } from '../suite.js';
import { getFastest, whenDone } from './fastest-call.js';

const SIZES = { '4KB': 2 ** 12, '64KB': 2 ** 16, '1MB': 2 ** 20 } as const;
const PASSES = 2;
const BATCH_BYTES = 2 ** 20;
/** The space taken is looked at after so many batches. */
const BATCHES_PER_LOOK = 16;
const READ_BYTES = 2 ** 28;

export const VALUES_WORKLOADS: readonly string[] = Object.keys(SIZES).flatMap((size) => [
  `overwrite/${size}`,
  `read/${size}`,
]);

export const VALUES_METHOD = `
The same bytes (\`--records\` times \`--value\`) as values of 4 KB, 64 KB and 1 MB, compressible to one half. \`varve-inline\` is Varve with
\`valueLog.thresholdBytes\` of infinity: values of every size go through log and tables.

- \`overwrite\`: on a database that holds every record, each is overwritten ${PASSES} times in random order, in atomic batches of 1 MiB; an
  operation is a value. Before, and without a pause, each is overwritten once and not measured: what a burst may put off is
  put off by then, and what is compared is overwriting that goes on. The event loop gets a turn after every ${BATCHES_PER_LOOK} batches, outside the time that is taken.
  - \`MBs\`: megabytes of values per second.
  - \`written\`: bytes handed to write calls for a byte of keys and values, those of background work meanwhile included;
    \`beforeGc\`: the same without values that were written before and moved.
  - \`peak\`: the most space the database took, looked at after every ${BATCHES_PER_LOOK} batches, for a byte of keys and values alive.
  - \`settled\`: the same once the process is idle, which took \`busyAfterMs\`; \`collected\`: the same after \`db.gc()\`, where there is one.
  - \`toWritev\`: the rate for one of \`writev\` of such batches, without keys, copies or checksums, over files that are there and
    take ${RAW_SPACE} bytes for a byte alive, in the same process afterwards. Files are synced beside the thread when they are full; it waits
    where more than is left of that space is not synced, and at the end until all is. So much can a store reach that keeps an old value until the new one
    is on the device.
- \`read\`: random keys of what that left, by the synchronous call if there is one; an operation is a value, and what is read has
  been read before. \`toPread\`: the rate for one of \`pread\` of as many bytes of a file in the page cache, each into a buffer of its
  own, in the same process.
`;

export async function runValuesSuite(context: SuiteContext): Promise<void> {
  const { records, valueBytes } = context.settings;
  for (const [size, bytes] of Object.entries(SIZES)) {
    if (!context.meter.suffixed(size).wants('overwrite', 'read')) continue;
    const directory = join(context.directory, size);
    mkdirSync(directory);
    const count = Math.max(1, Math.floor((records * valueBytes) / bytes));
    await new ValueWorkloads(context, { directory, size, records: count, valueBytes: bytes }).run();
  }
}

interface Scale {
  readonly directory: string;
  readonly size: string;
  readonly records: number;
  readonly valueBytes: number;
}

class ValueWorkloads {
  readonly #context: SuiteContext;
  readonly #meter: Meter;
  readonly #scale: Scale;
  readonly #below: DrawBelow;
  readonly #values: ValuePool;
  readonly #liveBytes: number;
  #peakBytes = 0;
  /** By what was not measured. */
  #movedBefore = 0;

  constructor(context: SuiteContext, scale: Scale) {
    this.#context = context;
    this.#meter = context.meter.suffixed(scale.size);
    this.#scale = scale;
    this.#below = seededIntegers(context.settings.seed);
    this.#values = new ValuePool(scale.valueBytes, this.#below);
    this.#liveBytes = scale.records * (KEY_BYTES + scale.valueBytes);
  }

  async run(): Promise<void> {
    const { directory, records, valueBytes } = this.#scale;
    const { durability } = this.#context.settings;
    const engine = await this.#context.openEngine({ directory, durability, valueBytes });
    await this.#write(
      engine,
      new Meter({ only: [] }),
      Uint32Array.from({ length: records }, (_, i) => i),
    );
    await untilIdle();
    await this.#write(engine, new Meter({ only: [] }), this.#passes(1));
    this.#movedBefore = engine.movedBytes?.() ?? 0;
    await this.#write(engine, this.#meter, this.#passes(PASSES));
    await this.#read(engine);
    await engine.close();
  }

  #passes(passes: number): Uint32Array {
    const { records } = this.#scale;
    const numbers = new Uint32Array(passes * records);
    for (let pass = 0; pass < passes; pass++) numbers.set(shuffledNumbers(records, this.#below), pass * records);
    return numbers;
  }

  async #write(engine: KeyValueEngine, meter: Meter, numbers: Uint32Array): Promise<void> {
    const { directory, valueBytes } = this.#scale;
    const perBatch = Math.max(1, BATCH_BYTES / valueBytes);
    const batches = new InputWindow<Entry[]>();
    this.#peakBytes = 0;
    const calls = Math.ceil(numbers.length / perBatch);
    await meter.measure({
      name: 'overwrite',
      directory,
      calls,
      opsPerCall: numbers.length / calls,
      needed: true,
      callsPerPreparation: BATCHES_PER_LOOK,
      prepare: (from, to) => {
        this.#look();
        batches.fill(from, to, (batch) =>
          [...numbers.subarray(batch * perBatch, (batch + 1) * perBatch)].map((number, i) => ({
            key: keyOf(number),
            value: this.#values.at(number + batch + i),
          })),
        );
      },
      run: (batch) => engine.writeBatch(batches.at(batch)),
      facts: (figures) => this.#spaceFacts(engine, figures),
    });
  }

  #look(): void {
    this.#peakBytes = Math.max(this.#peakBytes, bytesOnDisk(this.#scale.directory));
  }

  async #spaceFacts(
    engine: KeyValueEngine,
    { opsPerSec, bytesWritten }: { readonly opsPerSec: number; readonly bytesWritten: number | null },
  ): Promise<Record<string, number>> {
    this.#look();
    const { directory, valueBytes } = this.#scale;
    const committed = PASSES * this.#liveBytes;
    const written = bytesWritten ?? Number.NaN;
    const moved = (engine.movedBytes?.() ?? 0) - this.#movedBefore;
    const facts = {
      MBs: (opsPerSec * valueBytes) / 1e6,
      written: written / committed,
      beforeGc: (written - moved) / committed,
      peak: this.#peakBytes / this.#liveBytes,
      busyAfterMs: Math.round(await untilIdle()),
      settled: bytesOnDisk(directory) / this.#liveBytes,
    };
    await engine.collect?.();
    const collected = engine.collect === undefined ? {} : { collected: bytesOnDisk(directory) / this.#liveBytes };
    return { ...facts, ...collected, toWritev: opsPerSec / (await this.#writevPerSec()) };
  }

  #writevPerSec(): Promise<number> {
    const { valueBytes } = this.#scale;
    return writevPerSec({
      directory: this.#context.directory,
      valueBytes,
      liveBytes: this.#liveBytes,
      bytes: PASSES * this.#liveBytes,
      perBatch: Math.max(1, BATCH_BYTES / valueBytes),
      valueAt: (index) => this.#values.at(index),
    });
  }

  async #read(engine: KeyValueEngine): Promise<void> {
    const { directory, records, valueBytes } = this.#scale;
    const keys = new InputWindow<Buffer>();
    const calls = Math.max(records, Math.floor(READ_BYTES / valueBytes));
    const read = {
      name: 'read',
      directory,
      calls,
      run: (call: number) => whenDone(getFastest(engine, keys.at(call)), (value) => this.#expect(value)),
    };
    await new Meter({ only: [] }).measure({
      ...read,
      needed: true,
      prepare: (from, to) => keys.fill(from, to, (call) => keyOf(call % records)),
    });
    await this.#meter.measure({
      ...read,
      prepare: (from, to) => keys.fill(from, to, () => keyOf(this.#below(records))),
      facts: ({ opsPerSec }) => ({
        MBs: (opsPerSec * valueBytes) / 1e6,
        toPread: opsPerSec / this.#preadsPerSec(calls),
      }),
    });
  }

  #preadsPerSec(reads: number): number {
    const { records, valueBytes } = this.#scale;
    const directory = this.#context.directory;
    return preadsPerSec({ directory, valueBytes, records, reads, drawRecord: () => this.#below(records) });
  }

  #expect(value: Uint8Array | undefined): void {
    if (value?.length !== this.#scale.valueBytes) throw new Error('a record that was written is not there');
  }
}
