import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { type Database, type DatabaseSnapshot, type EngineEvent, LimitError, open } from '../../../src/index.js';

type Leak = Extract<EngineEvent, { type: 'leak' }>;

async function openWith(limits: { snapshotAgeMs?: number; transactionAgeMs?: number }) {
  const leaks: Leak[] = [];
  const listener = (event: EngineEvent) => {
    if (event.type === 'leak') leaks.push(event);
  };
  return { db: await open(':memory:', { limits, listener }), leaks };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
}

function forgetful(db: Database): DatabaseSnapshot {
  return db.snapshot();
}

test('what is open for too long is reported once, with the stack of the call that opened it', async () => {
  const { db, leaks } = await openWith({ snapshotAgeMs: 20 });
  const published: unknown[] = [];
  const onMessage = (message: unknown) => void published.push(message);
  subscribe('varve:leak', onMessage);
  await db.put(['a'], 1);
  const snapshot = forgetful(db);
  const tx = db.begin();
  const feed = db.changes();
  db.snapshot().close();
  await until(() => leaks.length >= 3);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(leaks.map(({ kind, reason, timestamp }) => [kind, reason, timestamp])).toEqual([
    ['snapshot', 'age', 1],
    ['transaction', 'age', 1],
    ['changes', 'age', 1],
  ]);
  expect(leaks[0]!.stack).toContain('forgetful');
  expect(leaks[0]!.ageMs).toBeGreaterThanOrEqual(20);
  expect(published).toHaveLength(3);
  unsubscribe('varve:leak', onMessage);
  snapshot.close();
  tx.rollback();
  await feed.return();
  await db.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(leaks).toHaveLength(3);
});

test('what is still open when the database is closed is reported', async () => {
  const { db, leaks } = await openWith({ snapshotAgeMs: 60_000 });
  forgetful(db);
  db.snapshot().close();
  await db.close();
  await until(() => leaks.length > 0);
  expect(leaks).toMatchObject([{ kind: 'snapshot', reason: 'close', timestamp: 0 }]);
  expect(leaks[0]!.stack).toContain('forgetful');
});

test('a snapshot that is collected unclosed is reported and let go', async () => {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as () => void;
  const { db, leaks } = await openWith({ snapshotAgeMs: 60_000 });
  forgetful(db);
  expect(db.stats().openSnapshots).toBe(1);
  for (let i = 0; i < 50 && leaks.length === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    collect();
  }
  expect(leaks).toMatchObject([{ kind: 'snapshot', reason: 'collected' }]);
  expect(db.stats().openSnapshots).toBe(0);
  await db.close();
});

test('a transaction that is open for too long is rolled back with a LimitError, whatever its body does', async () => {
  const { db, leaks } = await openWith({ transactionAgeMs: 20 });
  const manual = db.begin();
  const run = db.transaction(() => new Promise<void>(() => undefined));
  const error: unknown = await run.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LimitError);
  expect(error).toMatchObject({ limit: 'limits.transactionAgeMs', max: 20 });
  await until(() => db.stats().openTransactions === 0);
  await expect(manual.put(['a'], 1)).rejects.toMatchObject({
    code: 'VARVE_TRANSACTION_CLOSED',
    cause: { limit: 'limits.transactionAgeMs' },
  });
  expect(await db.transaction((tx) => tx.put(['a'], 1).then(() => 'quick'))).toBe('quick');
  expect(leaks).toEqual([]);
  await db.close();
});
