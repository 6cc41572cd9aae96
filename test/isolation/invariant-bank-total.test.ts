import { expect, test } from 'vitest';
import { randomBelow, seededRandom } from '../../src/base/index.js';
import type { ReadView, Transaction } from '../../src/mvcc/index.js';
import { drain, openMemoryStore, read, STORE_OPTIONS, write } from '../support/memory-store.js';
import { seed } from '../support/seed.js';

/** Money moves between accounts and is never made or lost, whoever looks, and whenever. */

const ACCOUNTS = 12;
const TOTAL = ACCOUNTS * 100;
const account = (index: number) => `account ${String(index).padStart(2, '0')}`;

function totalByScan(view: ReadView, reverse = false): number {
  return drain(view.cursor({}, { reverse })).reduce((sum, entry) => sum + Number(entry.split('=')[1]), 0);
}

function totalByKey(view: ReadView): number {
  let sum = 0;
  for (let i = 0; i < ACCOUNTS; i++) sum += Number(read(view, account(i)) ?? 0);
  return sum;
}

test.each(['serializable', 'snapshot'] as const)(
  '%s: the total is the same in every view, at every moment',
  async (isolation) => {
    // A tiny memtable: flushes and compactions run among the transfers.
    const store = await openMemoryStore({
      memtableBytes: 4096,
      limits: { ...STORE_OPTIONS.limits, transactionBytes: 64 * 1024 },
    });
    const random = seededRandom(seed);
    store.transactionSync((tx) => {
      for (let i = 0; i < ACCOUNTS; i++) write(tx, account(i), 100);
    });

    const move = (tx: Transaction, from: string, to: string, amount: number) => {
      const balance = Number(read(tx, from) ?? 0);
      if (balance < amount || from === to) return;
      // An account that is empty is deleted: scans see keys come and go.
      if (balance === amount) tx.delete(Buffer.from(from));
      else write(tx, from, balance - amount);
      write(tx, to, Number(read(tx, to) ?? 0) + amount);
    };
    const mover = async () => {
      for (let i = 0; i < 60; i++) {
        const [from, to] = [account(randomBelow(random, ACCOUNTS)), account(randomBelow(random, ACCOUNTS))];
        const amount = 1 + randomBelow(random, 100);
        const pause = randomBelow(random, 3) === 0;
        await store.transaction(
          async (tx) => {
            if (pause) await new Promise((resolve) => setImmediate(resolve));
            move(tx, from, to, amount);
          },
          { isolation, retries: 100 },
        );
      }
    };
    let looks = 0;
    const state = { moving: true };
    const watcher = async () => {
      while (state.moving) {
        using snapshot = store.snapshot();
        const early = totalByScan(snapshot);
        expect(totalByScan(store.latest(), true)).toBe(TOTAL);
        await new Promise((resolve) => setImmediate(resolve));
        expect([early, totalByKey(snapshot), totalByScan(snapshot, true)]).toEqual([TOTAL, TOTAL, TOTAL]);
        await store.transaction((tx) => expect(totalByScan(tx)).toBe(TOTAL), { readOnly: true });
        looks++;
      }
    };
    const watching = watcher();
    await Promise.all([mover(), mover(), mover(), mover()]);
    state.moving = false;
    await watching;
    expect(looks).toBeGreaterThan(10);
    expect(store.stats().conflicts).toBeGreaterThan(0);
    expect(totalByScan(store.latest())).toBe(TOTAL);
    await store.close();
  },
);
