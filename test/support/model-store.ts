/**
 * The oracle of property tests: a multi-version store that is naive on purpose. All versions are in one sorted array and
 * every read filters it. Also a stand-in for the store wherever only views are needed. No conflicts: `begin` buffers,
 * `commit` applies.
 */

import { type BoundedRange, compareBytes, EMPTY_BYTES, type KeyRange, rangeContains } from '../../src/base/index.js';
import type { CursorOptions, RangeCursor, ReadView, WriteView } from '../../src/mvcc/views.js';

interface KeyWrite {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/** One operation; `value` undefined deletes, and `cleared` deletes whatever lies in it by then. */
export type ModelWrite = KeyWrite | { readonly cleared: BoundedRange };

interface ModelVersion extends KeyWrite {
  readonly timestamp: number;
}

export class ModelStore {
  /** Key ascending, then timestamp descending. */
  #versions: readonly ModelVersion[] = [];
  #lastTimestamp = 0;

  get lastTimestamp(): number {
    return this.#lastTimestamp;
  }

  /** Commits `writes` as a whole at `timestamp`, by default the next one; of several writes to a key the last counts. */
  apply(writes: readonly ModelWrite[], timestamp: number = this.#lastTimestamp + 1): number {
    if (timestamp <= this.#lastTimestamp) throw new RangeError(`${timestamp} is not after ${this.#lastTimestamp}`);
    const last = new Map<string, KeyWrite>();
    const write = (one: KeyWrite) => last.set(Buffer.from(one.key).toString('latin1'), one);
    for (const one of writes) {
      if ('key' in one) write(one);
      else {
        const inside = [...this.#versions, ...last.values()].filter(({ key }) => rangeContains(one.cleared, key));
        for (const { key } of inside) write({ key, value: undefined });
      }
    }
    const added = [...last.values()].map(({ key, value }) => ({ key: key.slice(), value: value?.slice(), timestamp }));
    this.#versions = [...this.#versions, ...added].sort(
      (a, b) => compareBytes(a.key, b.key) || b.timestamp - a.timestamp,
    );
    this.#lastTimestamp = timestamp;
    return timestamp;
  }

  /** Everything as of `asOf`, by default now; frozen. */
  view(asOf: number = this.#lastTimestamp): ReadView {
    return new ModelView(this.list(asOf), asOf);
  }

  /** Live keys and values as of `asOf`, in ascending order. */
  list(asOf: number = this.#lastTimestamp): { key: Uint8Array; value: Uint8Array }[] {
    const old = this.#versions.filter((version) => version.timestamp <= asOf);
    const newest = old.filter((version, at) => at === 0 || compareBytes(old[at - 1]!.key, version.key) !== 0);
    return newest.flatMap(({ key, value }) => (value === undefined ? [] : [{ key, value }]));
  }

  /** A view of now that buffers writes until `commit`. */
  begin(): ModelTransaction {
    return new ModelTransaction(this);
  }
}

class ModelView implements ReadView {
  constructor(
    readonly pairs: readonly { key: Uint8Array; value: Uint8Array }[],
    readonly timestamp: number,
  ) {}

  get(key: Uint8Array): Uint8Array | undefined {
    return this.pairs.find((pair) => compareBytes(pair.key, key) === 0)?.value.slice();
  }

  has(key: Uint8Array): boolean {
    return this.get(key) !== undefined;
  }

  /** Nothing expires here. */
  expiryOf(): undefined {
    return undefined;
  }

  moment(): this {
    return this;
  }

  cursor(range: KeyRange, options: CursorOptions = {}): RangeCursor {
    const inside = this.pairs.filter((pair) => rangeContains(range, pair.key));
    return new ModelCursor(options.reverse === true ? inside.reverse() : inside);
  }
}

/** Sees its own writes. A cursor sees those made before it was opened. */
export class ModelTransaction implements WriteView {
  readonly timestamp: number;
  readonly writes: ModelWrite[] = [];
  readonly #store: ModelStore;
  readonly #base: ReadonlyArray<{ key: Uint8Array; value: Uint8Array }>;
  /** Base and writes together; rebuilt after each write. */
  #merged: ReadView | undefined;

  constructor(store: ModelStore) {
    this.#store = store;
    this.timestamp = store.lastTimestamp;
    this.#base = store.list();
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#view().get(key);
  }

  has(key: Uint8Array): boolean {
    return this.#view().has(key);
  }

  expiryOf(): undefined {
    return undefined;
  }

  moment(): this {
    return this;
  }

  nowMs(): number {
    return 0;
  }

  cursor(range: KeyRange, options?: CursorOptions): RangeCursor {
    return this.#view().cursor(range, options);
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.writes.push({ key: key.slice(), value: value.slice() });
    this.#merged = undefined;
  }

  delete(key: Uint8Array): void {
    this.writes.push({ key: key.slice(), value: undefined });
    this.#merged = undefined;
  }

  clear({ lower, upper }: BoundedRange): void {
    this.writes.push({ cleared: { lower: lower.slice(), upper: upper.slice() } });
    this.#merged = undefined;
  }

  /** Without effect, as `commit` looks for no conflicts. */
  guard(): void {}

  guardRange(): void {}

  lock(): void {}

  /** Marks the writes so far; `rollback` forgets those that follow. */
  savepoint(): { rollback(): void; release(): void } {
    const { length } = this.writes;
    return {
      rollback: () => {
        this.writes.length = length;
        this.#merged = undefined;
      },
      release: () => undefined,
    };
  }

  /** Applies the writes, without looking for conflicts; returns the commit timestamp. */
  commit(timestamp?: number): number {
    return this.#store.apply(this.writes, timestamp);
  }

  #view(): ReadView {
    if (this.#merged === undefined) {
      const store = new ModelStore();
      store.apply(this.#base);
      store.apply(this.writes);
      this.#merged = store.view();
    }
    return this.#merged;
  }
}

class ModelCursor implements RangeCursor {
  keyBytes = EMPTY_BYTES;
  keyStart = 0;
  keyEnd = 0;
  valueBytes = EMPTY_BYTES;
  valueStart = 0;
  valueEnd = 0;
  readonly #pairs: { key: Uint8Array; value: Uint8Array }[];

  constructor(pairs: { key: Uint8Array; value: Uint8Array }[]) {
    this.#pairs = [...pairs];
  }

  next(): boolean {
    const pair = this.#pairs.shift();
    if (pair === undefined) return false;
    // Views that do not start at 0, as with the real store: whoever forgets the start is found out.
    this.keyStart = this.valueStart = 3;
    this.keyBytes = new Uint8Array([9, 9, 9, ...pair.key, 9]);
    this.keyEnd = 3 + pair.key.length;
    this.valueBytes = new Uint8Array([8, 8, 8, ...pair.value, 8]);
    this.valueEnd = 3 + pair.value.length;
    return true;
  }

  key(): Uint8Array {
    return this.keyBytes.slice(this.keyStart, this.keyEnd);
  }

  value(): Uint8Array {
    return this.valueBytes.slice(this.valueStart, this.valueEnd);
  }

  close(): void {
    this.#pairs.length = 0;
  }
}
