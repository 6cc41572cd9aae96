import { expect, test } from 'vitest';
import { bytes, openMemoryStore, read, scan, write } from '../support/memory-store.js';

/** A name is taken once, however many want it at the same time: the check reads a key, or a range, that is absent. */

class Taken extends Error {}

test.each([
  { isolation: 'serializable' as const, check: 'key' },
  { isolation: 'serializable' as const, check: 'range' },
  { isolation: 'snapshot' as const, check: 'key' },
])('$isolation, checked by $check: one of many claims wins, the others see it', async ({ isolation, check }) => {
  const store = await openMemoryStore();
  const claim = (owner: number) =>
    store.transaction(
      async (tx) => {
        const taken = check === 'key' ? tx.has(bytes('name/ada')) : scan(tx, 'name/ada', 'name/ada\u0001').length > 0;
        if (taken) throw new Taken();
        await new Promise((resolve) => setImmediate(resolve));
        write(tx, 'name/ada', owner);
        write(tx, `owner/${owner}`, 'ada');
      },
      { isolation, retries: 100 },
    );
  const outcomes = await Promise.allSettled(Array.from({ length: 25 }, (_, owner) => claim(owner)));
  const winners = outcomes.flatMap((outcome, owner) => (outcome.status === 'fulfilled' ? [owner] : []));
  expect(winners).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(Taken);
  }
  expect(read(store.latest(), 'name/ada')).toBe(String(winners[0]));
  expect(scan(store.latest(), 'owner/', 'owner0')).toEqual([`owner/${winners[0]}=ada`]);
  await store.close();
});
