/**
 * The plain key-value workloads, named after LevelDB's db_bench.
 *
 * - fillseq, fillrandom: every record once, in key order or shuffled, in atomic batches of 100; an operation is a record.
 * - fillsync: single records, each durable before the next begins, whatever the suite's durability.
 * - readrandom (async), readrandomsync: one key drawn uniformly per operation, over a database reopened after fillrandom.
 * - readseq: one scan over everything; an operation is a record.
 * - seekrandom: seek to a random key, read 100 records on; an operation is a seek with its records.
 *
 * Every read is checked: a missing record or a scan that ends early fails the round.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyValueEngine, OpenEngine } from '../engine.js';
import { type Measurement, measure } from '../measurement.js';
import { keyOf, seededIntegers, shuffledNumbers, valuesOf } from '../random.js';
import type { SuiteSettings } from '../suite.js';

const RECORDS_PER_BATCH = 100;
const RECORDS_PER_SEEK = 100;
/** A durable write takes about a device's sync; more of them would only take longer. */
const FILLSYNC_OPS_MAX = 2000;
const SEEK_OPS_MAX = 20_000;

export async function runKeyValueSuite(
  openEngine: OpenEngine,
  directory: string,
  settings: SuiteSettings,
): Promise<Measurement[]> {
  const below = seededIntegers(settings.seed);
  const values = valuesOf(settings.records, settings.valueBytes, below);
  const inOrder = Array.from({ length: settings.records }, (_, i) => keyOf(i));
  const shuffled = Array.from(shuffledNumbers(settings.records, below), (number) => inOrder[number]!);

  const run = new Run(openEngine, directory, settings);
  return [
    await run.fill('fillseq', inOrder, values),
    await run.fillSync(inOrder, values),
    await run.fill('fillrandom', shuffled, values),
    ...(await run.reads('fillrandom', below)),
  ];
}

class Run {
  readonly #openEngine: OpenEngine;
  readonly #directory: string;
  readonly #settings: SuiteSettings;

  constructor(openEngine: OpenEngine, directory: string, settings: SuiteSettings) {
    this.#openEngine = openEngine;
    this.#directory = directory;
    this.#settings = settings;
  }

  async fill(workload: string, keys: readonly Buffer[], values: readonly Buffer[]): Promise<Measurement> {
    const { folder, engine } = await this.#open(workload);
    const calls = Math.floor(keys.length / RECORDS_PER_BATCH);
    const result = await measure(workload, folder, { calls, opsPerCall: RECORDS_PER_BATCH }, (call) =>
      engine.writeBatch(keys, values, call * RECORDS_PER_BATCH, RECORDS_PER_BATCH),
    );
    await engine.close();
    return result;
  }

  async fillSync(keys: readonly Buffer[], values: readonly Buffer[]): Promise<Measurement> {
    const { folder, engine } = await this.#open('fillsync', 'commit');
    const calls = Math.min(this.#settings.ops, keys.length, FILLSYNC_OPS_MAX);
    const result = await measure('fillsync', folder, { calls }, (call) => engine.writeBatch(keys, values, call, 1));
    await engine.close();
    return result;
  }

  /** All reads, over the database that the named fill left. */
  async reads(filled: string, below: (bound: number) => number): Promise<Measurement[]> {
    const { folder, engine } = await this.#open(filled);
    const { ops } = this.#settings;
    const records = Math.floor(this.#settings.records / RECORDS_PER_BATCH) * RECORDS_PER_BATCH;
    const wanted = Array.from({ length: ops }, () => keyOf(below(this.#settings.records)));
    const results: Measurement[] = [];
    if (engine.getSync !== undefined) results.push(await this.#readSync(engine, folder, wanted));
    results.push(
      await measure('readrandom', folder, { calls: ops }, async (call) =>
        this.#expect(await engine.get(wanted[call]!)),
      ),
      await measure('readseq', folder, { calls: 1, opsPerCall: records }, async () =>
        this.#expectCount(await engine.scan(undefined, records, ignore), records),
      ),
      await this.#seek(engine, folder, below),
    );
    await engine.close();
    return results;
  }

  #readSync(engine: KeyValueEngine, folder: string, wanted: readonly Buffer[]): Promise<Measurement> {
    return measure('readrandomsync', folder, { calls: wanted.length }, (call) => {
      this.#expect(engine.getSync?.(wanted[call]!));
    });
  }

  #seek(engine: KeyValueEngine, folder: string, below: (bound: number) => number): Promise<Measurement> {
    const starts = this.#settings.records - RECORDS_PER_SEEK;
    const calls = Math.min(this.#settings.ops, SEEK_OPS_MAX);
    return measure('seekrandom', folder, { calls }, async () => {
      const count = await engine.scan(keyOf(below(starts)), RECORDS_PER_SEEK, ignore);
      this.#expectCount(count, RECORDS_PER_SEEK);
    });
  }

  async #open(
    name: string,
    durability = this.#settings.durability,
  ): Promise<{ folder: string; engine: KeyValueEngine }> {
    const folder = join(this.#directory, name);
    mkdirSync(folder, { recursive: true });
    return { folder, engine: await this.#openEngine({ directory: folder, durability }) };
  }

  #expect(value: Uint8Array | undefined): void {
    if (value?.length !== this.#settings.valueBytes) throw new Error('a record that was written is not there');
  }

  #expectCount(found: number, expected: number): void {
    if (found !== expected) throw new Error(`a scan found ${found} records instead of ${expected}`);
  }
}

function ignore(): void {
  // Handing the value over is the work; what a program does with it is not measured.
}
