/** Uses that once lost data, hung, or kept what was undone. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClosedError, InvalidArgumentError, LimitError, open, VarveError } from '../../../src/index.js';
import { MemFileSystem } from '../../../src/vfs/index.js';
import { FaultFileSystem } from '../../support/fault-file-system.js';

describe('a database opened by a relative path', () => {
  let folder: string;
  const home = process.cwd();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'varve-relative-'));
  });
  afterEach(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true, force: true });
  });

  test('stays where it is when the process changes its directory', async () => {
    process.chdir(folder);
    const db = await open('data');
    await db.put('k', 1);
    process.chdir(tmpdir());
    await db.flush();
    await db.backup(relative(tmpdir(), join(folder, 'backup')));
    process.chdir(home);
    await db.close();
    expect(readdirSync(folder).sort()).toEqual(['backup', 'data']);
    const again = await open(join(folder, 'data'));
    expect(await again.get('k')).toBe(1);
    await again.close();
  });
});

describe('a commit refused for its size', () => {
  test('leaves nothing that later transactions conflict with', async () => {
    await using db = await open(':memory:', { limits: { valueBytes: 1000, batchBytes: 2000 } });
    await expect(db.put('k', 'v'.repeat(2000))).rejects.toThrow(LimitError);
    expect(() => db.putSync('k', 'v'.repeat(2000))).toThrow(LimitError);
    let runs = 0;
    const change = async (isolation: 'serializable' | 'snapshot'): Promise<void> =>
      db.transaction(
        async (tx) => {
          runs++;
          await tx.get('k');
          await tx.put('k', isolation);
        },
        { isolation, retries: 0 },
      );
    await change('serializable');
    await change('snapshot');
    expect(runs).toBe(2);
  });

  test('takes the whole batch inside a transaction along', async () => {
    await using db = await open(':memory:', { limits: { transactionBytes: 2000 } });
    await db.transaction(async (tx) => {
      await tx.put('before', 1);
      const batch = tx.batch([
        { type: 'put', key: 'first', value: 1 },
        { type: 'put', key: 'second', value: 'v'.repeat(4000) },
      ]);
      await expect(batch).rejects.toThrow(LimitError);
      await tx.put('after', 1);
    });
    expect([...db.scanSync()].map(([key]) => key[0])).toEqual(['after', 'before']);
  });
});

describe('a file that cannot be written', () => {
  test('ends a flush that was under way when a commit met it', async () => {
    const fileSystem = new FaultFileSystem(new MemFileSystem());
    const db = await open('/db', { environment: { fileSystem } });
    await db.put('k', 1);
    const flush = db.flush();
    // The segment's end and the header of its successor still go through.
    fileSystem.inject({ operation: 'write', file: /\.log$/, errno: 'ENOSPC', skip: 2 });
    expect(() => db.putSync('k', 2)).toThrow(VarveError);
    await expect(flush).rejects.toThrow(ClosedError);
    await expect(db.flush()).rejects.toThrow(ClosedError);
    await expect(db.compact()).rejects.toThrow(ClosedError);
    await expect(db.backup('/backup')).rejects.toThrow(ClosedError);
    await db.close();
  });
});

describe('savepoints', () => {
  test('side by side are refused, so that neither undoes the other', async () => {
    await using db = await open(':memory:');
    await db.transaction(async (tx) => {
      const first = tx.savepoint(async (sp) => {
        await sp.put('first', 1);
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error('undo');
      });
      const second = tx.savepoint(async (sp) => sp.put('second', 1));
      await expect(second).rejects.toThrow(InvalidArgumentError);
      await expect(first).rejects.toThrow('undo');
      await tx.savepoint(async (sp) => sp.put('third', 1));
    });
    expect([...db.scanSync()].map(([key]) => key[0])).toEqual(['third']);
  });
});

test('a listener may use the database', async () => {
  const seen: unknown[] = [];
  const holder: { db?: Awaited<ReturnType<typeof open>> } = {};
  const db = await open(':memory:', {
    listener: (event) => {
      if (event.type === 'flush') seen.push(holder.db?.getSync('k'));
    },
  });
  holder.db = db;
  db.putSync('k', 1);
  await db.flush();
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual([1]);
  await db.close();
});
