import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConflictError, type KeyRange, keyAfter, type Scheduler } from '../../../src/base/index.js';
import type { Transaction, TransactionalStore, TransactionOptions } from '../../../src/mvcc/index.js';
import { MemtablePool } from '../../../src/mvcc/memtable-pool.js';
import { type Turn, Turns, widened } from '../../../src/mvcc/turns.js';
import { WriteBuffer } from '../../../src/mvcc/write-buffer.js';
import { bytes, openMemoryStore, read, scan, write } from '../../support/memory-store.js';

const expiries: (() => void)[] = [];
/** What was asked of the timers: milliseconds, and whether the process has to wait for them. */
const timers: [number, boolean][] = [];
const scheduler: Scheduler = {
  nextTurn: (task) => void setImmediate(task),
  after: (delayMs, task, options) => {
    timers.push([delayMs, options?.keepAlive === true]);
    expiries.push(task);
    return () => void expiries.splice(expiries.indexOf(task), 1);
  },
};

function key(name: string): KeyRange {
  return { lower: bytes(name), upper: keyAfter(bytes(name)) };
}

describe('turns', () => {
  beforeEach(() => {
    expiries.length = 0;
    timers.length = 0;
  });

  test('come in order where they overlap, and at once where they do not', () => {
    const turns = new Turns(scheduler);
    const came: string[] = [];
    const take = (name: string, ...covered: KeyRange[]) => turns.take(covered, 10, () => void came.push(name));
    const first = take('first', key('a'), key('b'));
    const second = take('second', { lower: bytes('b'), upper: bytes('d') });
    take('third', key('c'));
    const other = take('other', key('x'));
    expect(came).toEqual(['first', 'other']);
    first.release();
    first.release();
    expect(came).toEqual(['first', 'other', 'second']);
    second.release();
    other.release();
    expect(came).toEqual(['first', 'other', 'second', 'third']);
    expect(turns.size).toBe(1);
  });

  test('that are withdrawn hold up nobody', () => {
    const turns = new Turns(scheduler);
    const came: string[] = [];
    const first = turns.take([key('a')], 10, () => void came.push('first'));
    const second = turns.take([key('a')], 10, () => void came.push('second'));
    turns.take([key('a')], 10, () => void came.push('third'));
    second.release();
    first.release();
    expect(came).toEqual(['first', 'third']);
  });

  test('that last too long are not respected any more', () => {
    const turns = new Turns(scheduler);
    const came: string[] = [];
    const first = turns.take([key('a')], 10, () => void came.push('first'));
    turns.take([key('a')], 10, () => void came.push('second'));
    expect(expiries).toHaveLength(1);
    expiries[0]!();
    expect(came).toEqual(['first', 'second']);
    expect(first.protects).toBe(false);
  });

  test('last longer than what they are for, within bounds, and the process waits for their end', () => {
    const turns = new Turns(scheduler);
    for (const attemptMs of [10, 4000, 60_000]) turns.take([key('a')], attemptMs, () => undefined).release();
    expect(timers).toEqual([
      [1000, true],
      [6000, true],
      [10_000, true],
    ]);
  });

  test('of those that came later do not stop one that lasted too long: somebody must win', () => {
    const turns = new Turns(scheduler);
    const first = turns.take([key('a')], 10, () => undefined);
    turns.take([key('a')], 10, () => undefined);
    expiries[0]!();
    const disturbed = (own: Turn | undefined): number => {
      const writes = new WriteBuffer(new MemtablePool(), 1000);
      write(writes, 'a', 1);
      return turns.disturbed(writes, own).length;
    };
    expect(disturbed(first)).toBe(0);
    expect(disturbed(undefined)).toBe(1);
  });

  test('are widened by what was lost over, to one interval if need be', () => {
    const covered = widened([key('b')], { keys: [bytes('b'), bytes('c')], ranges: [{ lower: bytes('x') }] });
    expect(covered).toEqual([key('b'), key('c'), { lower: bytes('x') }]);
    const keys = Array.from({ length: 100 }, (_, i) => bytes(`k${i + 100}`));
    expect(widened([], { keys, ranges: [] })).toEqual([{ lower: bytes('k100'), upper: keyAfter(bytes('k199')) }]);
    expect(widened(covered, { keys, ranges: [{}] })).toEqual([{ lower: undefined, upper: undefined }]);
  });
});

describe('under contention', () => {
  let store: TransactionalStore;
  beforeEach(async () => {
    store = await openMemoryStore();
  });
  afterEach(() => store.close());

  function increment(name: string, tx: Transaction): void {
    write(tx, name, Number(read(tx, name) ?? 0) + 1);
  }

  test.each(['serializable', 'snapshot'] as const)(
    'of a hundred clients on one counter every one is done with the default retries, %s',
    async (isolation) => {
      let worst = 0;
      const client = async (): Promise<void> => {
        for (let i = 0; i < 5; i++) {
          const options: TransactionOptions = {
            isolation,
            onRetry: (_, attempt) => (worst = Math.max(worst, attempt)),
          };
          await store.transaction(async (tx) => {
            const before = Number(read(tx, 'n') ?? 0);
            await new Promise((resolve) => setImmediate(resolve));
            write(tx, 'n', before + 1);
          }, options);
        }
      };
      await Promise.all(Array.from({ length: 100 }, client));
      expect(read(store.latest(), 'n')).toBe('500');
      expect(worst).toBeLessThanOrEqual(3);
    },
  );

  test('clients that count a range and add to it get through too', async () => {
    const client = async (name: number): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        await store.transaction(async (tx) => {
          const count = scan(tx, 'r', 's').length;
          await new Promise((resolve) => setImmediate(resolve));
          write(tx, `r${name}-${i}`, count);
        });
      }
    };
    await Promise.all(Array.from({ length: 30 }, (_, name) => client(name)));
    const counts = scan(store.latest(), 'r', 's').map((entry) => Number(entry.split('=')[1]));
    expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 90 }, (_, i) => i));
  });

  test('runs that keep losing on different keys wait for one another without end for nobody', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const client = async (number: number): Promise<void> => {
      for (let i = 0; i < 10; i++) {
        await store.transaction(async (tx) => {
          const order = number % 2 === 0 ? names : names.toReversed();
          for (const name of order.slice(0, 1 + ((number + i) % 4))) {
            increment(name, tx);
            await new Promise((resolve) => setImmediate(resolve));
          }
        });
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, number) => client(number)));
    expect(store.stats().openTransactions).toBe(0);
    const sum = names.reduce((total, name) => total + Number(read(store.latest(), name)), 0);
    expect(sum).toBe(16 * 10 * 2.5);
  });

  test('a commit by hand and a synchronous one do not give way', async () => {
    let go: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => (go = resolve));
    let attempts = 0;
    const run = store.transaction(async (tx) => {
      increment('n', tx);
      if (++attempts === 1) store.transactionSync((other) => increment('n', other));
      else if (attempts === 2) await waits;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(attempts).toBe(2);
    const byHand = store.begin();
    increment('n', byHand);
    await byHand.commit();
    const late = store.transaction((tx) => increment('n', tx), { retries: 0 });
    await expect(late).rejects.toThrow('conflicts with a transaction whose turn it is');
    go();
    await run;
    expect(attempts).toBe(3);
    expect(read(store.latest(), 'n')).toBe('3');
  });
});

test('a conflict names its keys only where messages may', async () => {
  const store = await openMemoryStore();
  const lose = async (on: TransactionalStore): Promise<unknown> => {
    const tx = on.begin();
    write(tx, 'k', read(tx, 'k') ?? '');
    on.transactionSync((other) => write(other, 'k', 1));
    return tx.commit().catch((error: unknown) => error);
  };
  const silent = await lose(store);
  expect(silent).toBeInstanceOf(ConflictError);
  expect((silent as ConflictError).message).toMatch(/after its snapshot 0$/);
  await store.close();
});
