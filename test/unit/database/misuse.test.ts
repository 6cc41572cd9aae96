/** What untyped callers get wrong: a misspelt option or an argument of another kind is refused, never ignored. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, InvalidArgumentError, open, restore, verify } from '../../../src/index.js';

let db: Database;
beforeEach(async () => {
  db = await open(':memory:');
});
afterEach(async () => {
  await db.close();
});

/** The error of a call that throws or rejects. */
async function refusal(call: () => unknown): Promise<InvalidArgumentError> {
  const error: unknown = await (async () => call())().then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(InvalidArgumentError);
  return error as InvalidArgumentError;
}

/** For arguments that the types refuse. */
const wrong = (value: unknown): never => value as never;

describe('durability that does not exist is not taken for the weaker one', () => {
  const durabilities = ['fsync', true, 'Commit', null, 0];
  test.each(durabilities)('%j', async (found) => {
    const options = wrong({ durability: found });
    const calls: [string, () => unknown][] = [
      ['put', () => db.put('k', 1, options)],
      ['putSync', () => db.putSync('k', 1, options)],
      ['delete', () => db.delete('k', options)],
      ['deleteSync', () => db.deleteSync('k', options)],
      ['batch', () => db.batch([{ type: 'put', key: 'k', value: 1 }], options)],
      ['batchSync', () => db.batchSync([], options)],
      ['a keyspace', () => db.keyspace('k').put('k', 1, options)],
      ['transaction', () => db.transaction((tx) => tx.put('k', 1), options)],
      ['begin', () => db.begin(options)],
      ['tx.put', () => db.transaction((tx) => tx.put('k', 1, options))],
    ];
    for (const [name, call] of calls) {
      expect((await refusal(call)).message, name).toMatch(/durability must be 'commit' or 'buffered', found/);
    }
    expect(db.timestamp).toBe(0);
  });

  test('a write inside a transaction has none of its own', async () => {
    const error = await refusal(() => db.transaction((tx) => tx.put('k', 1, { durability: 'buffered' })));
    expect(error.message).toMatch(/give it to the transaction/);
  });
});

describe('unknown options are named, with those that exist', () => {
  const cases: [string, () => unknown, RegExp][] = [
    ['put', () => db.put('k', 1, wrong({ durabilty: 'commit' })), /a put do not include "durabilty".*durability/],
    ['put, no object', () => db.put('k', 1, wrong('commit')), /a put must be an object, found string/],
    [
      'transaction',
      () => db.transaction(() => 1, wrong({ timeout: 1 })),
      /"timeout": known are isolation, .*timeoutMs/,
    ],
    ['begin', () => db.begin(wrong({ readonly: true })), /"readonly": known are .*readOnly/],
    ['snapshot', () => db.snapshot(wrong({ asof: 1 })), /"asof": known are asOf/],
    ['keyspace', () => db.keyspace('k', wrong({ key: 'utf8' })), /"key": known are keys, values/],
    ['scanSync', () => [...db.scanSync(wrong({ prefx: ['k'] }))], /"prefx": known are prefix, gt/],
    ['scan', () => db.scan(wrong({ prefx: ['k'] })).next(), /"prefx": known are prefix, gt/],
    ['restore', () => restore('a', 'b', wrong({ to: 5 })), /"to": known are environment/],
    ['verify', () => verify('a', wrong({ deep: true })), /"deep": known are environment/],
  ];
  test.each(cases)('%s', async (_name, call, message) => {
    expect((await refusal(call)).message).toMatch(message);
  });
});

describe('arguments of another kind', () => {
  const cases: [string, () => unknown, RegExp][] = [
    ['batch of an object', () => db.batch(wrong({})), /operations of a batch must be an array, found object/],
    ['batch of nothing', () => db.batch(wrong(undefined)), /must be an array, found undefined/],
    ['batch with a null', () => db.batch(wrong([null])), /must be an object, found null/],
    ['a batch operation misspelt', () => db.batch(wrong([{ type: 'put', key: 'k', val: 1 }])), /"val": known are type/],
    ['getMany of a text', () => db.getMany(wrong('ab')), /keys of getMany must be an array, found string/],
    ['transaction of nothing', () => db.transaction(wrong(undefined)), /must be a function, found undefined/],
    ['transaction of options', () => db.transaction(wrong({ retries: 1 })), /must be a function, found object/],
    ['savepoint of nothing', () => db.transaction((tx) => tx.savepoint(wrong(null))), /savepoint must be a function/],
    ['a signal that is none', () => db.transaction(() => 1, wrong({ signal: {} })), /signal must be an AbortSignal/],
    ['onRetry that is none', () => db.transaction(() => 1, wrong({ onRetry: 1 })), /onRetry must be a function/],
    ['backup to nowhere', () => db.backup(wrong(undefined)), /backup needs the path of a directory/],
    ['checkpoint to memory', () => db.checkpoint(':memory:'), /checkpoint needs the path of a directory/],
    ['verify of memory', () => verify(':memory:'), /verify needs the path of a directory, found ":memory:"/],
    ['restore of nothing', () => restore('', 'b'), /restore needs the path of a directory/],
  ];
  test.each(cases)('%s', async (_name, call, message) => {
    expect((await refusal(call)).message).toMatch(message);
  });
});

describe('a database in memory', () => {
  test.each([{ readOnly: true }, { createIfMissing: false }, { environment: { fileSystem: wrong({}) } }])(
    'is refused with %j, which makes no sense there',
    async (options) => {
      expect((await refusal(() => open(':memory:', options))).message).toMatch(/in memory begins empty/);
    },
  );

  test('has no checkpoint, and says what to use', async () => {
    expect((await refusal(() => db.checkpoint('./somewhere'))).message).toMatch(/use backup/);
  });

  test('is backed up to the real file system, and opens there after restore', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'varve-memory-backup-'));
    try {
      await db.put(['k', 1], 'kept');
      await db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (7)');
      const report = await db.backup(join(folder, 'backup'));
      expect(report.timestamp).toBe(db.timestamp);
      await db.put(['k', 1], 'changed later');
      await restore(join(folder, 'backup'), join(folder, 'copy'));
      expect((await verify(join(folder, 'copy'))).problems).toEqual([]);
      await using copy = await open(join(folder, 'copy'), { createIfMissing: false });
      expect(await copy.get(['k', 1])).toBe('kept');
      expect([...(await copy.sql<{ id: number }>('SELECT id FROM t'))]).toEqual([{ id: 7 }]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

test('a copy inside the database itself is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'varve-own-directory-'));
  try {
    await using own = await open(join(folder, 'db'));
    for (const inside of ['.', 'backup', join('a', 'b')]) {
      const destination = join(folder, 'db', inside);
      expect((await refusal(() => own.backup(destination))).message).toMatch(/is inside the database/);
      expect((await refusal(() => own.checkpoint(destination))).message).toMatch(/is inside the database/);
    }
    await own.backup(join(folder, 'db-backup'));
    await own.checkpoint(join(folder, '..db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
