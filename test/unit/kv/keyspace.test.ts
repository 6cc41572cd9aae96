/** Keyspaces over a store: what they make of bytes they did not write, and how they share the thread. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InvalidArgumentError, type Scheduler, systemScheduler, utf8Encode } from '../../../src/base/index.js';
import { Keyspace, namedKeyspace, storeSink } from '../../../src/kv/index.js';
import type { TransactionalStore } from '../../../src/mvcc/index.js';
import { WriteBatch } from '../../../src/storage/index.js';
import { type Environment, systemEnvironment } from '../../../src/vfs/index.js';
import { openMemoryStore } from '../../support/memory-store.js';

let store: TransactionalStore;
beforeEach(async () => {
  store = await openMemoryStore();
});
afterEach(async () => {
  await store.close();
});

/** Puts bytes where the keyspace `name` keeps its entries. */
function plant(name: string, key: Uint8Array, value: Uint8Array): void {
  const batch = new WriteBatch();
  batch.put(new Uint8Array([...namedKeyspace(name).prefix, ...key]), value);
  store.writeSync(batch);
}

describe('bytes that the codec did not write', () => {
  const cases = [
    ['structured', new Uint8Array([0xc1])],
    ['utf8', new Uint8Array([0xff])],
    ['json', utf8Encode('{')],
  ] as const;
  test.each(cases)('as a %s value are reported with the keyspace and the codec', (values, bytes) => {
    plant('mixed', utf8Encode('k'), bytes);
    const space = new Keyspace(storeSink(store, systemEnvironment()), namedKeyspace('mixed', { keys: 'utf8', values }));
    for (const read of [() => space.getSync('k'), () => space.getManySync(['k']), () => [...space.scanSync()]]) {
      expect(read).toThrow(InvalidArgumentError);
      expect(read).toThrow(`keyspace "mixed" holds a value that the codec '${values}' did not write`);
    }
  });

  test('as a key too', () => {
    plant('mixed', utf8Encode('k'), new Uint8Array([1]));
    const space = new Keyspace(storeSink(store, systemEnvironment()), namedKeyspace('mixed', { values: 'bytes' }));
    expect(() => [...space.scanSync()]).toThrow(`keyspace "mixed" holds a key that the codec 'tuple' did not write`);
  });
});

describe('an asynchronous scan', () => {
  /** A machine whose clock gains `stepMs` with every look, and that counts the turns asked for. */
  function machine(stepMs: number): { environment: Environment; turns: () => number } {
    let turns = 0;
    let nowMs = 0;
    const scheduler: Scheduler = {
      ...systemScheduler,
      nextTurn: (task) => {
        turns++;
        systemScheduler.nextTurn(task);
      },
    };
    const clock = { nowMs: () => 0, monotonicMs: () => (nowMs += stepMs) };
    return { environment: systemEnvironment({ clock, scheduler }), turns: () => turns };
  }

  async function scanned(environment: Environment): Promise<number> {
    const space = new Keyspace(storeSink(store, environment), namedKeyspace('n'));
    await space.batch(Array.from({ length: 1000 }, (_, i) => ({ type: 'put', key: i, value: i })));
    let count = 0;
    for await (const [[key], value] of space.scan()) {
      expect(key).toBe(value);
      count++;
    }
    return count;
  }

  test('lets the event loop have turns as time goes by, and misses nothing', async () => {
    const { environment, turns } = machine(1);
    expect(await scanned(environment)).toBe(1000);
    expect(turns()).toBeGreaterThan(10);
    expect(turns()).toBeLessThan(100);
  });

  test('goes straight through when it is quick', async () => {
    const { environment, turns } = machine(0);
    expect(await scanned(environment)).toBe(1000);
    expect(turns()).toBe(0);
  });
});
