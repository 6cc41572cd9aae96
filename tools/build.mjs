// Compiles src/ twice: tsc writes every module to build/ (what tests start child processes and threads from) and the
// declarations, rolldown puts the modules together in dist/ (what is published): loading some three hundred small files
// costs 130 ms, loading the bundle 45 (docs/adr/0004-published-as-a-bundle.md).
//
//   node tools/build.mjs                     always builds; fails on any type error
//   node tools/build.mjs --if-stale          builds only when a source or setting changed since the last build; type
//                                            errors do not stop it (tsc emits regardless; `npm run typecheck` judges them)

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const sourceDirectory = join(root, 'src');
const programSource = join(sourceDirectory, 'cli', 'main.ts');
const moduleDirectory = join(root, 'build');
const outputDirectory = join(root, 'dist');
// Both are written under names of this process first: a failed build leaves the last one alone, and two builds at once
// do not mix.
const moduleStaging = join(root, `build.${process.pid}.next`);
const outputStaging = join(root, `dist.${process.pid}.next`);
const stampFile = join(root, 'node_modules', '.varve-dist-stamp');
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

/**
 * @param {string} directory
 * @returns {string[]} paths of the files in it, at any depth
 */
function filesBelow(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Digest of everything that decides what is built. */
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

/** @returns {number} tsc's exit status: 2 when it reported type errors but emitted everything */
function compileModules(/** @type {boolean} */ quiet) {
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', moduleStaging];
  const { status } = spawnSync(process.execPath, args, {
    stdio: ['ignore', quiet ? 'ignore' : 'inherit', 'inherit'],
  });
  return status ?? 1;
}

async function bundle() {
  await build({
    input: {
      index: join(sourceDirectory, 'index.ts'),
      // What the worker thread starts from, looked for beside the code that starts it.
      'job-worker': join(sourceDirectory, 'storage', 'compaction', 'job-worker.ts'),
      // The program of package.json's "bin".
      cli: programSource,
    },
    platform: 'node',
    // Dependencies stay imports of their own.
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    resolve: { extensionAlias: { '.js': ['.ts'] } },
    logLevel: 'warn',
    output: {
      dir: outputStaging,
      format: 'esm',
      sourcemap: true,
      chunkFileNames: '[name]-[hash].js',
      banner: ({ facadeModuleId }) => (facadeModuleId === programSource ? '#!/usr/bin/env node' : ''),
    },
  });
  chmodSync(join(outputStaging, 'cli.js'), 0o755);
  cpSync(moduleStaging, outputStaging, {
    recursive: true,
    filter: (path) => !/\.js(\.map)?$/.test(path),
  });
}

/**
 * @param {string} staging
 * @param {string} directory
 */
function install(staging, directory) {
  rmSync(directory, { recursive: true, force: true });
  try {
    renameSync(staging, directory);
  } catch (error) {
    // Another build of the same sources was quicker; anything else is an error.
    if (!existsSync(directory)) throw error;
  }
}

function removeStaging() {
  rmSync(moduleStaging, { recursive: true, force: true });
  rmSync(outputStaging, { recursive: true, force: true });
}

const ifStale = process.argv.includes('--if-stale');
const digest = digestOfInputs();
const isFresh =
  existsSync(join(outputDirectory, 'index.js')) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === digest;

if (!(ifStale && isFresh)) {
  const status = compileModules(ifStale);
  const emitted = status === 0 || status === 2;
  try {
    if (emitted) {
      await bundle();
      rmSync(stampFile, { force: true });
      install(moduleStaging, moduleDirectory);
      install(outputStaging, outputDirectory);
    }
  } finally {
    removeStaging();
  }
  if (status === 0 || (ifStale && emitted)) writeFileSync(stampFile, digest);
  process.exitCode = ifStale && emitted ? 0 : status;
}
