import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConflictError } from '../../src/base/index.js';
import type { TransactionalStore } from '../../src/mvcc/index.js';
import { bytes, openMemoryStore, scan, write } from '../support/memory-store.js';

/**
 * G2, anti-dependency cycle over a predicate: each of two transactions scans a range and adds to what the other scanned.
 * Allowed under snapshot, and only there.
 */

let store: TransactionalStore;

beforeEach(async () => {
  store = await openMemoryStore();
  store.transactionSync((tx) => {
    write(tx, 'a1', 10);
    write(tx, 'a3', 20);
    write(tx, 'c1', 30);
  });
});
afterEach(() => store.close());

async function bothScanAndInsert(isolation: 'serializable' | 'snapshot') {
  const first = store.begin({ isolation });
  const second = store.begin({ isolation });
  for (const tx of [first, second]) expect(scan(tx, 'a', 'b')).toEqual(['a1=10', 'a3=20']);
  write(first, 'a2', 42);
  write(second, 'a4', 42);
  return Promise.allSettled([first.commit(), second.commit()]);
}

test('serializable: the second commit fails', async () => {
  const [first, second] = await bothScanAndInsert('serializable');
  expect(first.status).toBe('fulfilled');
  expect(second).toMatchObject({ status: 'rejected', reason: expect.any(ConflictError) as unknown });
  expect(scan(store.latest(), 'a', 'b')).toEqual(['a1=10', 'a2=42', 'a3=20']);
});

test('snapshot: both commits succeed, the anomaly is possible', async () => {
  const outcomes = await bothScanAndInsert('snapshot');
  expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'fulfilled']);
  expect(scan(store.latest(), 'a', 'b')).toEqual(['a1=10', 'a2=42', 'a3=20', 'a4=42']);
});

describe('serializable: the interval consumed is protected, no more and no less', () => {
  const cases = [
    { what: 'an empty range, filled', lower: 'b', upper: 'c', steps: 9, reverse: false, insert: 'b5', conflict: true },
    {
      what: 'an empty range, its upper bound',
      lower: 'b',
      upper: 'c',
      steps: 9,
      reverse: false,
      insert: 'c',
      conflict: false,
    },
    {
      what: 'a scan to the end, behind its last entry',
      lower: 'a',
      upper: 'b',
      steps: 9,
      reverse: false,
      insert: 'a9',
      conflict: true,
    },
    {
      what: 'a scan to the end, its upper bound',
      lower: 'a',
      upper: 'b',
      steps: 9,
      reverse: false,
      insert: 'b',
      conflict: false,
    },
    {
      what: 'a scan that stopped, before where it stopped',
      lower: 'a',
      upper: 'b',
      steps: 1,
      reverse: false,
      insert: 'a0',
      conflict: true,
    },
    {
      what: 'a scan that stopped, where it stopped',
      lower: 'a',
      upper: 'b',
      steps: 1,
      reverse: false,
      insert: 'a1',
      conflict: true,
    },
    {
      what: 'a scan that stopped, behind where it stopped',
      lower: 'a',
      upper: 'b',
      steps: 1,
      reverse: false,
      insert: 'a2',
      conflict: false,
    },
    {
      what: 'a reverse scan that stopped, above where it stopped',
      lower: 'a',
      upper: 'b',
      steps: 1,
      reverse: true,
      insert: 'a4',
      conflict: true,
    },
    {
      what: 'a reverse scan that stopped, where it stopped',
      lower: 'a',
      upper: 'b',
      steps: 1,
      reverse: true,
      insert: 'a3',
      conflict: true,
    },
    {
      what: 'a reverse scan that stopped, below where it stopped',
      lower: 'a',
      upper: 'b',
      steps: 1,
      reverse: true,
      insert: 'a2',
      conflict: false,
    },
    {
      what: 'a scan without a lower bound, before everything',
      upper: 'b',
      steps: 9,
      reverse: false,
      insert: '0',
      conflict: true,
    },
    {
      what: 'a scan without an upper bound, behind everything',
      lower: 'c',
      steps: 9,
      reverse: false,
      insert: 'zz',
      conflict: true,
    },
    {
      what: 'a cursor that was never moved',
      lower: 'a',
      upper: 'b',
      steps: 0,
      reverse: false,
      insert: 'a2',
      conflict: false,
    },
  ];

  test.each(cases)('$what', async ({ lower, upper, steps, reverse, insert, conflict }) => {
    for (const closed of [true, false]) {
      const tx = store.begin();
      const range = {
        lower: lower === undefined ? undefined : bytes(lower),
        upper: upper === undefined ? undefined : bytes(upper),
      };
      const cursor = tx.cursor(range, { reverse });
      for (let step = 0; step < steps; step++) if (!cursor.next()) break;
      if (closed) cursor.close();
      write(tx, 'elsewhere', 'derived');
      store.transactionSync((other) => write(other, insert, 'phantom'));
      if (conflict) await expect(tx.commit()).rejects.toThrow(ConflictError);
      else await tx.commit();
    }
  });
});
