import { expect, test } from 'vitest';
import { BatchQueue } from '../../../src/mvcc/batch-queue.js';
import { WriteBatch } from '../../../src/storage/index.js';

test('batches leave in order, however many are on their way', () => {
  const queue = new BatchQueue();
  const batches = Array.from({ length: 2000 }, () => new WriteBatch());
  expect(queue.isEmpty).toBe(true);
  for (const [at, batch] of batches.entries()) {
    queue.push(at * 2, batch);
    if (at >= 700) queue.through((at - 700) * 2 + 1);
  }
  const left = queue.takeAll();
  expect(left.map(({ timestamp }) => timestamp)).toEqual(Array.from({ length: 700 }, (_, i) => (1300 + i) * 2));
  expect(left.every(({ batch }, i) => batch === batches[1300 + i])).toBe(true);
  expect(queue.isEmpty).toBe(true);
  expect(queue.takeAll()).toEqual([]);
  queue.push(5000, batches[0]!);
  queue.through(4999);
  expect(queue.isEmpty).toBe(false);
  queue.through(5000);
  expect(queue.isEmpty).toBe(true);
});
