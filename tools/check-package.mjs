// The packed tarball must work where nothing else is: packs the package, installs it into an empty folder and runs a
// program that opens a database there, and then the package's own program on that database. Fails when any step does, or
// when an answer is wrong.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'varve-package-'));

const PROGRAM = `import { open } from 'varve';
const db = await open('./data'); await db.put(['greeting'], 'hello');
process.stdout.write(await db.get(['greeting'])); await db.close();
`;

/**
 * @param {string} directory
 * @param {string[]} args
 */
function npm(directory, args) {
  const path = process.env['npm_execpath'];
  const viaNode = path !== undefined && /\.c?js$/.test(path);
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  execFileSync(viaNode ? process.execPath : 'npm', [...(viaNode ? [path] : []), ...flags, ...args], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: !viaNode && process.platform === 'win32',
  });
}

try {
  npm(root, ['pack', '--pack-destination', folder]);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack left no tarball');
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  npm(folder, ['install', `./${tarball}`]);
  writeFileSync(join(folder, 'program.js'), PROGRAM);
  const answer = execFileSync(process.execPath, ['program.js'], { cwd: folder, encoding: 'utf8' });
  if (answer !== 'hello') throw new Error(`the program printed ${JSON.stringify(answer)} instead of "hello"`);
  npm(folder, ['exec', '--', 'varve', 'verify', 'data']);
  process.stdout.write(
    `${tarball}: installs into an empty folder, opens a database there, and its program checks it\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
