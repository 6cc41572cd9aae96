import { expect, test } from 'vitest';
import { LimitError, open } from '../../../src/index.js';

const WRITES = 1_000_000;

test('a transaction of a million writes commits as a whole', async () => {
  await using db = await open(':memory:', { wal: { sync: 'manual' } });
  const keys = db.keyspace('k', { keys: 'utf8', values: 'bytes' });
  const nothing = new Uint8Array(0);
  await db.transaction((tx) => {
    const own = tx.keyspace('k', { keys: 'utf8', values: 'bytes' });
    for (let i = 0; i < WRITES; i++) own.putSync(String(i), nothing);
    expect(keys.hasSync('0')).toBe(false);
  });
  expect(db.stats().commits).toBe(1);
  for (const i of [0, 1, WRITES / 2, WRITES - 1]) expect(keys.hasSync(String(i))).toBe(true);
  expect(keys.hasSync(String(WRITES))).toBe(false);
});

test('one that is too large is told so when it gets there, long before its end, and leaves nothing', async () => {
  await using db = await open(':memory:', { limits: { transactionBytes: 1024 * 1024 } });
  let made = 0;
  const run = db.transaction((tx) => {
    for (; made < WRITES; made++) tx.putSync([made], 'x'.repeat(100));
  });
  const error: unknown = await run.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LimitError);
  expect(error).toMatchObject({ limit: 'limits.transactionBytes', max: 1024 * 1024 });
  expect(made).toBeLessThan(10_000);
  expect([...db.scanSync()]).toEqual([]);
});
