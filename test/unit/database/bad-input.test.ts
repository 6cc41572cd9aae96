/** What a user can get wrong around `open`, and that nothing stored is lost by it. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CorruptionError, InvalidArgumentError, LockedError, open, VarveError } from '../../../src/index.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'varve-bad-input-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function fill(path: string): Promise<void> {
  const db = await open(path);
  for (let i = 0; i < 200; i++) await db.put(['k', i], `value ${i}`, { durability: 'buffered' });
  await db.close();
}

async function failure(path: string): Promise<VarveError> {
  try {
    const db = await open(path);
    try {
      for await (const [key, value] of db.scan()) expect(value).toBe(`value ${String(key[1])}`);
    } finally {
      await db.close();
    }
  } catch (error) {
    expect(error).toBeInstanceOf(VarveError);
    return error as VarveError;
  }
  throw new Error('expected an error');
}

function onlyFile(path: string, ending: RegExp): string {
  const [name, ...rest] = readdirSync(path).filter((file) => ending.test(file));
  expect(rest).toEqual([]);
  return join(path, name!);
}

function flipBit(file: string, offset: number): void {
  const bytes = readFileSync(file);
  bytes[offset]! ^= 0x10;
  writeFileSync(file, bytes);
}

describe('options', () => {
  test('one error lists every problem', async () => {
    const options = {
      memtableBytes: -5,
      wal: { sync: 'sometimes', extra: 1 },
      compresion: 'lz4',
      limits: { keyBytes: '1' },
      entities: [7],
    };
    const error = await open(join(directory, 'db'), options as never).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(InvalidArgumentError);
    const { message } = error as InvalidArgumentError;
    expect(message).toMatch(/memtableBytes: must be at least 4096 bytes; found -5/);
    expect(message).toMatch(/wal\.sync: must be 'commit', 'manual'.*found "sometimes"/);
    expect(message).toMatch(/wal\.extra: unknown option/);
    expect(message).toMatch(/compresion: unknown option/);
    expect(message).toMatch(/limits\.keyBytes: .*found "1"/);
    expect(message).toMatch(/entities\.0: must be an entity class/);
    expect((error as InvalidArgumentError).facts['problems']).toHaveLength(6);
    expect(existsSync(join(directory, 'db'))).toBe(false);
  });

  test.each([undefined, '', 7, null])('the path %s is refused', async (path) => {
    await expect(open(path as never)).rejects.toThrow(InvalidArgumentError);
  });

  test('options that are no object are refused', async () => {
    await expect(open(directory, 'readOnly' as never)).rejects.toThrow(InvalidArgumentError);
  });

  test('read-only refuses to create', async () => {
    await expect(open(join(directory, 'none'), { readOnly: true })).rejects.toThrow(VarveError);
    expect(existsSync(join(directory, 'none'))).toBe(false);
  });
});

describe('a second opener', () => {
  test('in this process gets LockedError and does no harm', async () => {
    const db = await open(directory);
    await db.put('k', 1);
    await expect(open(directory)).rejects.toMatchObject({ code: 'VARVE_LOCKED', facts: { pid: process.pid } });
    expect(await db.get('k')).toBe(1);
    await db.close();
    const again = await open(directory);
    expect(await again.get('k')).toBe(1);
    await again.close();
  });

  test('in another process gets LockedError with the path and our pid', async () => {
    const db = await open(directory);
    const program = `
      const { open } = await import(${JSON.stringify(new URL('../../../dist/index.js', import.meta.url).href)});
      await open(${JSON.stringify(directory)}).catch((error) => console.log(JSON.stringify({ code: error.code, message: error.message })));
    `;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect(child.stderr).toBe('');
    const { code, message } = JSON.parse(child.stdout) as { code: string; message: string };
    expect(code).toBe('VARVE_LOCKED');
    expect(message).toContain(directory);
    expect(message).toContain(String(process.pid));
    await db.close();
  });

  test('is told apart from other errors by its class', async () => {
    const db = await open(directory);
    await expect(open(directory)).rejects.toBeInstanceOf(LockedError);
    await db.close();
  });
});

describe('damage', () => {
  const evidence = {
    file: expect.any(String),
    offset: expect.any(Number),
    expected: expect.any(String),
    found: expect.any(String),
  };

  test('a directory that holds something else is left alone', async () => {
    writeFileSync(join(directory, 'holiday.jpg'), 'not a database');
    const error = await failure(directory);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.facts).toMatchObject(evidence);
    expect(readdirSync(directory)).toEqual(['holiday.jpg']);
  });

  test('a path that is a file is refused', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, 'text');
    await failure(file);
    expect(readFileSync(file, 'utf8')).toBe('text');
  });

  test('a damaged manifest is reported with its place, and repairing the byte brings everything back', async () => {
    await fill(directory);
    const manifest = onlyFile(directory, /^MANIFEST/);
    flipBit(manifest, 40);
    const error = await failure(directory);
    expect(error).toBeInstanceOf(CorruptionError);
    expect(error.facts).toMatchObject(evidence);
    expect(error.facts['file']).toContain('MANIFEST');
    flipBit(manifest, 40);
    const db = await open(directory);
    expect([...db.scanSync()]).toHaveLength(200);
    await db.close();
  });

  test('a CURRENT that names nothing is reported', async () => {
    await fill(directory);
    const current = join(directory, 'CURRENT');
    const before = readFileSync(current);
    writeFileSync(current, 'MANIFEST-999999\n');
    expect((await failure(directory)).facts).toMatchObject(evidence);
    writeFileSync(current, before);
    await (await open(directory)).close();
  });

  test('a bit flipped anywhere in a table is reported with its place, never returned as data', async () => {
    await fill(directory);
    const table = onlyFile(directory, /\.tbl$/);
    const size = readFileSync(table).length;
    for (let offset = 0; offset < size; offset += 37) {
      flipBit(table, offset);
      const error = await failure(directory);
      expect(error).toBeInstanceOf(CorruptionError);
      expect(error.facts).toMatchObject(evidence);
      flipBit(table, offset);
    }
    const db = await open(directory);
    expect([...db.scanSync()]).toHaveLength(200);
    await db.close();
  });
});
