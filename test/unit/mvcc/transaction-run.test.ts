import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ConflictError,
  InvalidArgumentError,
  ManualClock,
  type Scheduler,
  seededRandom,
  TimeoutError,
  TransactionClosedError,
} from '../../../src/base/index.js';
import type { Transaction, TransactionalStore, TransactionOptions } from '../../../src/mvcc/index.js';
import { openMemoryStore, read, scan, write } from '../../support/memory-store.js';

/** Turns come as they do; timers go off when the test says so. */
class ManualTimers implements Scheduler {
  readonly delaysMs: number[] = [];
  readonly pending = new Set<{ delayMs: number; task: () => void }>();

  nextTurn(task: () => void): void {
    setImmediate(task);
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { delayMs, task };
    this.delaysMs.push(delayMs);
    this.pending.add(timer);
    return () => this.pending.delete(timer);
  }

  fire(): void {
    const due = [...this.pending];
    this.pending.clear();
    for (const timer of due) timer.task();
  }
}

let store: TransactionalStore;
let timers: ManualTimers;
let clock: ManualClock;

beforeEach(async () => {
  timers = new ManualTimers();
  clock = new ManualClock();
  store = await openMemoryStore({}, { scheduler: timers, clock, random: seededRandom(7) });
});
afterEach(() => store.close());

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Fires timers as they come until `promise` is settled. */
async function runTimersUntil<T>(promise: Promise<T>): Promise<T> {
  const state = { settled: false };
  const watched = promise.finally(() => {
    state.settled = true;
  });
  watched.catch(() => undefined);
  while (!state.settled) {
    timers.fire();
    await turn();
  }
  return watched;
}

/** Adds one, and loses against a commit made beside it the first `losses` times. */
function contended(losses: number) {
  let runs = 0;
  const body = (tx: Transaction) => {
    runs++;
    const next = Number(read(tx, 'n') ?? 0) + 1;
    if (runs <= losses) store.transactionSync((other) => write(other, 'n', Number(read(other, 'n') ?? 0) + 1));
    write(tx, 'n', next);
    return next;
  };
  return { body, runs: () => runs };
}

/** A body that throws a conflict of its own so many times. */
function failing(times: number): (tx: Transaction) => void {
  let left = times;
  return () => {
    if (left-- > 0) throw new ConflictError('not yet');
  };
}

describe('transaction()', () => {
  test('commits and returns what the body returned', async () => {
    expect(await store.transaction(async (tx) => Promise.resolve(write(tx, 'a', 1)).then(() => 'done'))).toBe('done');
    expect(await store.transaction((tx) => read(tx, 'a'))).toBe('1');
    expect(store.stats()).toMatchObject({ commits: 1, conflicts: 0, retries: 0, openTransactions: 0 });
  });

  test('runs again after a conflict, on what was committed meanwhile', async () => {
    const { body, runs } = contended(3);
    const attempts: number[] = [];
    const onRetry = (error: ConflictError, attempt: number) => {
      expect(error).toBeInstanceOf(ConflictError);
      attempts.push(attempt);
    };
    expect(await runTimersUntil(store.transaction(body, { onRetry }))).toBe(4);
    expect([runs(), attempts]).toEqual([4, [1, 2, 3]]);
    expect(read(store.latest(), 'n')).toBe('4');
    expect(store.stats()).toMatchObject({ conflicts: 3, retries: 3, openTransactions: 0 });
  });

  test('waits a random time between attempts that lost over nothing in particular, within a window that doubles', async () => {
    await runTimersUntil(store.transaction(failing(10)));
    // What rounds to no time at all takes a turn instead of a timer.
    expect(timers.delaysMs.length).toBeGreaterThan(5);
    expect(new Set(timers.delaysMs).size).toBeGreaterThan(4);
    expect(Math.max(...timers.delaysMs)).toBeLessThanOrEqual(128);
    expect(timers.delaysMs[0]).toBeLessThanOrEqual(4);
  });

  test('waits longer where the attempts themselves take long', async () => {
    const body = failing(6);
    const slow = (tx: Transaction) => {
      clock.advance(20);
      return body(tx);
    };
    await runTimersUntil(store.transaction(slow));
    expect(Math.max(...timers.delaysMs)).toBeGreaterThan(64);
    expect(Math.max(...timers.delaysMs)).toBeLessThanOrEqual(640);
  });

  test('gives up after the last retry with the conflict', async () => {
    for (const retries of [0, 2]) {
      const { body, runs } = contended(100);
      await expect(runTimersUntil(store.transaction(body, { retries }))).rejects.toThrow(ConflictError);
      expect(runs()).toBe(retries + 1);
    }
    expect(read(store.latest(), 'n')).toBe('4');
  });

  test('rolls back on an error of the body, passes it on as it is, and does not retry', async () => {
    const failure = new RangeError('no');
    let runs = 0;
    const failing = [
      () => {
        throw failure;
      },
      async () => Promise.reject(failure),
    ];
    for (const fail of failing) {
      const run = store.transaction((tx) => {
        runs++;
        write(tx, 'a', 1);
        return fail();
      });
      await expect(run).rejects.toBe(failure);
    }
    expect(runs).toBe(2);
    expect(scan(store.latest())).toEqual([]);
    expect(store.stats().openTransactions).toBe(0);
  });

  test('commits by itself only; a body may roll back', async () => {
    const committing = store.transaction(async (tx) => tx.commit());
    await expect(committing).rejects.toThrow(InvalidArgumentError);
    expect(() => store.transactionSync((tx) => tx.commitSync())).toThrow(InvalidArgumentError);
    const result = await store.transaction((tx) => {
      write(tx, 'a', 1);
      tx.rollback();
      return 'kept';
    });
    expect([result, read(store.latest(), 'a')]).toEqual(['kept', undefined]);
  });

  test('leaves its transaction unusable', async () => {
    const leaked = await store.transaction((tx) => tx);
    expect(() => read(leaked, 'a')).toThrow(TransactionClosedError);
  });

  test('refuses options that make no sense', async () => {
    const wrong = [
      { isolation: 'read committed' },
      { retries: -1 },
      { retries: 1.5 },
      { timeoutMs: 0 },
      { timeoutMs: Number.NaN },
    ];
    for (const options of wrong as unknown as TransactionOptions[]) {
      await expect(store.transaction(() => undefined, options)).rejects.toThrow(InvalidArgumentError);
      expect(() => store.transactionSync(() => undefined, options)).toThrow(InvalidArgumentError);
      expect(() => store.begin(options)).toThrow(InvalidArgumentError);
    }
  });
});

describe('an AbortSignal', () => {
  test('that has fired already keeps the body from running', async () => {
    const reason = new Error('no longer wanted');
    const options = { signal: AbortSignal.abort(reason) };
    let ran = false;
    const body = () => {
      ran = true;
    };
    await expect(store.transaction(body, options)).rejects.toBe(reason);
    expect(() => store.transactionSync(body, options)).toThrow(reason);
    expect(() => store.begin(options)).toThrow(reason);
    expect(ran).toBe(false);
  });

  test('that fires during the body rejects at once, even if the body goes on', async () => {
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    let inside: Transaction | undefined;
    const run = store.transaction(
      async (tx) => {
        inside = tx;
        write(tx, 'a', 1);
        await new Promise(() => undefined);
      },
      { signal: controller.signal },
    );
    controller.abort(reason);
    await expect(run).rejects.toBe(reason);
    expect(inside!.state).toBe('rolled-back');
    expect(() => write(inside!, 'a', 2)).toThrow(expect.objectContaining({ cause: reason }));
    expect(read(store.latest(), 'a')).toBeUndefined();
  });

  test('that fires in a synchronous body prevents its commit', () => {
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const body = (tx: Transaction) => {
      write(tx, 'a', 1);
      controller.abort(reason);
    };
    expect(() => store.transactionSync(body, { signal: controller.signal })).toThrow(reason);
    expect(read(store.latest(), 'a')).toBeUndefined();
  });

  test('is let go of when the transaction has ended', async () => {
    const { signal } = new AbortController();
    const options = { signal, timeoutMs: 1000 };
    await store.transaction((tx) => write(tx, 'a', 1), options);
    store.begin(options).rollback();
    const { body } = contended(2);
    await runTimersUntil(store.transaction(body, { signal }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(timers.pending.size).toBe(0);
  });
});

describe('timeoutMs', () => {
  test('makes the transaction unusable and rejects, even if the body goes on and fails later', async () => {
    let wake: () => void = () => undefined;
    let late: unknown;
    const run = store.transaction(
      async (tx) => {
        write(tx, 'a', 1);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        try {
          write(tx, 'a', 2);
        } catch (error) {
          late = error;
          throw error;
        }
      },
      { timeoutMs: 50 },
    );
    expect(timers.delaysMs).toEqual([50]);
    timers.fire();
    await expect(run).rejects.toThrow(TimeoutError);
    wake();
    await turn();
    expect(late).toBeInstanceOf(TransactionClosedError);
    expect((late as TransactionClosedError).cause).toBeInstanceOf(TimeoutError);
    expect(read(store.latest(), 'a')).toBeUndefined();
    expect(store.stats().openTransactions).toBe(0);
  });

  test('covers all attempts and the waits between them', async () => {
    let attempts = 0;
    const runs = () => attempts;
    const body = () => {
      attempts++;
      throw new ConflictError('not yet');
    };
    const run = store.transaction(body, { timeoutMs: 5000, retries: 100 });
    run.catch(() => undefined);
    const isTimeout = (timer: { delayMs: number }) => timer.delayMs === 5000;
    // Lets single waits pass until the body has run three times and is waiting again.
    while (runs() < 3 || timers.pending.size < 2) {
      for (const timer of timers.pending) {
        if (isTimeout(timer)) continue;
        timers.pending.delete(timer);
        timer.task();
      }
      await turn();
    }
    const before = runs();
    [...timers.pending].find(isTimeout)!.task();
    await expect(run).rejects.toThrow(TimeoutError);
    for (let i = 0; i < 5; i++) await turn();
    expect(runs()).toBe(before);
    expect([...timers.pending].filter((timer) => !isTimeout(timer))).toEqual([]);
  });

  test('does not interrupt a commit that is under way', async () => {
    const begun: Transaction[] = [];
    const body = (tx: Transaction) => {
      begun.push(tx);
      write(tx, 'a', 1);
    };
    const run = store.transaction(body, { timeoutMs: 50 });
    while (begun[0]?.state !== 'committing') await Promise.resolve();
    timers.fire();
    await run;
    expect(begun.map((tx) => tx.state)).toEqual(['committed']);
    expect(read(store.latest(), 'a')).toBe('1');
  });

  test('ends a transaction of begin() too', async () => {
    const tx = store.begin({ timeoutMs: 50 });
    write(tx, 'a', 1);
    timers.fire();
    expect(tx.state).toBe('rolled-back');
    const error = await tx.commit().then(undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransactionClosedError);
    expect((error as TransactionClosedError).cause).toBeInstanceOf(TimeoutError);
  });

  test('ends a transaction whose hooks are still running', async () => {
    const tx = store.begin({ timeoutMs: 50 });
    write(tx, 'a', 1);
    tx.onBeforeCommit(async () => turn());
    const commit = tx.commit();
    timers.fire();
    await expect(commit).rejects.toThrow(TransactionClosedError);
    expect(read(store.latest(), 'a')).toBeUndefined();
  });

  test('is looked at before a synchronous commit', () => {
    const slow = (tx: Transaction) => {
      write(tx, 'a', 1);
      clock.advance(51);
    };
    expect(() => store.transactionSync(slow, { timeoutMs: 50 })).toThrow(TimeoutError);
    expect(read(store.latest(), 'a')).toBeUndefined();
    store.transactionSync(slow, { timeoutMs: 52 });
    expect(read(store.latest(), 'a')).toBe('1');
  });
});

describe('transactionSync()', () => {
  test('commits before it returns', () => {
    expect(store.transactionSync((tx) => write(tx, 'a', 1) ?? 'done')).toBe('done');
    expect(read(store.latest(), 'a')).toBe('1');
  });

  test('includes commits that are in flight', async () => {
    const inFlight = [1, 2, 3].map((i) => store.transaction((tx) => write(tx, `flying ${i}`, i)));
    await Promise.resolve();
    expect(store.stats().commitsInFlight).toBe(3);
    expect(read(store.latest(), 'flying 3')).toBeUndefined();
    const sum = store.transactionSync((tx) => {
      const seen = scan(tx);
      write(tx, 'seen', seen.length);
      return seen;
    });
    expect(sum).toEqual(['flying 1=1', 'flying 2=2', 'flying 3=3']);
    await Promise.all(inFlight);
    expect(store.stats()).toMatchObject({ commitsInFlight: 0, conflicts: 0 });
  });

  test('runs again after a conflict with what its body did beside it', () => {
    const { body, runs } = contended(2);
    expect(store.transactionSync(body)).toBe(3);
    expect(runs()).toBe(3);
    expect(() => store.transactionSync(contended(100).body, { retries: 1 })).toThrow(ConflictError);
  });

  test('refuses a body that returns a promise, and applies nothing of it', () => {
    expect(() => store.transactionSync(async (tx) => write(tx, 'a', 1))).toThrow(InvalidArgumentError);
    expect(() => store.transactionSync(async () => Promise.reject(new Error('ignored')))).toThrow(InvalidArgumentError);
    expect(read(store.latest(), 'a')).toBeUndefined();
  });

  test('rolls back on an error of the body', () => {
    const failure = new RangeError('no');
    const body = (tx: Transaction) => {
      write(tx, 'a', 1);
      throw failure;
    };
    expect(() => store.transactionSync(body)).toThrow(failure);
    expect(store.stats().openTransactions).toBe(0);
    expect(read(store.latest(), 'a')).toBeUndefined();
  });
});

test('a conflict that no retry can win is thrown at once', async () => {
  const stale = new ConflictError('stale version', { retryable: false });
  let runs = 0;
  const body = (): never => {
    runs++;
    throw stale;
  };
  await expect(store.transaction(body)).rejects.toBe(stale);
  expect(() => store.transactionSync(body)).toThrow(stale);
  expect(runs).toBe(2);
});
