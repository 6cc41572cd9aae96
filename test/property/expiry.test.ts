/**
 * Values and rows that end, against a model that knows of time and nothing else: whatever is written, replaced, flushed,
 * merged, swept and reopened in between, at every moment readers see what has not ended, by table and by index alike, and a
 * feed of changes tells every end once.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8Decode } from '../../src/base/index.js';
import type { ChangeGroup, ReadView, Snapshot, TransactionalStore } from '../../src/mvcc/index.js';
import { SqlDatabase } from '../../src/sql/index.js';
import { EntryKind, expires, expiryAt, isDeletion, WriteBatch } from '../../src/storage/index.js';
import { MemFileSystem, systemEnvironment } from '../../src/vfs/index.js';
import { ManualTime } from '../support/manual-time.js';
import { bytes, openMemoryStore, scan } from '../support/memory-store.js';
import { propertyOptions } from '../support/seed.js';

const START_MS = 1_767_225_600_000;
const KEYS = { lower: bytes('k'), upper: bytes('l') };

type Step =
  | { readonly do: 'put'; readonly key: string; readonly ttl: number | undefined }
  | { readonly do: 'delete' | 'prolong'; readonly key: string }
  | { readonly do: 'clear' }
  | { readonly do: 'insert'; readonly id: number; readonly u: number; readonly c: number; readonly ttl: number | null }
  | { readonly do: 'update'; readonly id: number; readonly c: number; readonly ttl: number | null | undefined }
  | { readonly do: 'remove'; readonly c: number }
  | { readonly do: 'wait' | 'pass'; readonly ms: number }
  | { readonly do: 'flush' | 'compact' | 'expire' | 'reopen' | 'snapshot' };

const key = fc.constantFrom('k1', 'k2', 'k3', 'k4');
const small = fc.integer({ min: 1, max: 4 });
const ms = fc.constantFrom(1, 4, 10, 30, 150);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put' as const), key, ttl: fc.option(ms, { nil: undefined }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'prolong' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('insert' as const), id: small, u: small, c: small, ttl: fc.option(ms) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('update' as const),
      id: small,
      c: small,
      ttl: fc.oneof(ms, fc.constantFrom(null, undefined)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), c: small }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('wait' as const, 'pass' as const), ms }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'flush' as const,
        'compact' as const,
        'expire' as const,
        'reopen' as const,
        'snapshot' as const,
      ),
    }),
  },
);

interface Ending {
  readonly endMs: number;
}

interface Row extends Ending {
  readonly u: number;
  readonly c: number;
}

/** What there is, and until when. */
class Model {
  values = new Map<string, Ending & { readonly value: string }>();
  rows = new Map<number, Row>();

  constructor(readonly now: () => number) {}

  keys(atMs = this.now()): string[] {
    return [...this.values]
      .filter(([, { endMs }]) => endMs > atMs)
      .map(([name, { value }]) => `${name}=${value}`)
      .sort();
  }

  live(atMs = this.now()): [number, Row][] {
    return [...this.rows].filter(([, { endMs }]) => endMs > atMs).sort(([a], [b]) => a - b);
  }

  copy(): Model {
    const copy = new Model(this.now);
    copy.values = new Map(this.values);
    copy.rows = new Map(this.rows);
    return copy;
  }
}

class World {
  readonly time = new ManualTime(START_MS);
  readonly fileSystem = new MemFileSystem();
  readonly model = new Model(() => this.time.clock.nowMs());
  store!: TransactionalStore;
  sql!: SqlDatabase;
  #puts = 0;
  #snapshots: { readonly view: Snapshot; readonly model: Model; readonly atMs: number }[] = [];

  async open(): Promise<void> {
    const environment = systemEnvironment({ ...this.time, fileSystem: this.fileSystem });
    const { clock, scheduler } = this.time;
    const options = { history: { ms: 1e12 }, memtableBytes: 4096, valueLog: { thresholdBytes: 40 } };
    this.store = await openMemoryStore(options as object, { fileSystem: this.fileSystem, clock, scheduler });
    this.sql = new SqlDatabase(this.store, {}, environment);
  }

  async close(): Promise<void> {
    for (const { view } of this.#snapshots.splice(0)) view.close();
    this.sql.close();
    await this.store.close();
  }

  async run(one: Step): Promise<void> {
    const { model, store, time } = this;
    switch (one.do) {
      case 'put': {
        const value = `${++this.#puts}${'x'.repeat(this.#puts % 3 === 0 ? 60 : 3)}`;
        return this.#put(one.key, value, one.ttl);
      }
      case 'prolong': {
        const known = model.values.get(one.key);
        if (known === undefined || known.endMs <= model.now()) return;
        return this.#put(one.key, known.value, 40);
      }
      case 'delete': {
        model.values.delete(one.key);
        return this.#write((batch) => batch.delete(bytes(one.key)));
      }
      case 'clear': {
        model.values.clear();
        return this.#write((batch) => batch.clear(KEYS));
      }
      case 'insert':
        return this.#insert(one);
      case 'update':
        return this.#update(one);
      case 'remove': {
        for (const [id, { c }] of model.live()) if (c === one.c) model.rows.delete(id);
        await this.sql.run('DELETE FROM t WHERE c = $1', [one.c]);
        return;
      }
      case 'wait':
        return time.advance(one.ms);
      case 'pass':
        return time.clock.advance(one.ms);
      case 'flush':
        return store.engine.flush();
      case 'compact':
        return store.engine.compact();
      case 'expire':
        await store.expire();
        return;
      case 'reopen':
        await this.close();
        return this.open();
      case 'snapshot': {
        const atMs = time.clock.nowMs();
        this.#snapshots.push({ view: store.snapshot(), model: model.copy(), atMs });
      }
    }
  }

  /** Everything that can be read, now and in snapshots. */
  check(): void {
    this.#checkView(this.store.latest(), this.model, this.model.now());
    for (const { view, model, atMs } of this.#snapshots) this.#checkView(view, model, atMs);
  }

  #checkView(view: ReadView, model: Model, atMs: number): void {
    expect(scan(view, 'k', 'l')).toEqual(model.keys(atMs));
    expect(scan(view, 'k', 'l', true)).toEqual(model.keys(atMs).reverse());
    const rows = model.live(atMs).map(([id, { u, c }]) => ({ id, u, c }));
    const byIndex = [
      'SELECT * FROM t',
      'SELECT * FROM t WHERE u IN (1, 2, 3, 4)',
      'SELECT * FROM t WHERE c BETWEEN 1 AND 4',
    ];
    for (const text of byIndex) expect([...this.sql.runSync(`${text} ORDER BY id`, [], view)]).toEqual(rows);
  }

  async #put(name: string, value: string, ttl: number | undefined): Promise<void> {
    const endMs = ttl === undefined ? Number.POSITIVE_INFINITY : this.model.now() + ttl;
    this.model.values.set(name, { value, endMs });
    await this.#write((batch) => batch.put(bytes(name), bytes(value), ttl === undefined ? undefined : endMs));
  }

  async #write(fill: (batch: WriteBatch) => void): Promise<void> {
    const batch = new WriteBatch();
    fill(batch);
    await this.store.write(batch);
  }

  async #insert({ id, u, c, ttl }: Step & { do: 'insert' }): Promise<void> {
    const isTaken = this.model.live().some(([other, row]) => other === id || row.u === u);
    const done = this.sql.run('INSERT INTO t VALUES ($1, $2, $3) USING TTL $4', [id, u, c, ttl && ttl / 1000]);
    if (isTaken) return expect(done).rejects.toMatchObject({ sqlState: '23505' });
    await done;
    this.model.rows.set(id, { u, c, endMs: ttl === null ? Number.POSITIVE_INFINITY : this.model.now() + ttl });
  }

  async #update({ id, c, ttl }: Step & { do: 'update' }): Promise<void> {
    const clause = ttl === undefined ? '' : ttl === null ? 'USING TTL NULL' : `USING TTL ${ttl / 1000}`;
    await this.sql.run(`UPDATE t ${clause} SET c = $1 WHERE id = $2`, [c, id]);
    const row = this.model.rows.get(id);
    if (row === undefined || row.endMs <= this.model.now()) return;
    const endMs = ttl === undefined ? row.endMs : ttl === null ? Number.POSITIVE_INFINITY : this.model.now() + ttl;
    this.model.rows.set(id, { ...row, c, endMs });
  }
}

/** Every expiry follows the put of what has expired, once, and is the last word unless something was put again. */
async function checkTold(store: TransactionalStore, nowMs: number): Promise<void> {
  const ends = new Map<string, number>();
  const feed = store.changes({ range: KEYS, since: 0 }, (group: ChangeGroup) => group);
  const last = store.lastTimestamp;
  const marker = new WriteBatch();
  marker.put(bytes('k9'), bytes('last'));
  await store.write(marker);
  for await (const { timestamp, changes } of feed) {
    if (timestamp > last) break;
    for (const { kind, key: changed, value } of changes) {
      const name = utf8Decode(changed);
      if (kind === EntryKind.Expiry) expect(ends.get(name)).toBeLessThanOrEqual(nowMs);
      if (isDeletion(kind)) ends.delete(name);
      else ends.set(name, expires(kind) ? expiryAt(value, 0) : Number.POSITIVE_INFINITY);
    }
  }
  expect([...ends.values()].filter((endMs) => endMs <= nowMs)).toEqual([]);
}

test('what has ended is nowhere, and is told once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const world = new World();
      await world.open();
      await world.sql.script(
        'CREATE TABLE t (id integer PRIMARY KEY, u integer UNIQUE, c integer); CREATE INDEX ON t (c)',
      );
      for (const one of steps) {
        await world.run(one);
        world.check();
      }
      world.time.clock.advance(1000);
      await world.store.expire();
      world.check();
      const { store } = world;
      const all = store.engine.cursor({}, { asOf: store.lastTimestamp, atMs: 0 });
      while (all.next()) expect(all.key().subarray(0, 2)).not.toEqual(new Uint8Array([6, 2]));
      await checkTold(store, world.time.clock.nowMs());
      await world.close();
    }),
    propertyOptions(40),
  );
});
