import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClosedError, InvalidArgumentError, randomBelow, seededRandom, utf8Decode } from '../../../src/base/index.js';
import type { ChangeFeed, StoreOptions, TransactionalStore } from '../../../src/mvcc/index.js';
import { EntryKind, WriteBatch } from '../../../src/storage/index.js';
import { MemFileSystem } from '../../../src/vfs/index.js';
import { seed } from '../../support/seed.js';
import { bytes, openMemoryStore } from '../../support/memory-store.js';

let fileSystem: MemFileSystem;
let store: TransactionalStore;

beforeEach(async () => {
  fileSystem = new MemFileSystem();
  store = await openMemoryStore({}, { fileSystem });
});
afterEach(() => store.close());

async function reopen(options: Partial<StoreOptions> = {}): Promise<void> {
  await store.close();
  store = await openMemoryStore(options, { fileSystem });
}

/** `put` as text, undefined to delete. */
function batch(changes: Readonly<Record<string, string | undefined>>): WriteBatch {
  const written = new WriteBatch();
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) written.delete(bytes(key));
    else written.put(bytes(key), bytes(value));
  }
  return written;
}

/** `timestamp: key=value key-` of each commit. */
function feed(
  options: { since?: number; lower?: string; upper?: string; signal?: AbortSignal } = {},
): ChangeFeed<string> {
  const { since, lower, upper, signal } = options;
  const range = {
    lower: lower === undefined ? undefined : bytes(lower),
    upper: upper === undefined ? undefined : bytes(upper),
  };
  return store.changes({ range, since, signal }, ({ timestamp, changes }) => {
    const texts = changes.map(({ kind, key, value }) =>
      kind === EntryKind.Put ? `${utf8Decode(key)}=${utf8Decode(value)}` : `${utf8Decode(key)}-`,
    );
    return `${timestamp}: ${texts.join(' ')}`;
  });
}

async function take(from: ChangeFeed<string>, count: number): Promise<string[]> {
  const taken: string[] = [];
  for (let i = 0; i < count; i++) taken.push((await from.next()).value!);
  return taken;
}

describe('changes', () => {
  test('are told commit by commit, by key, the last write of each', async () => {
    const all = feed();
    const some = feed({ lower: 'b', upper: 'c' });
    const again = batch({ b: '1', a: '2' });
    again.put(bytes('b'), bytes('3'));
    await store.write(again);
    store.writeSync(batch({ a: undefined }));
    await store.transaction((tx) => tx.put(bytes('bb'), bytes('4')));
    expect(await take(all, 3)).toEqual(['1: a=2 b=3', '2: a-', '3: bb=4']);
    expect(await take(some, 2)).toEqual(['1: b=3', '3: bb=4']);
    await all.return();
    await some.return();
  });

  test('of a range that is cleared are the deletions of what was in it, from memory and from history', async () => {
    await using _keeps = feed();
    const all = feed();
    const some = feed({ lower: 'b', upper: 'bb' });
    await store.write(batch({ a: '1', b: '1', ba: '1', c: '1' }));
    const clear = batch({ ba: 'gone' });
    clear.clear({ lower: bytes('b'), upper: bytes('x') });
    clear.put(bytes('c'), bytes('2'));
    await store.write(clear);
    const nothing = new WriteBatch();
    nothing.clear({ lower: bytes('x'), upper: bytes('y') });
    await store.write(nothing);
    await store.write(batch({ b: '4' }));
    const told = ['1: a=1 b=1 ba=1 c=1', '2: b- ba- c=2', '4: b=4'];
    expect(await take(all, 3)).toEqual(told);
    expect(await take(some, 3)).toEqual(['1: b=1 ba=1', '2: b- ba-', '4: b=4']);
    for (const settle of [() => undefined, () => store.engine.flush(), () => store.engine.compact()]) {
      await settle();
      await using again = feed({ since: 0 });
      expect(await take(again, 3)).toEqual(told);
    }
    await all.return();
    await some.return();
  });

  test('wait for commits to come, and tell them once they can be read', async () => {
    await using changes = feed();
    const next = changes.next();
    const commit = store.write(batch({ a: '1' }));
    expect((await next).value).toBe('1: a=1');
    expect(store.lastTimestamp).toBe(1);
    await commit;
  });

  test('since a timestamp come from memtables and tables, deletions and overwritten values included', async () => {
    await using _keeps = feed();
    await store.write(batch({ a: '1', x: '1' }));
    await store.write(batch({ a: '2' }));
    await store.engine.flush();
    await store.write(batch({ a: undefined, b: '3' }));
    await store.engine.compact();
    await store.write(batch({ b: '4' }));
    const told = ['1: a=1 x=1', '2: a=2', '3: a- b=3', '4: b=4'];
    for (let since = 0; since < 4; since++) {
      await using changes = feed({ since });
      expect(await take(changes, 4 - since)).toEqual(told.slice(since));
    }
  });

  test('go on after a restart where they stopped, as far as history reaches', async () => {
    await reopen({ history: { ms: 3_600_000 } });
    for (let i = 1; i <= 5; i++) await store.write(batch({ a: String(i) }));
    const before = feed({ since: 0 });
    expect(await take(before, 2)).toEqual(['1: a=1', '2: a=2']);
    const since = before.timestamp;
    await before.return();
    await reopen({ history: { ms: 3_600_000 } });
    await store.engine.compact();
    await using after = feed({ since });
    expect(await take(after, 3)).toEqual(['3: a=3', '4: a=4', '5: a=5']);
  });

  test('that are gone are refused, and so is the future', async () => {
    for (let i = 1; i <= 5; i++) await store.write(batch({ a: String(i) }));
    await store.engine.compact();
    expect(() => feed({ since: 2 })).toThrow(InvalidArgumentError);
    expect(() => feed({ since: 6 })).toThrow(InvalidArgumentError);
    await reopen();
    expect(() => feed({ since: 2 })).toThrow(/no changes since 2: history reaches from 5 to 5/);
  });

  test('that nobody has read yet are kept, and let go when the feed ends', async () => {
    const changes = feed();
    for (let i = 1; i <= 200; i++) await store.write(batch({ a: 'x'.repeat(500) + i }), { durability: 'buffered' });
    await store.engine.compact();
    const entries = () => store.engine.stats().levels.reduce((sum, level) => sum + level.entries, 0);
    expect(entries()).toBe(200);
    expect(await take(changes, 1)).toEqual([`1: a=${'x'.repeat(500)}1`]);
    await changes.return();
    await store.engine.compact();
    expect(entries()).toBe(1);
  });

  test('neither grow memory nor get lost while nobody reads them', async () => {
    const changes = feed();
    const large = 'x'.repeat(60_000);
    for (let i = 1; i <= 200; i++) await store.write(batch({ [`k${i % 7}`]: large + i }), { durability: 'buffered' });
    expect(store.stats().changeTailBytes).toBeLessThan(5 * 1024 * 1024);
    const told = await take(changes, 200);
    expect(told.map((text) => text.replace(large, ''))).toEqual(
      Array.from({ length: 200 }, (_, i) => `${i + 1}: k${(i + 1) % 7}=${i + 1}`),
    );
    await changes.return();
    expect(store.stats().changeTailBytes).toBe(0);
  });

  test('of a commit larger than any buffer come whole', async () => {
    await using changes = feed();
    const large: Record<string, string> = {};
    for (let i = 0; i < 60; i++) large[`k${i + 100}`] = 'x'.repeat(50_000);
    await store.write(batch({ a: '1' }));
    await store.write(batch(large));
    await store.write(batch({ a: '3' }));
    const [first, second, third] = await take(changes, 3);
    expect([first, third]).toEqual(['1: a=1', '3: a=3']);
    expect(second!.split(' ')).toHaveLength(61);
  });

  test('end with a signal, a return, an error of the reader and the store', async () => {
    const abort = new AbortController();
    const aborted = feed({ signal: abort.signal });
    const waiting = aborted.next();
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(await aborted.next()).toEqual({ done: true, value: undefined });
    expect(() => feed({ signal: abort.signal })).toThrow('enough');

    const returned = feed();
    const pending = returned.next();
    await returned.return();
    expect(await pending).toEqual({ done: true, value: undefined });

    await store.write(batch({ a: '1' }));
    const failing = store.changes({ range: {}, since: 0 }, () => {
      throw new Error('unreadable');
    });
    await expect(failing.next()).rejects.toThrow('unreadable');

    const closed = feed();
    const last = closed.next();
    last.catch(() => undefined);
    await store.close();
    await expect(last).rejects.toBeInstanceOf(ClosedError);
  });

  test('are complete and in order for readers fast and slow, while tables come and go', async () => {
    const random = seededRandom(seed);
    const expected: string[] = [];
    const readers = [1, 3, 50].map((pauseEvery) => ({ pauseEvery, changes: feed(), told: [] as string[] }));
    const reading = readers.map(async ({ pauseEvery, changes, told }) => {
      for await (const text of changes) {
        told.push(text);
        if (told.length === 600) break;
        if (told.length % pauseEvery === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    for (let i = 1; i <= 600; i++) {
      const changed: Record<string, string | undefined> = {};
      for (let n = 1 + randomBelow(random, 3); n > 0; n--) {
        const value = randomBelow(random, 4) === 0 ? undefined : `${i}${'y'.repeat(randomBelow(random, 400))}`;
        changed[`k${randomBelow(random, 30)}`] = value;
      }
      const texts = Object.entries(changed)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => (value === undefined ? `${key}-` : `${key}=${value}`));
      expected.push(`${i}: ${texts.join(' ')}`);
      if (randomBelow(random, 3) === 0) store.writeSync(batch(changed));
      else if (randomBelow(random, 2) === 0) await store.write(batch(changed));
      else void store.write(batch(changed), { durability: 'buffered' });
      if (randomBelow(random, 60) === 0) await store.engine.compact();
    }
    await Promise.all(reading);
    for (const { told } of readers) expect(told).toEqual(expected);
    expect(store.stats().changeFeeds).toBe(0);
  });
});
