// Adds to a lock file the optional packages of other platforms that the registry in use did not offer when npm wrote it.
// npm leaves such packages out, and `npm ci` then refuses the lock file, here and everywhere else. Run after a change of
// dependencies; does nothing to a complete lock file.
//
//   node tools/complete-lock.mjs [DIRECTORY]        DIRECTORY defaults to the repository root
//
// An added entry has the exact version that its parent names, and the platform that its name says; no checksum, because
// nobody here has seen the package.

import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * @typedef {{ version?: string, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[],
 *   optionalDependencies?: Record<string, string> }} LockEntry
 */

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

/**
 * Whether node resolution from the package at `path` finds `name`.
 *
 * @param {Record<string, LockEntry>} packages
 * @param {string} path
 * @param {string} name
 * @returns {boolean}
 */
function isPresent(packages, path, name) {
  if (`${path === '' ? '' : `${path}/`}node_modules/${name}` in packages) return true;
  if (path === '') return false;
  const end = path.lastIndexOf('/node_modules/');
  return isPresent(packages, end === -1 ? '' : path.slice(0, end), name);
}

/**
 * @param {string} name such as `@oxlint/binding-linux-arm-musleabihf`
 * @param {string} version
 * @param {LockEntry} parent
 * @returns {LockEntry}
 */
function platformEntry(name, version, parent) {
  const words = name.split(/[-/]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.filter((processor) => words.includes(processor));
  if (os.length !== 1 || cpu.length !== 1) throw new Error(`${name} does not say its platform; add it by hand`);
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : [];
  return {
    version,
    cpu,
    ...(parent.dev === true ? { dev: true } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    optional: true,
    os,
  };
}

const file = join(resolve(import.meta.dirname, '..', process.argv[2] ?? '.'), 'package-lock.json');
const lock = /** @type {{ packages: Record<string, LockEntry> }} */ (JSON.parse(readFileSync(file, 'utf8')));
const { packages } = lock;
let added = 0;
for (const [path, entry] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (path === '' || isPresent(packages, path, name)) continue;
    packages[`node_modules/${name}`] = platformEntry(name, version, entry);
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
if (added > 0) writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
process.stdout.write(`${added} entries added to ${file}\n`);
