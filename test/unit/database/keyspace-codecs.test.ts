/** A named keyspace keeps the codecs it was first written with, and says so to whoever comes with others. */

import { describe, expect, test } from 'vitest';
import { type Database, type Environment, InvalidArgumentError, open } from '../../../src/index.js';
import { MemFileSystem } from '../../../src/vfs/index.js';

class Disk {
  readonly environment: Partial<Environment> = { fileSystem: new MemFileSystem() };

  open(): Promise<Database> {
    return open('/db', { environment: this.environment });
  }

  /** Lets `work` do something in one opening of the database. */
  async session<T>(work: (db: Database) => T | Promise<T>): Promise<T> {
    const db = await this.open();
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  }
}

const notes = { keys: 'utf8', values: 'json' } as const;

describe('the codecs of a keyspace', () => {
  test('are checked when it is opened again, and both pairs are named', async () => {
    const disk = new Disk();
    await disk.session((db) => db.keyspace('notes', notes).put('a', 1));
    await disk.session(async (db) => {
      const wrong = (): unknown => db.keyspace('notes');
      expect(wrong).toThrow(InvalidArgumentError);
      expect(wrong).toThrow(/"notes" has utf8 keys and json values.*tuple keys and structured values/);
      expect(await db.keyspace('notes', notes).get('a')).toBe(1);
      using snapshot = db.snapshot();
      expect(() => snapshot.keyspace('notes', { keys: 'utf8', values: 'utf8' })).toThrow(InvalidArgumentError);
      expect(snapshot.keyspace('notes', notes).getSync('a')).toBe(1);
      await db.transaction(async (tx) => {
        expect(() => tx.keyspace('notes', { keys: 'bytes', values: 'json' })).toThrow(InvalidArgumentError);
        expect(await tx.keyspace('notes', notes).get('a')).toBe(1);
      });
    });
  });

  test('are those of the first handle, even before anything is stored', async () => {
    await new Disk().session((db) => {
      db.keyspace('notes', notes);
      expect(() => db.keyspace('notes', { keys: 'utf8' })).toThrow(/utf8 keys and json values/);
    });
  });

  test('are not recorded by reading', async () => {
    const disk = new Disk();
    await disk.session(async (db) => expect(await db.keyspace('notes', notes).get('a')).toBeUndefined());
    await disk.session((db) => db.keyspace('notes').put('a', 1));
  });

  const writes: [how: string, write: (db: Database) => unknown][] = [
    ['put', (db) => db.keyspace('notes', notes).put('a', 1)],
    ['putSync', (db) => db.keyspace('notes', notes).putSync('a', 1)],
    ['a batch', (db) => db.keyspace('notes', notes).batch([{ type: 'put', key: 'a', value: 1 }])],
    ['a transaction', (db) => db.transaction((tx) => tx.keyspace('notes', notes).put('a', 1))],
    [
      'a transaction whose first write is undone',
      (db) =>
        db.transaction(async (tx) => {
          const undone = tx.savepoint(async (inner) => {
            await inner.keyspace('notes', notes).put('b', 1);
            throw new Error('undo');
          });
          await expect(undone).rejects.toThrow('undo');
          await tx.keyspace('notes', notes).put('a', 1);
        }),
    ],
    [
      'a transaction of begin()',
      async (db) => {
        const tx = db.begin();
        tx.keyspace('notes', notes).putSync('a', 1);
        await tx.commit();
      },
    ],
  ];
  test.each(writes)('are recorded by %s, in the same commit', async (_how, write) => {
    const disk = new Disk();
    await disk.session(async (db) => {
      const before = db.timestamp;
      await write(db);
      expect(db.timestamp).toBe(before + 1);
    });
    await disk.session((db) => {
      expect(() => db.keyspace('notes')).toThrow(InvalidArgumentError);
      expect(db.keyspace('notes', notes).getSync('a')).toBe(1);
    });
  });

  test('are not recorded by a transaction that is rolled back', async () => {
    const disk = new Disk();
    await disk.session(async (db) => {
      const tx = db.begin();
      await tx.keyspace('notes', notes).put('a', 1);
      tx.rollback();
    });
    await disk.session((db) => db.keyspace('notes').put('a', 1));
  });

  test('cost a keyspace nothing after its first write', async () => {
    await new Disk().session(async (db) => {
      const space = db.keyspace('notes', notes);
      await space.put('a', 1);
      const entries = db.stats().engine.memtableEntries;
      expect(entries).toBe(2);
      await space.put('b', 1);
      await db.transaction((tx) => tx.keyspace('notes', notes).put('c', 1));
      expect(db.stats().engine.memtableEntries).toBe(entries + 2);
    });
  });

  test('let many first writers in at once', async () => {
    await new Disk().session(async (db) => {
      const space = db.keyspace('notes', notes);
      await Promise.all(Array.from({ length: 50 }, (_, i) => space.put(`k${i}`, i)));
      const increments = Array.from({ length: 10 }, (_, i) =>
        db.transaction((tx) => tx.keyspace('other', notes).put(`k${i}`, i)),
      );
      await Promise.all(increments);
      expect([...space.scanSync()]).toHaveLength(50);
      expect([...db.keyspace('other', notes).scanSync()]).toHaveLength(10);
      expect(db.stats().conflicts).toBe(0);
    });
  });
});
