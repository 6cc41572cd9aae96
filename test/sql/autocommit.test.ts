/** Statements without a transaction around them. */

import { expect, test } from 'vitest';
import { openSql } from './sql-fixture.js';

test('300 concurrent increments all succeed, each exactly once', async () => {
  const db = await openSql('CREATE TABLE c (id integer PRIMARY KEY, n integer); INSERT INTO c VALUES (1, 0)');
  const increment = db.sql.prepare('UPDATE c SET n = n + 1 WHERE id = 1 RETURNING n');
  const outcomes = await Promise.allSettled(
    Array.from({ length: 300 }, (_, i) =>
      i % 2 === 0
        ? increment.get<{ n: number }>()
        : db.sql.run<{ n: number }>('UPDATE c SET n = n + 1 WHERE id = 1 RETURNING n').then(([row]) => row),
    ),
  );
  const seen = outcomes.map((outcome): unknown => (outcome.status === 'fulfilled' ? outcome.value?.n : outcome.reason));
  expect(new Set(seen)).toEqual(new Set(Array.from({ length: 300 }, (_, i) => i + 1)));
  expect(db.rows('SELECT n FROM c')).toEqual([[300]]);
}, 20_000);

test('inserts that race for one key: one wins, the others see its row', async () => {
  const db = await openSql('CREATE TABLE t (id integer PRIMARY KEY)');
  const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => db.sql.run('INSERT INTO t VALUES (1)')));
  const states = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? 'inserted' : (outcome.reason as { sqlState: string }).sqlState,
  );
  expect(states.filter((state) => state === 'inserted')).toHaveLength(1);
  expect(states.filter((state) => state === '23505')).toHaveLength(39);
});
