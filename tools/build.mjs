// Compiles src/ into dist/ with tsc, and removes whatever in dist/ no source file stands behind any more.
//
//   node tools/build.mjs                     always builds; fails on any type error
//   node tools/build.mjs --if-stale          builds only when a source or setting changed since the last build; type
//                                            errors do not stop it (tsc emits regardless; `npm run typecheck` judges them)

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const sourceDirectory = join(root, 'src');
const outputDirectory = join(root, 'dist');
const stampFile = join(root, 'node_modules', '.varve-dist-stamp');
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

/**
 * @param {string} directory
 * @returns {string[]} paths of the files in it, at any depth
 */
function filesBelow(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Digest of everything that decides what dist/ holds. */
function digestOfInputs() {
  const hash = createHash('sha256');
  const settings = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'tools/build.mjs'];
  for (const file of [...settings.map((name) => join(root, name)), ...filesBelow(sourceDirectory).sort()]) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

function outputsWithoutSource() {
  return filesBelow(outputDirectory).filter((file) => {
    const stem = relative(outputDirectory, file).replace(/\.(js|js\.map|d\.ts)$/, '');
    return !existsSync(join(sourceDirectory, `${stem}.ts`));
  });
}

const ifStale = process.argv.includes('--if-stale');
const digest = digestOfInputs();
const isFresh =
  existsSync(join(outputDirectory, 'index.js')) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === digest;

if (!(ifStale && isFresh)) {
  rmSync(stampFile, { force: true });
  for (const file of outputsWithoutSource()) rmSync(file);
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
    stdio: ['ignore', ifStale ? 'ignore' : 'inherit', 'inherit'],
  });
  // tsc ends with 2 when it reported type errors but emitted everything.
  const emitted = status === 0 || status === 2;
  if (status === 0 || (ifStale && emitted)) writeFileSync(stampFile, digest);
  process.exitCode = ifStale && emitted ? 0 : (status ?? 1);
}
