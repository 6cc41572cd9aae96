/** SQL, entities and time limits inside transactions. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ClosedError,
  type Database,
  defineEntity,
  LimitError,
  open,
  SqlSemanticError,
  TimeoutError,
  TransactionClosedError,
} from '../../../src/index.js';

const Note = defineEntity({
  name: 'note',
  columns: {
    id: { type: 'integer', primaryKey: true },
    text: { type: 'text' },
  },
});

let db: Database;
beforeEach(async () => {
  db = await open(':memory:', { entities: [Note] });
  await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)');
  await db.sql`INSERT INTO t VALUES (1, 10), (2, 20)`;
});
afterEach(async () => {
  await db.close();
});

const total = async (on: Pick<Database, 'sql'>): Promise<number> =>
  (await on.sql<{ total: number }>('SELECT SUM(n) AS total FROM t'))[0]!.total;

describe('a statement prepared', () => {
  test('by a transaction runs in it, and goes with it', async () => {
    const tx = db.begin();
    const update = tx.prepare('UPDATE t SET n = n + $1 WHERE id = $2');
    await update.run([5, 1]);
    update.runSync([5, 2]);
    expect(await total(tx)).toBe(40);
    expect(await total(db)).toBe(30);
    tx.rollback();
    expect(await total(db)).toBe(30);
    await expect(update.run([5, 1])).rejects.toThrow(TransactionClosedError);
    expect(await total(db)).toBe(30);
  });

  test('by a snapshot reads it, and cannot write', async () => {
    using snapshot = db.snapshot();
    const select = snapshot.prepare('SELECT n FROM t WHERE id = $1');
    await db.sql`UPDATE t SET n = 0`;
    expect(await select.get([1])).toEqual({ n: 10 });
    expect(select.getSync([2])).toEqual({ n: 20 });
    await expect(snapshot.prepare('DELETE FROM t').run()).rejects.toThrow(SqlSemanticError);
    expect(await db.sql`SELECT n FROM t`).toHaveLength(2);
  });

  test('by the database stays a transaction of its own', async () => {
    const update = db.prepare('UPDATE t SET n = n + 1 WHERE id = 1');
    const tx = db.begin();
    await update.run();
    tx.rollback();
    expect(await total(db)).toBe(31);
  });
});

describe('a script', () => {
  const script = 'INSERT INTO t VALUES (3, 30); UPDATE t SET n = n * 2';

  test('of a transaction runs in it', async () => {
    const tx = db.begin();
    expect((await tx.exec(script)).map(({ command, count }) => [command, count])).toEqual([
      ['INSERT', 1],
      ['UPDATE', 3],
    ]);
    expect(await total(tx)).toBe(120);
    expect(await total(db)).toBe(30);
    await tx.commit();
    expect(await total(db)).toBe(120);
  });
});

describe('what entities have pending', () => {
  test('is written before SQL of the same transaction runs', async () => {
    await db.repository(Note).insert({ id: 1, text: 'before' });
    await db.transaction(async (tx) => {
      const note = await tx.repository(Note).findById(1);
      note!.text = 'changed';
      expect([...(await tx.sql`SELECT text FROM note`)]).toEqual([{ text: 'changed' }]);
      note!.text = 'again';
      await tx.exec("UPDATE note SET text = text || '!'");
      expect([...(await tx.sql`SELECT text FROM note`)]).toEqual([{ text: 'again!' }]);
    });
  });

  test('is written before SQL inside a savepoint, and undone with it', async () => {
    await db.repository(Note).insert({ id: 1, text: 'before' });
    await db.transaction(async (tx) => {
      const note = await tx.repository(Note).findById(1);
      const undone = tx.savepoint(async (inner) => {
        note!.text = 'inside';
        expect([...(await inner.sql`SELECT text FROM note`)]).toEqual([{ text: 'inside' }]);
        throw new Error('undo');
      });
      await expect(undone).rejects.toThrow('undo');
      expect([...(await tx.sql`SELECT text FROM note`)]).toEqual([{ text: 'before' }]);
    });
  });
});

describe('await using', () => {
  test('rolls back a transaction that nobody committed', async () => {
    {
      await using tx = db.begin();
      await tx.put('k', 1);
    }
    expect(await db.has('k')).toBe(false);
    expect(db.stats().openTransactions).toBe(0);
  });

  test('leaves alone what was committed, rolled back or ended by closing', async () => {
    {
      await using tx = db.begin();
      await tx.put('k', 1);
      await tx.commit();
    }
    expect(await db.get('k')).toBe(1);
    {
      await using tx = db.begin();
      tx.rollback();
    }
    const other = await open(':memory:');
    {
      await using tx = other.begin();
      await other.close();
      await expect(tx.put('k', 1)).rejects.toMatchObject({ cause: expect.any(ClosedError) });
    }
  });
});

test('a batch that is refused leaves nothing of itself in the transaction', async () => {
  const small = await open(':memory:', { limits: { transactionBytes: 4096 } });
  await small.transaction(async (tx) => {
    await tx.put('before', 1);
    const tooMuch = [
      { type: 'put', key: 'first', value: 1 },
      { type: 'put', key: 'second', value: 'x'.repeat(5000) },
    ] as const;
    await expect(tx.batch(tooMuch)).rejects.toMatchObject({ code: 'VARVE_LIMIT', limit: 'limits.transactionBytes' });
    await expect(tx.put('third', 'x'.repeat(5000))).rejects.toThrow(LimitError);
    await tx.put('after', 1);
  });
  expect([...small.scanSync()].map(([key]) => key)).toEqual([['after'], ['before']]);
  await small.close();
});

describe('a time limit', () => {
  /** Keeps the thread busy without letting a timer fire. */
  function work(ms: number): void {
    const end = performance.now() + ms;
    while (performance.now() < end) expect(db.sqlSync`SELECT id FROM t`).toHaveLength(2);
  }

  test('holds for a body that never waits', async () => {
    const late = db.transaction(
      (tx) => {
        tx.putSync('k', 1);
        work(30);
      },
      { timeoutMs: 5 },
    );
    await expect(late).rejects.toThrow(TimeoutError);
    expect(await db.has('k')).toBe(false);
  });

  test('holds for the commit of begin()', async () => {
    const tx = db.begin({ timeoutMs: 5 });
    tx.putSync('k', 1);
    work(30);
    await expect(tx.commit()).rejects.toThrow(TimeoutError);
    expect(await db.has('k')).toBe(false);
    expect(db.stats().openTransactions).toBe(0);
  });

  test('so does a signal that fires in the body', async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    const aborted = db.transaction(
      (tx) => {
        tx.putSync('k', 1);
        controller.abort(reason);
      },
      { signal: controller.signal },
    );
    await expect(aborted).rejects.toBe(reason);
    expect(await db.has('k')).toBe(false);
  });
});
