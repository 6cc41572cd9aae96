import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClosedError, ConflictError, InvalidArgumentError } from '../../../src/base/index.js';
import type { Commit } from '../../../src/index.js';
import { type Database, type DatabaseOptions, open, restore, verify } from '../../../src/index.js';
import { MemFileSystem } from '../../../src/vfs/index.js';
import { FaultFileSystem } from '../../support/fault-file-system.js';
import { SlowSyncFileSystem } from '../../support/history-runner/slow-sync-file-system.js';
import { ManualTime } from '../../support/manual-time.js';

const START_MS = 1_767_225_600_000;
let time: ManualTime;
let fileSystem: MemFileSystem;
const opened: Database[] = [];

beforeEach(() => {
  time = new ManualTime(START_MS);
  fileSystem = new MemFileSystem();
});
afterEach(async () => {
  for (const db of opened.splice(0)) await db.close();
});

async function openDb(options: DatabaseOptions = {}): Promise<Database> {
  const { clock, scheduler } = time;
  const db = await open('/db', { ...options, environment: { fileSystem, clock, scheduler } });
  opened.push(db);
  return db;
}

async function keys(db: Pick<Database, 'scan'>, reverse = false): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const [key] of db.scan({ reverse })) found.push(key[0]);
  return found;
}

/** What `reading` of the state changes since `since` tells, as `type key` text. */
async function told(db: Database, since: number, until = db.timestamp): Promise<string[]> {
  const lines: string[] = [];
  await using feed = db.changes({ since });
  while (feed.timestamp < until) {
    const next = await Promise.race([feed.next(), time.settle().then(() => undefined)]);
    if (next === undefined || next.done === true) break;
    const commit = next.value as Commit<unknown[], unknown>;
    for (const change of commit.changes) lines.push(`${change.type} ${String(change.key[0])}`);
  }
  return lines;
}

describe('what has expired is not there', () => {
  const states: [string, (db: Database) => Promise<void>][] = [
    ['in the memtable', async () => undefined],
    ['in a table', (db) => db.flush()],
    ['in the deepest level', (db) => db.compact()],
  ];
  test.each(states)('%s: get, has, getMany, scans of both directions, expiresAt', async (_name, settle) => {
    const db = await openDb();
    await db.put('a', 1, { ttlMs: 1000 });
    await db.put('b', 2, { expiresAt: new Date(START_MS + 2000) });
    await db.put('c', 3);
    await settle(db);
    time.clock.advance(999);
    expect(await db.getMany(['a', 'b', 'c'])).toEqual([1, 2, 3]);
    expect(await db.expiresAt('a')).toEqual(new Date(START_MS + 1000));
    expect(await db.expiresAt('c')).toBeUndefined();
    time.clock.advance(1);
    expect(await db.getMany(['a', 'b', 'c'])).toEqual([undefined, 2, 3]);
    expect([await db.has('a'), await db.has('b')]).toEqual([false, true]);
    expect(await db.expiresAt('a')).toBeUndefined();
    expect(await keys(db)).toEqual(['b', 'c']);
    expect(await keys(db, true)).toEqual(['c', 'b']);
    time.clock.advance(1000);
    expect(await keys(db)).toEqual(['c']);
    expect(await keys(db, true)).toEqual(['c']);
    expect(await db.get('c')).toBe(3);
  });

  test('large values: in the log, in tables, moved by a collection, after a restart', async () => {
    const options: DatabaseOptions = { valueLog: { thresholdBytes: 10 }, history: { ms: 1e9 } };
    let db = await openDb(options);
    const large = 'x'.repeat(1000);
    for (let n = 0; n < 20; n++) await db.put(['k', n % 10], large + n, { ttlMs: n < 10 ? 10 : 1000 * (n - 9) });
    const check = async (): Promise<void> => {
      for (const reverse of [false, true]) {
        const found: unknown[] = [];
        for await (const [, value] of db.scan({ reverse })) found.push(value);
        const rest = Array.from({ length: 5 }, (_, n) => large + (n + 15));
        expect(found).toEqual(reverse ? rest.reverse() : rest);
      }
      expect([await db.get(['k', 4]), await db.get(['k', 5])]).toEqual([undefined, large + 15]);
      expect(await db.expiresAt(['k', 5])).toEqual(new Date(START_MS + 6000));
    };
    const since = db.timestamp - 1;
    time.clock.advance(5000);
    await check();
    await db.flush();
    await check();
    await db.gc();
    await check();
    await db.close();
    db = await openDb(options);
    await check();
    await using feed = db.changes({ since });
    const last = { type: 'put', key: ['k', 9], value: `${large}19`, expiresAt: new Date(START_MS + 10_000) };
    expect((await feed.next()).value?.changes).toEqual([last]);
    using before = db.snapshot({ asOf: since + 1 });
    expect([...before.scanSync()].map(([, value]) => value)).toHaveLength(10);
  });

  test('a version under an expired one does not come to light, and a put without an end has none', async () => {
    const db = await openDb();
    await db.put('a', 'old');
    await db.put('a', 'short', { ttlMs: 10 });
    await db.put('b', 'short', { ttlMs: 10 });
    await db.put('b', 'for good');
    await db.put('c', 'short', { ttlMs: 10 });
    await db.put('c', 'longer', { ttlMs: 20 });
    time.clock.advance(10);
    expect(await db.getMany(['a', 'b', 'c'])).toEqual([undefined, 'for good', 'longer']);
    expect(await keys(db)).toEqual(['b', 'c']);
    await db.expire();
    time.clock.advance(10);
    expect(await db.getMany(['a', 'b', 'c'])).toEqual([undefined, 'for good', undefined]);
  });

  test('by every way to write: batches, sync calls, keyspaces, transactions', async () => {
    const db = await openDb();
    const named = db.keyspace('named', { values: 'utf8' });
    await db.batch([
      { type: 'put', key: 1, value: 'x', ttlMs: 5 },
      { type: 'put', key: 2, value: 'x' },
    ]);
    db.putSync(3, 'x', { expiresAt: START_MS + 5 });
    db.batchSync([{ type: 'put', key: 4, value: 'x', expiresAt: new Date(START_MS + 5) }]);
    await named.put('k', 'x', { ttlMs: 5 });
    await db.transaction(async (tx) => {
      await tx.put(5, 'x', { ttlMs: 5 });
      await tx.keyspace('named', { values: 'utf8' }).put('l', 'x', { ttlMs: 5, durability: undefined });
    });
    expect(await keys(db)).toEqual([1, 2, 3, 4, 5]);
    time.clock.advance(5);
    expect(await keys(db)).toEqual([2]);
    expect(await named.getMany(['k', 'l'])).toEqual([undefined, undefined]);
    expect(await db.expire()).toBe(6);
    expect(db.stats().expired).toBe(6);
  });
});

describe('views judge by one moment', () => {
  test('a transaction by its beginning, its own writes included', async () => {
    const db = await openDb();
    await db.put('a', 1, { ttlMs: 10 });
    const tx = db.begin();
    await tx.put('b', 2, { ttlMs: 5 });
    time.clock.advance(20);
    expect(await tx.getMany(['a', 'b'])).toEqual([1, 2]);
    expect(await keys(tx)).toEqual(['a', 'b']);
    expect(await keys(tx, true)).toEqual(['b', 'a']);
    expect(await tx.expiresAt('b')).toEqual(new Date(START_MS + 5));
    expect(await db.get('a')).toBeUndefined();
    await db.expire();
    expect(await tx.get('a')).toBe(1);
    await tx.commit();
    expect(await keys(db)).toEqual([]);
  });

  test('a snapshot by its beginning, one of the past by the time of that', async () => {
    const db = await openDb({ history: { ms: 60_000 } });
    await db.put('a', 1, { ttlMs: 1000 });
    const { timestamp } = db;
    using before = db.snapshot();
    time.clock.advance(2000);
    await db.put('b', 2);
    using after = db.snapshot();
    await db.expire();
    await db.compact();
    expect([before.getSync('a'), after.getSync('a')]).toEqual([1, undefined]);
    using byCommit = db.snapshot({ asOf: timestamp });
    using shortBefore = db.snapshot({ asOf: new Date(START_MS + 999) });
    using shortAfter = db.snapshot({ asOf: new Date(START_MS + 1000) });
    expect([byCommit, shortBefore, shortAfter].map((view) => view.getSync('a'))).toEqual([1, 1, undefined]);
    expect(await keys(shortAfter)).toEqual([]);
  });

  test.each([false, true])('to ask when a value ends is a read (ends in use before: %s)', async (inUse) => {
    const db = await openDb();
    if (inUse) await db.put('other', 1, { ttlMs: 1e6 });
    await db.put('a', 1);
    const tx = db.begin();
    expect(await tx.expiresAt('a')).toBeUndefined();
    await db.put('a', 1, { ttlMs: 1000 });
    await tx.put('verdict', 'without an end');
    await expect(tx.commit()).rejects.toThrow(ConflictError);
  });

  test('nobody conflicts with a removal, and none removes what was put meanwhile', async () => {
    const db = await openDb();
    await db.put('a', 1, { ttlMs: 10 });
    const reader = db.begin();
    expect(await reader.get('a')).toBe(1);
    time.clock.advance(10);
    const finder = db.begin();
    expect(await finder.get('a')).toBeUndefined();
    const inFlight = db.put('a', 'new');
    await db.expire();
    await inFlight;
    expect(await db.get('a')).toBe('new');
    await db.put('c', 1, { ttlMs: 10 });
    const other = db.begin();
    expect(await other.get('c')).toBe(1);
    await other.put('d', 1);
    time.clock.advance(10);
    expect(await db.expire()).toBe(1);
    await other.commit();
    expect(await keys(db)).toEqual(['a', 'd']);
  });
});

test('what is put while a sweep is under way stays, and expires in its own time', async () => {
  const turns = async (): Promise<void> => {
    for (let n = 0; n < 3; n++) await new Promise<void>((resolve) => time.scheduler.nextTurn(resolve));
  };
  const { clock, scheduler } = time;
  const slow = new SlowSyncFileSystem(fileSystem, turns);
  const db = await open('/db', { history: { ms: 1e9 }, environment: { fileSystem: slow, clock, scheduler } });
  opened.push(db);
  const all = Array.from({ length: 1500 }, (_, n) => `k${n}`);
  await db.batch(all.map((key) => ({ type: 'put', key, value: 'old', ttlMs: 10 }) as const));
  time.clock.advance(10);
  const since = db.timestamp;
  let done = false;
  const sweep = db.expire().then((count) => {
    done = true;
    return count;
  });
  const puts: Promise<void>[] = [];
  const last = new Map<string, string>();
  const put = (key: string, value: string): void => {
    last.set(key, value);
    puts.push(db.put(key, value, value === 'lent' ? { ttlMs: 50 } : undefined));
  };
  for (let n = 0; !done; n++) {
    put(all[(n * 37) % all.length]!, 'kept');
    for (let i = 0; i < 60; i++) {
      put(all[(n * 350 + i * 7) % all.length]!, 'lent');
    }
    await new Promise<void>((resolve) => time.scheduler.nextTurn(resolve));
  }
  await Promise.all(puts);
  expect(puts.length).toBeGreaterThan(200);
  expect(await sweep).toBeGreaterThanOrEqual(all.length - last.size);
  expect(db.stats().conflicts).toBe(0);
  for (const [key, value] of last) expect(await db.get(key)).toBe(value);
  await time.advance(1000);
  const changes = await told(db, since);
  for (const [key, value] of last) {
    expect(changes.filter((line) => line.endsWith(` ${key}`)).at(-1)).toBe(
      `${value === 'kept' ? 'put' : 'expire'} ${key}`,
    );
  }
});

test('what a sweep passes by, as it is being written, is looked at again', async () => {
  const db = await openDb({ history: { ms: 1e9 } });
  await db.put('k', 1, { ttlMs: 10 });
  time.clock.advance(10);
  const sweep = db.expire();
  await db.put('k', 2, { ttlMs: 50 });
  expect(await sweep).toBe(0);
  await time.advance(1000);
  expect(await told(db, 0)).toEqual(['put k', 'put k', 'expire k']);
});

describe('the feed of changes', () => {
  test('tells each expiry once, soon after its time, and goes on behind it after a restart', async () => {
    let db = await openDb({ history: { ms: 1e9 } });
    const idle = time.timers;
    await db.put('a', 1, { ttlMs: 1000 });
    expect(time.timers).toBe(idle + 1);
    await db.put('b', 2, { ttlMs: 1000 });
    await db.put('c', 3, { ttlMs: 5000 });
    const since = db.timestamp;
    await time.advance(1000);
    expect(await told(db, 0)).toEqual(['put a', 'put b', 'put c', 'expire a', 'expire b']);
    expect(await told(db, since)).toEqual(['expire a', 'expire b']);
    const cursor = db.timestamp;
    await db.close();
    await time.advance(60_000);
    db = await openDb({ history: { ms: 1e9 } });
    await time.advance(0);
    expect(await told(db, cursor)).toEqual(['expire c']);
    await time.advance(100_000);
    expect(await told(db, 0)).toEqual(['put a', 'put b', 'put c', 'expire a', 'expire b', 'expire c']);
    expect(time.timers).toBe(idle);
  });

  test('a live reader gets the end of a value with it, and its expiry as a commit', async () => {
    const db = await openDb();
    await using feed = db.changes();
    await db.put('a', 1, { ttlMs: 1000 });
    const put = await feed.next();
    expect(put.value?.changes).toEqual([{ type: 'put', key: ['a'], value: 1, expiresAt: new Date(START_MS + 1000) }]);
    const next = feed.next();
    await time.advance(1000);
    expect((await next).value?.changes).toEqual([{ type: 'expire', key: ['a'] }]);
  });

  test('a value that is replaced, deleted or cleared before it is removed does not expire', async () => {
    const db = await openDb({ history: { ms: 1e9 } });
    for (const key of ['replaced', 'deleted', 'cleared', 'extended']) await db.put(key, 1, { ttlMs: 1000 });
    await db.put('extended', 2, { ttlMs: 3000 });
    const since = db.timestamp;
    time.clock.advance(2000);
    await db.put('replaced', 2);
    await db.delete('deleted');
    await db.clear({ prefix: 'cleared' });
    await db.expire();
    expect(await told(db, since)).toEqual(['put replaced', 'delete deleted', 'delete cleared']);
    await time.advance(1000);
    expect(await told(db, since)).toEqual(['put replaced', 'delete deleted', 'delete cleared', 'expire extended']);
  });

  test('a value that is to end sooner than before expires in time', async () => {
    const db = await openDb({ history: { ms: 1e9 } });
    await db.put('sooner', 1, { ttlMs: 60_000 });
    await db.put('sooner', 2, { ttlMs: 1000 });
    await time.advance(1000);
    expect(await told(db, 0)).toEqual(['put sooner', 'put sooner', 'expire sooner']);
    await time.advance(100_000);
    expect(db.stats().expired).toBe(1);
  });

  test('a put that commits behind its own end is put and expires', async () => {
    const db = await openDb({ history: { ms: 1e9 } });
    const tx = db.begin();
    await tx.put('late', 1, { ttlMs: 10 });
    await db.put('early', 1, { ttlMs: 20 });
    await time.advance(50);
    await tx.commit();
    await time.advance(1000);
    expect(await told(db, 0)).toEqual(['put early', 'expire early', 'put late', 'expire late']);
  });
});

test('a clock that goes back brings nothing back, and what is put then lives as long as it should', async () => {
  let db = await openDb();
  await db.put('removed', 1, { ttlMs: 1000 });
  await db.put('judged', 1, { ttlMs: 2000 });
  await time.advance(1500);
  time.clock.advance(600);
  expect(await db.has('judged')).toBe(false);
  time.clock.jumpTo(START_MS);
  expect([await db.has('removed'), await db.has('judged')]).toEqual([false, false]);
  await db.put('new', 1, { ttlMs: 1000 });
  time.clock.advance(999);
  expect(await db.has('new')).toBe(true);
  time.clock.advance(1);
  expect(await db.has('new')).toBe(false);
  await db.expire();
  await db.put('kept', 1, { ttlMs: 5000 });
  await db.close();
  time.clock.jumpTo(START_MS - 1e9);
  db = await openDb();
  expect(await keys(db)).toEqual(['kept']);
  await time.advance(5000);
  expect(await keys(db)).toEqual([]);
});

test('what was taken over before the database was closed stays taken over under a clock that has gone back', async () => {
  let db = await openDb();
  await db.put('ended', 1, { ttlMs: 1000 });
  time.clock.advance(2000);
  expect(await db.has('ended')).toBe(false);
  await db.put('instead', 1);
  await db.close();
  time.clock.jumpTo(START_MS);
  db = await openDb();
  expect(await keys(db)).toEqual(['instead']);
});

test('large objects end with all of their content; who reads one reads on', async () => {
  const db = await openDb();
  const content = Buffer.alloc(600_000, 7);
  await db.blobs.put('a', content, { ttlMs: 1000, contentType: 'image/png' });
  await db.blobs.put('b', content, { expiresAt: new Date(START_MS + 9000) });
  await db.blobs.put('b', content);
  expect(await db.blobs.expiresAt('a')).toEqual(new Date(START_MS + 1000));
  expect(await db.blobs.expiresAt('b')).toBeUndefined();
  const reading = (await db.blobs.get('a'))!;
  time.clock.advance(1000);
  expect([await db.blobs.stat('a'), await db.blobs.get('a')]).toEqual([undefined, undefined]);
  // The record and three chunks.
  expect(await db.expire()).toBe(4);
  expect(Buffer.compare(Buffer.from(await reading.bytes()), content)).toBe(0);
  time.clock.advance(1e9);
  expect(await db.expire()).toBe(0);
  expect((await (await db.blobs.get('b'))!.bytes()).length).toBe(600_000);
  for (const options of [{ ttlMs: -1 }, { expiresAt: START_MS }, { ttlMs: 1, expiresAt: START_MS * 2 }]) {
    await expect(db.blobs.put('c', content, options)).rejects.toThrow(InvalidArgumentError);
  }
  expect(await db.blobs.stat('c')).toBeUndefined();
});

test('small bounds of transactions, a close in the middle, a disk that fails: a sweep ends in order', async () => {
  let db = await openDb({ limits: { transactionBytes: 2000, keyBytes: 500 } });
  const all = Array.from({ length: 300 }, (_, n) => n);
  await db.batch(all.map((key) => ({ type: 'put', key, value: key, ttlMs: 10 }) as const));
  await db.put('x'.repeat(480), 1, { ttlMs: 10 });
  time.clock.advance(10);
  expect(await db.expire()).toBe(301);
  await db.batch(all.map((key) => ({ type: 'put', key, value: key, ttlMs: 10 }) as const));
  time.clock.advance(10);
  const sweep = db.expire();
  await time.settle();
  await Promise.all([db.close(), expect(sweep).rejects.toThrow(ClosedError)]);
  db = await openDb();
  const left = db.expire();
  expect(await left).toBeGreaterThan(0);
  expect(await keys(db)).toEqual([]);

  const failing = new FaultFileSystem(fileSystem);
  await db.close();
  const { clock, scheduler } = time;
  const broken = await open('/db', { environment: { fileSystem: failing, clock, scheduler } });
  await broken.put('a', 1, { ttlMs: 10 });
  failing.inject({ operation: 'sync', errno: 'EIO' });
  await time.advance(1000);
  expect(await broken.get('a')).toBeUndefined();
  const idle = time.timers;
  await time.advance(100_000);
  expect(time.timers).toBeLessThanOrEqual(idle);
  await broken.close().catch(() => undefined);
});

test('a backup holds ends, and what is restored of it goes on with them', async () => {
  const db = await openDb();
  await db.put('ended', 1, { ttlMs: 1000 });
  await db.put('later', 1, { ttlMs: 5000 });
  time.clock.advance(2000);
  await db.backup('/backup');
  const { clock, scheduler } = time;
  const environment = { fileSystem, clock, scheduler };
  await restore('/backup', '/copy', { environment });
  expect((await verify('/copy', { environment })).problems).toEqual([]);
  const copy = await open('/copy', { history: { ms: 1e9 }, environment });
  opened.push(copy);
  const { timestamp } = copy;
  expect(await keys(copy)).toEqual(['later']);
  await time.advance(5000);
  expect(await keys(copy)).toEqual([]);
  expect(await told(copy, timestamp)).toEqual(['expire ended', 'expire later']);
});

describe('a sweep keeps to the limits of what is written', () => {
  const limits = [{ batchBytes: 32_768 }, { batchBytes: 1024 }, { transactionBytes: 1024 }];
  test.each(limits)('%o: long keys are removed by themselves, in as many commits as it takes', async (bound) => {
    const db = await openDb({ limits: bound });
    const sessions = db.keyspace('s', { keys: 'utf8', values: 'bytes' });
    for (let n = 0; n < 300; n++) {
      sessions.putSync('session'.repeat(13) + String(n).padStart(9, '0'), new Uint8Array(10), { ttlMs: 500 });
    }
    const since = db.timestamp;
    await time.advance(500);
    for (let turn = 0; turn < 100 && db.stats().expired < 300; turn++) await time.settle();
    expect(db.stats().expired).toBe(300);
    expect(await db.expire()).toBe(0);
    expect((await sessions.changes({ since }).next()).value?.changes[0]?.type).toBe('expire');
  });

  test('keys that differ by much', async () => {
    const db = await openDb({ limits: { batchBytes: 8192 } });
    const lengths = [2000, 3500, ...Array.from({ length: 200 }, () => 20), 3000, 3900];
    await Promise.all(lengths.map((length, n) => db.put(String(n).padEnd(length, 'k'), 1, { ttlMs: 500 })));
    await time.advance(500);
    for (let turn = 0; turn < 100 && db.stats().expired < lengths.length; turn++) await time.settle();
    expect(db.stats().expired).toBe(lengths.length);
    expect(await keys(db)).toEqual([]);
  });

  test('a key whose removal does not fit stays hidden, keeps no other, and goes once there is room', async () => {
    const history = { ms: 1e9 };
    let db = await openDb({ history, limits: { transactionBytes: 1024 } });
    for (const key of ['a', 'm'.repeat(900), 'z']) await db.put(key, 1, { ttlMs: 500 });
    const since = db.timestamp;
    await time.advance(1000);
    expect(db.stats().expired).toBe(2);
    await db.put('later', 1, { ttlMs: 500 });
    await time.advance(500);
    expect(db.stats().expired).toBe(3);
    expect(time.timers).toBeLessThanOrEqual(1);
    expect(await keys(db)).toEqual([]);
    expect(await db.expire()).toBe(0);
    await db.close();
    db = await openDb({ history });
    await db.expire();
    const lines = (await told(db, since)).map((line) => line.slice(0, 8));
    expect(lines).toEqual(['expire a', 'expire z', 'put late', 'expire l', 'expire m']);
  });
});

test('removal gives the space back', async () => {
  const db = await openDb({ memtableBytes: 64 * 1024, compression: 'none' });
  const value = 'x'.repeat(1000);
  for (let n = 0; n < 500; n++) await db.put(n, value, { ttlMs: 1000 });
  await db.put('kept', value);
  await db.compact();
  const full = db.stats().engine.levels.reduce((sum, { bytes }) => sum + bytes, 0);
  time.clock.advance(1000);
  await db.compact();
  const empty = db.stats().engine.levels.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(full).toBeGreaterThan(500_000);
  expect(empty).toBeLessThan(5000);
});

describe('an end that cannot be', () => {
  const cases: [string, object, string][] = [
    ['ttlMs of 0', { ttlMs: 0 }, 'ttlMs must be a number of milliseconds above 0, found 0'],
    ['negative ttlMs', { ttlMs: -1 }, 'found -1'],
    ['NaN', { ttlMs: Number.NaN }, 'found NaN'],
    ['endless', { ttlMs: Number.POSITIVE_INFINITY }, 'ttlMs must be left out for a value without end'],
    ['long', { ttlMs: 1e300 }, 'before the year 10889'],
    ['text', { ttlMs: '10' }, 'found string'],
    ['null', { ttlMs: null }, 'found null'],
    ['a moment that is past', { expiresAt: START_MS }, `a moment after now, which is ${START_MS}`],
    ['a date that is past', { expiresAt: new Date(5) }, 'found 5'],
    ['an invalid date', { expiresAt: new Date(Number.NaN) }, 'a valid Date'],
    ['a date as text', { expiresAt: '2030-01-01' }, 'a valid Date'],
    ['both', { ttlMs: 1, expiresAt: START_MS + 1 }, 'give one of them'],
  ];
  test.each(cases)('%s', async (_name, options, message) => {
    const db = await openDb();
    const refused = await db.put('a', 1, options).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(InvalidArgumentError);
    expect((refused as Error).message).toContain(message);
    const operation = { type: 'put', key: 'a', value: 1, ...options } as const;
    await expect(db.batch([{ type: 'put', key: 'b', value: 1 }, operation])).rejects.toThrow(InvalidArgumentError);
    await expect(db.transaction((tx) => tx.put('a', 1, options))).rejects.toThrow(InvalidArgumentError);
    expect(await keys(db)).toEqual([]);
  });

  test('of a deletion, and of a blob that ends while it arrives', async () => {
    const db = await openDb();
    const operation = { type: 'delete', key: 'a', ttlMs: 5 } as const;
    await expect(db.batch([operation])).rejects.toThrow(/"?ttlMs/);
    const slow = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      time.clock.advance(5000);
      yield new Uint8Array(10);
    };
    const refused = await db.blobs.put('b', slow(), { ttlMs: 1000 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(InvalidArgumentError);
    expect((refused as Error).message).toBe('the blob ended, by its ttlMs, before all of its content had been stored');
    expect(await db.blobs.stat('b')).toBeUndefined();
  });

  test('a database that is read-only hides what has expired and removes nothing', async () => {
    let db = await openDb();
    await db.put('a', 1, { ttlMs: 10 });
    await db.close();
    db = await openDb({ readOnly: true });
    expect(await keys(db)).toEqual(['a']);
    await time.advance(10);
    expect(await keys(db)).toEqual([]);
    await expect(db.expire()).rejects.toThrow(InvalidArgumentError);
  });
});
