/**
 * The engine against a model that keeps every version of every key: the operations that a test makes, the same for both, and
 * every read compared. Keys, and where ranges begin and end, are numbers into lists that a test chooses.
 */

import fc from 'fast-check';
import { expect } from 'vitest';
import { compareBytes, type KeyRange, keyAfter, rangeContains, utf8Encode } from '../../src/base/index.js';
import { openEngine, type OpenEngineOptions, verify } from '../../src/recovery/index.js';
import {
  type Engine,
  type EngineDependencies,
  inlineExecutor,
  type RetentionView,
  type TreePolicyName,
  WriteBatch,
} from '../../src/storage/index.js';
import { type Environment, MemFileSystem, systemEnvironment } from '../../src/vfs/index.js';
import { TREE_POLICIES } from './engine-settings.js';

const DIRECTORY = '/db';

/** Puts `key`, deletes it, or deletes what lies from bound `key` on and before bound `until`. */
export type Write =
  | { readonly key: number; readonly value: number | undefined }
  | { readonly key: number; readonly until: number };
export type Command =
  | { readonly kind: 'write'; readonly writes: readonly Write[]; readonly how: 'await' | 'queue' | 'sync' }
  | { readonly kind: 'read'; readonly asOf: number; readonly lower: number; readonly upper: number }
  | { readonly kind: 'pin' | 'unpin' | 'flush' | 'compact' | 'reopen' | 'advance' }
  | { readonly kind: 'reshape'; readonly policy: TreePolicyName }
  | { readonly kind: 'compact-range'; readonly lower: number; readonly upper: number };

/** Keys, and the places where ranges begin and end: at keys, right behind them, and behind everything. */
export class KeyList {
  readonly keys: readonly Uint8Array[];
  readonly bounds: readonly Uint8Array[];

  constructor(keys: readonly Uint8Array[]) {
    this.keys = keys;
    this.bounds = [...keys, ...keys.map(keyAfter), new Uint8Array([0xff])];
  }
}

export function commandArbitrary({ keys, bounds }: KeyList, writesMax: number): fc.Arbitrary<Command> {
  const keyNumber = fc.nat(keys.length - 1);
  const bound = fc.nat(bounds.length - 1);
  const put: fc.Arbitrary<Write> = fc.record({
    key: keyNumber,
    value: fc.option(fc.nat(300), { nil: undefined, freq: 4 }),
  });
  const clear: fc.Arbitrary<Write> = fc.record({ key: bound, until: bound });
  const write = fc.oneof({ weight: Math.max(6, keys.length / 2), arbitrary: put }, { weight: 1, arbitrary: clear });
  const how = fc.constantFrom('await' as const, 'queue' as const, 'sync' as const);
  const kind = fc.constantFrom('pin', 'pin', 'unpin', 'flush', 'compact', 'reopen', 'advance', 'advance');
  const range = { lower: keyNumber, upper: keyNumber };
  return fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant('write' as const),
        writes: fc.array(write, { maxLength: writesMax }),
        how,
      }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), asOf: fc.nat(1000), ...range }) },
    { weight: 5, arbitrary: fc.record({ kind }) as fc.Arbitrary<Command> },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact-range' as const), ...range }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('reshape' as const), policy: fc.constantFrom(...TREE_POLICIES) }),
    },
  );
}

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
  readonly #list: KeyList;
  readonly #versions: Map<number, { timestamp: number; value: Uint8Array | undefined }[]> = new Map();
  lastTimestamp = 0;
  horizon = 0;
  pinned: number[] = [];

  constructor(list: KeyList) {
    this.#list = list;
  }

  view(): RetentionView {
    return { horizon: this.horizon, pinned: [...this.pinned] };
  }

  commit(writes: readonly Write[]): { timestamp: number; batch: WriteBatch } {
    const timestamp = ++this.lastTimestamp;
    const batch = new WriteBatch();
    const { keys, bounds } = this.#list;
    for (const one of writes) {
      if ('until' in one) {
        const range = { lower: bounds[one.key]!, upper: bounds[one.until]! };
        batch.clear(range);
        for (const [key, bytes] of keys.entries())
          if (rangeContains(range, bytes)) this.#set(key, timestamp, undefined);
        continue;
      }
      const { key, value } = one;
      const stored = value === undefined ? undefined : valueBytes(value, timestamp);
      if (stored === undefined) batch.delete(keys[key]!);
      else batch.put(keys[key]!, stored);
      this.#set(key, timestamp, stored);
    }
    return { timestamp, batch };
  }

  #set(key: number, timestamp: number, value: Uint8Array | undefined): void {
    const versions = (this.#versions.get(key) ?? []).filter((version) => version.timestamp !== timestamp);
    this.#versions.set(key, [{ timestamp, value }, ...versions]);
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
    for (const [number, key] of this.#list.keys.entries()) {
      const value = this.get(number, asOf);
      if (value !== undefined && rangeContains(range, key)) found.push([key, value]);
    }
    return found.sort(([a], [b]) => compareBytes(a, b)).map(([key, value]) => `${text(key)}=${text(value)}`);
  }
}

/** One database and its model. Everything that a read finds is compared, and returned. */
export class EngineRun {
  readonly #list: KeyList;
  readonly #model: Model;
  #options: OpenEngineOptions;
  readonly #environment: Environment = systemEnvironment({ fileSystem: new MemFileSystem() });
  readonly #faults: unknown[] = [];
  #engine!: Engine;
  #queued: Promise<void>[] = [];

  constructor(list: KeyList, engineOptions: OpenEngineOptions) {
    this.#list = list;
    this.#model = new Model(list);
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

  /** What a read found; nothing for other commands. */
  async step(one: Command): Promise<readonly unknown[]> {
    if (one.kind === 'write') await this.#write(one);
    else await this.#settle();
    if (one.kind === 'read') return this.#read(one);
    if (one.kind !== 'write') await this.#maintain(one);
    return [];
  }

  async #maintain(one: Exclude<Command, { kind: 'read' | 'write' }>): Promise<void> {
    const model = this.#model;
    const { keys } = this.#list;
    if (one.kind === 'pin') model.pinned.push(model.lastTimestamp);
    else if (one.kind === 'unpin') model.pinned.shift();
    else if (one.kind === 'advance') model.horizon = model.lastTimestamp;
    else if (one.kind === 'flush') await this.#engine.flush();
    else if (one.kind === 'compact') await this.#engine.compact();
    else if (one.kind === 'compact-range')
      await this.#engine.compact({ lower: keys[one.lower], upper: keys[one.upper] });
    else {
      if (one.kind === 'reshape') {
        this.#options = { ...this.#options, compaction: { ...this.#options.compaction, policy: one.policy } };
      }
      await this.#reopen();
    }
  }

  /** The whole state at the end, and a full check of what lies on the disk. */
  async finish(): Promise<readonly unknown[]> {
    await this.#settle();
    const found: unknown[] = [];
    for (let choice = 0; choice <= 20; choice++) found.push(this.#compareScans({}, this.#model.readable(choice)));
    await this.#engine.close();
    const { problems, orphans } = await verify(this.#environment, DIRECTORY);
    expect({ problems, orphans, faults: this.#faults }).toEqual({ problems: [], orphans: [], faults: [] });
    return found;
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

  #read(one: Command & { kind: 'read' }): unknown[] {
    const { keys } = this.#list;
    const asOf = this.#model.readable(one.asOf);
    expect(this.#engine.prunedThrough).toBeLessThanOrEqual(this.#model.horizon);
    const values = keys.map((key, number) => {
      const value = text(this.#engine.get(key, asOf));
      expect(value).toBe(text(this.#model.get(number, asOf)));
      expect(this.#engine.has(key, asOf)).toBe(value !== undefined);
      return value;
    });
    const lower = keys[one.lower]!;
    const upper = keys[one.upper]!;
    return [values, ...[{ lower, upper }, { lower }, { upper }].map((range) => this.#compareScans(range, asOf))];
  }

  #compareScans(range: KeyRange, asOf: number): string[] {
    const expected = this.#model.scan(range, asOf);
    for (const reverse of [false, true]) {
      const cursor = this.#engine.cursor(range, { asOf, reverse });
      const found: string[] = [];
      while (cursor.next()) found.push(`${text(cursor.key())}=${text(cursor.value())}`);
      expect(found).toEqual(reverse ? expected.toReversed() : expected);
    }
    return expected;
  }

  async #reopen(): Promise<void> {
    await this.#engine.close();
    await this.open();
  }
}
