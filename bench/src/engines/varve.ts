/** Varve through its public API: a keyspace of bytes. */

import type * as Varve from 'varve';
import type { KeyValueEngine, OpenOptions } from '../engine.js';

/** The build beside this folder; by address, because the package name means this very benchmark in here. */
const { open } = (await import(new URL('../../../dist/index.js', import.meta.url).href)) as typeof Varve;

export async function openEngine({ directory, durability }: OpenOptions): Promise<KeyValueEngine> {
  const db = await open(directory);
  const space = db.keyspace('bench', { keys: 'bytes', values: 'bytes' });
  return {
    async writeBatch(keys, values, from, count) {
      const operations = [];
      for (let i = from; i < from + count; i++) {
        operations.push({ type: 'put' as const, key: keys[i]!, value: values[i]! });
      }
      await space.batch(operations, { durability });
    },
    get: (key) => space.get(key),
    getSync: (key) => space.getSync(key),
    scan(start, limit, visit) {
      let count = 0;
      for (const [, value] of space.scanSync(start === undefined ? { limit } : { gte: start, limit })) {
        visit(value);
        count++;
      }
      return count;
    },
    close: () => db.close(),
  };
}
