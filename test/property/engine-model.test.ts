/**
 * The engine against a model that keeps every version of every key: gets and scans as of every timestamp that is still
 * promised, in both directions and with bounds, through flushes, compactions and reopening, with everything tiny, under
 * every compaction policy and from one to another.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareBytes, type KeyRange, rangeContains, utf8Encode } from '../../src/base/index.js';
import { openEngine, type OpenEngineOptions, verify } from '../../src/recovery/index.js';
import {
  CACHE_POLICIES,
  type Engine,
  type EngineDependencies,
  inlineExecutor,
  type RetentionView,
  type TreePolicyName,
  type WalSync,
  WriteBatch,
} from '../../src/storage/index.js';
import { type Environment, MemFileSystem, systemEnvironment } from '../../src/vfs/index.js';
import { propertyOptions } from '../support/seed.js';

const DIRECTORY = '/db';
const KEYS = Array.from({ length: 12 }, (_, i) =>
  utf8Encode(['', 'a', 'ab', 'b\0', 'key', 'key/'][i % 6]! + 'x'.repeat(i >> 2)),
);

const POLICIES: readonly TreePolicyName[] = ['leveled', 'tiered', 'lazy-leveled'];

type Write = { readonly key: number; readonly value: number | undefined };
type Command =
  | { readonly kind: 'write'; readonly writes: readonly Write[]; readonly how: 'await' | 'queue' | 'sync' }
  | { readonly kind: 'read'; readonly asOf: number; readonly lower: number; readonly upper: number }
  | { readonly kind: 'pin' | 'unpin' | 'flush' | 'compact' | 'reopen' | 'advance' }
  | { readonly kind: 'reshape'; readonly policy: TreePolicyName }
  | { readonly kind: 'compact-range'; readonly lower: number; readonly upper: number };

const keyNumber = fc.nat(KEYS.length - 1);
const write: fc.Arbitrary<Write> = fc.record({
  key: keyNumber,
  value: fc.option(fc.nat(300), { nil: undefined, freq: 4 }),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      writes: fc.array(write, { maxLength: 6 }),
      how: fc.constantFrom('await', 'queue', 'sync'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      asOf: fc.nat(1000),
      lower: keyNumber,
      upper: keyNumber,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('pin', 'pin', 'unpin', 'flush', 'compact', 'reopen', 'advance', 'advance'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('compact-range' as const), lower: keyNumber, upper: keyNumber }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('reshape' as const), policy: fc.constantFrom(...POLICIES) }),
  },
);

const options: fc.Arbitrary<OpenEngineOptions> = fc.record({
  createIfMissing: fc.constant(true),
  readOnly: fc.constant(false),
  wal: fc.record({ sync: fc.constantFrom<WalSync>('commit', 'manual', { everyCommits: 3 }) }),
  memtableBytes: fc.constantFrom(200, 1500),
  blockBytes: fc.constantFrom(1, 120, 4096),
  tableBytes: fc.constantFrom(1, 700, 100_000),
  indexBytesMax: fc.constantFrom(0, 150, undefined),
  blockCache: fc.record({ bytes: fc.constantFrom(0, 300, 3000, 100_000), policy: fc.constantFrom(...CACHE_POLICIES) }),
  bloomBitsPerKey: fc.constantFrom(0, 10),
  compression: fc.constantFrom('lz4', 'none'),
  compaction: fc.record({
    policy: fc.constantFrom(...POLICIES),
    level0Runs: fc.integer({ min: 1, max: 4 }),
    levelBaseBytes: fc.constantFrom(60, 300, 3000),
    sizeRatio: fc.constantFrom(2, 3, 8),
  }),
  limits: fc.constant({ keyBytes: 100, valueBytes: 1000, batchBytes: 100_000 }),
});

/** Values of many sizes, the empty one included, that tell apart when they were written. */
function valueBytes(value: number, timestamp: number): Uint8Array {
  return value === 0 ? new Uint8Array(0) : utf8Encode(`${timestamp}:`.padEnd(value, '.'));
}

/** Comparing strings is a hundred times faster than having arrays of bytes compared. */
function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('latin1');
}

/** Every version ever committed, and what the engine has promised to keep. */
class Model {
  readonly #versions: Map<number, { timestamp: number; value: Uint8Array | undefined }[]> = new Map();
  lastTimestamp = 0;
  horizon = 0;
  pinned: number[] = [];

  view(): RetentionView {
    return { horizon: this.horizon, pinned: [...this.pinned] };
  }

  commit(writes: readonly Write[]): { timestamp: number; batch: WriteBatch } {
    const timestamp = ++this.lastTimestamp;
    const batch = new WriteBatch();
    for (const { key, value } of writes) {
      const stored = value === undefined ? undefined : valueBytes(value, timestamp);
      if (stored === undefined) batch.delete(KEYS[key]!);
      else batch.put(KEYS[key]!, stored);
      const versions = (this.#versions.get(key) ?? []).filter((version) => version.timestamp !== timestamp);
      this.#versions.set(key, [{ timestamp, value: stored }, ...versions]);
    }
    return { timestamp, batch };
  }

  /** A timestamp that must still be readable. */
  readable(choice: number): number {
    const promised = [...this.pinned, this.lastTimestamp];
    for (let timestamp = this.horizon; timestamp < this.lastTimestamp; timestamp++) promised.push(timestamp);
    return promised[choice % promised.length]!;
  }

  get(key: number, asOf: number): Uint8Array | undefined {
    return this.#versions.get(key)?.find((version) => version.timestamp <= asOf)?.value;
  }

  scan(range: KeyRange, asOf: number): string[] {
    const found: [Uint8Array, Uint8Array][] = [];
    for (const [number, key] of KEYS.entries()) {
      const value = this.get(number, asOf);
      if (value !== undefined && rangeContains(range, key)) found.push([key, value]);
    }
    return found.sort(([a], [b]) => compareBytes(a, b)).map(([key, value]) => `${text(key)}=${text(value)}`);
  }
}

class Run {
  readonly #model = new Model();
  #options: OpenEngineOptions;
  readonly #environment: Environment = systemEnvironment({ fileSystem: new MemFileSystem() });
  readonly #faults: unknown[] = [];
  #engine!: Engine;
  #queued: Promise<void>[] = [];

  constructor(engineOptions: OpenEngineOptions) {
    this.#options = engineOptions;
  }

  async open(): Promise<void> {
    const dependencies: EngineDependencies = {
      environment: this.#environment,
      executor: inlineExecutor(this.#environment),
      retention: { view: () => this.#model.view() },
      listener: (event) => {
        if (event.type === 'poisoned') this.#faults.push(event.cause);
      },
    };
    const { engine, report } = await openEngine(DIRECTORY, this.#options, dependencies);
    expect(report).toMatchObject({ lastTimestamp: this.#model.lastTimestamp, tornBytesCut: 0, orphansRemoved: [] });
    this.#engine = engine;
  }

  async step(one: Command): Promise<void> {
    const model = this.#model;
    if (one.kind === 'write') return this.#write(one);
    await this.#settle();
    if (one.kind === 'read') return this.#read(one);
    if (one.kind === 'pin') model.pinned.push(model.lastTimestamp);
    else if (one.kind === 'unpin') model.pinned.shift();
    else if (one.kind === 'advance') model.horizon = model.lastTimestamp;
    else if (one.kind === 'flush') await this.#engine.flush();
    else if (one.kind === 'compact') await this.#engine.compact();
    else if (one.kind === 'compact-range')
      await this.#engine.compact({ lower: KEYS[one.lower], upper: KEYS[one.upper] });
    else {
      if (one.kind === 'reshape') {
        this.#options = { ...this.#options, compaction: { ...this.#options.compaction, policy: one.policy } };
      }
      await this.#reopen();
    }
  }

  /** The whole state at the end, and a full check of what lies on the disk. */
  async finish(): Promise<void> {
    await this.#settle();
    for (let choice = 0; choice <= 20; choice++) {
      const asOf = this.#model.readable(choice);
      this.#compareScans({}, asOf);
    }
    await this.#engine.close();
    const { problems, orphans } = await verify(this.#environment, DIRECTORY);
    expect({ problems, orphans, faults: this.#faults }).toEqual({ problems: [], orphans: [], faults: [] });
  }

  async #write({ writes, how }: Command & { kind: 'write' }): Promise<void> {
    const { timestamp, batch } = this.#model.commit(writes);
    if (how === 'sync') {
      this.#engine.commitSync(batch, timestamp);
      expect(this.#engine.lastTimestamp).toBe(timestamp);
      return;
    }
    this.#queued.push(this.#engine.commit(batch, timestamp));
    if (how === 'await') await this.#settle();
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#queued);
    this.#queued = [];
    expect(this.#engine.lastTimestamp).toBe(this.#model.lastTimestamp);
  }

  #read(one: Command & { kind: 'read' }): void {
    const asOf = this.#model.readable(one.asOf);
    expect(this.#engine.prunedThrough).toBeLessThanOrEqual(this.#model.horizon);
    for (const [number, key] of KEYS.entries()) {
      expect(text(this.#engine.get(key, asOf))).toBe(text(this.#model.get(number, asOf)));
    }
    this.#compareScans({ lower: KEYS[one.lower], upper: KEYS[one.upper] }, asOf);
    this.#compareScans({ lower: KEYS[one.lower] }, asOf);
    this.#compareScans({ upper: KEYS[one.upper] }, asOf);
  }

  #compareScans(range: KeyRange, asOf: number): void {
    const expected = this.#model.scan(range, asOf);
    for (const reverse of [false, true]) {
      const cursor = this.#engine.cursor(range, { asOf, reverse });
      const found: string[] = [];
      while (cursor.next()) found.push(`${text(cursor.key())}=${text(cursor.value())}`);
      expect(found).toEqual(reverse ? expected.toReversed() : expected);
    }
  }

  async #reopen(): Promise<void> {
    await this.#engine.close();
    await this.open();
  }
}

test('the engine agrees with a model that forgets nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      options,
      fc.array(command, { minLength: 20, maxLength: 60, size: 'max' }),
      async (engineOptions, commands) => {
        const run = new Run(engineOptions);
        await run.open();
        for (const one of commands) await run.step(one);
        await run.finish();
      },
    ),
    propertyOptions(50),
  );
});
