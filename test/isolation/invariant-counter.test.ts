import { expect, test } from 'vitest';
import { openMemoryStore, read, write } from '../support/memory-store.js';

/** Every increment that is acknowledged counts, once. */

const INCREMENTS = 40;

test.each([
  { isolation: 'serializable' as const, waits: false },
  { isolation: 'serializable' as const, waits: true },
  { isolation: 'snapshot' as const, waits: true },
])('$isolation: a hot counter counts every increment (bodies that wait: $waits)', async ({ isolation, waits }) => {
  const store = await openMemoryStore();
  const increments = Array.from({ length: INCREMENTS }, () =>
    store.transaction(
      async (tx) => {
        const next = Number(read(tx, 'counter') ?? 0) + 1;
        if (waits) await new Promise((resolve) => setImmediate(resolve));
        write(tx, 'counter', next);
        return next;
      },
      { isolation, retries: 1000 },
    ),
  );
  const results = await Promise.all(increments);
  const expected = Array.from({ length: INCREMENTS }, (_, i) => i + 1);
  expect([...results].sort((a, b) => a - b)).toEqual(expected);
  expect(read(store.latest(), 'counter')).toBe(String(INCREMENTS));
  expect(store.stats().conflicts).toBeGreaterThan(0);
  await store.close();
});

test('synchronous and asynchronous increments mix', async () => {
  const store = await openMemoryStore();
  const increment = (tx: {
    get(key: Uint8Array): Uint8Array | undefined;
    put(key: Uint8Array, value: Uint8Array): void;
  }) => {
    const key = Buffer.from('counter');
    const before = tx.get(key);
    tx.put(key, Buffer.from(String(Number(before === undefined ? 0 : Buffer.from(before).toString()) + 1)));
  };
  const pending: Promise<void>[] = [];
  for (let i = 0; i < 20; i++) {
    pending.push(store.transaction(increment, { retries: 1000 }));
    store.transactionSync(increment);
    if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(pending);
  expect(read(store.latest(), 'counter')).toBe('40');
  await store.close();
});
