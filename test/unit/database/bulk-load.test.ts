import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type BulkLoadOptions,
  type BulkLoadProgress,
  ClosedError,
  ConflictError,
  type Database,
  type DatabaseOptions,
  InvalidArgumentError,
  LimitError,
  open,
} from '../../../src/index.js';
import { MemFileSystem } from '../../../src/vfs/index.js';
import { varve } from '../../support/dist-modules.mjs';
import { FaultFileSystem } from '../../support/fault-file-system.js';

/** Small tables, so that little data makes many. */
const SMALL: DatabaseOptions = { memtableBytes: 16 * 1024, blockBytes: 512, tableBytes: 8 * 1024, compression: 'none' };
const TIGHT: BulkLoadOptions = { memoryBytes: 4096 };

type Pair = readonly [number, string];

function* pairs(count: number, text = 'value'): Generator<Pair> {
  for (let i = 0; i < count; i++) yield [i, `${text} ${i}`];
}

/** The same in an order that has nothing to do with the keys'. */
function* shuffled(count: number, text = 'value'): Generator<Pair> {
  for (let i = 0; i < count; i++) yield [(i * 7919) % count, `${text} ${(i * 7919) % count}`];
}

function contentOf(db: Pick<Database, 'scanSync'>, reverse = false): [unknown, unknown][] {
  return [...db.scanSync({ reverse })].map(([key, value]) => [key[0], value]);
}

async function drained(db: Database): Promise<string[]> {
  const found: string[] = [];
  for await (const [key, value] of db.scan()) found.push(`${String(key[0])}=${String(value)}`);
  return found;
}

describe('a bulk load', () => {
  let db: Database;
  beforeEach(async () => {
    db = await open(':memory:', SMALL);
  });
  afterEach(() => db.close());

  test.each([
    ['sorted', pairs, {}],
    ['sorted, in little memory', pairs, TIGHT],
    ['in any order', shuffled, {}],
    ['in any order, in little memory', shuffled, TIGHT],
  ] as const)('stores input that is %s', async (_what, source, options) => {
    const report = await db.bulkLoad(source(3000), options);
    expect(report).toMatchObject({ entries: 3000, duplicates: 0, timestamp: 1 });
    expect(db.timestamp).toBe(1);
    expect(contentOf(db)).toEqual([...pairs(3000)]);
    expect(contentOf(db, true)).toEqual([...pairs(3000)].reverse());
    expect(db.getSync(1234)).toBe('value 1234');
    expect(db.hasSync(3000)).toBe(false);
    const { loads, loadBytesWritten, levels } = db.stats().engine;
    expect(loads).toBe(1);
    expect(report.tables).toBe(levels.reduce((sum, level) => sum + level.tables, 0));
    expect(report.bytes).toBe(levels.reduce((sum, level) => sum + level.bytes, 0));
    expect(loadBytesWritten).toBeGreaterThanOrEqual(report.bytes);
  });

  test('takes arrays, maps and asynchronous sources', async () => {
    await db.bulkLoad([['a', 1]]);
    await db.bulkLoad(new Map([['b', 2]]));
    await db.bulkLoad(
      (async function* () {
        for (const letter of ['c', 'd']) {
          await sleep(1);
          yield [letter, letter] as const;
        }
      })(),
    );
    expect(contentOf(db)).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 'c'],
      ['d', 'd'],
    ]);
  });

  test('of entries with one key keeps the last, however far apart they are', async () => {
    function* source(): Generator<Pair> {
      yield* shuffled(2000, 'first');
      yield* pairs(1000, 'second');
      yield [7, 'third'];
      yield [7, 'fourth'];
    }
    const report = await db.bulkLoad(source(), TIGHT);
    expect(report).toMatchObject({ entries: 2000, duplicates: 1002 });
    const expected = [...pairs(1000, 'second'), ...[...pairs(2000, 'first')].slice(1000)];
    expected[7] = [7, 'fourth'];
    expect(contentOf(db)).toEqual(expected);
  });

  test('replaces what was there, for those who come after it, and is replaced by what follows', async () => {
    await db.batch([...pairs(500, 'old')].map(([key, value]) => ({ type: 'put', key, value })));
    using before = db.snapshot();
    const { timestamp } = await db.bulkLoad(shuffled(300, 'new'), TIGHT);
    expect(timestamp).toBe(2);
    await db.put(3, 'newest');
    await db.delete(4);
    expect(contentOf(before)).toEqual([...pairs(500, 'old')]);
    const expected = [...pairs(300, 'new'), ...[...pairs(500, 'old')].slice(300)];
    expected[3] = [3, 'newest'];
    expected.splice(4, 1);
    expect(contentOf(db)).toEqual(expected);
    await db.compact();
    expect(contentOf(db)).toEqual(expected);
    expect(contentOf(before)).toEqual([...pairs(500, 'old')]);
  });

  test('is in no order with commits made meanwhile but that of their timestamps', async () => {
    async function* source(): AsyncGenerator<Pair> {
      for (const [key] of shuffled(400)) {
        if (key % 50 === 0) await db.put(key, 'meanwhile');
        if (key % 90 === 0) db.putSync(1000 + key, 'meanwhile');
        yield [key, 'loaded'];
      }
    }
    const { timestamp } = await db.bulkLoad(source(), TIGHT);
    expect(timestamp).toBe(db.timestamp);
    expect(db.getSync(50)).toBe('loaded');
    expect(db.getSync(1090)).toBe('meanwhile');
    await Promise.all([db.bulkLoad(pairs(100, 'second')), db.put(5, 'last')]);
    const second = db.getSync(6);
    expect(second).toBe('second 6');
  });

  test('synchronous commits bring a link under way to its end', async () => {
    await db.put('x', 1);
    const load = db.bulkLoad(pairs(50), {
      onProgress: () => setImmediate(() => db.putSync('y', db.timestamp)),
    });
    const { timestamp } = await load;
    await sleep(5);
    expect(db.getSync('y')).toBeTypeOf('number');
    expect(db.timestamp).toBeGreaterThanOrEqual(timestamp);
    expect(contentOf(db)).toHaveLength(52);
  });

  test('lets who has read in its range conflict, and nobody else', async () => {
    await db.put('a', 1);
    const inside = db.begin();
    await inside.get(40);
    await inside.put('inside', 1);
    const scanning = db.begin();
    for await (const entry of scanning.scan({ gte: 10, lt: 20 })) expect(entry).toBeUndefined();
    await scanning.put('scanning', 1);
    const outside = db.begin();
    await outside.get('a');
    await outside.put('outside', 1);
    await db.bulkLoad(pairs(100));
    await expect(inside.commit()).rejects.toThrow(ConflictError);
    await expect(scanning.commit()).rejects.toThrow(ConflictError);
    await outside.commit();
    expect(db.getSync('outside')).toBe(1);
  });

  test('of a named keyspace records its codecs, and touches nothing outside it', async () => {
    const texts = db.keyspace('texts', { keys: 'utf8', values: 'utf8' });
    const reader = db.begin();
    await reader.get('elsewhere');
    await reader.put('elsewhere', 1);
    const report = await texts.bulkLoad([
      ['b', 'B'],
      ['a', 'A'],
    ]);
    expect(report).toMatchObject({ entries: 2, duplicates: 0 });
    await reader.commit();
    expect([...texts.scanSync()]).toEqual([
      ['a', 'A'],
      ['b', 'B'],
    ]);
    await texts.bulkLoad([['c', 'C']]);
    expect(texts.getSync('c')).toBe('C');
  });

  test('is told as one commit by a feed of changes, in its place among the others', async () => {
    await using feed = db.changes();
    await db.put('first', 1);
    await Promise.all([db.bulkLoad(shuffled(40), TIGHT), db.put('second', 2)]);
    await db.put('third', 3);
    const told: string[] = [];
    for await (const { timestamp, changes } of feed) {
      told.push(`${timestamp}: ${changes.length > 1 ? changes.length : String(changes[0]!.key)}`);
      if (told.length === 4) break;
    }
    expect(told).toEqual(['1: first', '2: second', '3: 40', '4: third']);
  });

  test('of nothing commits nothing', async () => {
    await db.put('a', 1);
    const report = await db.keyspace('empty').bulkLoad([]);
    expect(report).toMatchObject({ entries: 0, duplicates: 0, tables: 0, bytes: 0, timestamp: 1 });
    expect(db.stats().engine.loads).toBe(0);
  });

  test('says how far it is, and what it wrote', async () => {
    const seen: BulkLoadProgress[] = [];
    await db.bulkLoad(pairs(1000), { ...TIGHT, onProgress: (progress) => void seen.push(progress) });
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.map((one) => one.entries)).toEqual(seen.map((one) => one.entries).toSorted((a, b) => a - b));
    expect(seen.at(-1)?.entries).toBe(1000);
    expect(seen.at(-1)?.bytes).toBeGreaterThan(1000 * 8);
  });

  test('keeps the event loop turning', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await db.bulkLoad(shuffled(20_000));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
  });
});

describe('a bulk load that cannot be', () => {
  let db: Database;
  beforeEach(async () => {
    db = await open(':memory:', { ...SMALL, limits: { keyBytes: 64, valueBytes: 1024 } });
    await db.put('before', 1);
  });
  afterEach(async () => {
    // Whatever happened: nothing of it is there, and the database works.
    expect(await drained(db)).toEqual(['before=1']);
    expect(db.stats().engine.loads).toBe(0);
    await db.put('after', 1);
    await db.close();
  });

  const misuses: readonly (readonly [string, unknown, unknown, RegExp])[] = [
    ['no source', undefined, {}, /must be iterable, found undefined/],
    ['a text', 'ab', {}, /must be iterable, found string/],
    ['a number', [1, 2], {}, /entry 1 of a bulk load must be a pair \[key, value\], found number/],
    [
      'a triple',
      [
        ['a', 1],
        ['b', 2, 3],
      ],
      {},
      /entry 2 .* found an array of 3/,
    ],
    [
      'a key that is none',
      [
        ['a', 1],
        [{}, 1],
      ],
      {},
      /^entry 2 of a bulk load: /,
    ],
    [
      'a value that is none',
      [
        ['a', 1],
        ['b', () => 1],
      ],
      {},
      /^entry 2 of a bulk load: /,
    ],
    ['an unknown option', [], { memory: 1 }, /do not include "memory"/],
    ['options that are none', [], 5, /must be an object/],
    ['too little memory', [], { memoryBytes: 100 }, /memoryBytes .* from 4096 to/],
    ['memory that is no number', [], { memoryBytes: '1' }, /memoryBytes/],
    ['a signal that is none', [], { signal: true }, /signal .* an AbortSignal/],
    ['a listener that is none', [], { onProgress: 1 }, /onProgress .* a function/],
  ];
  test.each(misuses)('is refused: %s', async (_what, entries, options, message) => {
    const failure: unknown = await db.bulkLoad(entries as Pair[], options as BulkLoadOptions).catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect((failure as Error).message).toMatch(message);
  });

  test('names the entry that is over a limit', async () => {
    const long = db.bulkLoad([
      ['a', 1],
      ['b'.repeat(100), 1],
    ] as const);
    await expect(long).rejects.toMatchObject({ limit: 'limits.keyBytes', facts: { entry: 2 } });
    await expect(db.bulkLoad([['a', 'v'.repeat(2000)]])).rejects.toThrow(LimitError);
  });

  test('ends with the error of its source, after which nothing is left', async () => {
    const broken = new Error('the source broke');
    let returned = 0;
    const source = {
      *[Symbol.iterator](): Generator<Pair> {
        try {
          yield* shuffled(2000);
          throw broken;
        } finally {
          returned++;
        }
      },
    };
    await expect(db.bulkLoad(source, TIGHT)).rejects.toBe(broken);
    expect(returned).toBe(1);
  });

  test('ends with the reason of its signal, also while its source gives nothing', async () => {
    await expect(db.bulkLoad(pairs(10), { signal: AbortSignal.abort('early') })).rejects.toBe('early');
    const control = new AbortController();
    const stuck = db.bulkLoad(
      (async function* (): AsyncGenerator<Pair> {
        yield* shuffled(2000);
        control.abort(new Error('enough'));
        await new Promise(() => undefined);
      })(),
      { ...TIGHT, signal: control.signal },
    );
    await expect(stuck).rejects.toThrow('enough');
    const late = new AbortController();
    const source = function* (): Generator<Pair> {
      yield* shuffled(2000);
      late.abort(new Error('in between'));
      yield* shuffled(2000);
    };
    await expect(db.bulkLoad(source(), { ...TIGHT, signal: late.signal })).rejects.toThrow('in between');
  });

  test('ends with the error of its progress listener', async () => {
    const complaint = new Error('no more');
    const options = {
      ...TIGHT,
      onProgress: () => {
        throw complaint;
      },
    };
    await expect(db.bulkLoad(pairs(1000), options)).rejects.toBe(complaint);
  });
});

test('a load inside an ambient transaction is refused, as it would not be part of it', async () => {
  await using db = await open(':memory:', { ambientTransactions: true });
  await db.transaction(async () => {
    await expect(db.bulkLoad(pairs(1))).rejects.toThrow(/cannot be part of a transaction/);
    await expect(db.keyspace('other').bulkLoad(pairs(1))).rejects.toThrow(InvalidArgumentError);
  });
  await db.bulkLoad(pairs(1));
  expect(contentOf(db)).toEqual([...pairs(1)]);
});

test('closing the database ends a load that waits for its source', async () => {
  const db = await open(':memory:', SMALL);
  const load = db.bulkLoad(
    (async function* (): AsyncGenerator<Pair> {
      yield* shuffled(2000);
      await new Promise(() => undefined);
    })(),
    TIGHT,
  );
  const ended = load.catch((failure: unknown) => failure);
  await sleep(5);
  await db.close();
  expect(await ended).toBeInstanceOf(ClosedError);
  await expect(db.bulkLoad(pairs(1))).rejects.toThrow(ClosedError);
});

describe('on a file system', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'varve-load-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('a load in the worker thread is there after reopening, verified, and restored from a backup', async () => {
    const path = join(directory, 'db');
    const options = { tableBytes: 64 * 1024 };
    {
      await using db = await varve.open(path, options);
      await db.put('first', 1);
      // Parts of more than 256 KiB go to the worker.
      const report = await db.bulkLoad(shuffled(3000, 'long '.repeat(100)), { memoryBytes: 1024 * 1024 });
      expect(report).toMatchObject({ entries: 3000, timestamp: 2 });
      await db.put(7, 'after');
    }
    const { problems, orphans, entries } = await varve.verify(path);
    expect(problems).toEqual([]);
    expect(orphans).toEqual([]);
    expect(entries).toBe(3002);
    {
      await using db = await varve.open(path, options);
      await db.backup(join(directory, 'backup'));
    }
    await varve.restore(join(directory, 'backup'), join(directory, 'restored'));
    await using db = await varve.open(join(directory, 'restored'), { ...options, readOnly: true });
    expect(db.getSync(7)).toBe('after');
    expect(contentOf(db).filter(([key]) => typeof key === 'number')).toHaveLength(3000);
    await expect(db.bulkLoad(pairs(1))).rejects.toMatchObject({ code: 'VARVE_INVALID_ARGUMENT', sqlState: '25006' });
  });

  test('a full device in the middle is a typed error, costs nothing that was stored, and leaves no file behind', async () => {
    const fileSystem = new FaultFileSystem(new MemFileSystem());
    const db = await open('/full', { ...SMALL, environment: { fileSystem } });
    await db.batch([...pairs(200, 'stored')].map(([key, value]) => ({ type: 'put', key, value })));
    await db.flush();
    const tables = (): string[] => fileSystem.list('/full').filter((name) => name.endsWith('.tbl'));
    const before = tables();
    for (const skip of [0, 3, 20, 45]) {
      const fault = fileSystem.inject({ operation: 'write', file: /tbl$/, errno: 'ENOSPC', skip });
      await expect(db.bulkLoad(shuffled(2000), TIGHT)).rejects.toMatchObject({ code: 'VARVE_IO', errno: 'ENOSPC' });
      expect(fault.struck).toBeGreaterThan(0);
      fault.stop();
      expect(tables()).toEqual(before);
      expect(db.stats().engine.poisoned).toBe(false);
    }
    expect(contentOf(db)).toEqual([...pairs(200, 'stored')]);
    await db.bulkLoad(shuffled(2000), TIGHT);
    expect(contentOf(db)).toEqual([...pairs(2000)]);
    await db.close();
    expect(fileSystem.openFiles).toEqual([]);
  });

  test('spilled parts are gone once the load is done', async () => {
    const path = join(directory, 'db');
    await using db = await open(path, SMALL);
    const { tables } = await db.bulkLoad(shuffled(1500), TIGHT);
    expect(readdirSync(path).filter((name) => name.endsWith('.tbl'))).toHaveLength(tables);
  });
});
