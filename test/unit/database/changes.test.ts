import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { type Commit, InvalidArgumentError, open } from '../../../src/index.js';

const distribution = new URL('../../../dist/index.js', import.meta.url).href;

test('changes come decoded, commit by commit, only those of the keyspace and prefix', async () => {
  await using db = await open(':memory:');
  await using all = db.changes();
  await using users = db.changes({ prefix: ['user'] });
  const raw = db.keyspace('raw', { keys: 'utf8', values: 'json' });
  await using rows = raw.changes();
  await db.put(['user', 1], { name: 'Ada' });
  await raw.put('a', [1]);
  await db.transaction(async (tx) => {
    await tx.put(['user', 2], { name: 'Bob' });
    await tx.delete(['user', 1]);
    await tx.put(['zoo'], 1);
  });
  expect((await all.next()).value).toEqual({
    timestamp: 1,
    changes: [{ type: 'put', key: ['user', 1], value: { name: 'Ada' } }],
  });
  const third = [
    { type: 'delete', key: ['user', 1] },
    { type: 'put', key: ['user', 2], value: { name: 'Bob' } },
  ];
  expect((await all.next()).value).toEqual({
    timestamp: 3,
    changes: [...third, { type: 'put', key: ['zoo'], value: 1 }],
  });
  await users.next();
  expect((await users.next()).value).toEqual({ timestamp: 3, changes: third });
  expect((await rows.next()).value).toEqual({ timestamp: 2, changes: [{ type: 'put', key: 'a', value: [1] }] });
});

test('a loop ends its feed by break and goes on elsewhere by timestamp', async () => {
  await using db = await open(':memory:', { history: { ms: 60_000 } });
  for (let n = 1; n <= 5; n++) await db.put(['n'], n);
  let since = 0;
  const seen: unknown[] = [];
  for (let round = 0; round < 5; round++) {
    for await (const commit of db.changes({ since })) {
      since = commit.timestamp;
      const [change] = commit.changes;
      seen.push(change?.type === 'put' && change.value);
      break;
    }
  }
  expect(seen).toEqual([1, 2, 3, 4, 5]);
  expect(db.stats().changeFeeds).toBe(0);
});

test('arguments are checked', async () => {
  await using db = await open(':memory:');
  expect(() => db.changes({ since: '1' as never })).toThrow(InvalidArgumentError);
  expect(() => db.changes({ sinse: 1 } as never)).toThrow('options of changes do not include "sinse"');
  expect(() => db.changes({ since: 5 })).toThrow(InvalidArgumentError);
  expect(() => db.changes({ signal: 5 as never })).toThrow('signal must be an AbortSignal, found 5');
  expect(db.stats().changeFeeds).toBe(0);
});

test('the end of the database ends its readers', async () => {
  const db = await open(':memory:');
  const feed = db.changes();
  const next: Promise<IteratorResult<Commit<unknown, unknown>, undefined>> = feed.next();
  next.catch(() => undefined);
  await db.close();
  await expect(next).rejects.toMatchObject({ code: 'VARVE_CLOSED' });
});

test('a feed that waits keeps no process alive', () => {
  const program = `import { open } from ${JSON.stringify(distribution)};
    open(':memory:').then((db) => void db.changes().next().then(() => console.log('told')));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});
