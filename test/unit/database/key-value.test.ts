import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ClosedError,
  type Database,
  InvalidArgumentError,
  LimitError,
  open,
  TransactionClosedError,
} from '../../../src/index.js';

let db: Database;
beforeEach(async () => {
  db = await open(':memory:', { limits: { keyBytes: 256, valueBytes: 4096 } });
});
afterEach(async () => {
  await db.close();
});

async function collect<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

describe('the default keyspace', () => {
  test('stores structured values under tuple keys', async () => {
    const ada = { name: 'Ada', born: new Date('1815-12-10'), tags: new Set(['math']), big: 2n ** 70n };
    await db.put(['user', 1], ada);
    expect(await db.get(['user', 1])).toEqual(ada);
    expect(db.getSync(['user', 1])).toEqual(ada);
    expect(await db.get(['user', 2])).toBeUndefined();
    expect(await db.has(['user', 1])).toBe(true);
    expect(db.hasSync(['user', 2])).toBe(false);
  });

  test('a single part is the tuple that holds only it', async () => {
    await db.put('solo', 1);
    expect(await db.get(['solo'])).toBe(1);
  });

  test('tells an empty value from an absent one', async () => {
    await db.put('empty string', '');
    await db.put('null', null);
    expect(await db.get('empty string')).toBe('');
    expect(await db.get('null')).toBeNull();
    expect(await db.has('null')).toBe(true);
  });

  test('getMany answers in the order asked, with undefined for what is absent', async () => {
    await db.put('a', 1);
    await db.put('c', 3);
    expect(await db.getMany(['c', 'b', 'a'])).toEqual([3, undefined, 1]);
  });

  test('delete removes, and removing what is absent is no error', async () => {
    db.putSync('gone', 1);
    await db.delete('gone');
    db.deleteSync('never was');
    expect(await db.get('gone')).toBeUndefined();
  });

  test('a batch applies its operations in order, as one', async () => {
    const before = db.timestamp;
    await db.batch([
      { type: 'put', key: 'x', value: 1 },
      { type: 'put', key: 'y', value: 2 },
      { type: 'delete', key: 'x' },
    ]);
    expect(db.timestamp).toBe(before + 1);
    expect(db.getManySync(['x', 'y'])).toEqual([undefined, 2]);
  });

  test('a batch with one bad operation changes nothing', async () => {
    const operations = [
      { type: 'put', key: 'good', value: 1 },
      { type: 'upsert', key: 'bad', value: 1 },
    ] as never;
    await expect(db.batch(operations)).rejects.toThrow(InvalidArgumentError);
    await db.transaction(async (tx) => {
      await expect(tx.batch(operations)).rejects.toThrow(/'put', 'delete' or 'clear'/);
      expect(await tx.has('good')).toBe(false);
    });
    expect(await db.has('good')).toBe(false);
  });
});

describe('scans', () => {
  beforeEach(async () => {
    await db.batch([1, 2, 3, 10].map((id) => ({ type: 'put', key: ['user', id], value: `u${id}` }) as const));
    await db.batch([1.5, 'text'].map((id) => ({ type: 'put', key: ['user', 1, id], value: `sub ${id}` }) as const));
    await db.put(['usera'], 'neighbour');
    await db.keyspace('other').put(['user', 4], 'not ours');
  });

  test('visit keys in tuple order', async () => {
    const keys = (await collect(db.scan())).map(([key]) => key);
    expect(keys).toEqual([
      ['user', 1],
      ['user', 1, 1.5],
      ['user', 1, 'text'],
      ['user', 2],
      ['user', 3],
      ['user', 10],
      ['usera'],
    ]);
  });

  test.each([
    ['a prefix', { prefix: ['user', 1] }, ['u1', 'sub 1.5', 'sub text']],
    ['a prefix in reverse', { prefix: ['user', 1], reverse: true }, ['sub text', 'sub 1.5', 'u1']],
    ['gte and lt', { gte: ['user', 2], lt: ['user', 10] }, ['u2', 'u3']],
    ['gt and lte', { gt: ['user', 2], lte: ['user', 10] }, ['u3', 'u10']],
    ['a prefix and a bound', { prefix: ['user'], gt: ['user', 3] }, ['u10']],
    ['a limit', { prefix: ['user'], limit: 2 }, ['u1', 'sub 1.5']],
    ['a limit in reverse', { reverse: true, limit: 2 }, ['neighbour', 'u10']],
    ['limit 0', { limit: 0 }, []],
    ['an empty interval', { gt: ['user', 3], lt: ['user', 3] }, []],
    ['crossed bounds', { gt: ['user', 10], lt: ['user', 2] }, []],
  ])('%s', async (_name, options, expected) => {
    expect((await collect(db.scan(options))).map(([, value]) => value)).toEqual(expected);
    expect([...db.scanSync(options)].map(([, value]) => value)).toEqual(expected);
  });

  test('do not show writes made while they run', async () => {
    const seen: unknown[] = [];
    for await (const [key] of db.scan({ prefix: ['user'] })) {
      seen.push(key);
      await db.put(['user', 100 + seen.length], 'new');
      await db.delete(['user', 10]);
    }
    expect(seen).toHaveLength(6);
  });

  test('refuse a limit that is no count', () => {
    expect(() => [...db.scanSync({ limit: -1 })]).toThrow(InvalidArgumentError);
    expect(() => [...db.scanSync({ limit: 1.5 })]).toThrow(/non-negative integer/);
  });
});

describe('named keyspaces', () => {
  test('keep bytes as they are, in byte order', async () => {
    const raw = db.keyspace('raw', { keys: 'bytes', values: 'bytes' });
    for (const byte of [255, 0, 7]) await raw.put(new Uint8Array([byte, 0xff]), new Uint8Array([byte]));
    await raw.put(new Uint8Array(0), new Uint8Array(0));
    expect([...raw.scanSync()].map(([key]) => [...key])).toEqual([[], [0, 255], [7, 255], [255, 255]]);
    expect([...raw.scanSync({ prefix: new Uint8Array([255]) })]).toHaveLength(1);
    expect([...(await raw.get(new Uint8Array([7, 255])))!]).toEqual([7]);
  });

  test('do not see each other, even when one name starts with the other', async () => {
    await db.keyspace('ab').put('k', 1);
    await db.keyspace('abc').put('k', 2);
    expect([...db.keyspace('ab').scanSync()]).toEqual([[['k'], 1]]);
    expect([...db.scanSync()]).toEqual([]);
  });

  test('of text and JSON', async () => {
    const notes = db.keyspace('notes', { keys: 'utf8', values: 'json' });
    await notes.put('día', { text: 'ñ', list: [1, null] });
    expect([...notes.scanSync({ prefix: 'd' })]).toEqual([['día', { text: 'ñ', list: [1, null] }]]);
  });

  test('refuse malformed names, unknown codecs and values of the wrong type', async () => {
    expect(() => db.keyspace('')).toThrow(InvalidArgumentError);
    expect(() => db.keyspace('9lives')).toThrow(InvalidArgumentError);
    expect(() => db.keyspace('k', { keys: 'toString' as never })).toThrow(/must be one of tuple, bytes, utf8/);
    await expect(db.keyspace('raw', { values: 'bytes' }).put('k', 'text' as never)).rejects.toThrow(/Uint8Array/);
  });
});

describe('limits and misuse', () => {
  test('a key or value over its limit is refused and nothing is stored', async () => {
    await db.put('kept', 1);
    await expect(db.put('k'.repeat(300), 1)).rejects.toThrow(LimitError);
    await expect(db.put('k', 'v'.repeat(5000))).rejects.toMatchObject({ code: 'VARVE_LIMIT', facts: { max: 4096 } });
    await expect(
      db.transaction(async (tx) => {
        await tx.put('also', 1);
        await tx.put('k', 'v'.repeat(5000));
      }),
    ).rejects.toThrow(LimitError);
    expect([...db.scanSync()]).toEqual([[['kept'], 1]]);
  });

  test.each([undefined, {}, new Date(), () => 1, Symbol('s')])('the key %s is refused', async (key) => {
    await expect(db.put(key as never, 1)).rejects.toThrow(InvalidArgumentError);
    await expect(db.get(key as never)).rejects.toThrow(InvalidArgumentError);
  });

  test('after close every call fails with ClosedError, and closing again is fine', async () => {
    const snapshot = db.snapshot();
    const tx = db.begin();
    await db.close();
    await db.close();
    await expect(db.get('k')).rejects.toThrow(ClosedError);
    await expect(db.put('k', 1)).rejects.toThrow(ClosedError);
    expect(() => db.begin()).toThrow(ClosedError);
    expect(() => db.snapshot()).toThrow(ClosedError);
    await expect(db.transaction(async () => 1)).rejects.toThrow(ClosedError);
    await expect(tx.put('k', 1)).rejects.toThrow(TransactionClosedError);
    expect(() => snapshot.getSync('k')).toThrow(ClosedError);
  });
});

describe('transactions', () => {
  test('read their own writes and show nothing outside before the commit', async () => {
    const tx = db.begin();
    await tx.put('k', 1);
    expect(await tx.get('k')).toBe(1);
    expect([...tx.scanSync()]).toEqual([[['k'], 1]]);
    expect(await db.get('k')).toBeUndefined();
    const timestamp = await tx.commit();
    expect(await db.get('k')).toBe(1);
    expect(db.timestamp).toBe(timestamp);
    await expect(tx.get('k')).rejects.toThrow(TransactionClosedError);
  });

  test('give back what the body returns', async () => {
    expect(await db.transaction(async (tx) => (await tx.has('nothing')) || 'result')).toBe('result');
  });

  test('roll back when the body throws, and pass its error on', async () => {
    const failure = new Error('mine');
    await expect(
      db.transaction(async (tx) => {
        await tx.put('k', 1);
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await db.has('k')).toBe(false);
  });

  test('a savepoint that throws undoes only itself, and nests', async () => {
    await db.transaction(async (tx) => {
      await tx.put('outer', 1);
      await expect(
        tx.savepoint(async (sp) => {
          await sp.put('middle', 1);
          await sp.savepoint(async (inner) => inner.put('inner', 1));
          throw new Error('undo');
        }),
      ).rejects.toThrow('undo');
      await tx.savepoint(async (sp) => sp.put('kept', 1));
    });
    expect([...db.scanSync()].map(([key]) => key[0])).toEqual(['kept', 'outer']);
  });

  test('retry after a conflict with a fresh view', async () => {
    await db.put('counter', 0);
    let runs = 0;
    const increment = () =>
      db.transaction(
        async (tx) => {
          runs++;
          const value = (await tx.get<number>('counter'))!;
          await new Promise((resolve) => setImmediate(resolve));
          await tx.put('counter', value + 1);
        },
        { retries: 100 },
      );
    await Promise.all(Array.from({ length: 20 }, increment));
    expect(await db.get('counter')).toBe(20);
    expect(runs).toBeGreaterThan(20);
  });
});

describe('snapshots', () => {
  test('stay as they were while the database goes on', async () => {
    await db.put('k', 'old');
    using snapshot = db.snapshot();
    await db.put('k', 'new');
    await db.put('l', 'new');
    await db.flush();
    await db.compact();
    expect(await snapshot.get('k')).toBe('old');
    expect([...snapshot.scanSync()]).toEqual([[['k'], 'old']]);
    expect(await db.get('k')).toBe('new');
    snapshot.close();
    expect(() => snapshot.getSync('k')).toThrow(TransactionClosedError);
  });
});
