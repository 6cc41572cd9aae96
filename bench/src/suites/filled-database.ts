/** The key-value workloads that need a filled database, on the one that fillrandom left. */

import type { KeyValueEngine, ScanRange } from '../engine.js';
import { InputWindow } from '../input/input-window.js';
import type { DrawBelow } from '../input/random.js';
import { KEY_BYTES, keyOf, missingKeyOf, ValuePool } from '../input/records.js';
import { untilIdle } from '../measurement/idleness.js';
import type { SuiteContext } from '../suite.js';
import { fillInBatches } from './batched-fill.js';
import { copyOf, getFastest, putFastest, whenDone } from './fastest-call.js';

const SEEK_OPS_MAX = 20_000;
const READS_PER_WRITE = 9;
/** The warm-up reads a record in so many bytes: at least one of every block and page. */
const WARM_UP_STRIDE_BYTES = 2048;

/** Everything that is done to the database that a fill left. */
export class FilledDatabase {
  readonly #context: SuiteContext;
  readonly #engine: KeyValueEngine;
  readonly #directory: string;
  readonly #below: DrawBelow;
  readonly #values: ValuePool;
  readonly #keys = new InputWindow<Buffer>();

  constructor(
    context: SuiteContext,
    engine: KeyValueEngine,
    { directory, below, values }: { directory: string; below: DrawBelow; values: ValuePool },
  ) {
    this.#context = context;
    this.#engine = engine;
    this.#directory = directory;
    this.#below = below;
    this.#values = values;
  }

  /** Once the engine has nothing left to do. */
  async warmUp(): Promise<void> {
    await untilIdle();
    const { records, valueBytes } = this.#context.settings;
    const stride = Math.max(1, Math.floor(WARM_UP_STRIDE_BYTES / (KEY_BYTES + valueBytes)));
    for (let number = 0; number < records; number += stride) {
      const pending = getFastest(this.#engine, keyOf(number));
      this.#expect(pending instanceof Promise ? await pending : pending);
    }
  }

  async reads(): Promise<void> {
    const engine = this.#engine;
    if (engine.getSync !== undefined) {
      await this.#onRandomKeys('readrandomsync', keyOf, (key) => this.#expect(engine.getSync?.(key)));
    }
    await this.#onRandomKeys('readrandom', keyOf, async (key) => this.#expect(await engine.get(key)));
    await this.#onRandomKeys('readmissing', missingKeyOf, (key) =>
      whenDone(getFastest(this.#engine, key), expectNothing),
    );
    const limit = this.#context.settings.records;
    await this.#scanAll('readseq', { limit });
    await this.#scanAll('readreverse', { limit, reverse: true });
  }

  async seeks(name: string, limit: number): Promise<void> {
    const calls = Math.min(this.#context.settings.ops, SEEK_OPS_MAX);
    const starts = this.#context.settings.records - limit;
    await this.#context.meter.measure({
      name,
      directory: this.#directory,
      calls,
      prepare: (from, to) => this.#keys.fill(from, to, () => keyOf(this.#below(starts))),
      run: (call) =>
        whenDone(this.#engine.scan({ start: this.#keys.at(call), limit }, ignore), (found) =>
          expectCount(found, limit),
        ),
    });
  }

  /** Reads, with a writer beside them that has a fixed share: a put at every ninth read, once its last one is done. */
  async readsWhileWriting(): Promise<void> {
    let reads = 0;
    let writing: Promise<void> | undefined;
    const beginWrite = (): void => {
      const number = this.#below(this.#context.settings.records);
      writing = putFastest(this.#engine, keyOf(number), this.#values.at(number + reads)) ?? undefined;
    };
    const read = (key: Buffer): unknown => whenDone(getFastest(this.#engine, key), (value) => this.#expect(value));
    await this.#onRandomKeys('readwhilewriting', keyOf, (key) => {
      if (++reads % READS_PER_WRITE !== 0) return read(key);
      return whenDone(writing, () => {
        beginWrite();
        return read(key);
      });
    });
    await writing;
  }

  async updates(): Promise<void> {
    await this.#onRandomKeys('updaterandom', keyOf, (key) =>
      whenDone(getFastest(this.#engine, key), (old) => {
        this.#expect(old);
        const changed = copyOf(old!);
        changed[0] = (changed[0]! + 1) & 255;
        return putFastest(this.#engine, key, changed);
      }),
    );
  }

  async overwrite(order: Uint32Array): Promise<void> {
    const { meter, settings } = this.#context;
    if (!meter.wants('overwrite')) return;
    // Backwards, and with other values: what was written first is not what is overwritten first.
    const numberAt = (index: number): number => order[order.length - 1 - index]!;
    const values = new ValuePool(settings.valueBytes, this.#below);
    const { records } = settings;
    const fill = { name: 'overwrite', directory: this.#directory, engine: this.#engine, numberAt, records, values };
    await fillInBatches(meter, fill);
  }

  #onRandomKeys(name: string, keyFor: (number: number) => Buffer, run: (key: Buffer) => unknown): Promise<void> {
    const { records, ops } = this.#context.settings;
    return this.#context.meter.measure({
      name,
      directory: this.#directory,
      calls: ops,
      prepare: (from, to) => this.#keys.fill(from, to, () => keyFor(this.#below(records))),
      run: (call) => run(this.#keys.at(call)),
    });
  }

  async #scanAll(name: string, range: ScanRange): Promise<void> {
    await this.#context.meter.measure({
      name,
      directory: this.#directory,
      calls: 1,
      opsPerCall: range.limit,
      run: () => whenDone(this.#engine.scan(range, ignore), (found) => expectCount(found, range.limit)),
    });
  }

  #expect(value: Uint8Array | undefined): void {
    if (value?.length !== this.#context.settings.valueBytes) throw new Error('a record that was written is not there');
  }
}

function expectNothing(value: Uint8Array | undefined): void {
  if (value !== undefined) throw new Error('a record is there that was never written');
}

function expectCount(found: number, expected: number): void {
  if (found !== expected) throw new Error(`a scan found ${found} records instead of ${expected}`);
}

function ignore(): void {
  // Handing the value over is the work; what a program does with it is not measured.
}
