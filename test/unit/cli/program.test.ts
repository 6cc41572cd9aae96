/** The compiled program as a child process: every command, on sound, damaged and locked databases, and misused. */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/base/index.js';
import { open } from '../../../src/index.js';
import { FILE_HEADER_BYTES, FileMagic } from '../../../src/storage/index.js';
import { encodeFileHeader } from '../../../src/storage/format/file-header.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const program = join(root, 'dist', 'cli.js');
const folder = mkdtempSync(join(tmpdir(), 'varve-cli-'));
const data = join(folder, 'data');
const ENTRIES = 3000;

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function varve(args: readonly string[], env: NodeJS.ProcessEnv = {}): Result {
  const options = { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], options);
  return { code: status, out: stdout, err: stderr };
}

function rows(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function contents(directory: string): Map<string, string> {
  return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'latin1')]));
}

function nameOf(pattern: RegExp, directory = data): string {
  return readdirSync(directory).find((name) => pattern.test(name))!;
}

/** A copy of the database with one byte of a file changed. */
function damagedCopy(name: string, pattern: RegExp, at: (content: Buffer) => number): string {
  const directory = join(folder, name);
  cpSync(data, directory, { recursive: true });
  const path = join(directory, nameOf(pattern, directory));
  const content = readFileSync(path);
  content[at(content)]! ^= 1;
  writeFileSync(path, content);
  return directory;
}

beforeAll(async () => {
  const db = await open(data, { compression: 'none', wal: { sync: 'manual' } });
  await db.batch(
    Array.from(
      { length: ENTRIES },
      (_, i) => ({ type: 'put', key: ['user', i], value: { name: `Ada ${i}` } }) as const,
    ),
  );
  await db.flush();
  await db.delete(['user', 1]);
  await db.put(['user', 2], 'changed');
  await db.sync();
  // As a kill leaves it: two commits in the log only.
  cpSync(data, join(folder, 'killed'), { recursive: true });
  await db.close();
  rmSync(data, { recursive: true });
  cpSync(join(folder, 'killed'), data, { recursive: true });
  rmSync(join(data, 'LOCK'));
}, 60_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('stats', () => {
  it('counts what is there and changes nothing', () => {
    const before = contents(data);
    const { code, out, err } = varve(['stats', 'data', '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [facts] = rows(out);
    const tableBytes = readFileSync(join(data, nameOf(/\.tbl$/))).length;
    expect(facts).toMatchObject({
      lastTimestamp: 3,
      levels: [
        {
          level: 0,
          runs: 1,
          tables: 1,
          bytes: tableBytes,
          entries: ENTRIES,
          tombstones: 0,
          minTimestamp: 1,
          maxTimestamp: 1,
          smallest: '["user",0]',
          largest: `["user",${ENTRIES - 1}]`,
        },
      ],
      amplification: { read: 1, space: 1, write: null },
      log: { unflushedEntries: 2 },
      files: { table: { files: 1, bytes: tableBytes } },
      recovery: { batchesReplayed: 2, tornBytesCut: 0 },
    });
    expect(contents(data)).toEqual(before);
  });

  it('prints the same for people, styled only where that is wanted', () => {
    const styled = varve(['stats', 'data'], { FORCE_COLOR: '1', NO_COLOR: '' });
    const plain = varve(['stats', 'data'], { FORCE_COLOR: '1', NO_COLOR: '1' });
    expect(styled.out).toContain('\u001b[1m');
    expect(plain.out).not.toContain('\u001b');
    expect(plain.out).toMatch(/^ +0 +1 +1 +\d+ +3000 /m);
    expect(plain.out).toContain('["user",0] … ["user",2999]');
  });

  it('does not make a database where there is none', () => {
    const { code, out, err } = varve(['stats', 'nowhere']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^varve: VARVE_INVALID_ARGUMENT: there is no database in .*\n$/);
    expect(readdirSync(folder)).not.toContain('nowhere');
  });
});

describe('dump', () => {
  const table = (): string => join('data', nameOf(/\.tbl$/));

  it('shows every entry of a table', () => {
    const { code, out, err } = varve(['dump', table(), '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const found = rows(out);
    const entries = found.filter(({ item }) => item === 'entry');
    expect(entries.length).toBe(ENTRIES);
    expect(entries[7]).toMatchObject({ kind: 'put', key: '["user",7]', timestamp: 1 });
    expect(found.map(({ item }) => item)).toEqual(
      expect.arrayContaining(['file', 'header', 'properties', 'index', 'filter', 'block']),
    );
    expect(found.find(({ item }) => item === 'properties')).toMatchObject({
      checksum: 'ok',
      properties: { entries: ENTRIES, smallest: '["user",0]' },
    });
  });

  it('begins and stops where it is told to', () => {
    const { code, out } = varve(['dump', table(), '--from', '["user",2990]', '--limit', '2']);
    expect(code).toBe(0);
    expect([...out.matchAll(/^ +put +(.*)$/gm)].map(([, entry]) => entry)).toEqual([
      `["user",2990] @1  { name: 'Ada 2990' }`,
      `["user",2991] @1  { name: 'Ada 2991' }`,
    ]);
    expect(out).toMatch(/the rest is not shown/);
  });

  it('shows log, manifest, CURRENT and a lock', () => {
    const log = varve(['dump', join('data', nameOf(/\.log$/)), '--keys', 'hex']);
    expect(log.code).toBe(0);
    expect(log.out).toMatch(/batch +timestamp 2, made at \d{4}-\d\d-\d\dT\S+Z, 1 operations/);
    expect(log.out).toMatch(/delete +0230757365720019 ?01$/m);
    const manifest = varve(['dump', join('data', nameOf(/^MANIFEST/)), '--json']);
    expect(rows(manifest.out).at(-1)).toMatchObject({ item: 'state', lastTimestamp: 1, levels: [[{ tables: [4] }]] });
    const current = varve(['dump', 'data/CURRENT']);
    expect(current.out).toContain(nameOf(/^MANIFEST/));
    const lock = varve(['dump', 'killed/LOCK', '--json']);
    expect(rows(lock.out)[1]).toMatchObject({ item: 'lock', pid: process.pid });
  });

  it('shows ranges that were cleared, in a log and in a table', async () => {
    const cleared = join(folder, 'cleared');
    const db = await open(cleared, { compression: 'none' });
    await db.batch([1, 2, 3].map((id) => ({ type: 'put', key: [id], value: id }) as const));
    await db.flush();
    await db.clear({ gte: [2], lt: [3] });
    await db.flush();
    await db.clear({ gte: [3], lt: [4] });
    const [older, newer] = readdirSync(cleared)
      .filter((name) => name.endsWith('.tbl'))
      .sort();
    expect(varve(['dump', join('cleared', older!)]).out).not.toContain('clear ');
    const table = varve(['dump', join('cleared', newer!)]);
    expect(table.out).toMatch(/properties +0 entries, 0 of them deletions, 1 deletions of ranges/);
    expect(table.out).toMatch(/^ +clear +\[2\] up to \[3\] @2$/m);
    // Those before it are kept to be used again.
    const log = readdirSync(cleared)
      .sort()
      .findLast((name) => name.endsWith('.log'));
    const inLog = varve(['dump', join('cleared', log!), '--json']);
    expect(rows(inLog.out)).toContainEqual({ item: 'entry', kind: 'clear', key: '[3]', end: '[4]', timestamps: [3] });
    await db.close();
  });

  it('shows when values end and that they have, and where separated values lie', async () => {
    const lent = join(folder, 'lent');
    const clock = new ManualClock(1_767_225_600_000);
    const db = await open(lent, { compression: 'none', valueLog: { thresholdBytes: 100 }, environment: { clock } });
    await db.put([1], 'a', { ttlMs: 1000 });
    await db.put([2], 'x'.repeat(200), { ttlMs: 5000 });
    await db.put([3], 'x'.repeat(200));
    clock.advance(1000);
    await db.expire();
    const log = varve(['dump', join('lent', nameOf(/\.log$/, lent))]);
    expect(log.out).toMatch(/^ +put +\[1\] {2}'a', until 2026-01-01T00:00:01\.000Z$/m);
    expect(log.out).toMatch(/^ +expire +\[1\]$/m);
    expect(log.out).toMatch(/^ +put +\(swept\)/m);
    await db.flush();
    const table = varve(['dump', join('lent', nameOf(/\.tbl$/, lent))]);
    expect(table.out).toMatch(/^ +put +\[2\] @2 {2}202 bytes at \d+ of \d+\.log, until 2026-01-01T00:00:05\.000Z$/m);
    expect(table.out).toMatch(/^ +put +\[3\] @3 {2}202 bytes at \d+ of \d+\.log$/m);
    expect(table.out).toMatch(/^ +put +\(until 2026-01-01T00:00:05\.000Z\) \[2\] @2/m);
    const json = rows(varve(['dump', join('lent', nameOf(/\.tbl$/, lent)), '--json']).out);
    const fields = { kind: 'put', key: '[2]', expiresAtMs: 1_767_225_605_000, valueBytes: 202 };
    expect(json).toContainEqual(expect.objectContaining(fields));
    await db.close();
    expect(varve(['verify', lent]).code).toBe(0);
  });

  it('shows damage in its place, goes on, and fails', () => {
    damagedCopy('damaged', /\.tbl$/, () => 5000);
    const { code, out, err } = varve(['dump', join('damaged', nameOf(/\.tbl$/)), '--json']);
    expect(code).toBe(1);
    const found = rows(out);
    const damage = found.find(({ item }) => item === 'damage')!;
    expect(damage).toMatchObject({ code: 'VARVE_CORRUPTION', file: nameOf(/\.tbl$/) });
    expect(damage['expected']).toMatch(/^checksum /);
    expect(found.filter(({ item }) => item === 'entry').length).toBeGreaterThan(ENTRIES - 200);
    expect(found.at(-1)).toMatchObject({ item: 'entry', key: `["user",${ENTRIES - 1}]` });
    expect(err).toMatch(/^varve: VARVE_CORRUPTION: .*damaged at offset \d+.*\{.*"expected".*\}\n$/);
  });

  it('calls the unfinished end of a log a torn tail', () => {
    const torn = join(folder, 'torn.log');
    const content = readFileSync(join(data, nameOf(/\.log$/)));
    const end = content.findLastIndex((byte) => byte !== 0) + 1;
    writeFileSync(torn, content.subarray(0, end - 3));
    // Under another name: the header says which file it was.
    const { code, out } = varve(['dump', torn]);
    expect(code).toBe(0);
    expect(out).toMatch(/batch +timestamp 2/);
    expect(out).toMatch(/torn tail +\d+ bytes left incomplete/);
  });

  it('stops without a word when its reader has gone', async () => {
    const child = spawn(process.execPath, [program, 'dump', table(), '--json'], { cwd: folder });
    const errors: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, err: Buffer.concat(errors).toString() }).toEqual({ code: 0, err: '' });
  });
});

describe('verify', () => {
  it('finds nothing in a sound database, and what is wrong in a damaged one', () => {
    expect(varve(['verify', 'data'])).toMatchObject({ code: 0, err: '' });
    damagedCopy('unsound', /\.tbl$/, (content) => content.length - 1);
    const { code, out, err } = varve(['verify', 'unsound', '--json']);
    expect(code).toBe(1);
    expect(rows(out)[0]).toMatchObject({ problems: [{ code: 'VARVE_CORRUPTION', file: nameOf(/\.tbl$/) }] });
    expect(err).toMatch(/^varve: VARVE_CORRUPTION: /);
  });

  const junk = Buffer.from('junk');
  const LOG = /\.log$/;
  const MANIFEST = /^MANIFEST/;
  it.each([
    ['a closed log, cut by a byte', LOG, (bytes: Buffer) => bytes.subarray(0, -1), 'torn tail'],
    ['a closed log, emptied', LOG, () => Buffer.alloc(0), 'torn tail'],
    ['a closed log, with junk behind its end', LOG, (bytes: Buffer) => Buffer.concat([bytes, junk]), 'damaged'],
    ['a manifest with junk behind it', MANIFEST, (bytes: Buffer) => Buffer.concat([bytes, junk]), 'torn tail'],
    ['a manifest without edits', MANIFEST, (bytes: Buffer) => bytes.subarray(0, 20), 'damaged'],
    ['CURRENT with junk behind it', /^CURRENT$/, (bytes: Buffer) => Buffer.concat([bytes, junk]), 'damaged'],
    ['CURRENT, cut by a byte', /^CURRENT$/, (bytes: Buffer) => bytes.subarray(0, -1), 'damaged'],
  ] as const)('and dump say the same of %s', async (name, pattern, change, verdict) => {
    const directory = join(folder, name);
    await (await open(directory)).close();
    const path = join(directory, nameOf(pattern, directory));
    writeFileSync(path, change(readFileSync(path)));
    const verified = varve(['verify', directory]);
    const dumped = varve(['dump', path]);
    const code = verdict === 'damaged' ? 1 : 0;
    expect({ verified: verified.code, dumped: dumped.code }).toEqual({ verified: code, dumped: code });
    const said = new RegExp(verdict, 'i');
    expect(verified.out).toMatch(said);
    expect(dumped.out).toMatch(said);
    expect(verified.err === '').toBe(dumped.err === '');
  });

  it('and dump say the same of a log that is not the last', () => {
    const directory = join(folder, 'continued');
    cpSync(data, directory, { recursive: true });
    const path = join(directory, nameOf(LOG, directory));
    expect([varve(['verify', directory]).code, varve(['dump', path]).code]).toEqual([0, 0]);
    // Whose header says that the one before is whole.
    const records = readFileSync(path).subarray(FILE_HEADER_BYTES);
    writeFileSync(join(directory, '000009.log'), Buffer.concat([encodeFileHeader(FileMagic.log, 9), records]));
    expect([varve(['verify', directory]).code, varve(['dump', path]).code]).toEqual([1, 1]);
  });
});

it('backup, restore and compact keep the data; the list of the backup can be dumped', async () => {
  cpSync(data, join(folder, 'source'), { recursive: true });
  expect(varve(['backup', 'source', 'copy'])).toMatchObject({ code: 0, err: '' });
  const list = rows(varve(['dump', 'copy/BACKUP', '--json']).out);
  expect(list[1]).toMatchObject({ item: 'backup', timestamp: 3 });
  expect(list.filter(({ item }) => item === 'entry').length).toBe(readdirSync(join(folder, 'copy')).length - 1);
  const restored = rows(varve(['restore', 'copy', 'restored', '--json']).out);
  expect(restored[0]).toMatchObject({ timestamp: 3 });
  const compacted = rows(varve(['compact', 'restored', '--json']).out);
  expect(compacted[0]).toMatchObject({ entriesDropped: 3 });
  const db = await open(join(folder, 'restored'));
  expect(await db.get(['user', 1])).toBeUndefined();
  expect(await db.get(['user', 2])).toBe('changed');
  expect(await db.get(['user', 2999])).toEqual({ name: 'Ada 2999' });
  await db.close();
  for (const command of ['stats', 'compact', 'verify']) {
    const { code, err } = varve([command, 'copy']);
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('is a backup, not a database') });
  }
  const again = varve(['restore', 'copy', 'restored']);
  expect(again.code).toBe(2);
  expect(again.err).toMatch(/must not exist or be an empty directory/);
});

it('a database in use is left alone, and the process that has it is named', async () => {
  const db = await open(join(folder, 'busy'));
  try {
    for (const command of ['stats', 'verify']) {
      const { code, out, err } = varve([command, 'busy']);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toMatch(new RegExp(`^varve: VARVE_LOCKED: .*LOCK is held by process ${process.pid} .*\n$`));
    }
  } finally {
    await db.close();
  }
});

it.each([
  [['lift'], /unknown command 'lift'/],
  [['dump', 'killed', '--limit', 'few'], /expected a whole number/],
  [['dump', 'killed/CURRENT', '--from', '[1]'], /--from is for tables/],
  [['dump', 'killed/000004.tbl', '--from', "x'zz'"], /pairs of hexadecimal digits between x'…'/],
] as const)('misuse: %j', (args, message) => {
  const { code, out, err } = varve(args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(message);
  expect(err.trimEnd().split('\n').length).toBe(1);
});

it('without a command there is help, and the exit code of wrong usage; a version is told', () => {
  const { code, out, err } = varve([]);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(/^Usage: varve /);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(varve(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

it('a directory is no file to dump, which is said once', () => {
  const { code, err } = varve(['dump', 'data']);
  expect(code).toBe(2);
  expect(err.match(/it is a directory/g)).toHaveLength(1);
});

it.skipIf(!existsSync('/dev/full'))('output that finds no room is an error of the device', () => {
  const command = `"${process.execPath}" "${program}" dump data/CURRENT > /dev/full`;
  const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^varve: VARVE_IO: write stdout: ENOSPC \{.*\}\n$/);
});

it('the package does not load what only the program needs', () => {
  const reached = (entry: string): string => {
    const seen = new Map<string, string>();
    const queue = [entry];
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      if (seen.has(name)) continue;
      const code = readFileSync(join(root, 'dist', name), 'utf8');
      seen.set(name, code);
      queue.push(...[...code.matchAll(/(?:from|import) ?"\.\/([^"]+\.js)"/g)].map(([, next]) => next!));
    }
    return [...seen.values()].join('\n');
  };
  expect(reached('cli.js')).toMatch(/from "commander"/);
  expect(reached('index.js')).not.toMatch(/"commander"/);
  const help = execFileSync(program, ['--help'], { encoding: 'utf8' });
  for (const command of ['stats', 'dump', 'verify', 'backup', 'restore', 'compact'])
    expect(help).toContain(`${command} `);
  expect(help).toContain('Exit codes: 0');
});
