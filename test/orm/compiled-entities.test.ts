/**
 * Decorated classes compiled by tsc and run by plain node: metadata is what compilers differ in, and two modules that
 * import each other are where it hurts. The same modules run here under vitest's compiler.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { report } from './circular-modules/main.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'varve-compiled-'));

beforeAll(() => {
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  const settings = {
    extends: join(root, 'tsconfig.json'),
    // Types are checked with the rest of the tree; here only what is emitted counts.
    compilerOptions: { noEmit: false, noCheck: true, rootDir: root, outDir: directory, paths: {} },
    files: [join(root, 'test/orm/circular-modules/main.ts')],
    include: [],
  };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(settings));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(directory, 'tsconfig.json')], { stdio: 'inherit' });
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

const EXPECTED = {
  found: {
    id: 36,
    name: 'Ada',
    born: '1970-01-01T00:00:00.000Z',
    books: [{ id: 1, title: 'Notes', price: 9.5 }],
  },
  writtenBy: 'Ada',
  rows: [['Notes', 9.5]],
};

it.each(['author', 'book'])('circular entities work under plain node when %s.js loads first', (first) => {
  const modules = pathToFileURL(join(directory, 'test/orm/circular-modules/')).href;
  const program = `
    await import('${modules}${first}.js');
    const { report } = await import('${modules}main.js');
    process.stdout.write(await report());`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect(JSON.parse(printed)).toEqual(EXPECTED);
});

it('circular entities work under the compiler of the tests', async () => {
  expect(JSON.parse(await report())).toEqual(EXPECTED);
});
