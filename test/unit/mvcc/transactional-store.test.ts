import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ClosedError,
  InvalidArgumentError,
  IoError,
  LimitError,
  TransactionClosedError,
} from '../../../src/base/index.js';
import type { TransactionalStore } from '../../../src/mvcc/index.js';
import { WriteBatch } from '../../../src/storage/index.js';
import { MemFileSystem } from '../../../src/vfs/index.js';
import { FaultFileSystem } from '../../support/fault-file-system.js';
import { bytes, drain, openMemoryStore, read, STORE_OPTIONS, scan, write } from '../../support/memory-store.js';

let store: TransactionalStore;

beforeEach(async () => {
  store = await openMemoryStore();
});
afterEach(() => store.close());

function batchOf(entries: Record<string, string | number>): WriteBatch {
  const batch = new WriteBatch();
  for (const [key, value] of Object.entries(entries)) write(batch, key, value);
  return batch;
}

describe('write and writeSync', () => {
  test('publish a bulk load and what follows it in one step, and closing does not wait for more', async () => {
    const load = store.beginLoad(4096);
    load.add(bytes('a'), bytes('loaded'));
    await load.finish();
    const loaded = store.commitLoad(load);
    while (store.stats().commitsInFlight === 0) {
      for (let i = 0; i < 50 && store.stats().commitsInFlight === 0; i++) await Promise.resolve();
      if (store.stats().commitsInFlight === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const behind = store.write(batchOf({ b: 1 }));
    store.writeSync(batchOf({ c: 1 }));
    // The load is published, but its promise has not been told.
    expect(store.stats().commitsInFlight).toBe(1);
    await store.close();
    await Promise.all([loaded, behind]);
  });

  test('commit batches as wholes, in the order of the calls', async () => {
    const first = store.write(batchOf({ a: 1, b: 1 }));
    const second = store.write(batchOf({ b: 2 }));
    const third = store.writeSync(batchOf({ c: 3 }));
    expect(scan(store.latest())).toEqual(['a=1', 'b=2', 'c=3']);
    expect([await first, await second, third, store.lastTimestamp]).toEqual([1, 2, 3, 3]);
  });

  test('conflict with a transaction that begins while they are in flight, and not with one that begins later', async () => {
    const inFlight = [store.write(batchOf({ a: 1 })), store.write(batchOf({ b: 1 }))];
    const early = store.begin();
    expect([read(early, 'a'), read(early, 'b')]).toEqual([undefined, undefined]);
    write(early, 'c', 1);
    await Promise.all(inFlight);
    const late = store.begin();
    expect([read(late, 'a'), read(late, 'b')]).toEqual(['1', '1']);
    write(late, 'd', 1);
    await late.commit();
    await expect(early.commit()).rejects.toMatchObject({ code: 'VARVE_CONFLICT' });
  });

  test('that are in flight when a transaction begins come before those that follow', async () => {
    const first = store.write(batchOf({ a: 1 }));
    const tx = store.begin();
    const second = store.write(batchOf({ a: 2, b: 2 }));
    expect(read(tx, 'b')).toBeUndefined();
    write(tx, 'c', 1);
    await Promise.all([first, second]);
    await expect(tx.commit()).rejects.toMatchObject({ code: 'VARVE_CONFLICT' });
    expect(scan(store.latest())).toEqual(['a=2', 'b=2']);
  });

  test('take no timestamp for an empty batch', async () => {
    expect(store.writeSync(batchOf({ a: 1 }))).toBe(1);
    expect([await store.write(new WriteBatch()), store.writeSync(new WriteBatch())]).toEqual([1, 1]);
    expect(store.lastTimestamp).toBe(1);
  });

  test('let the last of several operations on a key count', () => {
    const batch = batchOf({ a: 1 });
    batch.delete(bytes('a'));
    write(batch, 'b', 1);
    write(batch, 'b', 2);
    store.writeSync(batch);
    expect(scan(store.latest())).toEqual(['b=2']);
  });

  test('that are too large are refused, and do not disturb what follows', async () => {
    const tooLarge = batchOf({ a: 'x'.repeat(STORE_OPTIONS.limits.valueBytes + 1) });
    await expect(store.write(tooLarge)).rejects.toThrow(LimitError);
    expect(() => store.writeSync(tooLarge)).toThrow(LimitError);
    await store.write(batchOf({ b: 1 }));
    store.transactionSync((tx) => write(tx, 'c', read(tx, 'b')!));
    expect(scan(store.latest())).toEqual(['b=1', 'c=1']);
    expect(store.stats().commitsInFlight).toBe(0);
  });
});

describe('snapshots', () => {
  test('stay what they were, through writes, flushes and compactions', async () => {
    const snapshots = [];
    for (let round = 0; round < 6; round++) {
      store.writeSync(batchOf({ counter: round, [`only ${round}`]: round }));
      snapshots.push(store.snapshot());
      const batch = new WriteBatch();
      batch.delete(bytes(`only ${round}`));
      store.writeSync(batch);
      await store.engine.flush();
    }
    store.writeSync(batchOf({ counter: 'last' }));
    await store.engine.compact();
    for (const [round, snapshot] of snapshots.entries()) {
      expect(read(snapshot, 'counter')).toBe(String(round));
      expect(scan(snapshot)).toEqual([`counter=${round}`, `only ${round}=${round}`]);
      expect(scan(snapshot, undefined, undefined, true)).toEqual([`only ${round}=${round}`, `counter=${round}`]);
      snapshot.close();
    }
    expect(scan(store.latest())).toEqual(['counter=last']);
  });

  test('as of an earlier commit are the state of that commit', () => {
    for (const value of [1, 2, 3]) store.writeSync(batchOf({ a: value }));
    for (const asOf of [0, 1, 2, 3]) {
      using snapshot = store.snapshot({ asOf });
      expect(snapshot.timestamp).toBe(asOf);
      expect(read(snapshot, 'a')).toBe(asOf === 0 ? undefined : String(asOf));
    }
    for (const asOf of [4, -1, 1.5]) expect(() => store.snapshot({ asOf })).toThrow(InvalidArgumentError);
  });

  test('as of a commit whose versions may be gone are refused, unless one is still open', async () => {
    for (const value of [1, 2, 3]) store.writeSync(batchOf({ a: value }));
    const kept = store.snapshot({ asOf: 2 });
    await store.engine.flush();
    await store.engine.compact();
    expect(() => store.snapshot({ asOf: 1 })).toThrow(InvalidArgumentError);
    using again = store.snapshot({ asOf: 2 });
    kept.close();
    expect(read(again, 'a')).toBe('2');
  });

  test('as of a commit before the store was reopened are there if nothing was dropped since', async () => {
    const fileSystem = new MemFileSystem();
    await store.close();
    store = await openMemoryStore({}, { fileSystem });
    for (const value of [1, 2, 3]) store.writeSync(batchOf({ a: value }));
    await store.engine.compact();
    // The flush on close has nothing to drop: no key has two versions in it.
    store.writeSync(batchOf({ a: 4 }));
    store.writeSync(batchOf({ b: 5 }));
    await store.close();
    store = await openMemoryStore({}, { fileSystem });
    expect(() => store.snapshot({ asOf: 2 })).toThrow(InvalidArgumentError);
    for (const asOf of [3, 4, 5]) {
      using snapshot = store.snapshot({ asOf });
      expect(read(snapshot, 'a')).toBe(asOf === 3 ? '3' : '4');
      expect(read(snapshot, 'b')).toBe(asOf === 5 ? '5' : undefined);
    }
  });

  test('that are closed do not read; their cursors finish', () => {
    store.writeSync(batchOf({ a: 1, b: 2 }));
    const snapshot = store.snapshot();
    const cursor = snapshot.cursor({});
    cursor.next();
    snapshot.close();
    snapshot.close();
    for (const use of [() => snapshot.get(bytes('a')), () => snapshot.has(bytes('a')), () => snapshot.cursor({})]) {
      expect(use).toThrow(TransactionClosedError);
    }
    expect(drain(cursor)).toEqual(['b=2']);
    expect(store.stats().openSnapshots).toBe(0);
  });
});

test('the latest view moves with the commits, its cursors do not', () => {
  const latest = store.latest();
  store.writeSync(batchOf({ a: 1, c: 1 }));
  const cursor = latest.cursor({}, { reverse: true });
  cursor.next();
  store.writeSync(batchOf({ a: 2, b: 2 }));
  expect([latest.timestamp, read(latest, 'a'), latest.has(bytes('b'))]).toEqual([2, '2', true]);
  expect(drain(cursor)).toEqual(['a=1']);
});

describe('an engine that has stopped after an I/O error', () => {
  async function openFaulty() {
    await store.close();
    const memory = new MemFileSystem();
    const fileSystem = new FaultFileSystem(memory, { memory });
    store = await openMemoryStore({}, { fileSystem });
    store.writeSync(batchOf({ a: 'before' }));
    return fileSystem;
  }

  test('rejects every commit that waits and every one that follows, and goes on reading', async () => {
    const fileSystem = await openFaulty();
    fileSystem.inject({ operation: 'sync', file: /\.log$/, errno: 'EIO', times: 1 });
    const tx = store.begin();
    write(tx, 'a', 'lost');
    const outcomes = await Promise.allSettled([
      tx.commit(),
      store.write(batchOf({ b: 1 })),
      store.transaction((other) => write(other, 'c', 1)),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(ClosedError) as unknown });
      expect((outcome as PromiseRejectedResult).reason).toMatchObject({ cause: expect.any(IoError) as unknown });
    }
    expect(tx.state).toBe('rolled-back');
    await expect(store.transaction((other) => write(other, 'd', 1))).rejects.toThrow(ClosedError);
    expect(() => store.writeSync(batchOf({ e: 1 }))).toThrow(ClosedError);
    expect(scan(store.latest())).toEqual(['a=before']);
    expect(await store.transaction((other) => read(other, 'a'), { readOnly: true })).toBe('before');
    expect(store.stats()).toMatchObject({ openTransactions: 0, commitsInFlight: 0, commits: 1 });
  });
});

describe('close', () => {
  test('lets commits in flight finish', async () => {
    const fileSystem = new MemFileSystem();
    await store.close();
    store = await openMemoryStore({}, { fileSystem });
    const tx = store.begin();
    write(tx, 'b', 2);
    const commits = [store.write(batchOf({ a: 1 })), tx.commit()];
    const closed = store.close();
    await Promise.all(commits);
    await closed;
    store = await openMemoryStore({}, { fileSystem });
    expect(scan(store.latest())).toEqual(['a=1', 'b=2']);
    expect(store.lastTimestamp).toBe(2);
  });

  test('is idempotent, and everything after it throws ClosedError', async () => {
    await Promise.all([store.close(), store.close()]);
    await store.close();
    expect(() => store.begin()).toThrow(ClosedError);
    expect(() => store.snapshot()).toThrow(ClosedError);
    expect(() => store.latest().get(bytes('a'))).toThrow(ClosedError);
    expect(() => store.latest().cursor({})).toThrow(ClosedError);
    expect(() => store.writeSync(batchOf({ a: 1 }))).toThrow(ClosedError);
    expect(() => store.transactionSync(() => 1)).toThrow(ClosedError);
    await expect(store.write(batchOf({ a: 1 }))).rejects.toThrow(ClosedError);
    await expect(store.transaction(() => 1)).rejects.toThrow(ClosedError);
  });

  test('fails a transaction whose body has returned but whose commit has not begun', async () => {
    const fileSystem = new MemFileSystem();
    await store.close();
    store = await openMemoryStore({}, { fileSystem });
    const run = store.transaction(async (tx) => write(tx, 'a', 1));
    const [outcome] = await Promise.allSettled([run, store.close()]);
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(ClosedError) as unknown });
    const closing = () => store.transactionSync((tx) => write(tx, 'b', 1) ?? void store.close());
    store = await openMemoryStore({}, { fileSystem });
    expect(closing).toThrow(ClosedError);
    await store.close();
    store = await openMemoryStore({}, { fileSystem });
    expect(scan(store.latest())).toEqual([]);
  });

  test('ends a run although its body does not, and what the body does later', async () => {
    let wake: () => void = () => undefined;
    let late: unknown;
    const run = store.transaction(async (tx) => {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      try {
        write(tx, 'a', 1);
      } catch (error) {
        late = error;
      }
    });
    run.catch(() => undefined);
    const idle = store.transaction(() => new Promise<void>(() => undefined));
    idle.catch(() => undefined);
    await Promise.resolve();
    await store.close();
    await expect(idle).rejects.toBeInstanceOf(ClosedError);
    await expect(run).rejects.toBeInstanceOf(ClosedError);
    wake();
    await Promise.resolve();
    expect(late).toMatchObject({ code: 'VARVE_TRANSACTION_CLOSED', cause: expect.any(ClosedError) as unknown });
  });
});

test('a store opened read-only has read-only transactions', async () => {
  const fileSystem = new MemFileSystem();
  await store.close();
  store = await openMemoryStore({}, { fileSystem });
  store.writeSync(batchOf({ a: 1 }));
  await store.close();
  store = await openMemoryStore({ readOnly: true, createIfMissing: false }, { fileSystem });
  expect(read(store.latest(), 'a')).toBe('1');
  const tx = store.begin();
  expect([tx.readOnly, read(tx, 'a')]).toEqual([true, '1']);
  expect(() => write(tx, 'a', 2)).toThrow(InvalidArgumentError);
  tx.rollback();
});

test('a synchronous transaction brings what is in flight to its end, for good', async () => {
  const fileSystem = new MemFileSystem();
  await store.close();
  store = await openMemoryStore({}, { fileSystem });
  const inFlight = store.write(batchOf({ a: 1 }));
  expect(store.transactionSync((tx) => read(tx, 'a'))).toBe('1');
  const last = store.lastTimestamp;
  await inFlight;
  await store.close();
  store = await openMemoryStore({}, { fileSystem });
  expect([read(store.latest(), 'a'), store.lastTimestamp]).toEqual(['1', last]);
});

test('timestamps go on where they ended, after reopening', async () => {
  const fileSystem = new MemFileSystem();
  await store.close();
  for (const expected of [1, 2, 3]) {
    store = await openMemoryStore({}, { fileSystem });
    expect(store.writeSync(batchOf({ a: expected }))).toBe(expected);
    await store.close();
  }
});
